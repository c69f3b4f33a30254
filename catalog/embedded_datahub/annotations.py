"""The `Searchable` and `Relationship` annotations of an aspect, resolved to paths in its values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from catalog.embedded_datahub.path_plan import EVERY, Path
from catalog.embedded_datahub.shapes import (
    ArrayShape,
    EnumShape,
    MapShape,
    PrimitiveShape,
    RecordShape,
    Shape,
    UnionShape,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.embedded_datahub.json_values import JsonObject, JsonValue

__all__ = [
    "RelationshipField",
    "SearchField",
    "relationship_fields",
    "search_fields",
]

_QUERIED_BY_DEFAULT = frozenset({"TEXT", "TEXT_PARTIAL", "WORD_GRAM", "URN", "URN_PARTIAL"})


@dataclass(frozen=True, slots=True)
class SearchField:
    """A value of an aspect that search can find an entity by."""

    path: Path
    name: str
    kind: str
    is_queried: bool
    is_facet: bool
    has_values_name: str | None
    num_values_name: str | None


@dataclass(frozen=True, slots=True)
class RelationshipField:
    """A URN in an aspect that ties its entity to another; lineage ties have a direction."""

    path: Path
    name: str
    is_lineage: bool
    is_upstream: bool
    via: Path | None


def search_fields(record: RecordShape) -> tuple[SearchField, ...]:
    """Every search field of an aspect."""
    return tuple(
        SearchField(
            path=path,
            name=str(note.get("fieldName") or _last_name(path)),
            kind=kind,
            is_queried=_is_true(note.get("queryByDefault", kind in _QUERIED_BY_DEFAULT)),
            is_facet=_is_true(note.get("addToFilters", False)),
            has_values_name=_text(note.get("hasValuesFieldName")),
            num_values_name=_text(note.get("numValuesFieldName")),
        )
        for path, note, shape in _annotated(record, "searchable")
        for kind in [str(note.get("fieldType") or _default_kind(shape))]
    )


def relationship_fields(record: RecordShape) -> tuple[RelationshipField, ...]:
    """Every relationship field of an aspect."""
    return tuple(
        RelationshipField(
            path=path,
            name=str(note["name"]),
            is_lineage=_is_true(note.get("isLineage", False)),
            is_upstream=_is_true(note.get("isUpstream", True)),
            via=tuple(via.split("/")) if via else None,
        )
        for path, note, _ in _annotated(record, "relationship")
        for via in [_text(note.get("via"))]
    )


def _annotated(
    record: RecordShape, kind: Literal["searchable", "relationship"]
) -> Iterator[tuple[Path, JsonObject, Shape]]:
    # An annotation on an enclosing field overrides, word by word, the ones further in; the outer
    # are read first.
    notes: dict[Path, JsonObject] = {}
    shapes: dict[Path, Shape] = {}
    _collect(record, (), kind, notes, shapes, ())
    for path, note in notes.items():
        yield path, note, shapes.get(path, PrimitiveShape("string"))


def _collect(
    shape: Shape,
    path: Path,
    kind: Literal["searchable", "relationship"],
    notes: dict[Path, JsonObject],
    shapes: dict[Path, Shape],
    open_records: tuple[RecordShape, ...],
) -> None:
    shapes[path] = shape
    if isinstance(shape, ArrayShape):
        _collect(shape.items, (*path, EVERY), kind, notes, shapes, open_records)
    elif isinstance(shape, MapShape):
        _collect(shape.values, (*path, EVERY), kind, notes, shapes, open_records)
    elif isinstance(shape, UnionShape):
        single = len(shape.branches) == 1
        for name, branch in shape.branches.items():
            branch_path = path if single else (*path, name)
            _collect(branch, branch_path, kind, notes, shapes, open_records)
    elif isinstance(shape, RecordShape) and shape not in open_records:
        for name, field in shape.fields.items():
            here = (*path, name)
            note = field.searchable if kind == "searchable" else field.relationship
            for note_path, single_note in _spread(note, here):
                notes[note_path] = {**single_note, **notes.get(note_path, {})}
            _collect(field.shape, here, kind, notes, shapes, (*open_records, shape))


def _spread(note: JsonObject | None, path: Path) -> Iterator[tuple[Path, JsonObject]]:
    """The annotation by path: one either describes its own field, or names paths below it."""
    if note is None:
        return
    below = {name: inner for name, inner in note.items() if name.startswith("/")}
    if not below:
        yield path, note
    for name, inner in below.items():
        if isinstance(inner, dict):
            yield (*path, *name.strip("/").split("/")), inner


def _default_kind(shape: Shape) -> str:
    if isinstance(shape, UnionShape) and len(shape.branches) == 1:
        (shape,) = shape.branches.values()
    if isinstance(shape, PrimitiveShape) and shape.name in {"int", "float"}:
        return "COUNT"
    return "TEXT" if isinstance(shape, PrimitiveShape | EnumShape | RecordShape) else "KEYWORD"


def _last_name(path: Path) -> str:
    return next(step for step in reversed(path) if step != EVERY)


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


def _is_true(value: JsonValue) -> bool:
    return value is True or value == "true"
