"""Reads the edges between entities: the neighbours of one, and walks along lineage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    import sqlite3

__all__ = ["LineageNode", "RelatedEntity", "related", "walk"]

# A node is reached along at most this many shortest paths; the rest repeat its answer.
_MOST_PATHS = 100


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


def related(
    connection: sqlite3.Connection, urn: str, names: tuple[str, ...], *, outgoing: bool
) -> list[RelatedEntity]:
    """The entities that edges of the given names tie to `urn`; every name if none is given."""
    near, far = ("source", "destination") if outgoing else ("destination", "source")
    rows = connection.execute(
        "SELECT DISTINCT f.urn, r.text, v.urn FROM node n "  # noqa: S608 two literals
        f"JOIN edge e ON e.{near} = n.id JOIN node f ON f.id = e.{far} "
        "JOIN name r ON r.id = e.name LEFT JOIN node v ON v.id = e.via WHERE n.urn = ? "
        "AND (? = '[]' OR r.text IN (SELECT value FROM json_each(?))) ORDER BY 2, 1, 3",
        (urn, encoded := orjson.dumps(names).decode(), encoded),
    )
    return [RelatedEntity(*row) for row in rows]


def walk(
    connection: sqlite3.Connection, start: str, *, upstream: bool, most_hops: int | None
) -> list[LineageNode]:
    """Every node that lineage reaches from `start`, nearest first."""
    row = connection.execute("SELECT id FROM node WHERE urn = ?", (start,)).fetchone()
    if row is None:
        return []
    reached = _reach(connection, row[0], upstream=upstream, most_hops=most_hops)
    numbers = {n for _, paths in reached.values() for path in paths for n in path}
    urns: dict[int, str] = dict(
        connection.execute(
            "SELECT id, urn FROM node WHERE id IN (SELECT value FROM json_each(?))",
            (orjson.dumps(sorted(numbers)).decode(),),
        )
    )
    nodes = [
        LineageNode(
            urns[number], hops, tuple(sorted(tuple(urns[n] for n in path) for path in paths))
        )
        for number, (hops, paths) in reached.items()
        if number != row[0]
    ]
    return sorted(nodes, key=lambda node: (node.hops, node.urn))


def _reach(
    connection: sqlite3.Connection, start: int, *, upstream: bool, most_hops: int | None
) -> dict[int, tuple[int, list[tuple[int, ...]]]]:
    """Hops and shortest paths by node, the start among them, all by number."""
    reached: dict[int, tuple[int, list[tuple[int, ...]]]] = {start: (0, [(start,)])}
    frontier, hops = [start], 0
    while frontier and (most_hops is None or hops < most_hops):
        hops += 1
        paths: dict[int, dict[tuple[int, ...], None]] = {}
        for near, far, via in _steps(connection, frontier, upstream=upstream):
            if far in reached:
                continue
            found = paths.setdefault(far, {})
            step = (far,) if via is None else (via, far)
            for path in reached[near][1]:
                if len(found) == _MOST_PATHS:
                    break
                found[*path, *step] = None
        reached.update((number, (hops, list(found))) for number, found in paths.items())
        frontier = list(paths)
    return reached


def _steps(
    connection: sqlite3.Connection, frontier: list[int], *, upstream: bool
) -> list[tuple[int, int, int | None]]:
    near, far = ("downstream", "upstream") if upstream else ("upstream", "downstream")
    numbers = orjson.dumps(frontier).decode()
    return connection.execute(
        "WITH frontier(id) AS (SELECT value FROM json_each(?)) "  # noqa: S608 two literals
        f"SELECT {near}, {far}, via FROM edge "
        f"WHERE source IN (SELECT id FROM frontier) AND {near} = source "
        f"UNION SELECT {near}, {far}, via FROM edge "
        f"WHERE destination IN (SELECT id FROM frontier) AND {near} = destination "
        "ORDER BY 1, 2, 3",
        (numbers,),
    ).fetchall()
