"""What every dataset's metadata refers to: property, glossary, tags, platforms, teams, schemas.

It imports the DataHub SDK, so it is itself imported only inside functions that emit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

import datahub.metadata.schema_classes as models
from datahub.emitter.mce_builder import datahub_guid

from catalog import datahub_names
from catalog.data_classes import POLICIES, ClassPolicy, DataClass
from catalog.datahub_proposals import Proposal, audit_stamp, created_once, upserts
from catalog.registry import Dataset

__all__ = [
    "DeclaredEntity",
    "container_of",
    "container_urn",
    "vocabulary",
    "vocabulary_proposals",
]

_COLORS: Mapping[DataClass, str] = MappingProxyType(
    {
        DataClass.TENANT_PRIVATE: "#B42318",
        DataClass.FUND_PRIVATE: "#B54708",
        DataClass.ANONYMIZED_BENCHMARK: "#027A48",
        DataClass.ASCEND_PLATFORM_METRIC: "#175CD3",
    }
)


@dataclass(frozen=True, slots=True)
class DeclaredEntity:
    """An entity as we declare it.

    Aspects that are ``owned`` are ours whole; those written ``once`` belong to people as soon as
    they are there.
    """

    urn: str
    owned: tuple[models._Aspect, ...] = ()
    once: tuple[models._Aspect, ...] = ()

    @property
    def entity_type(self) -> str:
        """The type that its URN names."""
        return self.urn.split(":", 3)[2]

    def proposals(self) -> Iterator[Proposal]:
        """Everything that is said of it."""
        yield from upserts(self.urn, *self.owned)
        yield from (created_once(self.urn, aspect) for aspect in self.once)


def container_urn(schema: str | None = None, platform: str = datahub_names.TABLE_PLATFORM) -> str:
    """The container of the database, or of one schema of it, as the Postgres connector names it."""
    key = {"platform": platform.rpartition(":")[2], "database": datahub_names.DATABASE}
    if schema is not None:
        key["schema"] = schema
    return f"urn:li:container:{datahub_guid(key)}"


def container_of(dataset: Dataset) -> str:
    """The container that a store lies in: its schema, on its own platform."""
    return container_urn(dataset.schema, datahub_names.platform_of(dataset))


def vocabulary(datasets: Iterable[Dataset], at: datetime) -> list[DeclaredEntity]:
    """Everything that must be known before those datasets are emitted."""
    declared = list(datasets)
    owners = sorted({dataset.owner for dataset in declared})
    return [
        *_platforms(),
        _actor(),
        _class_property(),
        *_glossary(),
        *_tags(),
        _steward_type(at),
        *_teams(owners, at),
        *_domains(owners),
        *_containers(declared),
    ]


def vocabulary_proposals(datasets: Iterable[Dataset], at: datetime) -> list[Proposal]:
    """The same as proposals."""
    return [p for entity in vocabulary(datasets, at) for p in entity.proposals()]


def _platforms() -> Iterator[DeclaredEntity]:
    for urn, title, kind in (
        (datahub_names.OWN_PLATFORM, "Classline", models.PlatformTypeClass.OTHERS),
        (
            datahub_names.KEY_VALUE_PLATFORM,
            "Classline key-value store",
            models.PlatformTypeClass.KEY_VALUE_STORE,
        ),
    ):
        yield DeclaredEntity(
            urn,
            owned=(
                models.DataPlatformInfoClass(
                    name=urn.rpartition(":")[2],
                    displayName=title,
                    type=kind,
                    datasetNameDelimiter=".",
                ),
            ),
        )


def _actor() -> DeclaredEntity:
    """Who all this is written by: DataHub shows a name only of those it knows."""
    info = models.CorpUserInfoClass(active=True, displayName="Classline", title="Service")
    return DeclaredEntity(datahub_names.ACTOR, once=(info,))


def _class_property() -> DeclaredEntity:
    return DeclaredEntity(
        datahub_names.CLASS_PROPERTY,
        owned=(
            models.StructuredPropertyDefinitionClass(
                qualifiedName=datahub_names.CLASS_PROPERTY.rpartition(":")[2],
                displayName="Data class",
                description=(
                    "The class of a store or a column, as the platform's registry declares it."
                ),
                valueType="urn:li:dataType:datahub.string",
                cardinality=models.PropertyCardinalityClass.SINGLE,
                entityTypes=[
                    "urn:li:entityType:datahub.dataset",
                    "urn:li:entityType:datahub.schemaField",
                ],
                allowedValues=[
                    models.PropertyValueClass(
                        value=str(policy.data_class), description=policy.title
                    )
                    for policy in POLICIES.values()
                ],
            ),
            models.StructuredPropertySettingsClass(
                isHidden=False,
                showInSearchFilters=True,
                showInAssetSummary=True,
                showAsAssetBadge=True,
                showInColumnsTable=True,
            ),
        ),
    )


def _glossary() -> Iterator[DeclaredEntity]:
    yield DeclaredEntity(
        datahub_names.GLOSSARY_NODE,
        owned=(
            models.GlossaryNodeInfoClass(
                name="Data classification",
                definition="The four classes of data: where each lives, who reads it, its reuse.",
            ),
        ),
    )
    for policy in POLICIES.values():
        yield DeclaredEntity(
            datahub_names.class_term(policy.data_class),
            owned=(
                models.GlossaryTermInfoClass(
                    name=policy.title,
                    definition=_definition(policy),
                    termSource="INTERNAL",
                    parentNode=datahub_names.GLOSSARY_NODE,
                ),
            ),
        )


def _definition(policy: ClassPolicy) -> str:
    readers = ", ".join(sorted(policy.readers))
    return (
        f"{policy.definition}\n\nLives in: {policy.lives_in}.\n\nRead by: {readers}.\n\n"
        f"Reuse: {policy.reuse}"
    )


def _tags() -> Iterator[DeclaredEntity]:
    for policy in POLICIES.values():
        yield DeclaredEntity(
            datahub_names.class_tag(policy.data_class),
            owned=(
                models.TagPropertiesClass(
                    name=f"class.{policy.data_class}",
                    description=policy.definition,
                    colorHex=_COLORS[policy.data_class],
                ),
            ),
        )


def _steward_type(at: datetime) -> DeclaredEntity:
    """A real DataHub has it from the start; the embedded one gets it here."""
    stamp = audit_stamp(at)
    info = models.OwnershipTypeInfoClass(
        name="Data Steward",
        description="Answers for what the data means and for its class.",
        created=stamp,
        lastModified=stamp,
    )
    return DeclaredEntity(datahub_names.DATA_STEWARD, once=(info,))


def _teams(owners: Iterable[str], at: datetime) -> Iterator[DeclaredEntity]:
    """Written once: people keep a team's members in DataHub."""
    for owner in owners:
        info = models.CorpGroupInfoClass(
            displayName=_title(owner), admins=[], members=[], groups=[], created=audit_stamp(at)
        )
        yield DeclaredEntity(datahub_names.team_urn(owner), once=(info,))


