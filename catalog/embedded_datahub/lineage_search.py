"""Searches along lineage: a walk from one URN, narrowed by distance, entity type and filters."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from catalog.embedded_datahub import lineage_graph
from catalog.embedded_datahub.errors import InvalidFilter
from catalog.embedded_datahub.search_query import SearchRequest, matching_urns
from catalog.embedded_datahub.urns import key_of, parse_urn

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from catalog.embedded_datahub.filter_rules import FilterRule
    from catalog.embedded_datahub.indexing import Index
    from catalog.embedded_datahub.lineage_graph import LineageNode

__all__ = ["LineagePage", "LineageRequest", "LineageSearch"]

_DEGREE = "degree"
_ANY_DISTANCE = "3+"
_FAR = 3
_MOST_DIGITS = 9
_COLUMN = "schemaField"


@dataclass(frozen=True, slots=True)
class LineageRequest:
    """Where a walk starts, which way it goes, and what its results must match."""

    start: str
    upstream: bool
    within: SearchRequest
    entity_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LineagePage:
    """One page of nodes, nearest first, and where the next one starts."""

    nodes: tuple[LineageNode, ...]
    total: int
    next_scroll_id: str | None


class LineageSearch:
    """Walks over the edges of an index."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def page(self, request: LineageRequest) -> LineagePage:
        """One page of what lineage reaches. Entities that are unknown or removed stay hidden."""
        start = parse_urn(request.start)
        key_of(start, self._index.model)
        degrees = _degrees(request.within)
        farthest = None if _ANY_DISTANCE in degrees or not degrees else max(map(int, degrees))
        with self._index.reading() as connection:
            nodes = lineage_graph.walk(
                connection, start.text, upstream=request.upstream, most_hops=farthest
            )
            shown = self._shown(connection, request, nodes)
        kept = [node for node in nodes if node.urn in shown and _is_within(node, degrees)]
        first = _offset(request.within)
        page = kept[first : first + request.within.count]
        beyond = first + len(page)
        return LineagePage(
            nodes=tuple(page),
            total=len(kept),
            next_scroll_id=str(beyond) if page and beyond < len(kept) else None,
        )

    def _shown(
        self, connection: sqlite3.Connection, request: LineageRequest, nodes: Iterable[LineageNode]
    ) -> frozenset[str]:
        types = frozenset(request.entity_types)
        urns = [
            urn
            for urn in map(parse_urn, (node.urn for node in nodes))
            if not types or urn.entity_type in types
        ]
        # A column is shown if its dataset is: columns seldom have aspects of their own.
        holders = {
            urn.text: urn.parts()[0] if urn.entity_type == _COLUMN else urn.text for urn in urns
        }
        candidates = {*holders, *holders.values()}
        within = dataclasses.replace(
            request.within,
            alternatives=_without_degree(request.within.alternatives),
            entity_types=tuple({parse_urn(urn).entity_type for urn in candidates}),
        )
        found = matching_urns(connection, within, orjson.dumps(sorted(candidates)).decode())
        return frozenset(urn for urn, holder in holders.items() if urn in found or holder in found)


def _degrees(within: SearchRequest) -> frozenset[str]:
    """The distances asked for, none for any."""
    wanted = frozenset(
        value
        for rules in within.alternatives
        for rule in rules
        if rule.field == _DEGREE
        for value in rule.values
    )
    if not all(value == _ANY_DISTANCE or _is_number(value) for value in wanted):
        message = f"a degree is a number or {_ANY_DISTANCE!r}: correct the filter"
        raise InvalidFilter(message)
    return wanted


def _is_within(node: LineageNode, degrees: frozenset[str]) -> bool:
    if not degrees or str(node.hops) in degrees:
        return True
    return _ANY_DISTANCE in degrees and node.hops >= _FAR


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS


def _without_degree(
    alternatives: tuple[tuple[FilterRule, ...], ...],
) -> tuple[tuple[FilterRule, ...], ...]:
    return tuple(tuple(rule for rule in rules if rule.field != _DEGREE) for rules in alternatives)


def _offset(within: SearchRequest) -> int:
    if within.scroll_id is None:
        return within.offset
    if not _is_number(within.scroll_id):
        message = "the scrollId was not given out by this server: start the scroll again"
        raise InvalidFilter(message)
    return int(within.scroll_id)
