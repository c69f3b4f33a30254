"""Several paths into a value, merged so that one pass over the value finds what each reaches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from catalog.embedded_datahub.json_values import JsonValue

__all__ = ["EVERY", "Path", "PathPlan"]

Path: TypeAlias = tuple[str, ...]

EVERY = "*"
"""The step that stands for every member of a list, and for every entry of a map."""


@dataclass(slots=True)
class _Node:
    ends: list[int] = field(default_factory=list)
    steps: dict[str, _Node] = field(default_factory=dict)
    every: _Node | None = None


class PathPlan:
    """Paths by their position; a map's entries read ``key=value``, as DataHub has them."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._root = _Node()
        self._count = 0
        for position, path in enumerate(paths):
            self._count = position + 1
            node = self._root
            for step in path:
                if step == EVERY:
                    node.every = node.every or _Node()
                    node = node.every
                else:
                    node = node.steps.setdefault(step, _Node())
            node.ends.append(position)

    def values(self, value: JsonValue) -> list[list[JsonValue]]:
        """What each path reaches in `value`; nothing where a part of the path is absent."""
        found: list[list[JsonValue]] = [[] for _ in range(self._count)]
        if value is not None:
            _visit(self._root, value, found)
        return found


def _visit(node: _Node, value: JsonValue, found: list[list[JsonValue]]) -> None:
    for end in node.ends:
        found[end].append(value)
    if isinstance(value, dict):
        for step, inner in node.steps.items():
            item = value.get(step)
            if item is not None:
                _visit(inner, item, found)
        if node.every is not None:
            _visit_entries(node.every, value, found)
    elif node.every is not None and isinstance(value, list):
        for item in value:
            if item is not None:
                _visit(node.every, item, found)


def _visit_entries(
    node: _Node, entries: dict[str, JsonValue], found: list[list[JsonValue]]
) -> None:
    for name, item in entries.items():
        for end in node.ends:
            found[end].append(f"{name}={item}")
        if item is not None and (node.steps or node.every):
            _visit(_Node(steps=node.steps, every=node.every), item, found)
