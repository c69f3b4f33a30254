"""JSON as typed values: the aliases, and readers that refuse the wrong type by name."""

from __future__ import annotations

from typing import TypeAlias

import orjson

from catalog.embedded_datahub.errors import InvalidRequest

__all__ = [
    "LARGEST_WHOLE",
    "JsonObject",
    "JsonValue",
    "decode_object",
    "decode_value",
    "encode",
    "list_at",
    "object_at",
    "text_at",
    "whole_at",
]

LARGEST_WHOLE = 2**63 - 1

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
JsonObject: TypeAlias = dict[str, JsonValue]


def decode_value(body: bytes | str) -> JsonValue:
    """The JSON value that `body` holds; one nested deeper than can be written again is refused."""
    try:
        value: JsonValue = orjson.loads(body)
        orjson.dumps(value)
    except orjson.JSONDecodeError:
        message = "the request body is not JSON: send a JSON document"
        raise InvalidRequest(message) from None
    except orjson.JSONEncodeError:
        message = "the request body is nested too deeply: send a flatter document"
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


def whole_at(container: JsonObject, name: str) -> int | None:
    """The whole number under `name`, of at most 64 bits; None if absent."""
    value = container.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > LARGEST_WHOLE:
        message = f"field {name!r} is not a whole number of 64 bits: send one"
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
