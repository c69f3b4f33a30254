"""What DataHub is told of the registry: everything declared, nobody named, nothing overwritten."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import datahub.metadata.schema_classes as models
import pytest
from datahub.specific.dataset import DatasetPatchBuilder

from catalog import datahub_names
from catalog.data_classes import POLICIES, DataClass
from catalog.datahub_client import DataHubSettings, connect
from catalog.datahub_connection import DataHubConnection
from catalog.datahub_model import catalog_batches, catalog_digest
from catalog.datahub_proposals import Proposal
from catalog.datahub_vocabulary import container_urn
from catalog.declared import REGISTRY
from catalog.embedded_datahub.server import EmbeddedDataHub
from catalog.registry import Dataset, StoreKind

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
PATCHED = {"globalTags", "glossaryTerms", "ownership", "structuredProperties"}
ACCOUNTS = REGISTRY.get("tenant_private.crm_accounts")


def proposals() -> list[Proposal]:
    return [p for batch in catalog_batches(REGISTRY, NOW) for p in batch]


def upserts(kind: type[models._Aspect]) -> dict[str, models._Aspect]:
    return {
        str(p.entityUrn): p.aspect
        for p in proposals()
        if not isinstance(p, models.MetadataChangeProposalClass) and isinstance(p.aspect, kind)
    }


def declared_with(changed: Dataset) -> Iterable[Dataset]:
    return [changed if d.qualified_name == changed.qualified_name else d for d in REGISTRY]


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[DataHubConnection]:
    """A connection to a server of DataHub's API on a real socket."""
    with (
        EmbeddedDataHub(tmp_path / "catalog.db", "a-token-that-only-tests-know") as hub,
        connect(DataHubSettings(hub.url, hub.token, embedded=True)) as opened,
    ):
        yield opened


def emit_catalog(connection: DataHubConnection, datasets: Iterable[Dataset] = REGISTRY) -> None:
    for batch in catalog_batches(datasets, NOW):
        connection.emit(batch)


def test_every_proposal_keeps_to_the_metadata_model() -> None:
    """DataHub refuses a whole batch for one proposal that breaks its schema."""
    assert all(proposal.validate() for proposal in proposals())


def test_every_store_and_every_column_is_emitted() -> None:
    """A store that the catalog leaves out has no class that anyone can look up."""
    schemas = upserts(models.SchemaMetadataClass)
    assert set(schemas) == {datahub_names.dataset_urn(d) for d in REGISTRY}
    for dataset in REGISTRY:
        schema = schemas[datahub_names.dataset_urn(dataset)]
        assert isinstance(schema, models.SchemaMetadataClass)
        shown = {
            f.fieldPath: (f.nativeDataType, f.nullable, f.description, f.isPartOfKey)
            for f in schema.fields
        }
        assert shown == {
            c.name: (str(c.type), c.nullable, c.description, c.name in dataset.primary_key)
            for c in dataset.columns
        }


def test_every_column_carries_its_class() -> None:
    """A steward who reads a column must not have to infer its class from the table's."""
    for urn, schema in upserts(models.SchemaMetadataClass).items():
        dataset = next(d for d in REGISTRY if datahub_names.dataset_urn(d) == urn)
        assert isinstance(schema, models.SchemaMetadataClass)
        for field in schema.fields:
            data_class = dataset.class_of(dataset.column(field.fieldPath))
            assert field.globalTags is not None
            assert field.glossaryTerms is not None
            assert [t.tag for t in field.globalTags.tags] == [datahub_names.class_tag(data_class)]
            terms = [t.urn for t in field.glossaryTerms.terms]
            assert terms == [datahub_names.class_term(data_class)]


def test_what_people_edit_is_only_ever_patched() -> None:
    """An upsert of tags, terms, owners or properties would delete what a steward added."""
    for proposal in proposals():
        if proposal.aspectName in PATCHED:
            assert proposal.changeType == models.ChangeTypeClass.PATCH
            assert isinstance(proposal, models.MetadataChangeProposalClass)


def test_teams_are_created_and_never_overwritten() -> None:
    """People keep a team's members in DataHub; we only make sure that the team is there."""
    teams = [p for p in proposals() if p.aspectName == "corpGroupInfo"]
    assert {str(p.entityUrn) for p in teams} == {datahub_names.team_urn(d.owner) for d in REGISTRY}
    for team in teams:
        assert team.changeType == models.ChangeTypeClass.CREATE
        assert team.headers == {"If-None-Match": "*"}


def test_the_vocabulary_is_the_policy() -> None:
    """Term, tag and allowed value of a class all come from the policy's own words."""
    tags = upserts(models.TagPropertiesClass)
    terms = upserts(models.GlossaryTermInfoClass)
    for data_class, policy in POLICIES.items():
        tag = tags[datahub_names.class_tag(data_class)]
        term = terms[datahub_names.class_term(data_class)]
        assert isinstance(tag, models.TagPropertiesClass)
        assert isinstance(term, models.GlossaryTermInfoClass)
        assert tag.description == policy.definition
        assert policy.definition in term.definition
        assert term.parentNode == datahub_names.GLOSSARY_NODE
    colors = {t.colorHex for t in tags.values() if isinstance(t, models.TagPropertiesClass)}
    assert len(colors) == len(DataClass)
    (definition,) = upserts(models.StructuredPropertyDefinitionClass).values()
    assert isinstance(definition, models.StructuredPropertyDefinitionClass)
    assert {str(v.value) for v in definition.allowedValues or []} == set(DataClass)


