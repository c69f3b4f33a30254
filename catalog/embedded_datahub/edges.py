"""The edges between entities that an aspect draws, out of its `Relationship` annotations."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.embedded_datahub.annotations import relationship_fields
from catalog.embedded_datahub.errors import InvalidUrn
from catalog.embedded_datahub.path_plan import PathPlan
from catalog.embedded_datahub.urns import parse_urn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.embedded_datahub.annotations import RelationshipField
    from catalog.embedded_datahub.json_values import JsonObject, JsonValue
    from catalog.embedded_datahub.shapes import RecordShape

__all__ = ["Edge", "EdgeDrawer"]

_COLUMN_LINEAGE = "fineGrainedLineages"
_COLUMN_RELATIONSHIP = "DownstreamOf"
_JOB = "dataJob"


@dataclass(frozen=True, slots=True)
class Edge:
    """A tie between two URNs; one of lineage says which is upstream, and what it goes through."""

    name: str
    source: str
    destination: str
    upstream: str | None = None
    downstream: str | None = None
    via: str | None = None


class EdgeDrawer:
    """Draws the edges of one aspect."""

    def __init__(self, shape: RecordShape) -> None:
        self._fields = tuple(
            field for field in relationship_fields(shape) if _COLUMN_LINEAGE not in field.path
        )
        self._plan = PathPlan(
            field.path if _sibling(field) is None else field.path[:-1] for field in self._fields
        )

    def edges(self, urn: str, value: JsonObject) -> frozenset[Edge]:
        """Every edge that a value of the aspect draws from its entity."""
        return frozenset((*self._annotated(urn, value), *_column_edges(urn, value)))

    def _annotated(self, urn: str, value: JsonObject) -> Iterator[Edge]:
        for field, reached in zip(self._fields, self._plan.values(value), strict=True):
            for destination, via in _ends(field, reached):
                if not field.is_lineage:
                    yield Edge(field.name, urn, destination)
                elif field.is_upstream:
                    yield Edge(field.name, urn, destination, destination, urn, via)
                else:
                    yield Edge(field.name, urn, destination, urn, destination, via)


def _sibling(field: RelationshipField) -> str | None:
    """The field beside the URN that names what the edge goes through, such as a query."""
    if field.via is None or field.via[:-1] != field.path[:-1]:
        return None
    return field.via[-1]


def _ends(field: RelationshipField, reached: list[JsonValue]) -> Iterator[tuple[str, str | None]]:
    sibling = _sibling(field)
    for found in reached:
        if sibling is None:
            yield from ((urn, None) for urn in _urns(found))
        elif isinstance(found, dict):
            via = next(_urns(found.get(sibling)), None)
            yield from ((urn, via) for urn in _urns(found.get(field.path[-1])))


def _column_edges(urn: str, value: JsonObject) -> Iterator[Edge]:
    # DataHub draws these in code too: the annotation names the columns of one end only.
    lineages = value.get(_COLUMN_LINEAGE)
    if not isinstance(lineages, list):
        return
    job = urn if parse_urn(urn).entity_type == _JOB else None
    for lineage in lineages:
        if not isinstance(lineage, dict):
            continue
        via = job or next(_urns(lineage.get("query")), None)
        upstreams = tuple(_urns(lineage.get("upstreams")))
        for downstream in _urns(lineage.get("downstreams")):
            for upstream in upstreams:
                yield Edge(_COLUMN_RELATIONSHIP, downstream, upstream, upstream, downstream, via)


def _urns(value: JsonValue) -> Iterator[str]:
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str) and _is_urn(text):
            yield text


@functools.lru_cache(maxsize=16_384)
def _is_urn(text: str) -> bool:
    try:
        parse_urn(text)
    except InvalidUrn:
        return False
    return True
