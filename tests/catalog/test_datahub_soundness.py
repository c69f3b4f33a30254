"""What DataHub would refuse is found before it leaves, and no owner's id leaves at all."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import datahub.metadata.schema_classes as models
import pytest
from datahub.emitter.mcp import MetadataChangeProposalWrapper
from datahub.specific.dataset import DatasetPatchBuilder

from catalog import datahub_names
from catalog.datahub_file import UnsoundProposals, write_proposals
from catalog.datahub_model import catalog_batches
from catalog.datahub_nameless import OwnerNamed, nameless
from catalog.datahub_proposals import Proposal, upserts
from catalog.datahub_soundness import problems_of
from catalog.declared import REGISTRY
from stores.boundary.provisioning import opaque_id

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
URN = datahub_names.dataset_urn(REGISTRY.get("tenant_private.crm_accounts"))
UNDECLARED = URN.replace("crm_accounts", "crm_gone")
NO_COLUMN = datahub_names.column_urn(URN, "shoe_size")


def upsert(urn: str, aspect: models._Aspect) -> Proposal:
    (proposal,) = upserts(urn, aspect)
    return proposal


def edge_from(urn: str) -> Proposal:
    patch = DatasetPatchBuilder(URN).add_upstream_lineage(models.UpstreamClass(urn, "COPY"))
    return patch.build()[0]


def column_edge_from(column: str) -> Proposal:
    lineage = models.FineGrainedLineageClass(
        upstreamType="FIELD_SET",
        upstreams=[column],
        downstreamType="FIELD",
        downstreams=[datahub_names.column_urn(URN, "name")],
    )
    return DatasetPatchBuilder(URN).add_fine_grained_lineage(lineage).build()[0]


def without_type() -> Proposal:
    return MetadataChangeProposalWrapper(entityUrn=URN, aspect=models.SubTypesClass([1]))  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("unsound", "problem"),
    [
        (upsert(URN, models.DataContractStatusClass(state="ACTIVE")), "no such aspect"),
        (upsert("urn:li:incident:x", models.StatusClass(removed=False)), "no such aspect"),
        (upsert("urn:li:dataset:(nonsense", models.StatusClass(removed=False)), "is no URN"),
        (upsert(URN, models.DomainsClass(["urn:li:domain"])), "is no URN"),
        (upsert(URN, models.DomainsClass(["urn:li:domane:x"])), "no entity type"),
        (upsert(UNDECLARED, models.StatusClass(removed=False)), "no dataset that the registry"),
        (upsert(NO_COLUMN, models.StatusClass(removed=False)), "no column that the registry"),
        (edge_from(UNDECLARED), "no dataset that the registry"),
        (column_edge_from(NO_COLUMN), "no column that the registry"),
        (without_type(), "does not keep to the metadata model"),
    ],
)
def test_each_way_to_be_unsound_is_found(unsound: Proposal, problem: str) -> None:
    """DataHub refuses a batch for one of these, or worse: takes it and shows nonsense."""
    found = list(problems_of([unsound], REGISTRY))
    assert any(problem in each for each in found), found


def test_the_whole_catalog_is_sound() -> None:
    """What is built from the registry keeps to the model, entity by entity and column by column."""
    proposals = [p for batch in catalog_batches(REGISTRY, NOW) for p in batch]
    assert list(problems_of(proposals, REGISTRY)) == []


@pytest.mark.parametrize("prefix", ["tn", "fd"])
def test_an_owners_id_does_not_leave(prefix: str, tmp_path: Path) -> None:
    """Whatever slipped through above: an id in a text, a key or a URN stops the whole batch."""
    owner = opaque_id(prefix)
    in_a_text = upsert(URN, models.EditableDatasetPropertiesClass(description=f"of {owner}."))
    in_a_key = upsert(
        URN, models.DatasetPropertiesClass(name="x", customProperties={owner: "counted"})
    )
    in_a_urn = upsert(f"urn:li:tag:{owner}", models.StatusClass(removed=False))
    in_a_patch = DatasetPatchBuilder(URN).add_custom_property("tenant", owner).build()[0]
    sound = upsert(URN, models.StatusClass(removed=False))
    for carrier in (in_a_text, in_a_key, in_a_urn, in_a_patch):
        with pytest.raises(OwnerNamed, match="carries an owner's id") as refusal:
            nameless([sound, carrier])
        assert owner not in str(refusal.value)
    with pytest.raises(OwnerNamed):
        write_proposals(tmp_path / "out.json", [in_a_text], REGISTRY)
    assert list(tmp_path.iterdir()) == []
    assert len(nameless([sound])) == 1


def test_an_unsound_file_is_not_written(tmp_path: Path) -> None:
    """Half a catalog in a file looks like a whole one."""
    unsound = upsert(UNDECLARED, models.StatusClass(removed=False))
    with pytest.raises(UnsoundProposals, match="crm_gone"):
        write_proposals(tmp_path / "out.json", [unsound], REGISTRY)
    with pytest.raises(UnsoundProposals, match="cannot be written"):
        write_proposals(tmp_path / "no" / "out.json", [], REGISTRY)
    assert list(tmp_path.iterdir()) == []
