"""The tables of the catalog's file: entities, aspects and events, and the index derived from them.

Only `entity`, `aspect` and `event` hold what was said; the rest is derived, and `unindexed` names
the aspects that the derived tables have not seen yet. Names and URNs that come again and again are
kept once, in `name` and `node`, and stand elsewhere by number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

__all__ = ["FORMAT", "prepare"]

FORMAT = 2
_EMPTY = 0
_FIRST_FORMAT = 1
# Negative: kilobytes. SQLite's own 2 MB would read the index from the file again and again.
_CACHE = -16_000
_CHECKPOINT_PAGES = 4_000

_STATED = """
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
"""
_DERIVED = """
CREATE TABLE unindexed (
    entity_id INTEGER NOT NULL REFERENCES entity (id) ON DELETE CASCADE,
    aspect TEXT NOT NULL,
    PRIMARY KEY (entity_id, aspect)
) STRICT, WITHOUT ROWID;
CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE search_document (
    entity_id INTEGER NOT NULL,
    aspect INTEGER NOT NULL,
    entries BLOB NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (entity_id, aspect)
) STRICT, WITHOUT ROWID;
CREATE TABLE search_value (
    field INTEGER NOT NULL,
    value TEXT NOT NULL,
    entity_id INTEGER NOT NULL,
    aspect INTEGER NOT NULL,
    PRIMARY KEY (field, value, entity_id, aspect)
) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE entity_text USING fts5 (content, tokenize = 'porter unicode61');
CREATE TABLE node (id INTEGER PRIMARY KEY, urn TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE edge (
    entity_id INTEGER NOT NULL,
    aspect INTEGER NOT NULL,
    name INTEGER NOT NULL,
    source INTEGER NOT NULL,
    destination INTEGER NOT NULL,
    upstream INTEGER,
    downstream INTEGER,
    via INTEGER
) STRICT;
CREATE INDEX edge_by_owner ON edge (entity_id, aspect);
CREATE INDEX edge_by_source ON edge (source);
CREATE INDEX edge_by_destination ON edge (destination);
CREATE TRIGGER entity_is_forgotten AFTER DELETE ON entity BEGIN
    DELETE FROM search_value WHERE (field, value, entity_id, aspect) IN (
        SELECT json_extract(e.value, '$[0]'), json_extract(e.value, '$[1]'), d.entity_id, d.aspect
        FROM search_document d, json_each(CAST(d.entries AS TEXT)) e
        WHERE d.entity_id = old.id
    );
    DELETE FROM search_document WHERE entity_id = old.id;
    DELETE FROM entity_text WHERE rowid = old.id;
    DELETE FROM edge WHERE entity_id = old.id;
END;
"""
# The first format kept its index with the aspects; it is derived anew.
_FROM_FIRST = (
    "DROP TABLE search_value; DROP TABLE aspect_text; DROP TABLE entity_text; DROP TABLE edge;",
    _DERIVED,
    "INSERT INTO unindexed SELECT entity_id, name FROM aspect;",
)


def prepare(connection: sqlite3.Connection) -> int:
    """Set the connection up, and the tables of a new or older file; the format it has then."""
    for pragma in (
        "journal_mode = WAL",
        "foreign_keys = ON",
        "busy_timeout = 5000",
        f"cache_size = {_CACHE}",
        f"wal_autocheckpoint = {_CHECKPOINT_PAGES}",
    ):
        connection.execute(f"PRAGMA {pragma}")
    steps = {_EMPTY: _STATED + _DERIVED, _FIRST_FORMAT: "".join(_FROM_FIRST)}
    step = steps.get(_format(connection))
    if step is not None:
        connection.executescript(f"BEGIN; {step} PRAGMA user_version = {FORMAT}; COMMIT;")
    return _format(connection)


def _format(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
