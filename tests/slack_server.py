"""A server on this machine that speaks the protocol of Slack's incoming webhooks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import pytest

__all__ = ["SECRET", "ASlack", "a_slack"]

SECRET = "T0SECRET/B0SECRET/canary-77aa"
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@dataclass
class ASlack:
    """A server that speaks the webhook's protocol and answers as it was told."""

    url: str = ""
    answers: list[tuple[int, str, dict[str, str]] | str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    released: Event = field(default_factory=Event)
    taken: Event = field(default_factory=Event)


@contextmanager
def a_slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[ASlack]:
    """A real HTTP server on a free port of this machine."""
    for name in _PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    told = ASlack()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            told.texts.append(json.loads(self.rfile.read(length))["text"])
            answer = told.answers.pop(0) if told.answers else (200, "ok", {})
            if isinstance(answer, str):
                told.released.wait()
                return
            status, body, headers = answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())
            told.taken.set()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_address[1]}/services/{SECRET}"
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield told
    told.released.set()
    server.shutdown()
    thread.join()
    server.server_close()
