"""JSON responses, and refusals in the form in which DataHub's clients read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from starlette.responses import Response

from catalog.embedded_datahub.errors import RefusedProposals

if TYPE_CHECKING:
    from catalog.embedded_datahub.errors import EmbeddedDataHubError
    from catalog.embedded_datahub.json_values import JsonObject

__all__ = ["error_response", "json_response"]

_JSON = "application/json"
_EXCEPTION = "com.linkedin.restli.server.RestLiServiceException"
_ERROR_HEADER = "x-restli-error-response"


def json_response(value: object, status: int = 200) -> Response:
    """A JSON document as a response; parts of it may be encoded already."""
    return Response(orjson.dumps(value), status, media_type=_JSON)


def error_response(refusal: EmbeddedDataHubError, *, close: bool = False) -> Response:
    """A refusal; `close` ends the connection, whose body was not read."""
    message = str(refusal)
    # `message` and `status` are Rest.li's names, `error` is that of DataHub's OpenAPI.
    body: JsonObject = {
        "exceptionClass": _EXCEPTION,
        "message": message,
        "status": refusal.status,
        "error": message,
        "kind": type(refusal).__name__,
    }
    if isinstance(refusal, RefusedProposals):
        body["problems"] = list(refusal.problems)
    headers = {_ERROR_HEADER: "true", **({"connection": "close"} if close else {})}
    return Response(orjson.dumps(body), refusal.status, headers=headers, media_type=_JSON)
