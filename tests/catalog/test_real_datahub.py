"""The calls that Classline makes work on the DataHub that `DATAHUB_GMS_URL` names."""

from __future__ import annotations

import os
import time
import uuid
from typing import TYPE_CHECKING

import datahub.metadata.schema_classes as models
import pytest
from datahub.ingestion.graph.client import DataHubGraph
from datahub.ingestion.graph.config import DatahubClientConfig
from datahub.sdk.main_client import DataHubClient
from datahub.sdk.search_filters import FilterDsl as F
from datahub.specific.dataset import DatasetPatchBuilder

from tests.catalog.datahub_builders import dataset, proposal, schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from catalog.embedded_datahub.server import EmbeddedDataHub

URL = os.environ.get("DATAHUB_GMS_URL", "")
PLATFORM = "classline-smoke"

pytestmark = pytest.mark.integration


@pytest.fixture(
    params=[
        "embedded",
        pytest.param(
            "real",
            marks=pytest.mark.skipif(not URL, reason="DATAHUB_GMS_URL names no real DataHub"),
        ),
    ]
)
def anywhere(request: pytest.FixtureRequest, hub: EmbeddedDataHub) -> Iterator[DataHubGraph]:
    """The embedded server and, where one is named, a real one: the test is the same."""
    server, token = (hub.url, hub.token)
    if request.param == "real":
        server, token = URL, os.environ.get("DATAHUB_GMS_TOKEN", "")
    with DataHubGraph(DatahubClientConfig(server=server, token=token or None)) as graph:
        yield graph


def eventually(found: Callable[[], object]) -> None:
    """A real server answers from an index that follows its writes by some seconds."""
    deadline = time.monotonic() + 60
    while not found():
        assert time.monotonic() < deadline


def test_what_is_emitted_is_read_searched_followed_and_removed(anywhere: DataHubGraph) -> None:
    """The smoke test of a set-up: every kind of call once, and nothing left behind."""
    run = uuid.uuid4().hex
    source, target = (dataset(f"{name}_{run}", PLATFORM) for name in ("source", "target"))
    tag = f"urn:li:tag:classline_smoke_{run}"
    client = DataHubClient(graph=anywhere)
    try:
        anywhere.emit_mcps(
            [
                proposal(tag, models.TagPropertiesClass("smoke")),
                *(proposal(urn, schema("id")) for urn in (source, target)),
                *(proposal(urn, models.StatusClass(removed=False)) for urn in (source, target)),
                proposal(
                    target,
                    models.UpstreamLineageClass([models.UpstreamClass(source, "TRANSFORMED")]),
                ),
            ]
        )
        patch = DatasetPatchBuilder(target).add_tag(models.TagAssociationClass(tag))
        anywhere.emit_mcps(patch.build())
        assert anywhere.get_aspect(target, models.SchemaMetadataClass) == schema("id")
        tagged = F.and_(F.entity_type("dataset"), F.tag(tag))
        eventually(lambda: [str(u) for u in client.search.get_urns(filter=tagged)] == [target])
        eventually(
            lambda: source in {found.urn for found in client.lineage.get_lineage(source_urn=target)}
        )
    finally:
        for urn in (source, target, tag):
            anywhere.delete_entity(urn, hard=True)
    assert not anywhere.exists(target)
