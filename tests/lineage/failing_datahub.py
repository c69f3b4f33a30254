"""A small server that speaks as much of DataHub's API as a drain needs, and fails on demand."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["FailingDataHub", "a_failing_datahub"]

_CONFIG = {
    "noCode": "true",
    "patchCapable": True,
    "versions": {"acryldata/datahub": {"version": "v1.0.0", "commit": "x"}},
}


class FailingDataHub:
    """Counts what it took; ``fails`` says what becomes of a request to write.

    ``busy`` is how long it asks to be left alone when it is asked for its configuration.
    """

    def __init__(self) -> None:
        self.taken = 0
        self.asked = 0
        self.busy = ""
        self.fails: Callable[[_Handler], bool] = lambda _handler: False
        self.url = ""


class _Handler(BaseHTTPRequestHandler):
    """One request; every answer says that it is the year 1994."""

    hub: FailingDataHub

    def date_time_string(self, _timestamp: float | None = None) -> str:
        """A clock that is decades off."""
        return "Sun, 06 Nov 1994 08:49:37 GMT"

    def log_message(self, *_said: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        if self.hub.busy:
            self.answer(503, {}, Retry_After=self.hub.busy)
        else:
            self.answer(200, _CONFIG)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.hub.asked += 1
        if self.hub.fails(self):
            return
        self.hub.taken += len(json.loads(body)["proposals"])
        self.answer(200, {"value": "success"})

    def answer(self, status: int, content: object, **headers: str) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def answer_half(self, status: int = 200) -> None:
        """Promise more than is sent, and hang up."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "4000")
        self.end_headers()
        self.wfile.write(b'{"value": "succ')
        self.wfile.flush()
        self.close_connection = True

    def answer_nonsense(self) -> None:
        """What a proxy says in place of DataHub."""
        body = b"<html>upstream said something</html>"
        self.send_response(500)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def hang_up(self) -> None:
        """Say nothing at all."""
        self.close_connection = True


@contextmanager
def a_failing_datahub() -> Iterator[FailingDataHub]:
    """One that runs for the length of a `with` block."""
    hub = FailingDataHub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
