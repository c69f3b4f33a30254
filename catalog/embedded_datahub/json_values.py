"""JSON as typed values: the aliases, and readers that refuse the wrong type by name."""

from __future__ import annotations

from typing import TypeAlias

import orjson

from catalog.embedded_datahub.errors import InvalidRequest

__all__ = [
    "JsonObject",
    "JsonValue",
    "decode_object",
    "decode_value",
    "encode",
    "list_at",
    "object_at",
    "text_at",
]

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
JsonObject: TypeAlias = dict[str, JsonValue]


def decode_value(body: bytes | str) -> JsonValue:
    """The JSON value that `body` holds."""
    try:
        value: JsonValue = orjson.loads(body)
    except orjson.JSONDecodeError:
        message = "the request body is not JSON: send a JSON document"
        raise InvalidRequest(message) from None
    return value


def decode_object(body: bytes | str) -> JsonObject:
    """The JSON object that `body` holds."""
    value = decode_value(body)
    if not isinstance(value, dict):
        message = "the request body is not a JSON object: send an object"
        raise InvalidRequest(message)
    return value


def encode(value: JsonValue) -> bytes:
    """The canonical bytes of a JSON value: the same value always gives the same bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def text_at(container: JsonObject, name: str, default: str | None = None) -> str:
    """The string under `name`; a missing one is refused unless `default` is given."""
    value = container.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        message = f"field {name!r} is missing or not a string: send it as a string"
        raise InvalidRequest(message)
    return value


def object_at(container: JsonObject, name: str) -> JsonObject:
    """The object under `name`, empty if absent."""
    value = container.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        message = f"field {name!r} is not an object: send it as an object"
        raise InvalidRequest(message)
    return value


def list_at(container: JsonObject, name: str) -> list[JsonValue]:
    """The list under `name`, empty if absent."""
    value = container.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        message = f"field {name!r} is not a list: send it as a list"
        raise InvalidRequest(message)
    return value