def _domains(owners: Iterable[str]) -> Iterator[DeclaredEntity]:
    """One for what each team answers for; written once, since DataHub has people edit them."""
    platform = models.DomainPropertiesClass(
        name="Operator OS", description="The platform that all portfolio companies share."
    )
    yield DeclaredEntity(datahub_names.PLATFORM_DOMAIN, once=(platform,))
    for owner in owners:
        info = models.DomainPropertiesClass(
            name=_title(owner),
            description=f"What the team {_title(owner).lower()} answers for.",
            parentDomain=datahub_names.PLATFORM_DOMAIN,
        )
        yield DeclaredEntity(datahub_names.domain_urn(owner), once=(info,))


def _title(owner: str) -> str:
    return owner.removeprefix("team:").replace("-", " ").capitalize()


def _containers(datasets: Iterable[Dataset]) -> Iterator[DeclaredEntity]:
    schemas: dict[str, set[str]] = {}
    for dataset in datasets:
        schemas.setdefault(datahub_names.platform_of(dataset), set()).add(dataset.schema)
    for platform, names in sorted(schemas.items()):
        is_key_value = platform == datahub_names.KEY_VALUE_PLATFORM
        title = "Key-Value Store" if is_key_value else "Database"
        yield _container(None, platform, datahub_names.DATABASE, title)
        for schema in sorted(names):
            yield _container(schema, platform, schema, "Schema")


def _container(schema: str | None, platform: str, name: str, subtype: str) -> DeclaredEntity:
    inside = (models.ContainerClass(container=container_urn(None, platform)),) if schema else ()
    return DeclaredEntity(
        container_urn(schema, platform),
        owned=(
            models.ContainerPropertiesClass(name=name),
            models.DataPlatformInstanceClass(platform=platform),
            models.SubTypesClass(typeNames=[subtype]),
            models.StatusClass(removed=False),
            *inside,
        ),
    )
