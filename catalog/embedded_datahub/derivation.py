"""Derives search index, edges and text from aspects, and writes what changed of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import orjson

from catalog.embedded_datahub.edges import EdgeDrawer
from catalog.embedded_datahub.search_index import DocumentMaker

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from catalog.embedded_datahub.edges import Edge
    from catalog.embedded_datahub.schemas import MetadataModel

__all__ = ["ChangedAspect", "Derivation"]

ChangedAspect: TypeAlias = tuple[int, str, str, bytes | None]
"""Entity number, aspect, URN, and the aspect's encoded value; None if it was deleted."""

_Key: TypeAlias = tuple[int, int]  # the numbers of an entity and of an aspect's name


class Derivation:
    """Derives from the aspects of one model; it remembers the numbers of names it has met."""

    def __init__(self, model: MetadataModel) -> None:
        self._model = model
        self._makers: dict[str, tuple[DocumentMaker, EdgeDrawer]] = {}
        self._names: dict[str, int] = {}

    def apply(self, connection: sqlite3.Connection, changed: Iterable[ChangedAspect]) -> None:
        """Bring the derived tables up to date with these aspects."""
        keyed = [(row, (row[0], self._number(connection, row[1]))) for row in changed]
        before = _entries_before(connection, [key for _, key in keyed])
        rows = _Rows()
        for (_, aspect, urn, encoded), key in keyed:
            old = {(number, text) for number, text in orjson.loads(before.get(key, b"[]"))}
            new: set[tuple[int, str]] = set()
            if encoded is not None:
                maker, drawer = self._maker(aspect)
                value = orjson.loads(encoded)
                document = maker.document(value)
                new = {(self._number(connection, name), text) for name, text in document.entries}
                rows.documents.append((*key, orjson.dumps(sorted(new)), document.words))
                rows.edges += [
                    (key, self._number(connection, edge.name), edge)
                    for edge in drawer.edges(urn, value)
                ]
            rows.values_gone += [(number, text, *key) for number, text in old - new]
            rows.values_new += [(number, text, *key) for number, text in new - old]
        rows.write(connection, list(before))
        _refresh_text(connection, sorted({key[0] for _, key in keyed}))
        connection.executemany(
            "DELETE FROM unindexed WHERE entity_id = ? AND aspect = ?",
            [row[:2] for row, _ in keyed],
        )

    def forget_names(self) -> None:
        """Forget what was remembered: it may hold numbers that were rolled back."""
        self._names.clear()

    def _maker(self, aspect: str) -> tuple[DocumentMaker, EdgeDrawer]:
        found = self._makers.get(aspect)
        if found is None:
            shape = self._model.aspect(aspect).shape
            found = self._makers[aspect] = (DocumentMaker(aspect, shape), EdgeDrawer(shape))
        return found

    def _number(self, connection: sqlite3.Connection, name: str) -> int:
        number = self._names.get(name)
        if number is None:
            connection.execute("INSERT OR IGNORE INTO name (text) VALUES (?)", (name,))
            row = connection.execute("SELECT id FROM name WHERE text = ?", (name,)).fetchone()
            number = self._names[name] = int(row[0])
        return number


@dataclass(slots=True)
class _Rows:
    """The rows to take away and to add."""

    documents: list[tuple[int, int, bytes, str]] = field(default_factory=list)
    values_gone: list[tuple[int, str, int, int]] = field(default_factory=list)
    values_new: list[tuple[int, str, int, int]] = field(default_factory=list)
    edges: list[tuple[_Key, int, Edge]] = field(default_factory=list)

    def write(self, connection: sqlite3.Connection, known: list[_Key]) -> None:
        """Write them; ``known`` are the aspects that had rows before."""
        for table in ("search_document", "edge"):
            connection.executemany(
                f"DELETE FROM {table} WHERE entity_id = ? AND aspect = ?",  # noqa: S608 literals
                known,
            )
        connection.executemany(
            "DELETE FROM search_value "
            "WHERE field = ? AND value = ? AND entity_id = ? AND aspect = ?",
            self.values_gone,
        )
        connection.executemany(
            "INSERT INTO search_document (entity_id, aspect, entries, words) VALUES (?, ?, ?, ?)",
            self.documents,
        )
        connection.executemany(
            "INSERT INTO search_value (field, value, entity_id, aspect) VALUES (?, ?, ?, ?)",
            sorted(self.values_new),
        )
        nodes = _nodes(connection, self.edges)
        connection.executemany(
            "INSERT INTO edge "
            "(entity_id, aspect, name, source, destination, upstream, downstream, via) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    *key,
                    name,
                    nodes[edge.source],
                    nodes[edge.destination],
                    nodes.get(edge.upstream),
                    nodes.get(edge.downstream),
                    nodes.get(edge.via),
                )
                for key, name, edge in self.edges
            ),
        )


def _nodes(
    connection: sqlite3.Connection, edges: list[tuple[_Key, int, Edge]]
) -> dict[str | None, int]:
    """The numbers of the URNs that edges name; new ones are numbered."""
    urns = {urn for _, _, edge in edges for urn in (edge.source, edge.destination, edge.via) if urn}
    listed = orjson.dumps(sorted(urns)).decode()
    connection.execute("INSERT OR IGNORE INTO node (urn) SELECT value FROM json_each(?)", (listed,))
    found = connection.execute(
        "SELECT urn, id FROM node WHERE urn IN (SELECT value FROM json_each(?))", (listed,)
    )
    return dict(found.fetchall())


def _entries_before(connection: sqlite3.Connection, keys: list[_Key]) -> dict[_Key, bytes]:
    rows = connection.execute(
        "SELECT d.entity_id, d.aspect, d.entries FROM json_each(?) k JOIN search_document d "
        "ON d.entity_id = json_extract(k.value, '$[0]') "
        "AND d.aspect = json_extract(k.value, '$[1]')",
        (orjson.dumps(keys).decode(),),
    )
    return {(entity_id, aspect): entries for entity_id, aspect, entries in rows}


def _refresh_text(connection: sqlite3.Connection, entity_ids: list[int]) -> None:
    listed = orjson.dumps(entity_ids).decode()
    connection.execute(
        "DELETE FROM entity_text WHERE rowid IN (SELECT value FROM json_each(?))", (listed,)
    )
    connection.execute(
        "INSERT INTO entity_text (rowid, content) "
        "SELECT entity_id, group_concat(words, char(10)) FROM search_document "
        "WHERE entity_id IN (SELECT value FROM json_each(?)) GROUP BY entity_id",
        (listed,),
    )