def test_tables_have_the_names_of_the_postgres_connector() -> None:
    """Else a site that also runs DataHub's connector would see each table twice."""
    from datahub.emitter.mcp_builder import DatabaseKey, SchemaKey

    database = DatabaseKey(platform="postgres", database="classline")
    schema = SchemaKey(platform="postgres", database="classline", schema="anonymized")
    assert container_urn() == database.as_urn()
    assert container_urn("anonymized") == schema.as_urn()
    assert datahub_names.dataset_urn(ACCOUNTS) == (
        "urn:li:dataset:(urn:li:dataPlatform:postgres,classline.tenant_private.crm_accounts,PROD)"
    )


def test_a_key_value_prefix_stands_on_a_platform_of_its_own() -> None:
    """A prefix is no table; its URN must not look like one that the connector could meet."""
    prefixes = [d for d in REGISTRY if d.kind is StoreKind.KV_PREFIX]
    assert prefixes
    for prefix in prefixes:
        assert "urn:li:dataPlatform:classline-kv," in datahub_names.dataset_urn(prefix)


def test_the_digest_depends_on_the_declarations_alone() -> None:
    """An unchanged catalog must not be queued again, a changed one must."""
    assert catalog_digest(REGISTRY) == catalog_digest(tuple(REGISTRY))
    reworded = replace(ACCOUNTS, description="Companies, described in other words.")
    assert catalog_digest(declared_with(reworded)) != catalog_digest(REGISTRY)


@pytest.mark.integration
def test_hand_edits_survive_a_second_emission(connection: DataHubConnection) -> None:
    """A steward's own tag, term, owner and property are theirs; we touch only what is ours."""
    graph = connection._graph
    emit_catalog(connection)
    urn = datahub_names.dataset_urn(ACCOUNTS)
    by_hand = DatasetPatchBuilder(urn)
    by_hand.add_tag(models.TagAssociationClass("urn:li:tag:audited"))
    by_hand.add_tag(models.TagAssociationClass(datahub_names.class_tag(ACCOUNTS.data_class)))
    by_hand.add_term(models.GlossaryTermAssociationClass("urn:li:glossaryTerm:account"))
    by_hand.add_owner(models.OwnerClass("urn:li:corpuser:ann", "DATA_STEWARD"))
    by_hand.for_field("name").add_tag(models.TagAssociationClass("urn:li:tag:pii"))
    by_hand.set_description("What Ann wrote", editable=True)
    connection.emit(by_hand.build())
    emit_catalog(connection)

    tags = graph.get_aspect(urn, models.GlobalTagsClass)
    terms = graph.get_aspect(urn, models.GlossaryTermsClass)
    owners = graph.get_aspect(urn, models.OwnershipClass)
    edited = graph.get_aspect(urn, models.EditableSchemaMetadataClass)
    described = graph.get_aspect(urn, models.EditableDatasetPropertiesClass)
    assert tags is not None
    assert terms is not None
    assert owners is not None
    assert edited is not None
    assert described is not None
    own_tag = datahub_names.class_tag(ACCOUNTS.data_class)
    assert sorted(t.tag for t in tags.tags) == sorted([own_tag, own_tag, "urn:li:tag:audited"])
    assert {t.urn for t in terms.terms} == {
        datahub_names.class_term(ACCOUNTS.data_class),
        "urn:li:glossaryTerm:account",
    }
    assert {o.owner for o in owners.owners} == {
        "urn:li:corpuser:ann",
        datahub_names.team_urn(ACCOUNTS.owner),
    }
    assert "urn:li:tag:pii" in json.dumps(edited.to_obj())
    assert described.description == "What Ann wrote"


@pytest.mark.integration
def test_members_of_a_team_survive_a_second_emission(connection: DataHubConnection) -> None:
    """Teams are kept by people; the catalog must not empty them."""
    graph = connection._graph
    emit_catalog(connection)
    urn = datahub_names.team_urn(ACCOUNTS.owner)
    team = graph.get_aspect(urn, models.CorpGroupInfoClass)
    assert team is not None
    team.members = ["urn:li:corpuser:ann"]
    graph.emit_mcp(_upsert(urn, team))
    emit_catalog(connection)
    kept = graph.get_aspect(urn, models.CorpGroupInfoClass)
    assert kept is not None
    assert kept.members == ["urn:li:corpuser:ann"]


@pytest.mark.integration
def test_a_changed_class_leaves_no_label_of_the_old_one(connection: DataHubConnection) -> None:
    """A store found under two classes has none that anyone can rely on."""
    emit_catalog(connection)
    patterns = REGISTRY.get("control.stewards")
    tightened = replace(patterns, data_class=DataClass.TENANT_PRIVATE)
    emit_catalog(connection, declared_with(tightened))
    urn = datahub_names.dataset_urn(patterns)
    names = {d.name for d in connection.search(data_class=patterns.data_class, columns=True)}
    assert patterns.qualified_name not in names
    tags = connection._graph.get_aspect(urn, models.GlobalTagsClass)
    terms = connection._graph.get_aspect(urn, models.GlossaryTermsClass)
    assert tags is not None
    assert terms is not None
    assert [t.tag for t in tags.tags] == ["urn:li:tag:class.tenant_private"]
    assert [t.urn for t in terms.terms] == ["urn:li:glossaryTerm:classline.tenant_private"]


def _upsert(urn: str, aspect: models._Aspect) -> Proposal:
    from datahub.emitter.mcp import MetadataChangeProposalWrapper

    return MetadataChangeProposalWrapper(entityUrn=urn, aspect=aspect)
