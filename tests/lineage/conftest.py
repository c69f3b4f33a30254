"""A running embedded DataHub, and a platform whose outbox is empty."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from catalog.datahub_client import DataHubSettings, connect
from catalog.datahub_connection import DataHubConnection
from catalog.embedded_datahub.server import EmbeddedDataHub
from stores.platform import Platform
from tests.lineage.outbox_builders import TOKEN, emptied_outbox


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[EmbeddedDataHub]:
    with EmbeddedDataHub(tmp_path / "catalog.db", TOKEN) as running:
        yield running


@pytest.fixture
def to_hub(hub: EmbeddedDataHub) -> Callable[[], DataHubConnection]:
    """Opens a connection to the server of this test."""
    return lambda: connect(DataHubSettings(hub.url, TOKEN, embedded=True))


@pytest.fixture
def emptied(platform: Platform) -> Platform:
    """The platform, with an empty outbox and no promotions."""
    return emptied_outbox(platform)
