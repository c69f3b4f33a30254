"""Checks that values of structured properties keep to the definition of their property."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.embedded_datahub.urns import identifier_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from catalog.embedded_datahub.json_values import JsonObject, JsonValue

__all__ = ["definition_problems", "property_problems"]

_ENTITY_TYPE_PREFIX = "urn:li:entityType:datahub."
_NUMBER = "datahub.number"


def property_problems(
    value: JsonObject, entity_type: str, definition_of: Callable[[str], JsonObject | None]
) -> Iterator[str]:
    """Every assignment that breaks its property's definition."""
    assignments = value.get("properties")
    for assignment in assignments if isinstance(assignments, list) else []:
        if not isinstance(assignment, dict):
            continue
        name = str(assignment.get("propertyUrn"))
        definition = definition_of(name)
        if definition is None:
            yield f"structured property {name!r} is not defined: emit its propertyDefinition first"
            continue
        values = assignment.get("values")
        for problem in _value_problems(
            values if isinstance(values, list) else [], entity_type, definition
        ):
            yield f"structured property {name!r}: {problem}"


def definition_problems(new: JsonObject, current: JsonObject | None) -> Iterator[str]:
    """What a new definition takes away from entities that already use the property."""
    if current is None:
        return
    if new.get("valueType") != current.get("valueType"):
        yield "the value type of a property never changes: define another property"
    if current.get("cardinality") == "MULTIPLE" and new.get("cardinality") != "MULTIPLE":
        yield "a property of several values never becomes one of a single value"
    if set(_allowed(current)) - set(_allowed(new)) and _allowed(new):
        yield "an allowed value is never taken away: entities may have it"
    if set(_entity_types(current)) - set(_entity_types(new)):
        yield "an entity type is never taken away: entities may have the property"


def _value_problems(
    values: list[JsonValue], entity_type: str, definition: JsonObject
) -> Iterator[str]:
    if entity_type.lower() not in {name.lower() for name in _entity_types(definition)}:
        yield f"it is not defined for entity type {entity_type!r}"
    if definition.get("cardinality") != "MULTIPLE" and len(values) > 1:
        yield "it takes a single value"
    expected = "double" if _NUMBER in str(definition.get("valueType")) else "string"
    if any(not isinstance(value, dict) or expected not in value for value in values):
        yield f"it takes values of type {expected}"
    allowed = _allowed(definition)
    if allowed and not {_plain(value) for value in values} <= set(allowed):
        yield "a value is not among its allowed values"


def _entity_types(definition: JsonObject) -> list[str]:
    declared = definition.get("entityTypes")
    names = [str(name) for name in declared] if isinstance(declared, list) else []
    return [
        name.removeprefix(_ENTITY_TYPE_PREFIX)
        if name.startswith(_ENTITY_TYPE_PREFIX)
        else identifier_of(name)
        for name in names
    ]


def _allowed(definition: JsonObject) -> list[str]:
    declared = definition.get("allowedValues")
    return [
        _plain(item.get("value"))
        for item in (declared if isinstance(declared, list) else [])
        if isinstance(item, dict)
    ]


def _plain(value: JsonValue) -> str:
    """A value of a union without the name of its branch."""
    if isinstance(value, dict) and len(value) == 1:
        (value,) = value.values()
    return str(float(value)) if isinstance(value, int | float) else str(value)
