"""The server's life: binds the loopback interface, serves until told to stop, and cleans up."""

from __future__ import annotations

import os
import signal
import socket
import threading
from typing import TYPE_CHECKING

import uvicorn

from catalog.embedded_datahub.errors import StartRefused
from catalog.embedded_datahub.indexing import open_index
from catalog.embedded_datahub.routes import build_app

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from catalog.embedded_datahub.indexing import Index

__all__ = ["EmbeddedDataHub", "serve"]

_LOOPBACK = "127.0.0.1"
_STOP_SECONDS = 3
# Longer than a client usually pauses, so that its next request seldom meets a closed connection.
_IDLE_SECONDS = 75
_START_SECONDS = 30.0


class _AnnouncingServer(uvicorn.Server):
    """A server that says when it has begun to listen."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()


def serve(database: Path, token: str, port: int = 0, port_file: Path | None = None) -> None:
    """Serve the catalog in `database` until SIGTERM or SIGINT; runs in the main thread only."""
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn stops, and then raises the signal again: without a handler the process would die
        # before the catalog is closed.
        signal.signal(number, _note_signal)
    listener = _listen(port)
    index = open_index(database)
    try:

        def announce() -> None:
            if port_file is not None:
                _write_whole(port_file, f"{_port_of(listener)}\n")

        _server(index, token, announce).run(sockets=[listener])
    finally:
        index.close()
        listener.close()
        if port_file is not None:
            port_file.unlink(missing_ok=True)


class EmbeddedDataHub:
    """A server in a thread of this process, for the length of a `with` block."""

    def __init__(self, database: Path, token: str) -> None:
        self._index = open_index(database)
        self._listener = _listen(0)
        self._listening = threading.Event()
        self._server = _server(self._index, token, self._listening.set)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listener]}, daemon=True
        )
        self.token = token
        self.url = f"http://{_LOOPBACK}:{_port_of(self._listener)}"

    def __enter__(self) -> Self:
        """Start, and wait until requests are answered."""
        self._thread.start()
        if not self._listening.wait(_START_SECONDS):
            self.__exit__(None, None, None)
            message = f"the embedded DataHub did not start within {_START_SECONDS} s: read its log"
            raise StartRefused(message)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, and close the catalog."""
        self._server.should_exit = True
        self._thread.join()
        self._index.close()
        self._listener.close()


def _server(index: Index, token: str, announce: Callable[[], None]) -> _AnnouncingServer:
    config = uvicorn.Config(
        build_app(index, token),
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=_STOP_SECONDS,
        timeout_keep_alive=_IDLE_SECONDS,
    )
    return _AnnouncingServer(config, announce)


def _note_signal(_number: int, _frame: object) -> None:
    """Do nothing: uvicorn has already stopped."""


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_LOOPBACK, port))
    except OSError as error:
        listener.close()
        message = f"port {port} of {_LOOPBACK} cannot be bound: choose another, or 0 for any"
        raise StartRefused(message) from error
    return listener


def _port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def _write_whole(path: Path, text: str) -> None:
    """Write a file that a reader finds either absent or complete."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_text(text, encoding="ascii")
    unfinished.replace(path)
