"""What search knows of an aspect: the values of its `Searchable` fields, kept beside the aspect."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.embedded_datahub.annotations import SearchField, search_fields, values_at
from catalog.embedded_datahub.urns import identifier_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from catalog.embedded_datahub.json_values import JsonObject, JsonValue
    from catalog.embedded_datahub.shapes import RecordShape

__all__ = [
    "STRUCTURED_PROPERTY_PREFIX",
    "index_aspect",
    "property_field",
    "refresh_text",
]

STRUCTURED_PROPERTY_PREFIX = "structuredProperties."
_PATH_SEPARATOR = "\u241f"
_BROWSE_PATH = "BROWSE_PATH_V2"
_URN_KINDS = frozenset({"URN", "URN_PARTIAL"})
# Kinds whose values are objects that no filter reads.
_UNINDEXED_KINDS = frozenset({"OBJECT", "MAP_ARRAY"})
# Longer values are found by their words, not by equality.
_LONGEST_VALUE = 2_000

_fields_of = functools.lru_cache(maxsize=None)(search_fields)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A value that a filter on `field` matches, and the words that a text query matches."""

    field: str
    value: str
    words: str = ""


def index_aspect(
    connection: sqlite3.Connection,
    entity_id: int,
    aspect: str,
    shape: RecordShape,
    value: JsonObject,
) -> None:
    """Replace what search knows of one aspect; an empty value forgets it."""
    entries = set(_entries(aspect, shape, value)) if value else set()
    connection.execute(
        "DELETE FROM search_value WHERE entity_id = ? AND aspect = ?", (entity_id, aspect)
    )
    connection.executemany(
        "INSERT OR IGNORE INTO search_value (field, value, entity_id, aspect) VALUES (?, ?, ?, ?)",
        ((entry.field, entry.value[:_LONGEST_VALUE], entity_id, aspect) for entry in entries),
    )
    words = "\n".join(sorted({entry.words for entry in entries if entry.words}))
    connection.execute(
        "INSERT OR REPLACE INTO aspect_text (entity_id, aspect, content) VALUES (?, ?, ?)",
        (entity_id, aspect, words),
    )


def refresh_text(connection: sqlite3.Connection, entity_ids: Iterable[int]) -> None:
    """Bring the text index of entities up to date with their aspects."""
    for entity_id in entity_ids:
        connection.execute("DELETE FROM entity_text WHERE rowid = ?", (entity_id,))
        connection.execute(
            "INSERT INTO entity_text (rowid, content) "
            "SELECT ?, group_concat(content, char(10)) FROM aspect_text WHERE entity_id = ?",
            (entity_id, entity_id),
        )


def property_field(identifier: str) -> str:
    """The search field of a structured property; DataHub writes its dots as underscores."""
    return STRUCTURED_PROPERTY_PREFIX + identifier.replace(".", "_")


def _entries(aspect: str, shape: RecordShape, value: JsonObject) -> Iterator[_Entry]:
    for field in _fields_of(shape):
        if field.kind not in _UNINDEXED_KINDS:
            yield from _field_entries(field, value)
    if aspect == "structuredProperties":
        yield from _property_entries(value)


def _field_entries(field: SearchField, value: JsonObject) -> Iterator[_Entry]:
    found = [text for text in map(_text, _flat(values_at(value, field.path))) if text is not None]
    if field.kind == _BROWSE_PATH:
        found = [_PATH_SEPARATOR + _PATH_SEPARATOR.join(found)] if found else []
    for text in found:
        words = identifier_of(text) if field.kind in _URN_KINDS else text
        yield _Entry(field.name, text, words if field.is_queried else "")
    if field.has_values_name is not None:
        yield _Entry(field.has_values_name, "true" if found else "false")
    if field.num_values_name is not None:
        yield _Entry(field.num_values_name, str(len(found)))


def _property_entries(value: JsonObject) -> Iterator[_Entry]:
    # No annotation reaches these: the field is named after the property, which is itself metadata.
    assignments = value.get("properties")
    for assignment in assignments if isinstance(assignments, list) else []:
        if not isinstance(assignment, dict):
            continue
        field = property_field(identifier_of(str(assignment.get("propertyUrn"))))
        values = assignment.get("values")
        for wrapped in values if isinstance(values, list) else []:
            for inner in wrapped.values() if isinstance(wrapped, dict) else []:
                yield _Entry(field, _text(inner) or "")


def _flat(values: Iterable[JsonValue]) -> Iterator[JsonValue]:
    for value in values:
        if isinstance(value, list):
            yield from _flat(value)
        else:
            yield value


def _text(value: JsonValue) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, str | int | float) else None
