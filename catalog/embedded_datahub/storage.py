"""The catalog's one SQLite file: the entities, their aspects and their series of events."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from catalog.embedded_datahub.errors import StartRefused
from catalog.embedded_datahub.json_values import JsonObject, encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["Catalog", "StoredAspect", "StoredEvent", "open_catalog"]

_FORMAT = 1
_TABLES = """
CREATE TABLE entity (
    id INTEGER PRIMARY KEY,
    urn TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    removed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX entity_by_type ON entity (type, urn);
CREATE TABLE aspect (
    entity_id INTEGER NOT NULL REFERENCES entity (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    value BLOB NOT NULL,
    system BLOB NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (entity_id, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    urn TEXT NOT NULL,
    name TEXT NOT NULL,
    happened_at INTEGER NOT NULL,
    identity TEXT NOT NULL,
    value BLOB NOT NULL,
    UNIQUE (urn, name, identity)
) STRICT;
CREATE INDEX event_by_time ON event (urn, name, happened_at DESC, id DESC);
CREATE TABLE search_value (
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    entity_id INTEGER NOT NULL REFERENCES entity (id) ON DELETE CASCADE,
    aspect TEXT NOT NULL,
    PRIMARY KEY (field, value, entity_id, aspect)
) STRICT, WITHOUT ROWID;
CREATE INDEX search_value_by_aspect ON search_value (entity_id, aspect);
CREATE TABLE aspect_text (
    entity_id INTEGER NOT NULL REFERENCES entity (id) ON DELETE CASCADE,
    aspect TEXT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (entity_id, aspect)
) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE entity_text USING fts5 (content, tokenize = 'porter unicode61');
CREATE TABLE edge (
    entity_id INTEGER NOT NULL REFERENCES entity (id) ON DELETE CASCADE,
    aspect TEXT NOT NULL,
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    destination TEXT NOT NULL,
    upstream TEXT,
    downstream TEXT,
    via TEXT
) STRICT;
CREATE INDEX edge_by_owner ON edge (entity_id, aspect);
CREATE INDEX edge_by_source ON edge (source, name);
CREATE INDEX edge_by_destination ON edge (destination, name);
CREATE INDEX edge_by_upstream ON edge (upstream) WHERE upstream IS NOT NULL;
CREATE INDEX edge_by_downstream ON edge (downstream) WHERE downstream IS NOT NULL;
"""


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
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything inside is written, or nothing of it."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Everything inside sees one state of the catalog."""
        with self._lock:
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
                (urn, name, -(2**63) if since is None else since, until or 2**63 - 1),
            ).fetchall()
        for happened_at, identity, value in rows:
            yield StoredEvent(happened_at, identity, orjson.loads(value))

    def ensure_entity(self, urn: str, entity_type: str) -> int:
        """The number of an entity, which is created if it is new."""
        with self.reading() as connection:
            connection.execute(
                "INSERT INTO entity (urn, type) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (urn, entity_type),
            )
            row = connection.execute("SELECT id FROM entity WHERE urn = ?", (urn,)).fetchone()
        return int(row[0])

    def put_aspect(self, entity_id: int, aspect: StoredAspect) -> None:
        """Write an aspect's current value."""
        with self.reading() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO aspect (entity_id, name, value, system, version) "
                "VALUES (?, ?, ?, ?, ?)",
                (
                    entity_id,
                    aspect.name,
                    encode(aspect.value),
                    encode(aspect.system),
                    aspect.version,
                ),
            )

    def put_event(self, urn: str, name: str, event: StoredEvent) -> None:
        """Append an event; the same event again replaces itself."""
        with self.reading() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO event (urn, name, happened_at, identity, value) "
                "VALUES (?, ?, ?, ?, ?)",
                (urn, name, event.happened_at, event.identity, encode(event.value)),
            )

    def set_removed(self, entity_id: int, *, removed: bool) -> None:
        """Hide an entity from search, or show it again."""
        with self.reading() as connection:
            connection.execute("UPDATE entity SET removed = ? WHERE id = ?", (removed, entity_id))

    def delete_aspect(self, entity_id: int, name: str) -> None:
        """Forget one aspect of an entity."""
        with self.reading() as connection:
            connection.execute(
                "DELETE FROM aspect WHERE entity_id = ? AND name = ?", (entity_id, name)
            )

    def delete_events(
        self, urn: str, name: str | None, *, since: int | None = None, until: int | None = None
    ) -> int:
        """Forget events of an entity, of one series or of all; how many there were."""
        with self.reading() as connection:
            return connection.execute(
                "DELETE FROM event WHERE urn = ? AND (? IS NULL OR name = ?) "
                "AND happened_at BETWEEN ? AND ?",
                (urn, name, name, -(2**63) if since is None else since, until or 2**63 - 1),
            ).rowcount

    def delete_entity(self, urn: str) -> int:
        """Forget an entity with all its aspects; how many there were."""
        with self.reading() as connection:
            row = connection.execute("SELECT id FROM entity WHERE urn = ?", (urn,)).fetchone()
            if row is None:
                return 0
            count = connection.execute(
                "SELECT count(*) FROM aspect WHERE entity_id = ?", row
            ).fetchone()
            connection.execute("DELETE FROM entity_text WHERE rowid = ?", row)
            connection.execute("DELETE FROM entity WHERE id = ?", row)
        return int(count[0])


def open_catalog(database: Path) -> Catalog:
    """Open the catalog's file, which is created for its owner's eyes only if it is missing."""
    os.close(os.open(database, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
    try:
        found = _prepare(connection)
    except sqlite3.DatabaseError as error:
        connection.close()
        message = f"{database} is not a catalog of this server: give a new file"
        raise StartRefused(message) from error
    if found != _FORMAT:
        connection.close()
        message = f"{database} has format {found}, not {_FORMAT}: give a new file and re-emit"
        raise StartRefused(message)
    return Catalog(connection)


def _prepare(connection: sqlite3.Connection) -> int:
    """Set the connection up, and the tables of a new file; the format of the file."""
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("PRAGMA busy_timeout = 5000")
    if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
        connection.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {_FORMAT}; COMMIT;")
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
