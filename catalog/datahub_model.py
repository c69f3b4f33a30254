"""The registry as DataHub sees it: metadata change proposals for every dataset and column.

Written whole is what only we write; labels are `catalog.datahub_labels`' patches. It imports the
DataHub SDK, so it is itself imported only inside functions that emit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import datahub.metadata.schema_classes as models

from catalog import datahub_names
from catalog.datahub_labels import column_labels, dataset_labels
from catalog.datahub_proposals import Proposal, audit_stamp
from catalog.datahub_vocabulary import DeclaredEntity, container_of, vocabulary_proposals
from catalog.registry import Column, ColumnType, Dataset

__all__ = [
    "OWNED_ASPECTS",
    "TYPE_NAMES",
    "catalog_batches",
    "catalog_digest",
    "container_of",
    "custom_properties",
    "dataset_proposals",
    "declared_dataset",
]

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

OWNED_ASPECTS = (
    "status",
    "datasetProperties",
    "schemaMetadata",
    "subTypes",
    "container",
    "domains",
)
"""The aspects that we declare of a dataset, its labels aside."""

TYPE_NAMES: Mapping[ColumnType, str] = {
    kind: f"com.linkedin.schema.{type(made()).__name__.removesuffix('Class')}"
    for kind, made in _TYPES.items()
}
"""The type of a column as DataHub's API names it."""

_DIGEST_TIME = datetime.fromtimestamp(0, tz=UTC)


def catalog_batches(datasets: Iterable[Dataset], at: datetime) -> tuple[tuple[Proposal, ...], ...]:
    """Everything to emit, in batches that must arrive in this order."""
    declared = tuple(datasets)
    return (
        tuple(vocabulary_proposals(declared, at)),
        tuple(p for dataset in declared for p in dataset_proposals(dataset, at)),
        tuple(p for dataset in declared for p in column_labels(dataset)),
    )


def catalog_digest(datasets: Iterable[Dataset]) -> str:
    """SHA-256 over all that would be emitted; the time of emission does not count."""
    digest = hashlib.sha256()
    for batch in catalog_batches(datasets, _DIGEST_TIME):
        for proposal in batch:
            digest.update(json.dumps(proposal.to_obj(), sort_keys=True).encode())
    return digest.hexdigest()


def dataset_proposals(dataset: Dataset, at: datetime) -> list[Proposal]:
    """Everything that DataHub is told of one dataset, whatever it holds."""
    return [*declared_dataset(dataset, at).proposals(), *dataset_labels(dataset, at)]


def declared_dataset(dataset: Dataset, at: datetime) -> DeclaredEntity:
    """What we declare of one dataset, its labels aside."""
    return DeclaredEntity(
        datahub_names.dataset_urn(dataset),
        owned=(
            models.StatusClass(removed=False),
            models.DatasetPropertiesClass(
                name=dataset.name,
                qualifiedName=f"{datahub_names.DATABASE}.{dataset.qualified_name}",
                description=dataset.description,
                customProperties=custom_properties(dataset),
            ),
            _schema(dataset, at),
            models.SubTypesClass(typeNames=[datahub_names.SUBTYPES[dataset.kind]]),
            models.ContainerClass(container=container_of(dataset)),
        ),
        once=(models.DomainsClass(domains=[datahub_names.domain_urn(dataset.owner)]),),
    )


def custom_properties(dataset: Dataset) -> dict[str, str]:
    """What a dataset says of itself beside its name and description."""
    stated = {
        "declared_by": datahub_names.DECLARED_BY,
        "data_class": str(dataset.data_class),
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
