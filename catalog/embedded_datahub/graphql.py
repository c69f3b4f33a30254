"""Answers GraphQL requests: validates them against the schema and resolves the fields asked for."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from catalog.embedded_datahub.entity_view import EntityView, entity_view
from catalog.embedded_datahub.errors import EmbeddedDataHubError, InvalidFilter
from catalog.embedded_datahub.filter_rules import FilterRule, property_names
from catalog.embedded_datahub.graphql_schema import schema_text
from catalog.embedded_datahub.lineage_search import LineageRequest, LineageSearch
from catalog.embedded_datahub.search_query import (
    DEFAULT_ENTITY_TYPES,
    SearchRequest,
    search,
    search_total,
)
from catalog.embedded_datahub.urns import parse_urn

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphql import GraphQLResolveInfo

    from catalog.embedded_datahub.indexing import Index
    from catalog.embedded_datahub.json_values import JsonObject

__all__ = ["GraphQLApi"]

# A query of the SDK has under 200 tokens; this bounds the work of a hostile one.
_MOST_TOKENS = 5_000
_DEFAULT_PAGE = 10

# graphql-core hands inputs over as untyped dicts, already checked against the schema.
Input: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True)
class _Document:
    parsed: DocumentNode | None
    errors: tuple[GraphQLError, ...]


class GraphQLApi:
    """The executable schema over one catalog."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._catalog = index.catalog
        self._model = index.model
        self._schema = self._executable_schema()
        self._prepare = functools.lru_cache(maxsize=64)(self._prepared)

    def answer(self, request: JsonObject) -> JsonObject:
        """The response to a request of `query`, `variables` and `operationName`."""
        query, variables = request.get("query"), request.get("variables")
        operation = request.get("operationName")
        if not isinstance(query, str):
            return {"errors": [{"message": "the request has no query: send it as a string"}]}
        document = self._prepare(query)
        if document.parsed is None:
            return {"errors": [{"message": error.message} for error in document.errors]}
        result = execute_sync(
            self._schema,
            document.parsed,
            variable_values=variables if isinstance(variables, dict) else None,
            operation_name=operation if isinstance(operation, str) else None,
        )
        if not isinstance(result, ExecutionResult):
            message = "a resolver answered asynchronously"
            raise TypeError(message)
        response: JsonObject = {"data": result.data}
        if result.errors:
            response["errors"] = [{"message": _public(error)} for error in result.errors]
        return response

    def _prepared(self, query: str) -> _Document:
        try:
            parsed = parse(query, max_tokens=_MOST_TOKENS)
        except GraphQLError as error:
            return _Document(None, (error,))
        errors = tuple(validate(self._schema, parsed, max_errors=10))
        return _Document(None if errors else parsed, errors)

    def _executable_schema(self) -> GraphQLSchema:
        schema = build_schema(schema_text(self._model))
        resolvers: dict[str, Callable[..., object]] = {
            "searchAcrossEntities": self._search,
            "scrollAcrossEntities": self._scroll,
            "searchAcrossLineage": self._search_lineage,
            "scrollAcrossLineage": self._scroll_lineage,
            "entity": self._entity,
            "entities": self._entities,
            "dataset": self._entity,
            "dataJob": self._entity,
        }
        query_type = schema.query_type
        if query_type is None:
            message = "the schema has no Query type"
            raise TypeError(message)
        for name, resolver in resolvers.items():
            query_type.fields[name].resolve = resolver
        return schema

    def _scroll(self, _root: object, _info: GraphQLResolveInfo, input: Input) -> Input:  # noqa: A002 the argument's name in DataHub's schema
        request = self._search_request(input)
        with self._index.reading() as connection:
            page = search(connection, request)
        return {
            "nextScrollId": page.next_scroll_id,
            "count": len(page.urns),
            "total": lambda _info: self._total(request),
            "searchResults": [{"entity": self._view(urn)} for urn in page.urns],
        }

    def _search(self, _root: object, _info: GraphQLResolveInfo, input: Input) -> Input:  # noqa: A002 as above
        request = self._search_request(input)
        with self._index.reading() as connection:
            page = search(connection, request)
        return {
            "start": request.offset,
            "count": len(page.urns),
            "total": lambda _info: self._total(request),
            "searchResults": [{"entity": self._view(urn)} for urn in page.urns],
        }

    def _scroll_lineage(self, _root: object, _info: GraphQLResolveInfo, input: Input) -> Input:  # noqa: A002 as above
        request = self._search_request(input)
        page = LineageSearch(self._index).page(
            LineageRequest(
                start=str(input.get("urn")),
                upstream=input.get("direction") == "UPSTREAM",
                within=request,
                entity_types=self._entity_types(input, ()),
            )
        )
        return {
            "nextScrollId": page.next_scroll_id,
            "start": request.offset,
            "count": len(page.nodes),
            "total": page.total,
            "searchResults": [
                {
                    "entity": self._view(node.urn),
                    "degree": node.hops,
                    "paths": [{"path": [self._view(urn) for urn in path]} for path in node.paths],
                }
                for node in page.nodes
            ],
        }

    _search_lineage = _scroll_lineage

    def _entity(self, _root: object, _info: GraphQLResolveInfo, urn: str) -> EntityView | None:
        return self._view(urn) if self._catalog.exists(urn) else None

    def _entities(
        self, _root: object, info: GraphQLResolveInfo, urns: list[str]
    ) -> list[EntityView | None]:
        return [self._entity(None, info, urn) for urn in urns]

    def _view(self, urn: str) -> EntityView:
        return entity_view(parse_urn(urn), self._catalog, self._model)

    def _total(self, request: SearchRequest) -> int:
        with self._index.reading() as connection:
            return search_total(connection, request)

    def _search_request(self, given: Input) -> SearchRequest:
        alternatives = tuple(
            tuple(self._rule(rule) for rule in _inputs(clause, "and"))
            for clause in _inputs(given, "orFilters")
        )
        for name in property_names(rule for rules in alternatives for rule in rules):
            if not self._catalog.exists(f"urn:li:structuredProperty:{name}", or_removed=False):
                message = f"structured property {name!r} is not defined: check the filter's field"
                raise InvalidFilter(message)
        flags, sort = _input(given, "searchFlags"), _input(given, "sortInput")
        criterion = next(iter(_inputs(sort, "sortCriteria")), _input(sort, "sortCriterion"))
        scroll_id = given.get("scrollId")
        return SearchRequest(
            query=str(given.get("query") or "*"),
            entity_types=self._entity_types(given, DEFAULT_ENTITY_TYPES),
            alternatives=alternatives,
            include_removed=flags.get("includeSoftDeleted") is True,
            sort_field=str(criterion["field"]) if criterion else None,
            descending=criterion.get("sortOrder") == "DESCENDING",
            count=_number(given, "count", _DEFAULT_PAGE),
            scroll_id=scroll_id if isinstance(scroll_id, str) else None,
            offset=max(_number(given, "start", 0), 0),
        )

    def _entity_types(self, given: Input, default: tuple[str, ...]) -> tuple[str, ...]:
        types = given.get("types")
        if not isinstance(types, list) or not types:
            return default
        return tuple(self._model.entity_of_graphql(str(name)).name for name in types)

    def _rule(self, given: Input) -> FilterRule:
        values = given.get("values")
        texts = [str(value) for value in values] if isinstance(values, list) else []
        if not texts and given.get("value") is not None:
            texts = [str(given["value"])]
        if given["field"] == "_entityType":
            texts = [self._model.entity_of_graphql(text).name for text in texts]
        return FilterRule(
            field=str(given["field"]),
            condition=str(given.get("condition") or "EQUAL"),
            values=tuple(texts),
            negated=given.get("negated") is True,
        )


def _input(given: Input, name: str) -> Input:
    value = given.get(name)
    return value if isinstance(value, dict) else {}


def _inputs(given: Input, name: str) -> list[Input]:
    value = given.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _number(given: Input, name: str, default: int) -> int:
    value = given.get(name)
    return value if isinstance(value, int) else default


def _public(error: GraphQLError) -> str:
    """What a client may read: our own refusals and the caller's mistakes, never an internal one."""
    cause = error.original_error
    if cause is None or isinstance(cause, EmbeddedDataHubError):
        return error.message
    raise cause
