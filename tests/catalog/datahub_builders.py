"""Builders of entities and proposals that the tests of the embedded DataHub share."""

from __future__ import annotations

import datahub.metadata.schema_classes as models
from datahub.emitter.mcp import MetadataChangeProposalWrapper

TOKEN = "a-token-that-only-the-tests-know"
CLASS_PROPERTY = "urn:li:structuredProperty:classline.data_class"


def dataset(name: str, platform: str = "postgres") -> str:
    return f"urn:li:dataset:(urn:li:dataPlatform:{platform},{name},PROD)"


def column(dataset_urn: str, field: str) -> str:
    return f"urn:li:schemaField:({dataset_urn},{field})"


def proposal(urn: str, aspect: models._Aspect, **more: object) -> MetadataChangeProposalWrapper:
    return MetadataChangeProposalWrapper(entityUrn=urn, aspect=aspect, **more)


def tags(*names: str) -> models.GlobalTagsClass:
    return models.GlobalTagsClass(
        [models.TagAssociationClass(f"urn:li:tag:{name}") for name in names]
    )


def schema(*fields: str, tagged: str | None = None) -> models.SchemaMetadataClass:
    return models.SchemaMetadataClass(
        schemaName="table",
        platform="urn:li:dataPlatform:postgres",
        version=0,
        hash="",
        platformSchema=models.OtherSchemaClass(rawSchema=""),
        fields=[
            models.SchemaFieldClass(
                fieldPath=field,
                type=models.SchemaFieldDataTypeClass(type=models.StringTypeClass()),
                nativeDataType="text",
                globalTags=tags(tagged) if tagged else None,
            )
            for field in fields
        ],
    )


def class_property() -> MetadataChangeProposalWrapper:
    return proposal(
        CLASS_PROPERTY,
        models.StructuredPropertyDefinitionClass(
            qualifiedName="classline.data_class",
            valueType="urn:li:dataType:datahub.string",
            entityTypes=[
                "urn:li:entityType:datahub.dataset",
                "urn:li:entityType:datahub.schemaField",
            ],
            allowedValues=[
                models.PropertyValueClass(value="tenant_private"),
                models.PropertyValueClass(value="anonymized_benchmark"),
            ],
        ),
    )


def classed(value: str) -> models.StructuredPropertiesClass:
    return models.StructuredPropertiesClass(
        [models.StructuredPropertyValueAssignmentClass(CLASS_PROPERTY, [value])]
    )
