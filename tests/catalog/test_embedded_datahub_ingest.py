"""What the SDK emits is stored, patched, deleted and read back as DataHub does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import datahub.metadata.schema_classes as models
import pytest
from datahub.configuration.common import OperationalError
from datahub.emitter.rest_emitter import DatahubRestEmitter
from datahub.emitter.serialization_helper import pre_json_transform
from datahub.errors import ItemNotFoundError
from datahub.specific.datajob import DataJobPatchBuilder
from datahub.specific.dataset import DatasetPatchBuilder

from catalog.embedded_datahub.aspect_shape import problems_of
from catalog.embedded_datahub.schemas import load_model
from tests.catalog.datahub_builders import (
    class_property,
    classed,
    column,
    dataset,
    proposal,
    schema,
    tags,
)

if TYPE_CHECKING:
    from datahub.ingestion.graph.client import DataHubGraph
    from datahub.sdk.main_client import DataHubClient

    from catalog.embedded_datahub.server import EmbeddedDataHub

CRM = dataset("tenant_private.crm_accounts")
BENCHMARK = dataset("anonymized.anonymized_benchmarks")
JOB = "urn:li:dataJob:(urn:li:dataFlow:(dagster,classline,PROD),industry_benchmark)"


def attributed(source: str) -> models.MetadataAttributionClass:
    return models.MetadataAttributionClass(time=1, actor="urn:li:corpuser:a", source=source)


def tag_names(graph: DataHubGraph, urn: str) -> list[str]:
    aspect = graph.get_aspect(urn, models.GlobalTagsClass)
    return sorted(tag.tag for tag in aspect.tags) if aspect else []


@pytest.mark.parametrize("openapi", [False, True])
def test_an_emitted_aspect_is_read_back_equal(hub: EmbeddedDataHub, *, openapi: bool) -> None:
    """Unions, enums and nested records must survive either API unchanged."""
    emitter = DatahubRestEmitter(hub.url, token=hub.token, openapi_ingestion=openapi)
    emitter.emit_mcps([proposal(CRM, schema("id", "name", tagged="pii"))])
    emitter.emit_mcp(proposal(CRM, models.StatusClass(removed=False)))
    graph = emitter.to_graph()
    assert graph.get_aspect(CRM, models.SchemaMetadataClass) == schema("id", "name", tagged="pii")
    assert graph.exists(CRM)
    assert not graph.exists(BENCHMARK)


def test_the_sdk_keeps_a_batch_in_one_request(graph: DataHubGraph) -> None:
    """The reported version must not make the SDK split a batch, which is one transaction."""
    graph.test_connection()
    assert graph._openapi_ingestion is False


@pytest.mark.parametrize("openapi", [False, True])
def test_patches_add_without_overwriting(hub: EmbeddedDataHub, *, openapi: bool) -> None:
    """A steward's tag must survive when the platform adds its own, over either API."""
    emitter = DatahubRestEmitter(hub.url, token=hub.token, openapi_ingestion=openapi)
    emitter.emit_mcps([proposal(CRM, tags("added.by.steward")), class_property()])
    patch = (
        DatasetPatchBuilder(CRM)
        .add_tag(models.TagAssociationClass("urn:li:tag:class.tenant_private"))
        .add_term(models.GlossaryTermAssociationClass("urn:li:glossaryTerm:tenant_private"))
        .add_owner(models.OwnerClass("urn:li:corpuser:steward", "DATA_STEWARD"))
        .set_structured_property("classline.data_class", "tenant_private")
    )
    emitter.emit_mcps(patch.build())
    graph = emitter.to_graph()
    assert tag_names(graph, CRM) == [
        "urn:li:tag:added.by.steward",
        "urn:li:tag:class.tenant_private",
    ]
    terms = graph.get_aspect(CRM, models.GlossaryTermsClass)
    assert [term.urn for term in terms.terms] == ["urn:li:glossaryTerm:tenant_private"]
    owners = graph.get_aspect(CRM, models.OwnershipClass)
    assert [(owner.owner, owner.type) for owner in owners.owners] == [
        ("urn:li:corpuser:steward", "DATA_STEWARD")
    ]
    assert graph.get_aspect(CRM, models.StructuredPropertiesClass) == classed("tenant_private")


