"""Watches everything that leaves a call: its result or error, logs, notices, prints, payloads."""

from __future__ import annotations

import contextlib
import io
import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

__all__ = ["Observation", "observing"]


@dataclass(slots=True)
class Observation:
    """What left one call."""

    returned: object = None
    raised: BaseException | None = None
    logged: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)

    def outcome(self) -> str:
        """Result or error as text, to be compared with another call's."""
        error = f"{type(self.raised).__name__}: {self.raised}" if self.raised else ""
        return repr((self.returned, error, self.notices))


class _Recorder(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.NOTSET)
        self._lines = lines
        self.setFormatter(logging.Formatter())

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(f"{self.format(record)} {record.args!r}")


@contextlib.contextmanager
def observing() -> Iterator[Observation]:
    """Record what leaves the block; the caller adds the result, or lets the error be recorded."""
    seen = Observation()
    printed = io.StringIO()
    recorder = _Recorder(seen.logged)
    root = logging.getLogger()
    level = root.level
    root.addHandler(recorder)
    root.setLevel(logging.NOTSET)
    try:
        with (
            _tapped(seen.sent),
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
        ):
            try:
                yield seen
            except Exception as error:  # noqa: BLE001 - whatever the surface raises is evidence
                seen.raised = error
    finally:
        root.setLevel(level)
        root.removeHandler(recorder)
        seen.printed.append(printed.getvalue())


@contextlib.contextmanager
def _tapped(sent: list[bytes]) -> Iterator[None]:
    """Keep a copy of what any Python socket sends; before it is encrypted, where it is."""
    with contextlib.ExitStack() as undo:
        for kind in (socket.socket, ssl.SSLSocket):
            for name in ("send", "sendall", "sendto"):
                _tap(kind, name, sent, undo)
        yield


def _tap(kind: type, name: str, sent: list[bytes], undo: contextlib.ExitStack) -> None:
    own = name in vars(kind)
    original: Callable[..., object] = getattr(kind, name)

    def tapped(self: object, payload: bytes | bytearray | memoryview, *rest: object) -> object:
        sent.append(bytes(payload))
        return original(self, payload, *rest)

    setattr(kind, name, tapped)
    if own:
        undo.callback(setattr, kind, name, original)
    else:
        undo.callback(delattr, kind, name)
