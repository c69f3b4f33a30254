"""The scrolls of DataHub's newer HTTP API: over entities, relationships and edges of lineage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.embedded_datahub.edge_pages import EdgeQuestion, EdgeRow, edge_page
from catalog.embedded_datahub.errors import InvalidRequest
from catalog.embedded_datahub.filter_rules import FilterRule
from catalog.embedded_datahub.json_values import JsonObject, list_at, object_at, text_at
from catalog.embedded_datahub.openapi_api import shown_aspects
from catalog.embedded_datahub.search_names import require_known, require_relationships
from catalog.embedded_datahub.search_query import (
    DEFAULT_ENTITY_TYPES,
    SearchRequest,
    search,
    search_total,
)
from catalog.embedded_datahub.urns import parse_urn

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams

    from catalog.embedded_datahub.indexing import Index

__all__ = ["OpenApiScrolls"]

_DEFAULT_PAGE = 10
_MOST_DIGITS = 9
# What changes neither the answer nor its order here.
_IDLE = frozenset({"skipCache", "skipAggregation", "pitKeepAlive", "async"})


class OpenApiScrolls:
    """The scrolling routes over one catalog."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def entities(self, query: QueryParams, body: JsonObject) -> dict[str, object]:
        """One page of entities with the aspects that were asked for."""
        _refuse_others(
            query, {"count", "query", "scrollId", "sort", "systemMetadata", "includeSoftDelete"}
        )
        if list_at(body, "sortCriteria"):
            message = "sortCriteria are not served: give the parameter `sort`"
            raise InvalidRequest(message)
        request = self._search_request(query, body)
        wanted = body.get("aspects")
        names = frozenset(_texts(body, "aspects"))
        with self._index.reading() as connection:
            page = search(connection, request)
            total = search_total(connection, request)
            held = (
                self._index.catalog.encoded_aspects(dict.fromkeys(page.urns, names))
                if wanted is not None
                else {}
            )
        with_system = query.get("systemMetadata") == "true"
        return {
            "scrollId": page.next_scroll_id,
            "totalCount": total,
            "entities": [
                {"urn": urn, **shown_aspects(held.get(urn, {}), with_system=with_system)}
                for urn in page.urns
            ],
        }

    def relationships(self, query: QueryParams, body: JsonObject) -> dict[str, object]:
        """One page of relationships, from source to destination."""
        _refuse_others(
            query,
            {
                *("count", "scrollId", "includeSoftDelete", "relationshipTypes"),
                *("sourceTypes", "destinationTypes", "direction"),
            },
        )
        if query.get("direction", "OUTGOING") != "OUTGOING":
            message = "direction INCOMING is not served: exchange source and destination"
            raise InvalidRequest(message)
        if body.get("edgeFilter") is not None:
            message = "edgeFilter is not served: filter by relationshipTypes"
            raise InvalidRequest(message)
        return self._edges(
            EdgeQuestion(
                names=_listed(query, "relationshipTypes"),
                source_types=self._types(query, "sourceTypes"),
                destination_types=self._types(query, "destinationTypes"),
                sources=_urns_of_filter(body, "sourceFilter"),
                destinations=_urns_of_filter(body, "destinationFilter"),
                include_removed=query.get("includeSoftDelete") == "true",
                count=_count(query),
                scroll_id=query.get("scrollId"),
            )
        )

    def lineage(self, query: QueryParams, body: JsonObject) -> dict[str, object]:
        """One page of the edges of lineage that touch the given URNs; all of them without any."""
        _refuse_others(
            query, {"count", "scrollId", "includeSoftDelete", "relationshipTypes", "direction"}
        )
        direction, urns = query.get("direction"), _texts(body, "urns")
        if direction not in {None, "UPSTREAM", "DOWNSTREAM"}:
            message = f"direction {direction!r} is not UPSTREAM or DOWNSTREAM"
            raise InvalidRequest(message)
        return self._edges(
            EdgeQuestion(
                names=_listed(query, "relationshipTypes"),
                anchors=tuple(parse_urn(urn).text for urn in urns) or None,
                upstream=direction == "UPSTREAM" if direction and urns else None,
                only_lineage=True,
                include_removed=query.get("includeSoftDelete") == "true",
                count=_count(query),
                scroll_id=query.get("scrollId"),
            )
        )

    def _edges(self, asked: EdgeQuestion) -> dict[str, object]:
        require_relationships(asked.names or (), self._index.model)
        with self._index.reading() as connection:
            rows, next_scroll_id = edge_page(connection, asked)
        return {"scrollId": next_scroll_id, "results": [_relationship(row) for row in rows]}

    def _search_request(self, query: QueryParams, body: JsonObject) -> SearchRequest:
        model = self._index.model
        alternatives = _alternatives(object_at(body, "filter"))
        require_known((rule.name for rules in alternatives for rule in rules), model)
        sort = query.get("sort", "urn")
        if sort != "urn":
            require_known([sort], model)
        kinds = tuple(model.entity(name).name for name in _texts(body, "entities"))
        return SearchRequest(
            query=query.get("query", "*"),
            entity_types=kinds or DEFAULT_ENTITY_TYPES,
            alternatives=alternatives,
            include_removed=query.get("includeSoftDelete") == "true",
            sort_field=None if sort == "urn" else sort,
            count=_count(query),
            scroll_id=query.get("scrollId"),
        )

    def _types(self, query: QueryParams, name: str) -> tuple[str, ...] | None:
        listed = _listed(query, name)
        return None if listed is None else tuple(map(self._type, listed))

    def _type(self, name: str) -> str:
        return self._index.model.entity(name).name