def test_a_repeated_patch_changes_nothing(graph: DataHubGraph) -> None:
    """The outbox delivers at least once, so adding and removing must be idempotent."""
    add = DatasetPatchBuilder(CRM).add_tag(models.TagAssociationClass("urn:li:tag:a")).build()
    remove = DatasetPatchBuilder(CRM).remove_tag("urn:li:tag:a").build()
    for mcps, expected in ((add, ["urn:li:tag:a"]), (remove, [])):
        for _ in range(2):
            graph.emit_mcps(mcps)
            assert tag_names(graph, CRM) == expected


def test_attributed_tags_are_kept_apart(graph: DataHubGraph) -> None:
    """The same tag from two sources is two entries, and one source can take its own away."""
    ours, theirs = "urn:li:dataHubAction:ours", "urn:li:dataHubAction:theirs"
    for source in (ours, theirs):
        tag = models.TagAssociationClass("urn:li:tag:a", attribution=attributed(source))
        graph.emit_mcps(DatasetPatchBuilder(CRM).add_tag(tag).build())
    assert tag_names(graph, CRM) == ["urn:li:tag:a"] * 2
    graph.emit_mcps(DatasetPatchBuilder(CRM).remove_tag("urn:li:tag:a", ours).build())
    left = graph.get_aspect(CRM, models.GlobalTagsClass)
    assert [tag.attribution.source for tag in left.tags] == [theirs]
    graph.emit_mcps(DatasetPatchBuilder(CRM).remove_tag("urn:li:tag:a").build())
    assert tag_names(graph, CRM) == []


def test_column_tags_and_terms_are_patched(graph: DataHubGraph) -> None:
    """Columns carry labels too; a second column must not disturb the first."""
    for field in ("id", "name"):
        patch = DatasetPatchBuilder(CRM)
        patch.for_field(field).add_tag(models.TagAssociationClass(f"urn:li:tag:{field}"))
        patch.for_field(field).add_term(
            models.GlossaryTermAssociationClass("urn:li:glossaryTerm:t")
        )
        graph.emit_mcps(patch.build())
    aspect = graph.get_aspect(CRM, models.EditableSchemaMetadataClass)
    found = {
        info.fieldPath: ([t.tag for t in info.globalTags.tags], len(info.glossaryTerms.terms))
        for info in aspect.editableSchemaFieldInfo
    }
    assert found == {"id": (["urn:li:tag:id"], 1), "name": (["urn:li:tag:name"], 1)}


def test_lineage_is_patched_per_edge_and_column(graph: DataHubGraph) -> None:
    """Two workflows add upstreams to one table, and each can take its own away."""
    for source in (CRM, dataset("fund_private.rollups")):
        patch = DatasetPatchBuilder(BENCHMARK).add_upstream_lineage(
            models.UpstreamClass(source, "TRANSFORMED")
        )
        patch.add_fine_grained_lineage(
            models.FineGrainedLineageClass(
                upstreamType="FIELD_SET",
                downstreamType="FIELD",
                upstreams=[column(source, "id")],
                downstreams=[column(BENCHMARK, "count")],
            )
        )
        graph.emit_mcps(patch.build())
    aspect = graph.get_aspect(BENCHMARK, models.UpstreamLineageClass)
    assert len(aspect.upstreams) == 2
    (lineage,) = aspect.fineGrainedLineages
    assert len(lineage.upstreams) == 2
    graph.emit_mcps(DatasetPatchBuilder(BENCHMARK).remove_upstream_lineage(CRM).build())
    left = graph.get_aspect(BENCHMARK, models.UpstreamLineageClass)
    assert [upstream.dataset for upstream in left.upstreams] == [dataset("fund_private.rollups")]


def test_job_edges_are_patched(graph: DataHubGraph) -> None:
    """A workflow's inputs and outputs are added one by one."""
    patch = DataJobPatchBuilder(JOB).add_input_dataset(CRM).add_output_dataset(BENCHMARK)
    graph.emit_mcps(patch.build())
    aspect = graph.get_aspect(JOB, models.DataJobInputOutputClass)
    assert [edge.destinationUrn for edge in aspect.inputDatasetEdges] == [CRM]
    assert [edge.destinationUrn for edge in aspect.outputDatasetEdges] == [BENCHMARK]


