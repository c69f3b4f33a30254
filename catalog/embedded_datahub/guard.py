"""The gate in front of every route: refuses foreign hosts, missing tokens and oversized bodies."""

from __future__ import annotations

import hmac
import logging
import os
import stat
import traceback
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from catalog.embedded_datahub.errors import (
    EmbeddedDataHubError,
    ForeignHost,
    RequestTooLarge,
    StartRefused,
    Unauthorized,
)
from catalog.embedded_datahub.responses import error_response

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["MOST_BODY_BYTES", "Guard", "read_token"]

_log = logging.getLogger(__name__)

# The SDK splits its batches at 15 MB because DataHub's own limit is 16 MB.
MOST_BODY_BYTES = 16_000_000
_OWN_HOSTS = frozenset({"localhost", "127.0.0.1"})
_OPEN_PATH = "/health"
_SHORTEST_TOKEN = 16


class Guard:
    """ASGI middleware that lets a request through, or answers it with a refusal."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._admit(scope["path"], Headers(scope=scope))
        except EmbeddedDataHubError as refusal:
            await error_response(refusal, close=True)(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        except Exception as error:  # noqa: BLE001 the process boundary
            # It was answered with 500. Only its kind and place: its text may quote what was sent.
            place = traceback.extract_tb(error.__traceback__)[-1]
            _log.error("%s at %s:%s", type(error).__name__, place.filename, place.lineno)

    def _admit(self, path: str, headers: Headers) -> None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].partition(":")[0] not in _OWN_HOSTS:
            # A page of another site can make a browser send a request here, under that site's name.
            message = "the Host header is not this machine's: use http://127.0.0.1 or localhost"
            raise ForeignHost(message)
        if path != _OPEN_PATH:
            given = headers.get("authorization", "").encode()
            if not hmac.compare_digest(given, self._expected):
                message = "the bearer token is missing or wrong: send the one in the token file"
                raise Unauthorized(message)
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or int(length) > MOST_BODY_BYTES:
            message = f"the body exceeds {MOST_BODY_BYTES} bytes: send it in smaller batches"
            raise RequestTooLarge(message)


def read_token(path: Path) -> str:
    """The token in a file that only its owner can read."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, encoding="ascii") as file:
        state = os.fstat(file.fileno())
        if not stat.S_ISREG(state.st_mode) or state.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            message = f"{path} can be read by others than its owner: chmod 600 it"
            raise StartRefused(message)
        token = file.read().strip()
    if len(token) < _SHORTEST_TOKEN or not token.isprintable() or " " in token:
        message = f"{path} holds no token of at least {_SHORTEST_TOKEN} characters: write one"
        raise StartRefused(message)
    return token
