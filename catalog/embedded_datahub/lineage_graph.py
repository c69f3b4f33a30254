"""The edges between entities, drawn from `Relationship` annotations, and walks along lineage."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from catalog.embedded_datahub.annotations import (
    RelationshipField,
    relationship_fields,
    values_at,
)
from catalog.embedded_datahub.errors import InvalidUrn
from catalog.embedded_datahub.urns import parse_urn

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from catalog.embedded_datahub.json_values import JsonObject, JsonValue
    from catalog.embedded_datahub.shapes import RecordShape

__all__ = ["LineageNode", "RelatedEntity", "draw_edges", "related", "walk"]

_COLUMN_LINEAGE = "fineGrainedLineages"
_COLUMN_RELATIONSHIP = "DownstreamOf"
_JOB = "dataJob"
# A node is reached along at most this many shortest paths; the rest repeat its answer.
_MOST_PATHS = 100

_fields_of = functools.lru_cache(maxsize=None)(relationship_fields)


@dataclass(frozen=True, slots=True)
class _Edge:
    name: str
    source: str
    destination: str
    upstream: str | None = None
    downstream: str | None = None
    via: str | None = None


@dataclass(frozen=True, slots=True)
class LineageNode:
    """A URN reached by a walk, in how many hops, and by which shortest paths from the start."""

    urn: str
    hops: int
    paths: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class RelatedEntity:
    """The far end of an edge."""

    urn: str
    relationship: str
    via: str | None


def draw_edges(
    connection: sqlite3.Connection,
    entity_id: int,
    urn: str,
    aspect: str,
    shape: RecordShape,
    value: JsonObject,
) -> None:
    """Replace the edges that one aspect draws; an empty value erases them."""
    connection.execute("DELETE FROM edge WHERE entity_id = ? AND aspect = ?", (entity_id, aspect))
    edges = {*_annotated_edges(urn, shape, value), *_column_edges(urn, value)} if value else set()
    connection.executemany(
        "INSERT INTO edge "
        "(entity_id, aspect, name, source, destination, upstream, downstream, via) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (entity_id, aspect, e.name, e.source, e.destination, e.upstream, e.downstream, e.via)
            for e in edges
        ),
    )


def related(
    connection: sqlite3.Connection, urn: str, names: tuple[str, ...], *, outgoing: bool
) -> list[RelatedEntity]:
    """The entities that edges of the given names tie to `urn`; every name if none is given."""
    near, far = ("source", "destination") if outgoing else ("destination", "source")
    rows = connection.execute(
        f"SELECT DISTINCT {far}, name, via FROM edge WHERE {near} = ? "  # noqa: S608 two literals
        "AND (? = '[]' OR name IN (SELECT value FROM json_each(?))) ORDER BY 2, 1, 3",
        (urn, encoded := orjson.dumps(names).decode(), encoded),
    )
    return [RelatedEntity(*row) for row in rows]


def walk(
    connection: sqlite3.Connection, start: str, *, upstream: bool, most_hops: int | None
) -> list[LineageNode]:
    """Every node that lineage reaches from `start`, nearest first."""
    nodes = {start: LineageNode(start, 0, ((start,),))}
    frontier, hops = [start], 0
    while frontier and (most_hops is None or hops < most_hops):
        hops += 1
        paths: dict[str, list[tuple[str, ...]]] = {}
        for near, far, via in _steps(connection, frontier, upstream=upstream):
            if far in nodes:
                continue
            step = (via, far) if via is not None else (far,)
            paths.setdefault(far, []).extend((*path, *step) for path in nodes[near].paths)
        for urn, found in paths.items():
            nodes[urn] = LineageNode(urn, hops, tuple(sorted(set(found))[:_MOST_PATHS]))
        frontier = sorted(paths)
    del nodes[start]
    return sorted(nodes.values(), key=lambda node: (node.hops, node.urn))


def _steps(
    connection: sqlite3.Connection, frontier: list[str], *, upstream: bool
) -> list[tuple[str, str, str | None]]:
    near, far = ("downstream", "upstream") if upstream else ("upstream", "downstream")
    return connection.execute(
        f"SELECT DISTINCT {near}, {far}, via FROM edge "  # noqa: S608 two literals
        f"WHERE {near} IN (SELECT value FROM json_each(?)) ORDER BY 1, 2, 3",
        (orjson.dumps(frontier).decode(),),
    ).fetchall()


def _annotated_edges(urn: str, shape: RecordShape, value: JsonObject) -> Iterator[_Edge]:
    for field in _fields_of(shape):
        if _COLUMN_LINEAGE in field.path:
            continue
        for destination, via in _ends(field, value):
            if not field.is_lineage:
                yield _Edge(field.name, urn, destination)
            elif field.is_upstream:
                yield _Edge(field.name, urn, destination, destination, urn, via)
            else:
                yield _Edge(field.name, urn, destination, urn, destination, via)


def _ends(field: RelationshipField, value: JsonObject) -> Iterator[tuple[str, str | None]]:
    parent, name = field.path[:-1], field.path[-1]
    # `via` names a sibling of the URN, such as the query beside an upstream dataset.
    sibling = field.via[-1] if field.via is not None and field.via[:-1] == parent else None
    if sibling is None:
        for end in values_at(value, field.path):
            yield from ((urn, None) for urn in _urns(end))
        return
    for holder in values_at(value, parent):
        if isinstance(holder, dict):
            via = next(_urns(holder.get(sibling)), None)
            yield from ((urn, via) for urn in _urns(holder.get(name)))


def _column_edges(urn: str, value: JsonObject) -> Iterator[_Edge]:
    # DataHub draws these in code too: the annotation names the columns of one end only.
    job = urn if parse_urn(urn).entity_type == _JOB else None
    for lineage in values_at(value, (_COLUMN_LINEAGE, "*")):
        if not isinstance(lineage, dict):
            continue
        via = job or next(_urns(lineage.get("query")), None)
        for target in values_at(lineage, ("downstreams", "*")):
            for source in values_at(lineage, ("upstreams", "*")):
                for downstream, upstream in _pairs(target, source):
                    yield _Edge(
                        _COLUMN_RELATIONSHIP, downstream, upstream, upstream, downstream, via
                    )


def _pairs(target: JsonValue, source: JsonValue) -> Iterator[tuple[str, str]]:
    for downstream in _urns(target):
        for upstream in _urns(source):
            yield downstream, upstream


def _urns(value: JsonValue) -> Iterator[str]:
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str):
            try:
                yield parse_urn(text).text
            except InvalidUrn:
                continue
