"""The catalog's sync sends what differs, removes what is gone, and undoes no person's work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import datahub.metadata.schema_classes as models
import pytest
from datahub.specific.dataset import DatasetPatchBuilder

from catalog import datahub_names
from catalog.data_classes import DataClass
from catalog.datahub_client import DataHubRefused, DataHubSettings, connect
from catalog.datahub_connection import DataHubConnection
from catalog.datahub_labels import LabelDrift
from catalog.datahub_proposals import Proposal, upserts
from catalog.datahub_sync import SyncReport, sync_catalog
from catalog.datahub_vocabulary import container_of
from catalog.declared import REGISTRY
from catalog.embedded_datahub.server import EmbeddedDataHub
from catalog.registry import Dataset

pytestmark = pytest.mark.integration

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = datetime(2026, 3, 9, 12, tzinfo=UTC)
ACCOUNTS = REGISTRY.get("tenant_private.crm_accounts")
PLAYBOOKS = REGISTRY.get("anonymized.anonymized_playbooks")
STATE = REGISTRY.get("platform.platform_state")
SOME = (ACCOUNTS, PLAYBOOKS, STATE)
URN = datahub_names.dataset_urn(ACCOUNTS)
PRIVATE, PUBLIC = DataClass.TENANT_PRIVATE, DataClass.ANONYMIZED_BENCHMARK


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[DataHubConnection]:
    """A connection to a DataHub that holds three synced datasets."""
    with (
        EmbeddedDataHub(tmp_path / "catalog.db", "a-token-that-only-tests-know") as hub,
        connect(DataHubSettings(hub.url, hub.token, embedded=True)) as opened,
    ):
        first = sync_catalog(opened, SOME, NOW)
        assert first.sent > 50
        assert first.drifts == first.removed == []
        yield opened


def synced(connection: DataHubConnection, datasets: Iterable[Dataset] = SOME) -> SyncReport:
    return sync_catalog(connection, datasets, LATER)


def held(connection: DataHubConnection, kind: type[models._Aspect], urn: str = URN) -> object:
    found = connection._graph.get_aspect(urn, kind)
    assert found is not None
    return found


def tags_of(connection: DataHubConnection, urn: str = URN) -> list[str]:
    found = connection._graph.get_aspect(urn, models.GlobalTagsClass)
    return sorted(tag.tag for tag in found.tags) if found else []


def class_of(connection: DataHubConnection, urn: str = URN) -> list[object]:
    found = connection._graph.get_aspect(urn, models.StructuredPropertiesClass)
    assert found is not None
    return [value for entry in found.properties for value in entry.values]


def test_an_unchanged_catalog_sends_nothing(connection: DataHubConnection) -> None:
    """A sync of thousands of stores must cost what changed, not what there is."""
    report = synced(connection)
    assert (report.sent, report.removed, report.drifts) == (0, [], [])
    assert report.unchanged > 50


def test_only_what_changed_is_sent(connection: DataHubConnection) -> None:
    """One reworded description is one aspect."""
    reworded = replace(ACCOUNTS, description="Companies, in other words.")
    assert synced(connection, (reworded, PLAYBOOKS, STATE)).sent == 1
    properties = held(connection, models.DatasetPropertiesClass)
    assert isinstance(properties, models.DatasetPropertiesClass)
    assert properties.description == "Companies, in other words."


def test_what_datahub_lost_is_sent_again(connection: DataHubConnection) -> None:
    """Nothing is remembered here that could be wrong about what is there."""
    connection._graph.hard_delete_entity(URN)
    report = synced(connection)
    assert 8 <= report.sent <= 12
    assert report.drifts == []
    assert class_of(connection) == [str(PRIVATE)]


def test_every_store_has_steward_domain_and_container(connection: DataHubConnection) -> None:
    """A person who finds a store must see whom to ask, and where it lies."""
    for dataset in SOME:
        urn = datahub_names.dataset_urn(dataset)
        ownership = held(connection, models.OwnershipClass, urn)
        assert isinstance(ownership, models.OwnershipClass)
        (owner,) = ownership.owners
        assert (owner.owner, owner.type, owner.typeUrn) == (
            datahub_names.team_urn(dataset.owner),
            "DATA_STEWARD",
            "urn:li:ownershipType:__system__data_steward",
        )
        domains = held(connection, models.DomainsClass, urn)
        assert isinstance(domains, models.DomainsClass)
        assert domains.domains == [datahub_names.domain_urn(dataset.owner)]
        domain = held(connection, models.DomainPropertiesClass, domains.domains[0])
        assert isinstance(domain, models.DomainPropertiesClass)
        assert domain.parentDomain == datahub_names.PLATFORM_DOMAIN
        inside = held(connection, models.ContainerClass, urn)
        assert isinstance(inside, models.ContainerClass)
        assert inside.container == container_of(dataset)
        schema = held(connection, models.ContainerPropertiesClass, inside.container)
        assert isinstance(schema, models.ContainerPropertiesClass)
        assert schema.name == dataset.schema


def test_what_people_added_survives_any_number_of_syncs(connection: DataHubConnection) -> None:
    """Tags, terms, owners, descriptions and domains of theirs are theirs."""
    by_hand = DatasetPatchBuilder(URN)
    by_hand.add_tag(models.TagAssociationClass("urn:li:tag:audited"))
    by_hand.add_term(models.GlossaryTermAssociationClass("urn:li:glossaryTerm:account"))
    by_hand.add_owner(models.OwnerClass("urn:li:corpuser:ann", "DATA_STEWARD"))
    by_hand.for_field("name").add_tag(models.TagAssociationClass("urn:li:tag:pii"))
    by_hand.for_field("name").add_term(
        models.GlossaryTermAssociationClass("urn:li:glossaryTerm:name")
    )
    by_hand.set_description("What Ann wrote", editable=True)
    connection.emit(by_hand.build())
    container = container_of(ACCOUNTS)
    column = datahub_names.column_urn(URN, "name")
    kept = [
        (URN, models.DomainsClass(["urn:li:domain:sales"])),
        (container, models.EditableContainerPropertiesClass(description="Ann's words")),
        (
            datahub_names.domain_urn(ACCOUNTS.owner),
            models.DomainPropertiesClass(name="Tenants", description="Renamed by Ann"),
        ),
        (column, models.GlobalTagsClass([models.TagAssociationClass("urn:li:tag:pii")])),
    ]
    connection.emit([p for urn, aspect in kept for p in upserts(urn, aspect)])
    watched = [
        *kept,
        *(
            (URN, held(connection, kind))
            for kind in (
                models.GlobalTagsClass,
                models.GlossaryTermsClass,
                models.OwnershipClass,
                models.EditableSchemaMetadataClass,
                models.EditableDatasetPropertiesClass,
            )
        ),
    ]
    reworded = replace(ACCOUNTS, description="Companies, in other words.")
    for datasets in (SOME, (reworded, PLAYBOOKS, STATE), SOME):
        report = synced(connection, datasets)
        assert report.drifts == []
        for urn, aspect in watched:
            assert isinstance(aspect, models._Aspect)
            assert held(connection, type(aspect), urn).to_obj() == aspect.to_obj()


def _wrong_tag(patch: DatasetPatchBuilder) -> None:
    patch.add_tag(models.TagAssociationClass(datahub_names.class_tag(PUBLIC)))


def _no_tag(patch: DatasetPatchBuilder) -> None:
    patch.remove_tag(datahub_names.class_tag(PRIVATE))


def _wrong_term(patch: DatasetPatchBuilder) -> None:
    patch.add_term(models.GlossaryTermAssociationClass(datahub_names.class_term(PUBLIC)))


def _no_term(patch: DatasetPatchBuilder) -> None:
    patch.remove_term(datahub_names.class_term(PRIVATE))


def _wrong_property(patch: DatasetPatchBuilder) -> None:
    patch.set_structured_property(datahub_names.CLASS_PROPERTY, str(PUBLIC))


def _no_property(patch: DatasetPatchBuilder) -> None:
    patch.remove_structured_property(datahub_names.CLASS_PROPERTY)


def _wrong_column_tag(patch: DatasetPatchBuilder) -> None:
    tag = models.TagAssociationClass(datahub_names.class_tag(PUBLIC))
    patch.for_field("name").add_tag(tag)


def _wrong_column_term(patch: DatasetPatchBuilder) -> None:
    term = models.GlossaryTermAssociationClass(datahub_names.class_term(PUBLIC))
    patch.for_field("name").add_term(term)


@pytest.mark.parametrize(
    ("by_hand", "column", "label", "found"),
    [
        (_wrong_tag, None, "tag", PUBLIC),
        (_no_tag, None, "tag", None),
        (_wrong_term, None, "term", PUBLIC),
        (_no_term, None, "term", None),
        (_wrong_property, None, "property", PUBLIC),
        (_no_property, None, "property", None),
        (_wrong_column_tag, "name", "tag", PUBLIC),
        (_wrong_column_term, "name", "term", PUBLIC),
    ],
)
def test_a_class_label_changed_by_hand_is_reported_and_put_back(
    connection: DataHubConnection,
    by_hand: Callable[[DatasetPatchBuilder], None],
    column: str | None,
    label: str,
    found: str | None,
) -> None:
    """A wrong class misleads everyone who searches by it, and somebody should be asked why."""
    before = connection._graph.get_entity_raw(URN)["aspects"]
    patch = DatasetPatchBuilder(URN)
    patch.add_tag(models.TagAssociationClass("urn:li:tag:audited"))
    by_hand(patch)
    connection.emit(patch.build())
    report = synced(connection)
    assert report.drifts == [
        LabelDrift(ACCOUNTS.qualified_name, column, label, str(found) if found else None, PRIVATE)
    ]
    assert synced(connection).sent == 0
    after = connection._graph.get_entity_raw(URN)["aspects"]
    assert class_of(connection) == [str(PRIVATE)]
    assert tags_of(connection) == ["urn:li:tag:audited", datahub_names.class_tag(PRIVATE)]
    edited = connection._graph.get_aspect(URN, models.EditableSchemaMetadataClass)
    assert "anonymized_benchmark" not in str(edited.to_obj() if edited else "")
    assert before["schemaMetadata"]["value"]["fields"] == after["schemaMetadata"]["value"]["fields"]


def test_a_columns_own_labels_are_put_back(connection: DataHubConnection) -> None:
    """A column has an entity of its own, which can be labelled apart from its table."""
    column = datahub_names.column_urn(URN, "name")
    wrong = models.StructuredPropertyValueAssignmentClass(
        datahub_names.CLASS_PROPERTY, [str(PUBLIC)]
    )
    tag = models.TagAssociationClass(datahub_names.class_tag(PUBLIC))
    connection.emit(
        list(
            upserts(
                column, models.StructuredPropertiesClass([wrong]), models.GlobalTagsClass([tag])
            )
        )
    )
    assert sorted(drift.label for drift in synced(connection).drifts) == ["property", "tag"]
    assert class_of(connection, column) == [str(PRIVATE)]
    assert tags_of(connection, column) == []


def test_a_class_that_the_registry_changed_is_no_drift(connection: DataHubConnection) -> None:
    """It was decided and recorded; only what nobody declared is reported."""
    tightened = replace(PLAYBOOKS, data_class=PRIVATE)
    report = synced(connection, (ACCOUNTS, tightened, STATE))
    assert report.drifts == []
    urn = datahub_names.dataset_urn(PLAYBOOKS)
    assert class_of(connection, urn) == [str(PRIVATE)]
    assert tags_of(connection, urn) == [datahub_names.class_tag(PRIVATE)]
    assert class_of(connection, datahub_names.column_urn(urn, "title")) == [str(PRIVATE)]


def test_a_store_that_is_declared_no_more_is_removed_softly(connection: DataHubConnection) -> None:
    """Nobody should find a store that is gone; its history and what people wrote stay."""
    report = synced(connection, (ACCOUNTS, STATE))
    assert report.removed == [PLAYBOOKS.qualified_name]
    urn = datahub_names.dataset_urn(PLAYBOOKS)
    status = held(connection, models.StatusClass, urn)
    assert isinstance(status, models.StatusClass)
    assert status.removed
    assert PLAYBOOKS.qualified_name not in {found.name for found in connection.search(text="*")}
    assert held(connection, models.SchemaMetadataClass, urn)
    schema = held(connection, models.StatusClass, container_of(PLAYBOOKS))
    assert isinstance(schema, models.StatusClass)
    assert schema.removed
    again = synced(connection, (ACCOUNTS, STATE))
    assert (again.sent, again.removed) == (0, [])


def test_a_store_that_comes_back_is_shown_again(connection: DataHubConnection) -> None:
    """A removal is undone by a declaration, columns and all."""
    synced(connection, (ACCOUNTS, STATE))
    assert synced(connection).drifts == []
    found = connection.search(data_class=PUBLIC, columns=True)
    assert [(d.name, len(d.columns)) for d in found] == [
        (PLAYBOOKS.qualified_name, len(PLAYBOOKS.columns))
    ]


def test_a_column_that_is_declared_no_more_is_removed(connection: DataHubConnection) -> None:
    """Its class must not be found any longer, though its entity once had one."""
    narrower = replace(PLAYBOOKS, columns=tuple(c for c in PLAYBOOKS.columns if c.name != "title"))
    synced(connection, (ACCOUNTS, narrower, STATE))
    column = datahub_names.column_urn(datahub_names.dataset_urn(PLAYBOOKS), "title")
    status = held(connection, models.StatusClass, column)
    assert isinstance(status, models.StatusClass)
    assert status.removed


def test_stores_of_others_are_never_removed(connection: DataHubConnection) -> None:
    """DataHub's own connector shows tables of the same database that no registry declares."""
    other = "urn:li:dataset:(urn:li:dataPlatform:postgres,classline.public.alembic_version,PROD)"
    labelled = "urn:li:dataset:(urn:li:dataPlatform:postgres,warehouse.public.deals,PROD)"
    patch = DatasetPatchBuilder(labelled)
    _wrong_property(patch)
    _wrong_tag(patch)
    connection.emit(
        [*upserts(other, models.DatasetPropertiesClass(name="alembic_version")), *patch.build()]
    )
    report = synced(connection)
    assert (report.sent, report.removed, report.drifts) == (0, [], [])


