"""What every request and answer passes: host, origin, size, rate, and the headers of every page.

It is plain ASGI, outside the framework, so that no route can be added beside it.
"""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from steward.desk.limits import RateLimit
from steward.desk.settings import DeskSettings

__all__ = ["DeskGuard"]

_log = logging.getLogger(__name__)
_LARGEST_BODY = 64 * 1024
_READING = frozenset({"GET", "HEAD"})
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


class DeskGuard:
    """Refuses what does not come from the desk's own pages, too large, or too often."""

    def __init__(self, app: ASGIApp, settings: DeskSettings, limit: RateLimit) -> None:
        self._app = app
        self._settings = settings
        self._limit = limit
        self._hosts = {urlsplit(settings.url).netloc}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        refusal = self._refused(scope)
        inner: ASGIApp = refusal or self._app

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                if self._settings.secure:
                    headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
            await send(message)

        try:
            await inner(scope, receive, send_with_headers)
        except Exception as error:  # noqa: BLE001 - the process boundary
            # A server would log the traceback, which may hold a row's values.
            _log.error("the desk met an unforeseen %s", type(error).__name__)

    def _refused(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        if headers.get("host") not in self._hosts:
            return _refusal(400, f"this desk answers as {self._settings.url} only")
        client = scope.get("client") or ("unknown", 0)
        wait = self._limit.wait(str(client[0]))
        if wait:
            refusal = _refusal(429, "too many requests; wait a moment, then try again")
            refusal.headers["Retry-After"] = str(int(wait) + 1)
            return refusal
        if scope["method"] in _READING:
            return None
        if not self._from_own_page(headers):
            return _refusal(403, "this form was not sent from the desk's own page; open it again")
        length = headers.get("content-length", "")
        if not length.isdigit() or int(length) > _LARGEST_BODY:
            return _refusal(413, "a form has at most 64 KiB; a reason has 2,000 characters")
        return None

    def _from_own_page(self, headers: Headers) -> bool:
        site = headers.get("sec-fetch-site")
        origin = headers.get("origin")
        if site not in {None, "same-origin"}:
            return False
        return origin == self._settings.url


def _refusal(status: int, words: str) -> PlainTextResponse:
    return PlainTextResponse(f"refused: {words}\n", status_code=status)
