"""Facets of a search: how many of its entities have each value of a field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from catalog.embedded_datahub.search_query import matching

if TYPE_CHECKING:
    import sqlite3

    from catalog.embedded_datahub.search_query import SearchRequest

__all__ = ["ENTITY_TYPE", "Facet", "count_facets", "values_of"]

ENTITY_TYPE = "_entityType"


@dataclass(frozen=True, slots=True)
class Facet:
    """The values of one field with the number of entities that have each, most frequent first."""

    field: str
    counts: tuple[tuple[str, int], ...]


def count_facets(
    connection: sqlite3.Connection, request: SearchRequest, fields: tuple[str, ...], most: int
) -> list[Facet]:
    """A facet for each field, of at most that many values; one without values has none."""
    where, values = matching(request)
    found: dict[str, list[tuple[str, int]]] = {field: [] for field in fields}
    if ENTITY_TYPE in found:
        found[ENTITY_TYPE] = connection.execute(
            f"SELECT e.type, count(*) FROM entity e WHERE {where} "  # noqa: S608 literals
            "GROUP BY e.type ORDER BY 2 DESC, 1",
            values,
        ).fetchall()
    rows = connection.execute(
        "SELECT n.text, v.value, count(DISTINCT v.entity_id) "  # noqa: S608 literals
        "FROM name n JOIN search_value v ON v.field = n.id "
        "WHERE n.text IN (SELECT value FROM json_each(?)) "
        f"AND v.entity_id IN (SELECT e.id FROM entity e WHERE {where}) "
        "GROUP BY n.text, v.value ORDER BY 3 DESC, 2",
        (orjson.dumps(fields).decode(), *values),
    )
    for field, value, count in rows:
        found[field].append((value, count))
    return [Facet(field, tuple(counts[:most])) for field, counts in found.items()]


def values_of(
    connection: sqlite3.Connection, urn: str, fields: tuple[str, ...]
) -> list[tuple[str, list[str]]]:
    """What search knows of an entity under each field."""
    rows = connection.execute(
        "SELECT n.text, v.value FROM entity e JOIN search_document d ON d.entity_id = e.id "
        "JOIN json_each(CAST(d.entries AS TEXT)) j "
        "JOIN name n ON n.id = json_extract(j.value, '$[0]') "
        "JOIN search_value v ON v.field = n.id AND v.value = json_extract(j.value, '$[1]') "
        "AND v.entity_id = e.id AND v.aspect = d.aspect "
        "WHERE e.urn = ? AND n.text IN (SELECT value FROM json_each(?)) ORDER BY 1, 2",
        (urn, orjson.dumps(fields).decode()),
    )
    found: dict[str, list[str]] = {}
    for field, value in rows:
        found.setdefault(field, []).append(value)
    return list(found.items())