def test_ownership_of_the_registrys_former_owner_is_taken_back(
    connection: DataHubConnection,
) -> None:
    """Who no longer answers for a store must not be asked; owners that people added stay."""
    by_hand = DatasetPatchBuilder(URN)
    by_hand.add_owner(models.OwnerClass("urn:li:corpuser:ann", "DATA_STEWARD"))
    connection.emit(by_hand.build())
    handed_over = replace(ACCOUNTS, owner="team:benchmarks")
    synced(connection, (handed_over, PLAYBOOKS, STATE))
    ownership = held(connection, models.OwnershipClass)
    assert isinstance(ownership, models.OwnershipClass)
    assert {owner.owner for owner in ownership.owners} == {
        "urn:li:corpuser:ann",
        datahub_names.team_urn("team:benchmarks"),
    }


def test_one_refused_aspect_keeps_back_no_other(connection: DataHubConnection) -> None:
    """An older DataHub may not know one aspect; the rest of the catalog must not wait for it."""
    reworded = replace(ACCOUNTS, description="Companies, in other words.")
    emit = connection.emit

    def strict(proposals: Sequence[Proposal]) -> None:
        if any("In other words" in str(p.to_obj()) for p in proposals):
            message = "the whole batch, for one of it"
            raise DataHubRefused(message)
        emit(proposals)

    connection.emit = strict  # type: ignore[method-assign]
    widened = replace(PLAYBOOKS, description="In other words, too.")
    report = synced(connection, (reworded, widened, STATE))
    assert report.refused == [f"{datahub_names.dataset_urn(PLAYBOOKS)} datasetProperties"]
    assert report.sent == 1


