"""Answers GraphQL requests: validates them against the schema and resolves the fields asked for."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
from catalog.embedded_datahub.errors import EmbeddedDataHubError, InvalidFilter, InvalidUrn
from catalog.embedded_datahub.facets import ENTITY_TYPE, count_facets, values_of
from catalog.embedded_datahub.filter_rules import FilterRule, property_names
from catalog.embedded_datahub.graphql_inputs import Input, input_at, inputs_at, number_at
from catalog.embedded_datahub.graphql_schema import schema_text
from catalog.embedded_datahub.json_values import encode
from catalog.embedded_datahub.lineage_search import LineageRequest, LineageSearch
from catalog.embedded_datahub.schemas import graphql_name
from catalog.embedded_datahub.search_names import facet_fields, require_known
from catalog.embedded_datahub.search_query import (
    DEFAULT_ENTITY_TYPES,
    SearchRequest,
    search,
    search_total,
)
from catalog.embedded_datahub.urns import identifier_of, parse_urn

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphql import GraphQLResolveInfo

    from catalog.embedded_datahub.indexing import Index
    from catalog.embedded_datahub.json_values import JsonObject

__all__ = ["GraphQLApi"]

# A query of the SDK has under 200 tokens; this bounds the work of a hostile one.
_MOST_TOKENS = 5_000
_DEFAULT_PAGE = 10
_DEFAULT_VALUES, _MOST_VALUES = 20, 1_000


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
        except RecursionError:
            return _Document(None, (GraphQLError("the query is nested too deeply"),))
        errors = tuple(validate(self._schema, parsed, max_errors=10))
        return _Document(None if errors else parsed, errors)

    def _executable_schema(self) -> GraphQLSchema:
        schema = build_schema(schema_text(self._model))
        resolvers: dict[str, Callable[..., object]] = {
            "searchAcrossEntities": self._search,
            "scrollAcrossEntities": self._scroll,
            "searchAcrossLineage": self._search_lineage,
            "scrollAcrossLineage": self._scroll_lineage,
            "aggregateAcrossEntities": self._aggregate,
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
            "start": request.offset,
            "count": len(page.urns),
            "total": lambda _info: self._total(request),
            "searchResults": [self._result(urn, input) for urn in page.urns],
            "facets": lambda _info: self._facets(request, input),
        }

    _search = _scroll

    def _aggregate(self, _root: object, _info: GraphQLResolveInfo, input: Input) -> Input:  # noqa: A002 as above
        return {"facets": self._facets(self._search_request(input), input)}

    def _facets(self, request: SearchRequest, given: Input) -> list[Input] | None:
        flags, asked = input_at(given, "searchFlags"), given.get("facets")
        if flags.get("skipAggregates") is True:
            return None
        fields = tuple(map(str, asked)) if isinstance(asked, list) and asked else ()
        require_known(fields, self._model)
        most = min(max(number_at(flags, "maxAggValues", _DEFAULT_VALUES), 0), _MOST_VALUES)
        with self._index.reading() as connection:
            counted = count_facets(connection, request, fields or facet_fields(self._model), most)
        return [
            {
                "field": facet.field,
                "displayName": facet.field.lstrip("_"),
                "aggregations": [self._aggregation(facet.field, *count) for count in facet.counts],
            }
            for facet in counted
            if facet.counts or fields
        ]

    def _aggregation(self, field: str, value: str, count: int) -> Input:
        if field == ENTITY_TYPE:
            value = graphql_name(value)
        try:
            entity: EntityView | None = self._view(value)
        except InvalidUrn:
            entity = None
        return {
            "value": value,
            "count": count,
            "displayName": identifier_of(value),
            "entity": entity,
        }

    def _result(self, urn: str, given: Input) -> Input:
        extra = input_at(given, "searchFlags").get("fetchExtraFields")
        fields = tuple(map(str, extra)) if isinstance(extra, list) else ()
        require_known(fields, self._model)
        return {
            "entity": self._view(urn),
            "extraProperties": lambda _info: self._extra_properties(urn, fields),
        }

    def _extra_properties(self, urn: str, fields: tuple[str, ...]) -> list[Input] | None:
        if not fields:
            return None
        with self._index.reading() as connection:
            return [
                {"name": field, "value": encode(found[0] if len(found) == 1 else [*found]).decode()}
                for field, found in values_of(connection, urn, fields)
            ]

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
            tuple(self._rule(rule) for rule in inputs_at(clause, "and"))
            for clause in inputs_at(given, "orFilters")
        )
        rules = [rule for alternative in alternatives for rule in alternative]
        require_known((rule.name for rule in rules), self._model)
        for name in property_names(rules):
            if not self._catalog.exists(f"urn:li:structuredProperty:{name}", or_removed=False):
                message = f"structured property {name!r} is not defined: check the filter's field"
                raise InvalidFilter(message)
        flags, sort = input_at(given, "searchFlags"), input_at(given, "sortInput")
        criterion = next(iter(inputs_at(sort, "sortCriteria")), input_at(sort, "sortCriterion"))
        scroll_id = given.get("scrollId")
        if criterion:
            require_known([str(criterion["field"])], self._model)
        return SearchRequest(
            query=str(given.get("query") or "*"),
            entity_types=self._entity_types(given, DEFAULT_ENTITY_TYPES),
            alternatives=alternatives,
            include_removed=flags.get("includeSoftDeleted") is True,
            sort_field=str(criterion["field"]) if criterion else None,
            descending=criterion.get("sortOrder") == "DESCENDING",
            count=number_at(given, "count", _DEFAULT_PAGE),
            scroll_id=scroll_id if isinstance(scroll_id, str) else None,
            offset=max(number_at(given, "start", 0), 0),
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


def _public(error: GraphQLError) -> str:
    """What a client may read: our own refusals and the caller's mistakes, never an internal one."""
    cause = error.original_error
    if cause is None or isinstance(cause, EmbeddedDataHubError):
        return error.message
    raise cause
