"""A running embedded DataHub and the real SDK's clients for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from datahub.ingestion.graph.client import DataHubGraph
from datahub.ingestion.graph.config import DatahubClientConfig
from datahub.sdk.main_client import DataHubClient

from catalog.embedded_datahub.server import EmbeddedDataHub
from tests.catalog.datahub_builders import TOKEN


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
