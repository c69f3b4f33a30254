"""One engine per login, of which only so many keep connections: a server has few, logins are many.

The engine that was lent longest ago closes its connections first; one in use is never closed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import Engine

__all__ = ["MOST_AT_REST", "LoginEngines"]

MOST_AT_REST = 32


@dataclass(slots=True)
class _Kept:
    engine: Engine
    borrowers: int = 0


class LoginEngines:
    """The engines of one platform, by login; safe to use from many threads."""

    def __init__(self, most_at_rest: int = MOST_AT_REST) -> None:
        self._most_at_rest = most_at_rest
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._changing = Lock()

    @contextmanager
    def lent(self, login: str, make: Callable[[], Engine]) -> Iterator[Engine]:
        """That login's engine, kept for as long as the block lasts."""
        with self._changing:
            kept = self._kept.get(login)
            if kept is None:
                kept = self._kept[login] = _Kept(make())
            kept.borrowers += 1
            self._kept.move_to_end(login)
        try:
            yield kept.engine
        finally:
            with self._changing:
                kept.borrowers -= 1
                surplus = self._surplus()
            for engine in surplus:
                engine.dispose()

    def close(self) -> None:
        """Close every connection that is not in use."""
        with self._changing:
            engines = [kept.engine for kept in self._kept.values()]
            self._kept.clear()
        for engine in engines:
            engine.dispose()

    def _surplus(self) -> list[Engine]:
        idle = [login for login, kept in self._kept.items() if not kept.borrowers]
        too_many = max(0, len(self._kept) - self._most_at_rest)
        return [self._kept.pop(login).engine for login in idle[:too_many]]
