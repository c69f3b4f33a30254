"""Pages of edges, narrowed by name, by the types and URNs of their ends, and to lineage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from catalog.embedded_datahub.errors import InvalidRequest

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

__all__ = ["EdgeQuestion", "EdgeRow", "edge_page"]

_LARGEST_PAGE = 5_000
_MOST_DIGITS = 18
_AMONG = "IN (SELECT value FROM json_each(?))"
_SHOWN = (
    "NOT EXISTS (SELECT 1 FROM entity x WHERE x.removed AND x.urn IN (s.urn, d.urn))"  # as search
)


@dataclass(frozen=True, slots=True)
class EdgeQuestion:
    """Which edges; None leaves a side open, and an empty tuple lets nothing through.

    ``anchors`` are URNs of which one is at either end, or with ``upstream`` at the named end.
    """

    names: tuple[str, ...] | None = None
    source_types: tuple[str, ...] | None = None
    destination_types: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None
    destinations: tuple[str, ...] | None = None
    anchors: tuple[str, ...] | None = None
    upstream: bool | None = None
    only_lineage: bool = False
    include_removed: bool = False
    count: int = 10
    scroll_id: str | None = None


@dataclass(frozen=True, slots=True)
class EdgeRow:
    """One edge; its upstream and downstream ends where it is of lineage."""

    name: str
    source: str
    destination: str
    upstream: str | None
    downstream: str | None


def edge_page(
    connection: sqlite3.Connection, asked: EdgeQuestion
) -> tuple[list[EdgeRow], str | None]:
    """One page of edges in the order of their numbers, and where the next one starts."""
    if not 0 <= asked.count <= _LARGEST_PAGE:
        message = f"a page of {asked.count} is refused: ask for 0 to {_LARGEST_PAGE} and scroll"
        raise InvalidRequest(message)
    conditions, values = ["e.rowid > ?"], [_position(asked.scroll_id)]
    bound: list[int | str] = [*values]
    for condition, wanted in _narrowings(asked):
        conditions.append(condition)
        bound += [orjson.dumps(list(wanted)).decode()] * condition.count("?")
    if asked.only_lineage:
        conditions.append("e.upstream IS NOT NULL")
    if not asked.include_removed:
        conditions.append(_SHOWN)
    rows = connection.execute(
        "SELECT e.rowid, r.text, s.urn, d.urn, u.urn, w.urn FROM edge e "  # noqa: S608 literals
        "JOIN name r ON r.id = e.name JOIN node s ON s.id = e.source "
        "JOIN node d ON d.id = e.destination LEFT JOIN node u ON u.id = e.upstream "
        f"LEFT JOIN node w ON w.id = e.downstream WHERE {' AND '.join(conditions)} "
        "ORDER BY e.rowid LIMIT ?",
        (*bound, asked.count + 1),
    ).fetchall()
    page = rows[: asked.count]
    has_more = len(rows) > asked.count and bool(page)
    return [EdgeRow(*row[1:]) for row in page], str(page[-1][0]) if has_more else None


def _narrowings(asked: EdgeQuestion) -> Iterable[tuple[str, tuple[str, ...]]]:
    ends = "(u.urn {0} OR w.urn {0})" if asked.only_lineage else "(s.urn {0} OR d.urn {0})"
    if asked.upstream is not None:
        ends = "w.urn {0}" if asked.upstream else "u.urn {0}"
    for condition, wanted in (
        (f"r.text {_AMONG}", asked.names),
        (_of_type("s"), _prefixes(asked.source_types)),
        (_of_type("d"), _prefixes(asked.destination_types)),
        (f"s.urn {_AMONG}", asked.sources),
        (f"d.urn {_AMONG}", asked.destinations),
        (ends.format(_AMONG), asked.anchors),
    ):
        if wanted is not None:
            yield condition, wanted


def _of_type(end: str) -> str:
    return f"EXISTS (SELECT 1 FROM json_each(?) WHERE {end}.urn LIKE value)"  # noqa: S608 two literals


def _prefixes(types: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if types is None else tuple(f"urn:li:{name}:%" for name in types)


def _position(scroll_id: str | None) -> int:
    if scroll_id is None:
        return 0
    if not (scroll_id.isascii() and scroll_id.isdigit() and len(scroll_id) <= _MOST_DIGITS):
        message = "the scrollId was not given out by this server: start the scroll again"
        raise InvalidRequest(message)
    return int(scroll_id)
