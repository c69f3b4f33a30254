"""What search knows of an aspect: the values of its `Searchable` fields, and its words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.embedded_datahub.annotations import search_fields
from catalog.embedded_datahub.path_plan import PathPlan
from catalog.embedded_datahub.urns import identifier_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from catalog.embedded_datahub.annotations import SearchField
    from catalog.embedded_datahub.json_values import JsonObject, JsonValue
    from catalog.embedded_datahub.shapes import RecordShape

__all__ = ["STRUCTURED_PROPERTY_PREFIX", "DocumentMaker", "SearchDocument", "property_field"]

STRUCTURED_PROPERTY_PREFIX = "structuredProperties."
_PATH_SEPARATOR = "\u241f"
_BROWSE_PATH = "BROWSE_PATH_V2"
_URN_KINDS = frozenset({"URN", "URN_PARTIAL"})
# Kinds whose values are objects that no filter reads.
_UNINDEXED_KINDS = frozenset({"OBJECT", "MAP_ARRAY"})
# Longer values are found by their words, not by equality.
_LONGEST_VALUE = 2_000


@dataclass(frozen=True, slots=True)
class SearchDocument:
    """The values that filters match, each under its field, and the words that a query matches."""

    entries: frozenset[tuple[str, str]]
    words: str


class DocumentMaker:
    """Makes the search documents of one aspect."""

    def __init__(self, aspect: str, shape: RecordShape) -> None:
        self._has_properties = aspect == "structuredProperties"
        self._fields = tuple(
            field for field in search_fields(shape) if field.kind not in _UNINDEXED_KINDS
        )
        self._plan = PathPlan(field.path for field in self._fields)

    def document(self, value: JsonObject) -> SearchDocument:
        """What search is to know of a value of the aspect."""
        entries: set[tuple[str, str]] = set()
        words: set[str] = set()
        for field, reached in zip(self._fields, self._plan.values(value), strict=True):
            _add_field(field, reached, entries, words)
        if self._has_properties:
            entries.update(_property_entries(value))
        return SearchDocument(frozenset(entries), "\n".join(sorted(words)))


def property_field(identifier: str) -> str:
    """The search field of a structured property; DataHub writes its dots as underscores."""
    return STRUCTURED_PROPERTY_PREFIX + identifier.replace(".", "_")


def _add_field(
    field: SearchField, reached: list[JsonValue], entries: set[tuple[str, str]], words: set[str]
) -> None:
    found = [text for text in map(_text, _flat(reached)) if text is not None]
    if field.kind == _BROWSE_PATH:
        found = [_PATH_SEPARATOR + _PATH_SEPARATOR.join(found)] if found else []
    entries.update((field.name, text[:_LONGEST_VALUE]) for text in found)
    if field.is_queried:
        words.update(map(identifier_of, found) if field.kind in _URN_KINDS else found)
    if field.has_values_name is not None:
        entries.add((field.has_values_name, "true" if found else "false"))
    if field.num_values_name is not None:
        entries.add((field.num_values_name, str(len(found))))


def _property_entries(value: JsonObject) -> Iterator[tuple[str, str]]:
    # No annotation reaches these: the field is named after the property, which is itself metadata.
    assignments = value.get("properties")
    for assignment in assignments if isinstance(assignments, list) else []:
        if not isinstance(assignment, dict):
            continue
        field = property_field(identifier_of(str(assignment.get("propertyUrn"))))
        values = assignment.get("values")
        for wrapped in values if isinstance(values, list) else []:
            for inner in wrapped.values() if isinstance(wrapped, dict) else []:
                yield field, (_text(inner) or "")[:_LONGEST_VALUE]


def _flat(values: Iterable[JsonValue]) -> Iterator[JsonValue]:
    for value in values:
        if isinstance(value, list):
            yield from _flat(value)
        else:
            yield value


def _text(value: JsonValue) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) else None
