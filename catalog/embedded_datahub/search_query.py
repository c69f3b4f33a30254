"""Searches: a text query and filter rules, compiled to one bound SQL statement over the index."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from catalog.embedded_datahub.errors import InvalidFilter
from catalog.embedded_datahub.filter_rules import FilterRule, rule_condition

if TYPE_CHECKING:
    import sqlite3

__all__ = [
    "DEFAULT_ENTITY_TYPES",
    "SearchPage",
    "SearchRequest",
    "matching",
    "matching_urns",
    "search",
    "search_total",
]

# What DataHub searches when no entity type is asked for.
DEFAULT_ENTITY_TYPES = (
    "application",
    "businessAttribute",
    "chart",
    "container",
    "corpGroup",
    "corpuser",
    "dashboard",
    "dataFlow",
    "dataJob",
    "dataPlatformInstance",
    "dataProduct",
    "dataset",
    "document",
    "domain",
    "glossaryNode",
    "glossaryTerm",
    "mlFeature",
    "mlFeatureTable",
    "mlModel",
    "mlModelGroup",
    "mlPrimaryKey",
    "notebook",
    "role",
    "schemaField",
    "tag",
)
_LARGEST_PAGE = 10_000
_SORT_KEYS = (
    "LEFT JOIN (SELECT v.entity_id AS entity_id, min(v.value) AS key FROM search_value v "
    "JOIN name n ON n.id = v.field WHERE n.text = ? GROUP BY v.entity_id) s "
    "ON s.entity_id = e.id "
)
# SQLite bounds the depth of an expression; alternatives, rules and values add up to it.
_MOST_ALTERNATIVES = 400
_MOST_RULES = 200
_LONGEST_QUERY = 1_000
_PIECE = re.compile(r'"([^"]*)"|(\S+)')
_MATCH_ALL = frozenset({"", "*"})


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What is searched for; `alternatives` are or-ed lists of and-ed rules."""

    query: str = "*"
    entity_types: tuple[str, ...] = DEFAULT_ENTITY_TYPES
    alternatives: tuple[tuple[FilterRule, ...], ...] = ()
    include_removed: bool = False
    sort_field: str | None = None
    descending: bool = False
    count: int = 10
    scroll_id: str | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of URNs, and where the next one starts."""

    urns: tuple[str, ...]
    next_scroll_id: str | None


@dataclass(slots=True)
class _Statement:
    conditions: list[str] = field(default_factory=list)
    values: list[str | int] = field(default_factory=list)

    def require(self, condition: str, *values: str | int) -> None:
        self.conditions.append(condition)
        self.values.extend(values)

    @property
    def where(self) -> str:
        return " AND ".join(self.conditions)


def search(connection: sqlite3.Connection, request: SearchRequest) -> SearchPage:
    """One page of the entities that match."""
    if not 0 <= request.count <= _LARGEST_PAGE:
        message = f"a page of {request.count} is refused: ask for 0 to {_LARGEST_PAGE} and scroll"
        raise InvalidFilter(message)
    if request.sort_field is None:
        rows = _by_urn(connection, request)
    else:
        rows = _by_field(connection, request, request.sort_field)
    page = rows[: request.count]
    has_more = len(rows) > request.count and bool(page)
    return SearchPage(tuple(urn for _, urn in page), _scroll_id(*page[-1]) if has_more else None)


def _by_urn(connection: sqlite3.Connection, request: SearchRequest) -> list[tuple[str, str]]:
    statement = _matching(request)
    if request.scroll_id is not None:
        statement.require("e.urn > ?", _read_scroll_id(request.scroll_id)[1])
    return connection.execute(
        f"SELECT '', e.urn FROM entity e WHERE {statement.where} "  # noqa: S608 literals
        "ORDER BY e.urn LIMIT ? OFFSET ?",
        (*statement.values, request.count + 1, request.offset),
    ).fetchall()


def _by_field(
    connection: sqlite3.Connection, request: SearchRequest, field: str
) -> list[tuple[str, str]]:
    statement = _matching(request)
    order, compared = ("DESC", "<") if request.descending else ("ASC", ">")
    after, after_values = "", []
    if request.scroll_id is not None:
        # Rows compare first by the sort key, then by URN, which is unique: no page overlaps.
        last_key, last_urn = _read_scroll_id(request.scroll_id)
        after = f" WHERE key {compared} ? OR (key = ? AND urn > ?)"
        after_values = [last_key, last_key, last_urn]
    return connection.execute(
        "SELECT key, urn FROM (SELECT coalesce(s.key, '') AS key, e.urn AS urn "  # noqa: S608 literals
        f"FROM entity e {_SORT_KEYS}WHERE {statement.where}){after} "
        f"ORDER BY key {order}, urn LIMIT ? OFFSET ?",
        (field, *statement.values, *after_values, request.count + 1, request.offset),
    ).fetchall()


def search_total(connection: sqlite3.Connection, request: SearchRequest) -> int:
    """How many entities match."""
    statement = _matching(request)
    row = connection.execute(
        f"SELECT count(*) FROM entity e WHERE {statement.where}",  # noqa: S608 literals
        statement.values,
    ).fetchone()
    return int(row[0])


def matching(request: SearchRequest) -> tuple[str, list[str | int]]:
    """The condition on an entity `e` to match, and the values it binds."""
    statement = _matching(request)
    return statement.where, statement.values


def matching_urns(
    connection: sqlite3.Connection, request: SearchRequest, candidates: str
) -> frozenset[str]:
    """Those of the candidates, a JSON list of URNs, that match."""
    statement = _matching(request)
    statement.require("e.urn IN (SELECT value FROM json_each(?))", candidates)
    rows = connection.execute(
        f"SELECT e.urn FROM entity e WHERE {statement.where}",  # noqa: S608 literals
        statement.values,
    )
    return frozenset(urn for (urn,) in rows)


def _matching(request: SearchRequest) -> _Statement:
    statement = _Statement()
    statement.require(
        "e.type IN (SELECT value FROM json_each(?))", orjson.dumps(request.entity_types).decode()
    )
    names = {rule.name for rules in request.alternatives for rule in rules}
    if not request.include_removed and "removed" not in names:
        statement.require("e.removed = 0")
    _require_text(statement, request.query)
    _require_rules(statement, request.alternatives)
    return statement


def _require_rules(statement: _Statement, alternatives: tuple[tuple[FilterRule, ...], ...]) -> None:
    if not alternatives:
        return
    if len(alternatives) > _MOST_ALTERNATIVES or max(map(len, alternatives)) > _MOST_RULES:
        message = (
            f"a filter of over {_MOST_ALTERNATIVES} alternatives or {_MOST_RULES} rules in one "
            "is refused: split the search"
        )
        raise InvalidFilter(message)
    compiled = []
    for rules in alternatives:
        conditions = [rule_condition(rule) for rule in rules]
        compiled.append(" AND ".join(sql for sql, _ in conditions) or "1")
        statement.values.extend(value for _, values in conditions for value in values)
    statement.conditions.append("(" + " OR ".join(f"({sql})" for sql in compiled) + ")")


def _require_text(statement: _Statement, query: str) -> None:
    query = query.strip()
    if query in _MATCH_ALL:
        return
    if len(query) > _LONGEST_QUERY or query.startswith("/q"):
        message = "structured (/q) and very long text queries are not served: use filters"
        raise InvalidFilter(message)
    pieces = [match.group(1) or match.group(2) or "" for match in _PIECE.finditer(query)]
    phrases = [piece.strip("*") for piece in pieces]
    # A piece without a letter or digit holds no word to look for.
    words = [phrase for phrase in phrases if any(letter.isalnum() for letter in phrase)]
    words = ["".join(" " if not c.isprintable() else c for c in word) for word in words]
    if not words:
        statement.require("0")
        return
    # Quoted, a piece is always a phrase to SQLite, whatever operators it contains.
    match = " AND ".join('"' + word.replace('"', " ") + '" *' for word in words)
    statement.require("e.id IN (SELECT rowid FROM entity_text WHERE entity_text MATCH ?)", match)


def _scroll_id(key: str, urn: str) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([key, urn])).decode()


def _read_scroll_id(scroll_id: str) -> tuple[str, str]:
    try:
        key, urn = orjson.loads(base64.urlsafe_b64decode(scroll_id.encode()))
        return str(key), str(urn)
    except (ValueError, TypeError):
        message = "the scrollId was not given out by this server: start the scroll again"
        raise InvalidFilter(message) from None
