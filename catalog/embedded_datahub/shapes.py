"""The shape of an aspect, compiled out of an Avro schema: what a value of it may look like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from catalog.embedded_datahub.json_values import JsonObject, JsonValue

__all__ = [
    "ArrayShape",
    "EnumShape",
    "FieldShape",
    "MapShape",
    "PrimitiveShape",
    "RecordShape",
    "Shape",
    "UnionShape",
    "compile_record",
]

# The SDK writes names of the REST model; the Avro schemas carry this extra step.
_AVRO_NAMESPACE = "com.linkedin.pegasus2avro."
_REST_NAMESPACE = "com.linkedin."


@dataclass(frozen=True, slots=True)
class PrimitiveShape:
    """A string, number, boolean or bytes."""

    name: str


@dataclass(frozen=True, slots=True)
class EnumShape:
    """One of a closed set of words."""

    name: str
    symbols: frozenset[str]


@dataclass(frozen=True, slots=True)
class ArrayShape:
    """A list of values of one shape."""

    items: Shape


@dataclass(frozen=True, slots=True)
class MapShape:
    """Values of one shape under free names."""

    values: Shape


@dataclass(frozen=True, slots=True)
class UnionShape:
    """One of several shapes; with more than one, the value names its branch."""

    branches: Mapping[str, Shape]
    nullable: bool


@dataclass(frozen=True, slots=True)
class FieldShape:
    """A field of a record with the annotations that drive search and lineage."""

    shape: Shape
    required: bool
    urn_type: str | None
    searchable: JsonObject | None
    relationship: JsonObject | None


@dataclass(frozen=True, slots=True, eq=False)
class RecordShape:
    """A record under its REST name."""

    name: str
    fields: Mapping[str, FieldShape]


Shape: TypeAlias = PrimitiveShape | EnumShape | ArrayShape | MapShape | UnionShape | RecordShape


def compile_record(schema: JsonObject) -> RecordShape:
    """The shape of a self-contained Avro record schema."""
    record = _compile(schema, {})
    if not isinstance(record, RecordShape):
        message = "an aspect's schema must be a record"
        raise TypeError(message)
    return record


def _compile(schema: JsonValue, named: dict[str, Shape]) -> Shape:
    if isinstance(schema, str):
        return named.get(schema) or PrimitiveShape(schema)
    if isinstance(schema, list):
        return _compile_union(schema, named)
    if not isinstance(schema, dict):
        message = "an Avro schema is a name, a list or an object"
        raise TypeError(message)
    kind = schema["type"]
    if kind == "record":
        return _compile_record(schema, named)
    if kind == "enum":
        symbols = schema["symbols"]
        words = frozenset(str(word) for word in symbols) if isinstance(symbols, list) else ()
        enum = EnumShape(_rest_name(schema), frozenset(words))
        named[_avro_name(schema)] = enum
        return enum
    if kind == "array":
        return ArrayShape(_compile(schema["items"], named))
    if kind == "map":
        return MapShape(_compile(schema["values"], named))
    return _compile(kind, named)


def _compile_record(schema: JsonObject, named: dict[str, Shape]) -> RecordShape:
    # Registered before its fields are compiled, so that a record may contain itself.
    fields: dict[str, FieldShape] = {}
    record = RecordShape(_rest_name(schema), fields)
    named[_avro_name(schema)] = record
    declared = schema["fields"]
    for field in declared if isinstance(declared, list) else ():
        if isinstance(field, dict):
            fields[str(field["name"])] = _compile_field(field, named)
    return record


def _compile_field(field: JsonObject, named: dict[str, Shape]) -> FieldShape:
    shape = _compile(field["type"], named)
    optional = "default" in field or (isinstance(shape, UnionShape) and shape.nullable)
    urn_type = field.get("Urn")
    searchable, relationship = field.get("Searchable"), field.get("Relationship")
    return FieldShape(
        shape=shape,
        # The SDK strips this field, which only Avro needs, before it sends a value.
        required=not optional and field["name"] != "fieldDiscriminator",
        urn_type=urn_type if isinstance(urn_type, str) else None,
        searchable=searchable if isinstance(searchable, dict) else None,
        relationship=relationship if isinstance(relationship, dict) else None,
    )


def _compile_union(schemas: list[JsonValue], named: dict[str, Shape]) -> UnionShape:
    branches = {
        _branch_name(shape): shape
        for shape in (_compile(schema, named) for schema in schemas if schema != "null")
    }
    return UnionShape(branches, nullable="null" in schemas)


def _branch_name(shape: Shape) -> str:
    if isinstance(shape, PrimitiveShape | EnumShape | RecordShape):
        return shape.name
    return "array" if isinstance(shape, ArrayShape) else "map"


def _avro_name(schema: JsonObject) -> str:
    return f"{schema.get('namespace')}.{schema['name']}"


def _rest_name(schema: JsonObject) -> str:
    return _avro_name(schema).replace(_AVRO_NAMESPACE, _REST_NAMESPACE, 1)