def test_no_aspect_that_the_sdk_makes_is_refused() -> None:
    """The check against the schemas must be as wide as the SDK; only the blank URNs are wrong."""
    model = load_model()
    # A blank cost cannot be serialized by the SDK itself.
    for name, kind in (models.ASPECT_NAME_MAP | {"cost": models.StatusClass}).items():
        value = pre_json_transform(kind._construct_with_defaults().to_obj())
        spec = model.aspect("status" if name == "cost" else name)
        assert [p for p in problems_of(value, spec.shape, model) if "URN" not in p] == []


def test_create_refuses_what_exists(graph: DataHubGraph) -> None:
    """CREATE must not overwrite, unless the client asks to skip what exists."""
    create = models.ChangeTypeClass.CREATE
    graph.emit_mcp(proposal(CRM, tags("a"), changeType=create))
    with pytest.raises(OperationalError, match="use UPSERT"):
        graph.emit_mcp(proposal(CRM, tags("b"), changeType=create))
    skipping = proposal(CRM, tags("b"), changeType=create, headers={"If-None-Match": "*"})
    graph.emit_mcp(skipping)
    assert tag_names(graph, CRM) == ["urn:li:tag:a"]


def test_entities_are_created_and_read_whole(client: DataHubClient) -> None:
    """The high-level entity API must work, including its refusal of a missing entity."""
    from datahub.sdk.dataset import Dataset

    table = Dataset(platform="postgres", name="fund_private.rollups", description="Rollups")
    client.entities.create(table)
    assert client.entities.get(table.urn).description == "Rollups"
    with pytest.raises(ItemNotFoundError):
        client.entities.get(BENCHMARK)
    client.entities.delete(str(table.urn), hard=True)
    assert not client._graph.exists(str(table.urn))


def test_events_are_appended_and_read_newest_first(graph: DataHubGraph) -> None:
    """Run events are a series: each is kept, and filters pick the latest that matches."""
    run = "urn:li:dataProcessInstance:run-1"
    for at, status in ((1, "STARTED"), (2, "COMPLETE")):
        event = models.DataProcessInstanceRunEventClass(timestampMillis=at, status=status)
        for _ in range(2):
            graph.emit_mcp(proposal(run, event))
    kind = models.DataProcessInstanceRunEventClass
    values = graph.get_timeseries_values(run, kind, {"or": []})
    assert [value.status for value in values] == ["COMPLETE", "STARTED"]
    latest = graph.get_latest_timeseries_value(run, kind, {"status": "STARTED"})
    assert latest.timestampMillis == 1
    assert graph.get_latest_timeseries_value(run, kind, {"status": "FAILED"}) is None


def test_an_entity_is_read_raw_and_typed(graph: DataHubGraph) -> None:
    """Every way to read an entity must show the aspects that were emitted."""
    graph.emit_mcps([proposal(CRM, tags("a")), proposal(CRM, models.StatusClass(removed=False))])
    raw = graph.get_entity_raw(CRM)["aspects"]
    assert set(raw) == {"datasetKey", "globalTags", "status", "dataPlatformInstance"}
    assert set(graph.get_entity_raw(CRM, ["status"])["aspects"]) == {"datasetKey", "status"}
    assert graph.get_entity_semityped(CRM)["globalTags"] == tags("a")
    found = graph.get_entities("dataset", [CRM, BENCHMARK], ["globalTags"])
    assert found[CRM]["globalTags"][0] == tags("a")
    assert BENCHMARK not in found


def test_the_catalog_survives_a_restart(hub: EmbeddedDataHub, tmp_path_factory: object) -> None:
    """What was emitted is in the file, not in the process."""
    from catalog.embedded_datahub.server import EmbeddedDataHub

    folder = tmp_path_factory.mktemp("restart")
    for expected in ([], ["urn:li:tag:a"]):
        with EmbeddedDataHub(folder / "catalog.db", hub.token) as again:
            graph = DatahubRestEmitter(again.url, token=again.token).to_graph()
            assert tag_names(graph, CRM) == expected
            graph.emit_mcp(proposal(CRM, tags("a")))
            graph.close()
