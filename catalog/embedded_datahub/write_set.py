"""What one transaction is about to write, over what is stored; it reads and writes in bulk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from catalog.embedded_datahub.json_values import JsonObject, encode

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from catalog.embedded_datahub.storage import StoredEvent

__all__ = ["EntityState", "HeldAspect", "WriteSet"]


@dataclass(frozen=True, slots=True)
class HeldAspect:
    """An aspect's current value, encoded, and its version."""

    encoded: bytes
    version: int

    @property
    def value(self) -> JsonObject:
        """The value, a new object each time."""
        value: JsonObject = orjson.loads(self.encoded)
        return value


@dataclass(slots=True)
class EntityState:
    """An entity as it will be stored; an aspect that is not or no longer there is None."""

    id: int
    is_new: bool
    removed: bool = False
    aspects: dict[str, HeldAspect | None] = field(default_factory=dict)


class WriteSet:
    """The entities that proposals name; later proposals see what earlier ones wrote."""

    def __init__(self, connection: sqlite3.Connection, touched: Iterable[tuple[str, str]]) -> None:
        """Read the named aspects, as (URN, aspect), and their entities at once."""
        self._connection = connection
        self._entities: dict[str, EntityState] = {}
        self._new_entities: list[tuple[int, str, str]] = []
        self._aspects: dict[tuple[int, str], tuple[bytes, bytes, int]] = {}
        self._changed: dict[tuple[int, str], None] = {}
        self._removed: dict[int, bool] = {}
        self._events: list[tuple[str, str, StoredEvent]] = []
        self._next_id: int | None = None
        self._load(touched)

    def entity(self, urn: str) -> EntityState | None:
        """The entity, stored or about to be."""
        found = self._entities.get(urn)
        if found is None:
            row = self._connection.execute(
                "SELECT id, removed FROM entity WHERE urn = ?", (urn,)
            ).fetchone()
            if row is None:
                return None
            found = self._entities[urn] = EntityState(row[0], is_new=False, removed=bool(row[1]))
        return found

    def aspect(self, urn: str, name: str) -> HeldAspect | None:
        """One aspect of an entity, stored or about to be."""
        entity = self.entity(urn)
        if entity is None:
            return None
        if name not in entity.aspects:
            row = None
            if not entity.is_new:
                row = self._connection.execute(
                    "SELECT value, version FROM aspect WHERE entity_id = ? AND name = ?",
                    (entity.id, name),
                ).fetchone()
            entity.aspects[name] = HeldAspect(*row) if row else None
        return entity.aspects[name]

    def create(self, urn: str, entity_type: str) -> EntityState:
        """A new entity."""
        if self._next_id is None:
            row = self._connection.execute("SELECT max(id) FROM entity").fetchone()
            self._next_id = (row[0] or 0) + 1
        entity = self._entities[urn] = EntityState(self._next_id, is_new=True)
        self._new_entities.append((entity.id, urn, entity_type))
        self._next_id += 1
        return entity

    def put(
        self, entity: EntityState, name: str, held: HeldAspect, system: JsonObject, *, same: bool
    ) -> None:
        """Write an aspect; ``same`` says that its value is the stored one."""
        entity.aspects[name] = held
        self._aspects[entity.id, name] = (held.encoded, encode(system), held.version)
        if not same:
            self._changed[entity.id, name] = None

    def set_removed(self, entity: EntityState, *, removed: bool) -> None:
        """Hide an entity from search, or show it again."""
        entity.removed = removed
        self._removed[entity.id] = removed

    def append(self, urn: str, name: str, event: StoredEvent) -> None:
        """Append an event; the same event again replaces itself."""
        self._events.append((urn, name, event))

    def delete_aspect(self, entity: EntityState, name: str) -> None:
        """Forget an aspect that is stored or about to be."""
        self.flush()
        entity.aspects[name] = None
        self._connection.execute(
            "DELETE FROM aspect WHERE entity_id = ? AND name = ?", (entity.id, name)
        )
        self._note_changes([(entity.id, name)])

    def delete_events(self, urn: str, name: str) -> None:
        """Forget a series of events."""
        self.flush()
        self._connection.execute("DELETE FROM event WHERE urn = ? AND name = ?", (urn, name))

    def delete_entity(self, urn: str) -> int:
        """Forget an entity with its aspects and events; how many aspects there were."""
        self.flush()
        entity = self.entity(urn)
        self._connection.execute("DELETE FROM event WHERE urn = ?", (urn,))
        if entity is None:
            return 0
        row = self._connection.execute(
            "SELECT count(*) FROM aspect WHERE entity_id = ?", (entity.id,)
        ).fetchone()
        self._connection.execute("DELETE FROM entity WHERE id = ?", (entity.id,))
        del self._entities[urn]
        return int(row[0])

    def flush(self) -> None:
        """Write everything that waits."""
        self._connection.executemany(
            "INSERT INTO entity (id, urn, type) VALUES (?, ?, ?)", self._new_entities
        )
        self._connection.executemany(
            "INSERT OR REPLACE INTO aspect (entity_id, name, value, system, version) "
            "VALUES (?, ?, ?, ?, ?)",
            [(*key, *stored) for key, stored in sorted(self._aspects.items())],
        )
        self._note_changes(self._changed)
        self._connection.executemany(
            "UPDATE entity SET removed = ? WHERE id = ?",
            [(removed, entity_id) for entity_id, removed in self._removed.items()],
        )
        self._connection.executemany(
            "INSERT OR REPLACE INTO event (urn, name, happened_at, identity, value) "
            "VALUES (?, ?, ?, ?, ?)",
            [
                (urn, name, event.happened_at, event.identity, encode(event.value))
                for urn, name, event in self._events
            ],
        )
        for waiting in (self._new_entities, self._events):
            waiting.clear()
        for noted in (self._aspects, self._changed, self._removed):
            noted.clear()

    def _note_changes(self, changed: Iterable[tuple[int, str]]) -> None:
        self._connection.executemany(
            "INSERT OR IGNORE INTO unindexed (entity_id, aspect) VALUES (?, ?)", changed
        )

    def _load(self, touched: Iterable[tuple[str, str]]) -> None:
        wanted: dict[str, dict[str, None]] = {}
        for urn, name in touched:
            wanted.setdefault(urn, {})[name] = None
        rows = self._connection.execute(
            "SELECT urn, id, removed FROM entity WHERE urn IN (SELECT value FROM json_each(?))",
            (orjson.dumps(list(wanted)).decode(),),
        ).fetchall()
        for urn, entity_id, removed in rows:
            names = wanted[urn]
            self._entities[urn] = EntityState(
                entity_id, is_new=False, removed=bool(removed), aspects=dict.fromkeys(names)
            )
        by_id = {entity.id: entity for entity in self._entities.values()}
        pairs = [(e.id, name) for e in by_id.values() for name in e.aspects]
        found = self._connection.execute(
            "SELECT a.entity_id, a.name, a.value, a.version FROM json_each(?) k JOIN aspect a "
            "ON a.entity_id = json_extract(k.value, '$[0]') "
            "AND a.name = json_extract(k.value, '$[1]')",
            (orjson.dumps(pairs).decode(),),
        )
        for entity_id, name, value, version in found:
            by_id[entity_id].aspects[name] = HeldAspect(value, version)
