"""Makes labels and the keys to them; only the sessions and the promotion machinery import it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from catalog.data_classes import FlowRule, flow_rule
from catalog.labelled import (
    _SEAL,
    ClassT,
    FromT,
    KeyRefused,
    Labelled,
    PromotionKey,
    ReadKey,
    ToT,
)

__all__ = ["labelled", "promotion_key", "read_key"]

T = TypeVar("T")
_BY_WORKFLOW = frozenset({FlowRule.WORKFLOW, FlowRule.WORKFLOW_COUNTING_FUNDS})


def labelled(marker: type[ClassT], value: T) -> Labelled[ClassT, T]:
    """The value under that class, for a session that has just read it there."""
    return Labelled(_SEAL, marker, value)


def read_key(marker: type[ClassT]) -> ReadKey[ClassT]:
    """The key that opens values of that class, for a session that may read it."""
    return ReadKey(_SEAL, marker)


@contextmanager
def promotion_key(
    source: type[FromT], target: type[ToT], *, workflow: str
) -> Iterator[PromotionKey[FromT, ToT]]:
    """The key of one run of a workflow; it crosses nothing once the block has ended."""
    rule = flow_rule(source.data_class, target.data_class)
    if rule not in _BY_WORKFLOW:
        message = (
            f"{source.data_class} -> {target.data_class} [{rule}]: no workflow may promote along "
            "this edge of the policy"
        )
        raise KeyRefused(message)
    running = [True]
    try:
        yield PromotionKey(_SEAL, (source, target), workflow, lambda: bool(running))
    finally:
        running.clear()