def test_what_is_held_as_declared_is_not_built_again(
    connection: DataHubConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading is cheap and building is not: thousands of unchanged stores must only be read."""

    def built(dataset: Dataset, _at: datetime) -> None:
        pytest.fail(f"{dataset.qualified_name} was built, though nothing of it changed")

    monkeypatch.setattr("catalog.datahub_sync.declared_dataset", built)
    assert synced(connection).sent == 0


def _other_type(schema: models.SchemaMetadataClass) -> None:
    schema.fields[1].type = models.SchemaFieldDataTypeClass(type=models.BytesTypeClass())


def _other_native_type(schema: models.SchemaMetadataClass) -> None:
    schema.fields[1].nativeDataType = "varchar(30)"


def _no_label(schema: models.SchemaMetadataClass) -> None:
    schema.fields[1].globalTags = None


def _other_order(schema: models.SchemaMetadataClass) -> None:
    schema.fields.reverse()


def _no_key(schema: models.SchemaMetadataClass) -> None:
    schema.primaryKeys = None


@pytest.mark.parametrize(
    "change", [_other_type, _other_native_type, _no_label, _other_order, _no_key]
)
def test_a_schema_that_something_overwrote_is_put_right(
    connection: DataHubConnection, change: Callable[[models.SchemaMetadataClass], None]
) -> None:
    """DataHub's own connector writes the same aspect, and knows no classes."""
    before = held(connection, models.SchemaMetadataClass)
    schema = held(connection, models.SchemaMetadataClass)
    assert isinstance(schema, models.SchemaMetadataClass)
    assert isinstance(before, models.SchemaMetadataClass)
    change(schema)
    connection.emit(list(upserts(URN, schema)))
    assert synced(connection).sent == 1
    after = held(connection, models.SchemaMetadataClass)
    assert isinstance(after, models.SchemaMetadataClass)
    assert [f.to_obj().get("nativeDataType") for f in after.fields] == [
        f.nativeDataType for f in before.fields
    ]
    assert synced(connection).sent == 0
