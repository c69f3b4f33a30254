"""The catalog's one SQLite file: its connection and transactions, and what is read of it."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from catalog.embedded_datahub.errors import StartRefused, StorageFailed
from catalog.embedded_datahub.tables import FORMAT, prepare

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from catalog.embedded_datahub.json_values import JsonObject

__all__ = ["Catalog", "StoredAspect", "StoredEvent", "open_catalog"]

_FIRST, _LAST = -(2**63), 2**63 - 1


@dataclass(frozen=True, slots=True)
class StoredAspect:
    """An aspect's current value, with what was said about its writing."""

    name: str
    value: JsonObject
    system: JsonObject
    version: int


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event of a series; events of equal identity are one event."""

    happened_at: int
    identity: str
    value: JsonObject


class Catalog:
    """The stored catalog. One connection serves every thread, one transaction at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = threading.RLock()

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """Everything inside is written, or nothing of it.

        What is ``durable`` outlives the machine's crash once this returns; the rest only the
        process's, which is enough for what can be derived again.
        """
        with self._lock, _refusing():
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # A full disk may have ended the transaction already, or have failed its commit.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Everything inside sees one state of the catalog."""
        with self._lock, _refusing():
            yield self._connection

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def exists(self, urn: str, *, or_removed: bool = True) -> bool:
        """Whether the entity is stored."""
        with self.reading() as connection:
            row = connection.execute("SELECT removed FROM entity WHERE urn = ?", (urn,)).fetchone()
        return row is not None and (or_removed or not row[0])

    def aspects(self, urn: str, names: Iterable[str] | None = None) -> dict[str, StoredAspect]:
        """The stored aspects of an entity by name, all of them unless `names` is given."""
        with self.reading() as connection:
            rows = connection.execute(
                "SELECT a.name, a.value, a.system, a.version FROM aspect a "
                "JOIN entity e ON e.id = a.entity_id WHERE e.urn = ? ORDER BY a.name",
                (urn,),
            ).fetchall()
        wanted = None if names is None else frozenset(names)
        return {
            name: StoredAspect(name, orjson.loads(value), orjson.loads(system), version)
            for name, value, system, version in rows
            if wanted is None or name in wanted
        }

    def aspect(self, urn: str, name: str) -> StoredAspect | None:
        """One stored aspect of an entity."""
        with self.reading() as connection:
            row = connection.execute(
                "SELECT a.value, a.system, a.version FROM aspect a "
                "JOIN entity e ON e.id = a.entity_id WHERE e.urn = ? AND a.name = ?",
                (urn, name),
            ).fetchone()
        if row is None:
            return None
        return StoredAspect(name, orjson.loads(row[0]), orjson.loads(row[1]), row[2])

    def encoded_aspects(
        self, wanted: Mapping[str, frozenset[str]]
    ) -> dict[str, dict[str, tuple[bytes, bytes]]]:
        """Value and system metadata, encoded, of aspects of entities that are stored.

        ``wanted`` names aspects by URN; no name means all of them.
        """
        with self.reading() as connection:
            rows = connection.execute(
                "SELECT e.urn, a.name, a.value, a.system FROM json_each(?) w "
                "JOIN entity e ON e.urn = w.value JOIN aspect a ON a.entity_id = e.id "
                "ORDER BY w.key, a.name",
                (orjson.dumps(list(wanted)).decode(),),
            ).fetchall()
        found: dict[str, dict[str, tuple[bytes, bytes]]] = {}
        for urn, name, value, system in rows:
            aspects, names = found.setdefault(urn, {}), wanted[urn]
            if not names or name in names:
                aspects[name] = (value, system)
        return found

    def count_aspects(self, name: str, urn_like: str = "%") -> int:
        """How many entities whose URN is like the pattern have the aspect."""
        with self.reading() as connection:
            row = connection.execute(
                "SELECT count(*) FROM aspect a JOIN entity e ON e.id = a.entity_id "
                "WHERE a.name = ? AND e.urn LIKE ?",
                (name, urn_like),
            ).fetchone()
        return int(row[0])

    def events(
        self, urn: str, name: str, *, since: int | None = None, until: int | None = None
    ) -> Iterator[StoredEvent]:
        """The events of a series, newest first."""
        with self.reading() as connection:
            rows = connection.execute(
                "SELECT happened_at, identity, value FROM event WHERE urn = ? AND name = ? "
                "AND happened_at BETWEEN ? AND ? ORDER BY happened_at DESC, id DESC",
                (urn, name, *_span(since, until)),
            ).fetchall()
        for happened_at, identity, value in rows:
            yield StoredEvent(happened_at, identity, orjson.loads(value))

    def delete_events(
        self, urn: str, name: str | None, *, since: int | None = None, until: int | None = None
    ) -> int:
        """Forget events of an entity, of one series or of all; how many there were."""
        with self.reading() as connection:
            return connection.execute(
                "DELETE FROM event WHERE urn = ? AND (? IS NULL OR name = ?) "
                "AND happened_at BETWEEN ? AND ?",
                (urn, name, name, *_span(since, until)),
            ).rowcount


def open_catalog(database: Path) -> Catalog:
    """Open the catalog's file, which is created for its owner's eyes only if it is missing."""
    os.close(os.open(database, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
    try:
        found = prepare(connection)
    except sqlite3.DatabaseError as error:
        connection.close()
        message = f"{database} is not a catalog of this server: give a new file"
        raise StartRefused(message) from error
    if found != FORMAT:
        connection.close()
        message = f"{database} has format {found}, not {FORMAT}: give a new file and re-emit"
        raise StartRefused(message)
    return Catalog(connection)


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn a failure of the file, such as a full disk, into a refusal that may be tried again."""
    try:
        yield
    except sqlite3.OperationalError as error:
        name = getattr(error, "sqlite_errorname", "SQLITE_ERROR")
        if name == "SQLITE_ERROR":  # our own statement is wrong, which no second try mends
            raise
        message = f"the catalog's file cannot be used now ({name}): free its disk and try again"
        raise StorageFailed(message) from error


def _span(since: int | None, until: int | None) -> tuple[int, int]:
    return (_FIRST if since is None else since, _LAST if until is None else until)
