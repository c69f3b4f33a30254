"""The HTTP routes: each reads its request, calls one function, and answers with JSON."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from catalog.embedded_datahub.errors import (
    EmbeddedDataHubError,
    InvalidRequest,
    NotFound,
    RequestTooLarge,
)
from catalog.embedded_datahub.graphql import GraphQLApi
from catalog.embedded_datahub.guard import MOST_BODY_BYTES, Guard
from catalog.embedded_datahub.ingest import ChangeType
from catalog.embedded_datahub.json_values import JsonObject, decode_object, decode_value
from catalog.embedded_datahub.openapi_api import OpenApi
from catalog.embedded_datahub.openapi_scrolls import OpenApiScrolls
from catalog.embedded_datahub.responses import error_response, json_response
from catalog.embedded_datahub.restli_api import RestliApi

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from catalog.embedded_datahub.indexing import Index

__all__ = ["build_app"]

_log = logging.getLogger(__name__)

# The newest DataHub version whose optional features, asynchronous tracing above all, this server
# does not have to claim. It keeps the SDK on the API where a batch is one transaction.
_REPORTED_VERSION = "v1.0.0"


class _Routes:
    def __init__(self, index: Index) -> None:
        self._model = index.model
        self._restli = RestliApi(index)
        self._openapi = OpenApi(index)
        self._scrolls = OpenApiScrolls(index)
        self._graphql = GraphQLApi(index)

    async def health(self, _request: Request) -> Response:
        return json_response({"status": "ok"})

    async def config(self, _request: Request) -> Response:
        return json_response(_configuration(self._model.version))

    async def act(self, request: Request) -> Response:
        body = decode_object(await _body(request))
        resource = request.url.path.strip("/")
        action = request.query_params.get("action", "")
        return json_response(await run_in_threadpool(self._restli.act, resource, action, body))

    async def aspect(self, request: Request) -> Response:
        query = request.query_params
        urn, name = request.path_params["urn"], query.get("aspect", "")
        version = query.get("version", "0")
        return json_response(await run_in_threadpool(self._restli.aspect, urn, name, version))

    async def entity(self, request: Request) -> Response:
        # Starlette would read a '+' of a name as a space; the SDK sends the list as it is.
        names = parse_qs(request.url.query).get("aspects", [None])[0]
        urn = request.path_params["urn"]
        return json_response(await run_in_threadpool(self._restli.entity, urn, names))

    async def graphql(self, request: Request) -> Response:
        body = decode_object(await _body(request))
        return json_response(await run_in_threadpool(self._graphql.answer, body))

    async def write_entities(self, request: Request) -> Response:
        change = ChangeType.PATCH if request.method == "PATCH" else ChangeType.UPSERT
        entities = decode_value(await _body(request))
        kind = request.path_params["entity_type"]
        return json_response(await run_in_threadpool(self._openapi.write, kind, entities, change))

    async def delete_entity(self, request: Request) -> Response:
        kind, urn = request.path_params["entity_type"], request.path_params["urn"]
        return json_response(await run_in_threadpool(self._openapi.delete, kind, urn))

    async def read_entities(self, request: Request) -> Response:
        wanted = decode_value(await _body(request))
        kind = request.path_params["entity_type"]
        with_system = request.query_params.get("systemMetadata") == "true"
        return json_response(
            await run_in_threadpool(self._openapi.read, kind, wanted, with_system=with_system)
        )

    async def scroll(self, request: Request) -> Response:
        text = await _body(request)
        body = decode_object(text) if text else {}
        kind = request.url.path.split("/")[-2]
        scroll = {
            "entity": self._scrolls.entities,
            "relationship": self._scrolls.relationships,
            "lineage": self._scrolls.lineage,
        }[kind]
        return json_response(await run_in_threadpool(scroll, request.query_params, body))

    async def relationships(self, request: Request) -> Response:
        query = request.query_params
        start = query.get("start", "0")
        if not (start.isascii() and start.isdigit()):
            message = "start is not a whole number"
            raise InvalidRequest(message)
        return json_response(
            await run_in_threadpool(
                self._openapi.relationships,
                query.get("urn", ""),
                query.get("direction", ""),
                query.getlist("relationshipTypes"),
                int(start),
            )
        )


def build_app(index: Index, token: str) -> ASGIApp:
    """The whole application, behind its guard."""
    routes = _Routes(index)
    app = Starlette(
        routes=[
            Route("/health", routes.health),
            Route("/config", routes.config),
            Route("/aspects", routes.act, methods=["POST"]),
            Route("/aspects/", routes.act, methods=["POST"]),  # as `datahub put` writes it
            Route("/entities", routes.act, methods=["POST"]),
            Route("/aspects/{urn:path}", routes.aspect),
            Route("/entitiesV2/{urn:path}", routes.entity),
            Route("/api/graphql", routes.graphql, methods=["POST"]),
            Route("/openapi/relationships/v1/", routes.relationships),
            Route(
                "/openapi/v3/entity/{entity_type}/batchGet", routes.read_entities, methods=["POST"]
            ),
            *(
                Route(f"/openapi/v3/{kind}/scroll", routes.scroll, methods=["POST"])
                for kind in ("entity", "relationship", "lineage")
            ),
            Route(
                "/openapi/v3/entity/{entity_type}",
                routes.write_entities,
                methods=["POST", "PATCH"],
            ),
            Route(
                "/openapi/v3/entity/{entity_type}/{urn:path}",
                routes.delete_entity,
                methods=["DELETE"],
            ),
        ],
        exception_handlers={
            EmbeddedDataHubError: _refused,
            404: _unknown_route,
            405: _unknown_route,
            Exception: _failed,
        },
    )
    return Guard(app, token)


async def _body(request: Request) -> bytes:
    # The declared length was checked; a chunked body declares none and is counted as it comes.
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MOST_BODY_BYTES:
            message = f"the body exceeds {MOST_BODY_BYTES} bytes: send it in smaller batches"
            raise RequestTooLarge(message)
        chunks.append(chunk)
    return b"".join(chunks)


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, EmbeddedDataHubError):
        raise error
    _log.info("refused %s: %s %d", request.method, type(error).__name__, error.status)
    return error_response(error)


async def _unknown_route(request: Request, _error: Exception) -> Response:
    message = f"{request.method} {request.url.path} is not served by the embedded DataHub"
    return error_response(NotFound(message))


async def _failed(_request: Request, _error: Exception) -> Response:
    return error_response(EmbeddedDataHubError("the server failed; its log says where"))


def _configuration(model_version: str) -> JsonObject:
    return {
        "noCode": "true",
        "patchCapable": True,
        "statefulIngestionCapable": False,
        "supportsImpactAnalysis": True,
        "timeZone": "UTC",
        "datahub": {"serverType": "classline-embedded", "serverEnv": "core"},
        "telemetry": {"enabledCli": False, "enabledIngestion": False},
        "managedIngestion": {"enabled": False},
        "versions": {
            "acryldata/datahub": {
                "version": _REPORTED_VERSION,
                "commit": f"embedded-{model_version}",
            }
        },
    }
