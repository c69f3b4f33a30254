"""Local state as `wrangler dev` leaves it: SQLite files and blobs where miniflare keeps them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from uuid import uuid4

from expectations.audit.cloudflare.local_state import blobs_folder, d1_file, kv_file

__all__ = ["a_database", "a_namespace"]


def a_database(project: Path, database_id: str, *statements: str) -> sqlite3.Connection:
    """A D1 database after those statements; open, so that its last rows are in the log alone."""
    file = d1_file(project, database_id)
    file.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    for statement in (
        "CREATE TABLE IF NOT EXISTS d1_migrations (id INTEGER PRIMARY KEY, name TEXT UNIQUE)",
        "CREATE TABLE IF NOT EXISTS _cf_METADATA (key INTEGER PRIMARY KEY, value BLOB)",
        *statements,
    ):
        connection.execute(statement)
    return connection


def a_namespace(
    project: Path, namespace_id: str, entries: Mapping[str, str] | Iterable[tuple[str, str, str]]
) -> None:
    """A KV namespace with those keys, values and metadata."""
    rows = (
        [(key, value, "") for key, value in entries.items()]
        if isinstance(entries, Mapping)
        else list(entries)
    )
    file, blobs = kv_file(project, namespace_id), blobs_folder(project, namespace_id)
    file.parent.mkdir(parents=True, exist_ok=True)
    blobs.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute(
            "CREATE TABLE _mf_entries"
            " (key TEXT PRIMARY KEY, blob_id TEXT NOT NULL, expiration INTEGER, metadata TEXT)"
        )
        for key, value, metadata in rows:
            blob = uuid4().hex
            (blobs / blob).write_text(value, "utf-8")
            connection.execute(
                "INSERT INTO _mf_entries VALUES (?, ?, NULL, ?)", (key, blob, metadata or None)
            )
