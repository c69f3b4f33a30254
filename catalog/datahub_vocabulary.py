"""What every dataset's metadata refers to: property, glossary, tags, platforms, teams, schemas.

It imports the DataHub SDK, so it is itself imported only inside functions that emit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TypeAlias

import datahub.metadata.schema_classes as models
from datahub.emitter.mce_builder import datahub_guid
from datahub.emitter.mcp import MetadataChangeProposalWrapper

from catalog import datahub_names
from catalog.data_classes import POLICIES, ClassPolicy, DataClass
from catalog.registry import Dataset, StoreKind

__all__ = [
    "Proposal",
    "attribution",
    "audit_stamp",
    "container_urn",
    "millis",
    "vocabulary_proposals",
]

Proposal: TypeAlias = MetadataChangeProposalWrapper | models.MetadataChangeProposalClass

_COLORS: Mapping[DataClass, str] = MappingProxyType(
    {
        DataClass.TENANT_PRIVATE: "#B42318",
        DataClass.FUND_PRIVATE: "#B54708",
        DataClass.ANONYMIZED_BENCHMARK: "#027A48",
        DataClass.ASCEND_PLATFORM_METRIC: "#175CD3",
    }
)


def millis(at: datetime) -> int:
    """A moment as DataHub writes it."""
    return int(at.timestamp() * 1000)


def audit_stamp(at: datetime) -> models.AuditStampClass:
    """Our mark on an aspect written at that moment."""
    return models.AuditStampClass(time=millis(at), actor=datahub_names.ACTOR)


def attribution(at: datetime) -> models.MetadataAttributionClass:
    """Our mark on one tag, term or owner; it keeps ours apart from what people added by hand."""
    return models.MetadataAttributionClass(
        time=millis(at), actor=datahub_names.ACTOR, source=datahub_names.OWN_PLATFORM
    )


def container_urn(schema: str | None = None) -> str:
    """The container of the database, or of one schema of it, as the Postgres connector names it."""
    key = {"platform": "postgres", "database": datahub_names.DATABASE}
    if schema is not None:
        key["schema"] = schema
    return f"urn:li:container:{datahub_guid(key)}"


def vocabulary_proposals(datasets: Iterable[Dataset], at: datetime) -> list[Proposal]:
    """Everything that must be known before those datasets are emitted."""
    declared = list(datasets)
    schemas = sorted({d.schema for d in declared if d.kind is not StoreKind.KV_PREFIX})
    return [
        *_platforms(),
        *_class_property(),
        *_glossary(),
        *_tags(),
        *_teams(sorted({dataset.owner for dataset in declared}), at),
        *_containers(schemas),
    ]


def _upsert(urn: str, *aspects: models._Aspect) -> Iterator[Proposal]:
    for aspect in aspects:
        yield MetadataChangeProposalWrapper(entityUrn=urn, aspect=aspect)


def _platforms() -> Iterator[Proposal]:
    for urn, title, kind in (
        (datahub_names.OWN_PLATFORM, "Classline", models.PlatformTypeClass.OTHERS),
        (
            datahub_names.KEY_VALUE_PLATFORM,
            "Classline key-value store",
            models.PlatformTypeClass.KEY_VALUE_STORE,
        ),
    ):
        name = urn.rpartition(":")[2]
        yield from _upsert(
            urn,
            models.DataPlatformInfoClass(
                name=name, displayName=title, type=kind, datasetNameDelimiter="."
            ),
        )


def _class_property() -> Iterator[Proposal]:
    yield from _upsert(
        datahub_names.CLASS_PROPERTY,
        models.StructuredPropertyDefinitionClass(
            qualifiedName=datahub_names.CLASS_PROPERTY.rpartition(":")[2],
            displayName="Data class",
            description="The class of a store or a column, as the platform's registry declares it.",
            valueType="urn:li:dataType:datahub.string",
            cardinality=models.PropertyCardinalityClass.SINGLE,
            entityTypes=[
                "urn:li:entityType:datahub.dataset",
                "urn:li:entityType:datahub.schemaField",
            ],
            allowedValues=[
                models.PropertyValueClass(value=str(policy.data_class), description=policy.title)
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
    )


def _glossary() -> Iterator[Proposal]:
    yield from _upsert(
        datahub_names.GLOSSARY_NODE,
        models.GlossaryNodeInfoClass(
            name="Data classification",
            definition="The four classes of data: where each lives, who reads it, its reuse.",
        ),
    )
    for policy in POLICIES.values():
        yield from _upsert(
            datahub_names.class_term(policy.data_class),
            models.GlossaryTermInfoClass(
                name=policy.title,
                definition=_definition(policy),
                termSource="INTERNAL",
                parentNode=datahub_names.GLOSSARY_NODE,
            ),
        )


def _definition(policy: ClassPolicy) -> str:
    readers = ", ".join(sorted(policy.readers))
    return (
        f"{policy.definition}\n\nLives in: {policy.lives_in}.\n\nRead by: {readers}.\n\n"
        f"Reuse: {policy.reuse}"
    )


def _tags() -> Iterator[Proposal]:
    for policy in POLICIES.values():
        yield from _upsert(
            datahub_names.class_tag(policy.data_class),
            models.TagPropertiesClass(
                name=f"class.{policy.data_class}",
                description=policy.definition,
                colorHex=_COLORS[policy.data_class],
            ),
        )


def _teams(owners: Iterable[str], at: datetime) -> Iterator[Proposal]:
    # Created unless they are there: people keep a team's members in DataHub.
    for owner in owners:
        name = owner.removeprefix("team:")
        yield MetadataChangeProposalWrapper(
            entityUrn=datahub_names.team_urn(owner),
            changeType=models.ChangeTypeClass.CREATE,
            headers={"If-None-Match": "*"},
            aspect=models.CorpGroupInfoClass(
                displayName=name.replace("-", " ").capitalize(),
                admins=[],
                members=[],
                groups=[],
                created=audit_stamp(at),
            ),
        )


def _containers(schemas: Iterable[str]) -> Iterator[Proposal]:
    yield from _container(container_urn(), datahub_names.DATABASE, "Database")
    for schema in schemas:
        urn = container_urn(schema)
        yield from _container(urn, schema, "Schema")
        yield from _upsert(urn, models.ContainerClass(container=container_urn()))


def _container(urn: str, name: str, subtype: str) -> Iterator[Proposal]:
    yield from _upsert(
        urn,
        models.ContainerPropertiesClass(name=name),
        models.DataPlatformInstanceClass(platform=datahub_names.TABLE_PLATFORM),
        models.SubTypesClass(typeNames=[subtype]),
        models.StatusClass(removed=False),
    )
