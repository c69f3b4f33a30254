"""Tables for the catalog of the benchmark: twenty columns each, in chains of ten hops."""

from __future__ import annotations

from collections.abc import Iterator

import datahub.metadata.schema_classes as models
from datahub.emitter.mcp import MetadataChangeProposalWrapper

from catalog import datahub_names
from catalog.data_classes import DataClass

__all__ = [
    "CHAIN",
    "COLUMNS",
    "class_of_table",
    "class_property",
    "column_name",
    "table_proposals",
    "table_urn",
]

COLUMNS = 20
CHAIN = 11
"""A table is made of the one before it, except for each eleventh: ten hops from end to end."""

_CLASSES = tuple(DataClass)
_STAMP = models.AuditStampClass(1, datahub_names.ACTOR)


def class_of_table(number: int) -> DataClass:
    """The class of a table: each of the four in turn."""
    return _CLASSES[number % len(_CLASSES)]


def table_urn(number: int) -> str:
    """The URN of a table."""
    return f"urn:li:dataset:({datahub_names.TABLE_PLATFORM},classline.bench.t{number:05},PROD)"


def column_name(number: int) -> str:
    """The name of a column."""
    return f"column_{number:02}"


def class_property() -> MetadataChangeProposalWrapper:
    """The definition of the property that each table's class is stated by."""
    types = ("dataset", "schemaField")
    return MetadataChangeProposalWrapper(
        entityUrn=datahub_names.CLASS_PROPERTY,
        aspect=models.StructuredPropertyDefinitionClass(
            qualifiedName=datahub_names.CLASS_PROPERTY.rpartition(":")[2],
            valueType="urn:li:dataType:datahub.string",
            entityTypes=[f"urn:li:entityType:datahub.{name}" for name in types],
            allowedValues=[models.PropertyValueClass(value=str(known)) for known in _CLASSES],
        ),
    )


def table_proposals(number: int) -> list[MetadataChangeProposalWrapper]:
    """Everything that DataHub is told of a table: nine aspects, and its lineage if it has one."""
    urn = table_urn(number)
    return [
        MetadataChangeProposalWrapper(entityUrn=urn, aspect=aspect) for aspect in _aspects(number)
    ]


def _aspects(number: int) -> Iterator[models._Aspect]:
    data_class = class_of_table(number)
    yield models.StatusClass(removed=False)
    yield models.DatasetPropertiesClass(
        name=f"t{number:05}",
        qualifiedName=f"classline.bench.t{number:05}",
        description=f"What is known of things of kind {number % 97}, one row for each",
        customProperties={"store_kind": "table"},
    )
    yield models.SchemaMetadataClass(
        schemaName=f"bench.t{number:05}",
        platform=datahub_names.TABLE_PLATFORM,
        version=0,
        hash="",
        platformSchema=models.OtherSchemaClass(rawSchema=""),
        fields=[_field(column, data_class) for column in range(COLUMNS)],
        primaryKeys=[column_name(0)],
    )
    yield models.SubTypesClass(["Table"])
    yield models.ContainerClass("urn:li:container:bench")
    yield _tags(data_class)
    yield _terms(data_class)
    yield models.OwnershipClass([models.OwnerClass("urn:li:corpGroup:bench", "TECHNICAL_OWNER")])
    yield models.StructuredPropertiesClass(
        [
            models.StructuredPropertyValueAssignmentClass(
                datahub_names.CLASS_PROPERTY, [str(data_class)]
            )
        ]
    )
    if number % CHAIN:
        yield _lineage(number, number - 1)


def _lineage(target: int, source: int) -> models.UpstreamLineageClass:
    return models.UpstreamLineageClass(
        [models.UpstreamClass(table_urn(source), "TRANSFORMED")],
        [
            models.FineGrainedLineageClass(
                "FIELD_SET",
                "FIELD",
                upstreams=[datahub_names.column_urn(table_urn(source), column_name(column))],
                downstreams=[datahub_names.column_urn(table_urn(target), column_name(column))],
            )
            for column in range(COLUMNS)
        ],
    )


def _field(column: int, data_class: DataClass) -> models.SchemaFieldClass:
    return models.SchemaFieldClass(
        fieldPath=column_name(column),
        type=models.SchemaFieldDataTypeClass(type=models.StringTypeClass()),
        nativeDataType="text",
        nullable=True,
        description=f"The {column}. thing that is known of it",
        globalTags=_tags(data_class),
        glossaryTerms=_terms(data_class),
    )


def _tags(data_class: DataClass) -> models.GlobalTagsClass:
    return models.GlobalTagsClass([models.TagAssociationClass(datahub_names.class_tag(data_class))])


def _terms(data_class: DataClass) -> models.GlossaryTermsClass:
    return models.GlossaryTermsClass(
        [models.GlossaryTermAssociationClass(datahub_names.class_term(data_class))], _STAMP
    )