def _alternatives(stated: JsonObject) -> tuple[tuple[FilterRule, ...], ...]:
    # The SDK sends its or-ed clauses under `and`, each with the criteria that hold together.
    return tuple(
        tuple(_rule(rule) for rule in list_at(clause, "criteria") if isinstance(rule, dict))
        for clause in list_at(stated, "and")
        if isinstance(clause, dict)
    )


def _rule(stated: JsonObject) -> FilterRule:
    return FilterRule(
        field=text_at(stated, "field"),
        condition=text_at(stated, "condition", "EQUAL"),
        values=_texts(stated, "values"),
        negated=stated.get("negated") is True,
    )


def _urns_of_filter(body: JsonObject, name: str) -> tuple[str, ...] | None:
    """The URNs that a filter allows; one by anything else is refused."""
    if body.get(name) is None:
        return None
    rules = [rule for rules in _alternatives(object_at(body, name)) for rule in rules]
    if len(rules) != 1 or rules[0].field != "urn" or rules[0].negated:
        message = f"{name} is served by URN alone: give the URNs, or search for them first"
        raise InvalidRequest(message)
    return rules[0].values


def _relationship(row: EdgeRow) -> dict[str, object]:
    shown: dict[str, object] = {
        "relationshipType": row.name,
        "source": {"urn": row.source, "entityType": parse_urn(row.source).entity_type},
        "destination": {
            "urn": row.destination,
            "entityType": parse_urn(row.destination).entity_type,
        },
    }
    if row.upstream is not None:
        shown |= {"upstream": row.upstream, "downstream": row.downstream}
    return shown


def _refuse_others(query: QueryParams, served: set[str]) -> None:
    for name in query:
        if name not in served | _IDLE:
            message = f"parameter {name[:80]!r} is not served here: leave it out"
            raise InvalidRequest(message)


def _count(query: QueryParams) -> int:
    stated = query.get("count", str(_DEFAULT_PAGE))
    if not (stated.isascii() and stated.isdigit() and len(stated) <= _MOST_DIGITS):
        message = "count is not a whole number"
        raise InvalidRequest(message)
    return int(stated)


def _listed(query: QueryParams, name: str) -> tuple[str, ...] | None:
    values = tuple(query.getlist(name))
    return values or None


def _texts(container: JsonObject, name: str) -> tuple[str, ...]:
    values = list_at(container, name)
    if not all(isinstance(value, str) for value in values):
        message = f"field {name!r} is not a list of strings: send strings"
        raise InvalidRequest(message)
    return tuple(str(value) for value in values)
