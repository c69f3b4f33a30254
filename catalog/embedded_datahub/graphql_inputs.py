"""Reads GraphQL inputs, which graphql-core hands over as dicts that it has checked."""

from __future__ import annotations

from typing import TypeAlias

__all__ = ["Input", "input_at", "inputs_at", "number_at"]

Input: TypeAlias = dict[str, object]


def input_at(given: Input, name: str) -> Input:
    """The input under `name`, empty if absent."""
    value = given.get(name)
    return value if isinstance(value, dict) else {}


def inputs_at(given: Input, name: str) -> list[Input]:
    """The inputs under `name`, none if absent."""
    value = given.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def number_at(given: Input, name: str, default: int) -> int:
    """The whole number under `name`."""
    value = given.get(name)
    return value if isinstance(value, int) else default
