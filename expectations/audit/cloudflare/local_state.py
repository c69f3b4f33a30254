"""Reads what `wrangler dev` keeps: the SQLite files of D1 and KV, from copies, never in place.

Copies lie in a private folder that goes when the reading ends. Only plain tables are read: a view
or a trigger of a hostile file runs nothing here.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

__all__ = [
    "Entry",
    "LocalDatabase",
    "UnreadableState",
    "blobs_folder",
    "d1_file",
    "kv_file",
    "opened",
]

_D1, _KV = "miniflare-D1DatabaseObject", "miniflare-KVNamespaceObject"
_STATE = Path(".wrangler/state/v3")
_BATCH = 2_000
_LONGEST_CELL = 4_000_000
_MOST_STEPS = 200_000_000
_OWN_TABLES = ("sqlite_", "_cf_", "d1_migrations")
_BLOB_BYTES = 1_000_000


class UnreadableState(Exception):
    """A file that is no sound SQLite database, or takes too long to read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a namespace with its value and metadata, as far as they are text."""

    key: str
    value: str
    metadata: str


def d1_file(project: Path, database_id: str) -> Path:
    """Where wrangler keeps that database's local rows."""
    return project / _STATE / "d1" / _D1 / f"{_object_id(_D1, database_id)}.sqlite"


def kv_file(project: Path, namespace_id: str) -> Path:
    """Where wrangler keeps that namespace's local keys."""
    return project / _STATE / "kv" / _KV / f"{_object_id(_KV, namespace_id)}.sqlite"


def blobs_folder(project: Path, namespace_id: str) -> Path:
    """Where the values of that namespace lie; an id that leads elsewhere has none."""
    safe = namespace_id if re.fullmatch(r"[\w-]+", namespace_id) else "-"
    return project / _STATE / "kv" / safe / "blobs"


def _object_id(kind: str, name: str) -> str:
    """The name of the Durable Object that miniflare keeps a store in."""
    key = hashlib.sha256(kind.encode()).digest()
    first = hmac.digest(key, name.encode(), "sha256")[:16]
    return (first + hmac.digest(key, first, "sha256")[:16]).hex()


class LocalDatabase:
    """One copied SQLite file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def tables(self) -> dict[str, list[str]]:
        """The columns of every plain table that the project made."""
        found = self._all("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT NULL")
        names = [str(row[0]) for row in found if not str(row[0]).lower().startswith(_OWN_TABLES)]
        return {
            name: [str(row[1]) for row in self._all(f"PRAGMA table_info({_quoted(name)})")]
            for name in names
            if not self._is_virtual(name)
        }

    def count(self, table: str) -> int:
        """Rows of that table."""
        return int(str(self._all(f"SELECT count(*) FROM {_quoted(table)}")[0][0]))  # noqa: S608

    def texts(
        self, table: str, columns: Sequence[str], limit: int | None
    ) -> Iterator[list[list[str | None]]]:
        """The texts of those columns in batches, by column; of ``limit`` rows drawn at random."""
        shown = ", ".join(f"CAST({_quoted(column)} AS TEXT)" for column in columns)
        drawn = "" if limit is None else f" ORDER BY random() LIMIT {limit:d}"
        statement = f"SELECT {shown} FROM {_quoted(table)}{drawn}"  # noqa: S608 - quoted names
        rows = self._each(statement)
        while batch := list(islice(rows, _BATCH)):
            yield [list(column) for column in zip(*batch, strict=True)]

    def entries(self, blobs: Path, limit: int | None) -> Iterator[Entry]:
        """The keys of a namespace, with the beginning of each value; at random if limited."""
        drawn = "" if limit is None else f" ORDER BY random() LIMIT {limit:d}"
        statement = f"SELECT key, blob_id, metadata FROM _mf_entries{drawn}"  # noqa: S608 - a number
        for key, blob, metadata in self._each(statement):
            yield Entry(str(key), _blob(blobs, str(blob)), str(metadata or ""))

    def every_key(self) -> Iterator[str]:
        """Every key of a namespace."""
        return (str(row[0]) for row in self._each("SELECT key FROM _mf_entries"))

    def _is_virtual(self, table: str) -> bool:
        found = self._all(
            "SELECT 1 FROM sqlite_schema WHERE name = ? AND sql LIKE 'CREATE VIRTUAL%'", table
        )
        return bool(found)

    def _each(self, statement: str) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._connection.execute(statement)
        except sqlite3.Error as error:
            raise UnreadableState(type(error).__name__) from None

    def _all(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise UnreadableState(type(error).__name__) from None


@contextmanager
def opened(file: Path) -> Iterator[LocalDatabase]:
    """A copy of that database and its write-ahead log, opened to read only."""
    with tempfile.TemporaryDirectory(prefix="classline-audit-") as folder:
        copy = Path(folder, "state.sqlite")
        for ending in ("", "-wal"):
            source = file.with_name(file.name + ending)
            if source.is_file() and not source.is_symlink():
                shutil.copyfile(source, copy.with_name(copy.name + ending))
        try:
            connection = sqlite3.connect(copy, isolation_level=None)
        except sqlite3.Error as error:
            raise UnreadableState(type(error).__name__) from None
        with closing(connection):
            _harden(connection)
            yield LocalDatabase(connection)


def _harden(connection: sqlite3.Connection) -> None:
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_CELL)
    connection.set_progress_handler(lambda: 1, _MOST_STEPS)
    try:
        for setting in ("trusted_schema = OFF", "query_only = ON", "cell_size_check = ON"):
            connection.execute(f"PRAGMA {setting}")
    except sqlite3.Error as error:
        raise UnreadableState(type(error).__name__) from None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _blob(blobs: Path, name: str) -> str:
    """The beginning of a value; a name that leads out of the folder is not followed."""
    file = blobs / name
    if not name.isalnum() or file.is_symlink() or not file.is_file():
        return ""
    with file.open("rb") as opened_file:
        return opened_file.read(_BLOB_BYTES).decode("utf-8", "replace")
