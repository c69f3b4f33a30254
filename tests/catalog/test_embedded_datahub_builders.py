"""Builders and a running server that the tests of the embedded DataHub share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import datahub.metadata.schema_classes as models
import pytest
from datahub.emitter.mcp import MetadataChangeProposalWrapper
from datahub.ingestion.graph.client import DataHubGraph
from datahub.ingestion.graph.config import DatahubClientConfig
from datahub.sdk.main_client import DataHubClient

from catalog.embedded_datahub.server import EmbeddedDataHub

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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


@pytest.fixture(scope="module")
def steady_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedDataHub]:
    """A server for tests that leave nothing behind in it."""
    with EmbeddedDataHub(tmp_path_factory.mktemp("steady") / "catalog.db", TOKEN) as running:
        yield running


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[EmbeddedDataHub]:
    with EmbeddedDataHub(tmp_path / "catalog.db", TOKEN) as running:
        yield running


@pytest.fixture
def graph(hub: EmbeddedDataHub) -> Iterator[DataHubGraph]:
    with DataHubGraph(DatahubClientConfig(server=hub.url, token=hub.token)) as connected:
        yield connected


@pytest.fixture
def client(graph: DataHubGraph) -> DataHubClient:
    return DataHubClient(graph=graph)
