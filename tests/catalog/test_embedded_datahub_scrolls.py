"""The SDK's scrolls over entities, relationships and edges of lineage."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import datahub.metadata.schema_classes as models
import pytest
import requests
from datahub.ingestion.graph.openapi import LineageDirection
from datahub.specific.dataset import DatasetPatchBuilder

from tests.catalog.datahub_builders import dataset, proposal, schema, tags

if TYPE_CHECKING:
    from datahub.ingestion.graph.client import DataHubGraph

    from catalog.embedded_datahub.server import EmbeddedDataHub

TABLES = [dataset(f"table_{number}") for number in range(5)]
FIRST, SECOND, *_ = TABLES
RELATED = "openapi/relationships/v1/?direction=OUTGOING&"
MISSPELT = {"field": "tagz", "values": ["a"]}


@pytest.fixture
def chained(graph: DataHubGraph) -> DataHubGraph:
    """Five tables, each made of the one before, the even ones tagged."""
    for number, urn in enumerate(TABLES):
        graph.emit_mcp(proposal(urn, schema("id")))
        if number % 2 == 0:
            graph.emit_mcp(proposal(urn, tags("even")))
        if number:
            source = models.UpstreamClass(TABLES[number - 1], "TRANSFORMED")
            graph.emit_mcps(DatasetPatchBuilder(urn).add_upstream_lineage(source).build())
    return graph


def test_entities_are_scrolled_with_their_aspects(chained: DataHubGraph) -> None:
    """Pages add up to everything, typed, with only the aspects that were asked for."""
    found, scroll_id, pages = {}, None, 0
    while pages == 0 or scroll_id is not None:
        page = chained.scroll_entities(
            entity_names=["dataset"], aspects=["globalTags"], count=2, scroll_id=scroll_id
        )
        assert page.total_count == 5
        found.update(page.entities)
        scroll_id, pages = page.scroll_id, pages + 1
    assert pages == 3
    assert {urn for urn, aspects in found.items() if aspects} == set(TABLES[::2])
    assert found[FIRST]["globalTags"][0] == tags("even")


def test_entities_are_scrolled_by_filter_and_words(chained: DataHubGraph) -> None:
    """Filters mean what they mean to search; without aspects only URNs come."""
    rule = {"field": "tags", "values": ["urn:li:tag:even"], "condition": "EQUAL"}
    page = chained.scroll_entities(filter=[{"and": [rule]}], count=100)
    assert dict(page.entities) == {urn: {} for urn in TABLES[::2]}
    chained.soft_delete_entity(FIRST)
    assert chained.scroll_entities(query="table_0", count=5).total_count == 0
    hidden = chained.scroll_entities(query="table_0", include_soft_delete=True)
    assert list(hidden.entities) == [FIRST]


def test_relationships_are_scrolled(chained: DataHubGraph) -> None:
    """By name, by the types of their ends and by URN; each once."""
    found, scroll_id, first = [], None, True
    while first or scroll_id is not None:
        page = chained.scroll_relationships(
            relationship_types=["DownstreamOf"],
            source_types=["dataset"],
            destination_types=["dataset"],
            count=3,
            scroll_id=scroll_id,
        )
        found += [(edge.source_urn, edge.destination_urn) for edge in page.relationships]
        scroll_id, first = page.scroll_id, False
    assert sorted(found) == sorted(zip(TABLES[1:], TABLES[:-1], strict=True))
    of_one = chained.scroll_relationships(source_urns=[SECOND], relationship_types=["DownstreamOf"])
    assert [edge.destination_urn for edge in of_one.relationships] == [FIRST]
    tagged = chained.scroll_relationships(destination_types=["tag"])
    assert {edge.relationship_type for edge in tagged.relationships} == {"TaggedWith"}


def test_edges_of_lineage_are_scrolled(chained: DataHubGraph) -> None:
    """From either end, or all of them, with the way the data flows."""
    every = chained.scroll_lineage(count=100).relationships
    assert sorted((edge.upstream_urn, edge.downstream_urn) for edge in every) == list(
        pairwise(TABLES)
    )
    both = chained.scroll_lineage(urns=[SECOND]).relationships
    assert len(both) == 2
    for direction, end in ((LineageDirection.UPSTREAM, FIRST), (LineageDirection.DOWNSTREAM, None)):
        (edge,) = chained.scroll_lineage(urns=[SECOND], direction=direction).relationships
        assert (edge.upstream_urn == FIRST) == (end == FIRST)
    chained.soft_delete_entity(FIRST)
    assert len(chained.scroll_lineage(urns=[SECOND]).relationships) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("entity/scroll?sliceMax=2&sliceId=0", {}),
        ("entity/scroll?count=-1", {}),
        ("entity/scroll?sort=nmae", {}),
        ("entity/scroll?scrollId=x", {}),
        ("entity/scroll", {"entities": ["table"]}),
        (
            "entity/scroll",
            {"filter": {"and": [{"criteria": [{"field": "tagz", "values": ["a"]}]}]}},
        ),
        ("entity/scroll", {"sortCriteria": [{"field": "urn", "order": "ASCENDING"}]}),
        ("relationship/scroll?direction=INCOMING", {}),
        ("relationship/scroll?relationshipTypes=UpstreamOff", {}),
        ("lineage/scroll?relationshipTypes=UpstreamOff", {}),
        ("relationship/scroll?sourceTypes=table", {}),
        ("relationship/scroll", {"edgeFilter": {"and": []}}),
        ("relationship/scroll", {"sourceFilter": {"and": [{"criteria": [{"field": "tags"}]}]}}),
        ("relationship/scroll?scrollId=²", {}),
        ("lineage/scroll?direction=SIDEWAYS", {}),
        ("lineage/scroll", {"urns": ["not a urn"]}),
        ("lineage/scroll", {"urns": [1]}),
    ],
)
def test_what_a_scroll_does_not_serve_it_refuses(
    steady_hub: EmbeddedDataHub, path: str, body: object
) -> None:
    """A parameter that is passed over would make a part look like the whole."""
    answer = requests.post(
        f"{steady_hub.url}/openapi/v3/{path}",
        json=body,
        headers={"Authorization": f"Bearer {steady_hub.token}"},
        timeout=10,
    )
    assert answer.status_code == 400
    assert answer.json()["error"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "openapi/v3/entity/dataset/batchGet", [{"urn": FIRST, "statuz": {}}]),
        ("POST", "openapi/v3/entity/chart/batchGet", [{"urn": FIRST}]),
        ("POST", "openapi/v3/entity/dataset/batchGet", [{"urn": "first"}]),
        ("GET", f"entitiesV2/{FIRST}?aspects=List(statuz)", None),
        ("GET", f"{RELATED}urn={FIRST}&relationshipTypes=UpstreamOff", None),
        ("GET", f"{RELATED}urn=urn:li:table:a", None),
    ],
)
def test_names_that_the_model_has_not_are_refused_when_read(
    steady_hub: EmbeddedDataHub, method: str, path: str, body: object
) -> None:
    """An answer without what was asked for would read as 'there is none'."""
    answer = requests.request(
        method,
        f"{steady_hub.url}/{path}",
        json=body,
        headers={"Authorization": f"Bearer {steady_hub.token}"},
        timeout=10,
    )
    assert answer.status_code == 400
    assert answer.json()["message"]
