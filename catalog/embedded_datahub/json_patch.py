"""JSON Patch on an aspect, with lists addressed by the keys of their members, not by position."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.embedded_datahub import patch_templates
from catalog.embedded_datahub.errors import InvalidRequest
from catalog.embedded_datahub.json_values import JsonObject, JsonValue, list_at, object_at, text_at

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["AspectPatch", "PatchOperation", "apply_patch", "read_patch"]

_END = "-"
_OPERATIONS = frozenset({"add", "remove", "replace"})


@dataclass(frozen=True, slots=True)
class PatchOperation:
    """One step of a patch."""

    action: str
    path: tuple[str, ...]
    value: JsonValue


@dataclass(frozen=True, slots=True)
class AspectPatch:
    """A patch, and for each list it addresses the fields that identify a member."""

    operations: tuple[PatchOperation, ...]
    list_keys: Mapping[str, tuple[str, ...]]


def read_patch(payload: JsonValue) -> AspectPatch:
    """The patch in either form the SDK sends: a bare list, or one with `arrayPrimaryKeys`."""
    envelope: JsonObject = {"patch": payload} if isinstance(payload, list) else {}
    if isinstance(payload, dict):
        envelope = payload
    operations = tuple(_read_operation(step) for step in list_at(envelope, "patch"))
    if not operations:
        message = "the patch holds no operation: send at least one add, remove or replace"
        raise InvalidRequest(message)
    list_keys = {
        name: tuple(str(key) for key in keys)
        for name, keys in object_at(envelope, "arrayPrimaryKeys").items()
        if isinstance(keys, list)
    }
    return AspectPatch(operations, list_keys)


def apply_patch(
    aspect: str, current: JsonObject | None, patch: AspectPatch, now_millis: int
) -> JsonObject:
    """The aspect's value after the patch; a missing aspect starts from its empty form."""
    template = (
        patch_templates.keyed_template(aspect, patch.list_keys)
        if patch.list_keys
        else patch_templates.template_of(aspect)
    )
    value = template.open(copy.deepcopy(current or {}))
    for operation in patch.operations:
        _apply(value, operation)
    return template.close(value, now_millis)


def _read_operation(step: JsonValue) -> PatchOperation:
    if not isinstance(step, dict):
        message = "a patch operation is not an object: send op, path and value"
        raise InvalidRequest(message)
    action, pointer = text_at(step, "op"), text_at(step, "path")
    if action not in _OPERATIONS:
        message = f"patch operation {action!r} is not served: use add, remove or replace"
        raise InvalidRequest(message)
    if not pointer.startswith("/"):
        message = "a patch path must start with '/' and name a field"
        raise InvalidRequest(message)
    tokens = (token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/"))
    return PatchOperation(action, tuple(tokens), step.get("value"))


def _apply(root: JsonObject, operation: PatchOperation) -> None:
    parent: JsonValue = root
    for token in operation.path[:-1]:
        parent = _child(parent, token, create=operation.action != "remove")
        if parent is None:
            # Removing what is not there leaves it not there: a repeated patch must succeed.
            return
    _set(parent, operation.path[-1], operation)


def _child(parent: JsonValue, token: str, *, create: bool) -> JsonValue:
    if isinstance(parent, dict):
        if parent.get(token) is None and create:
            parent[token] = {}
        return parent.get(token)
    if isinstance(parent, list):
        return parent[_position(parent, token, beyond=0)]
    message = "a patch path goes on below a plain value: shorten it"
    raise InvalidRequest(message)


def _set(parent: JsonValue, token: str, operation: PatchOperation) -> None:
    if isinstance(parent, dict):
        if operation.action == "remove":
            parent.pop(token, None)
        else:
            parent[token] = copy.deepcopy(operation.value)
    elif isinstance(parent, list):
        beyond = 1 if operation.action == "add" else 0
        position = len(parent) if token == _END and beyond else _position(parent, token, beyond)
        if operation.action == "add":
            parent.insert(position, operation.value)
        elif operation.action == "remove":
            del parent[position]
        else:
            parent[position] = operation.value
    else:
        message = "a patch path goes on below a plain value: shorten it"
        raise InvalidRequest(message)


def _position(items: list[JsonValue], token: str, beyond: int) -> int:
    if token.isascii() and token.isdigit() and int(token) < len(items) + beyond:
        return int(token)
    message = "a patch path addresses a list by something that is not a position in it"
    raise InvalidRequest(message)
