"""The registry as DataHub sees it: metadata change proposals for every dataset and column.

Tags, terms, owners and properties are patched under our own attribution, so what people added by
hand stays. It imports the DataHub SDK, so it is itself imported only inside functions that emit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import datahub.metadata.schema_classes as models
from datahub.emitter.mcp import MetadataChangeProposalWrapper
from datahub.specific.aspect_helpers.structured_properties import HasStructuredPropertiesPatch
from datahub.specific.dataset import DatasetPatchBuilder

from catalog import datahub_names
from catalog.data_classes import DataClass
from catalog.datahub_vocabulary import (
    Proposal,
    attribution,
    audit_stamp,
    container_urn,
    vocabulary_proposals,
)
from catalog.registry import Column, ColumnType, Dataset, StoreKind

__all__ = ["catalog_batches", "catalog_digest", "dataset_proposals"]

_TYPES: Mapping[ColumnType, Callable[[], Any]] = {  # Any: the SDK's classes share no base
    ColumnType.TEXT: models.StringTypeClass,
    ColumnType.UUID: models.StringTypeClass,
    ColumnType.INTEGER: models.NumberTypeClass,
    ColumnType.BIGINT: models.NumberTypeClass,
    ColumnType.NUMERIC: models.NumberTypeClass,
    ColumnType.DOUBLE: models.NumberTypeClass,
    ColumnType.BOOLEAN: models.BooleanTypeClass,
    ColumnType.DATE: models.DateTypeClass,
    ColumnType.TIMESTAMP: models.TimeTypeClass,
    ColumnType.JSON: models.RecordTypeClass,
    ColumnType.BYTES: models.BytesTypeClass,
    ColumnType.TEXT_ARRAY: partial(models.ArrayTypeClass, nestedType=["string"]),
    ColumnType.BIGINT_ARRAY: partial(models.ArrayTypeClass, nestedType=["number"]),
    ColumnType.VECTOR_384: partial(models.ArrayTypeClass, nestedType=["number"]),
}

_DIGEST_TIME = datetime.fromtimestamp(0, tz=UTC)


class _ColumnPatch(HasStructuredPropertiesPatch):
    """A patch of a column's own entity; the SDK has a builder for datasets only."""


def catalog_batches(datasets: Iterable[Dataset], at: datetime) -> tuple[tuple[Proposal, ...], ...]:
    """Everything to emit, in batches that must arrive in this order."""
    declared = tuple(datasets)
    return (
        tuple(vocabulary_proposals(declared, at)),
        tuple(p for dataset in declared for p in dataset_proposals(dataset, at)),
        tuple(p for dataset in declared for p in _column_proposals(dataset)),
    )


def catalog_digest(datasets: Iterable[Dataset]) -> str:
    """SHA-256 over all that would be emitted; the time of emission does not count."""
    digest = hashlib.sha256()
    for batch in catalog_batches(datasets, _DIGEST_TIME):
        for proposal in batch:
            digest.update(json.dumps(proposal.to_obj(), sort_keys=True).encode())
    return digest.hexdigest()


def dataset_proposals(dataset: Dataset, at: datetime) -> list[Proposal]:
    """Everything that DataHub is told of one dataset."""
    urn = datahub_names.dataset_urn(dataset)
    owned: list[models._Aspect] = [
        models.StatusClass(removed=False),
        models.DatasetPropertiesClass(
            name=dataset.name,
            qualifiedName=f"{datahub_names.DATABASE}.{dataset.qualified_name}",
            description=dataset.description,
            customProperties=_custom_properties(dataset),
        ),
        _schema(dataset, at),
        models.SubTypesClass(typeNames=[datahub_names.SUBTYPES[dataset.kind]]),
    ]
    if dataset.kind is not StoreKind.KV_PREFIX:
        owned.append(models.ContainerClass(container=container_urn(dataset.schema)))
    return [
        *(MetadataChangeProposalWrapper(entityUrn=urn, aspect=aspect) for aspect in owned),
        *_labels(dataset, urn, at),
    ]


def _labels(dataset: Dataset, urn: str, at: datetime) -> Iterator[Proposal]:
    """Patches that set the class, its tag and term, and the owning team."""
    ours = attribution(at)
    patch = DatasetPatchBuilder(urn)
    for other in DataClass:
        if other is not dataset.data_class:
            patch.remove_tag(datahub_names.class_tag(other), datahub_names.OWN_PLATFORM)
            patch.remove_term(datahub_names.class_term(other), datahub_names.OWN_PLATFORM)
    patch.add_tag(
        models.TagAssociationClass(
            tag=datahub_names.class_tag(dataset.data_class), attribution=ours
        )
    )
    patch.add_term(
        models.GlossaryTermAssociationClass(
            urn=datahub_names.class_term(dataset.data_class), attribution=ours
        )
    )
    patch.add_owner(
        models.OwnerClass(
            owner=datahub_names.team_urn(dataset.owner),
            type=models.OwnershipTypeClass.TECHNICAL_OWNER,
            typeUrn="urn:li:ownershipType:__system__technical_owner",
            attribution=ours,
        )
    )
    # Without attribution: the registry decides the class, also over a value set by hand.
    patch.set_structured_property(datahub_names.CLASS_PROPERTY, str(dataset.data_class))
    yield from patch.build()


def _column_proposals(dataset: Dataset) -> Iterator[Proposal]:
    urn = datahub_names.dataset_urn(dataset)
    for column in dataset.columns:
        patch = _ColumnPatch(datahub_names.column_urn(urn, column.name))
        patch.set_structured_property(datahub_names.CLASS_PROPERTY, str(dataset.class_of(column)))
        yield from patch.build()


def _custom_properties(dataset: Dataset) -> dict[str, str]:
    stated = {
        "store_kind": str(dataset.kind),
        "key_pattern": dataset.key_pattern,
        "kept_in": dataset.physical,
        "internal": "true" if dataset.internal else None,
    }
    return {name: value for name, value in stated.items() if value is not None}


def _schema(dataset: Dataset, at: datetime) -> models.SchemaMetadataClass:
    return models.SchemaMetadataClass(
        schemaName=dataset.qualified_name,
        platform=datahub_names.platform_of(dataset),
        version=0,
        hash="",
        platformSchema=models.OtherSchemaClass(rawSchema=""),
        fields=[_field(dataset, column, at) for column in dataset.columns],
        primaryKeys=list(dataset.primary_key),
    )


def _field(dataset: Dataset, column: Column, at: datetime) -> models.SchemaFieldClass:
    data_class = dataset.class_of(column)
    return models.SchemaFieldClass(
        fieldPath=column.name,
        type=models.SchemaFieldDataTypeClass(type=_TYPES[column.type]()),
        nativeDataType=str(column.type),
        nullable=column.nullable,
        description=column.description,
        isPartOfKey=column.name in dataset.primary_key,
        globalTags=models.GlobalTagsClass(
            tags=[models.TagAssociationClass(tag=datahub_names.class_tag(data_class))]
        ),
        glossaryTerms=models.GlossaryTermsClass(
            terms=[models.GlossaryTermAssociationClass(urn=datahub_names.class_term(data_class))],
            auditStamp=audit_stamp(at),
        ),
    )
