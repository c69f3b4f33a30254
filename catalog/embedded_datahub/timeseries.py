"""Series of events, such as assertion runs: what makes two events the same, and which match."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from catalog.embedded_datahub.json_values import JsonObject, JsonValue, encode, list_at
from catalog.embedded_datahub.storage import StoredEvent

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["event_of", "matcher_of"]

# DataHub writes an event over one that agrees in these.
_IDENTITY_FIELDS = ("timestampMillis", "eventGranularity", "partitionSpec", "messageId")


def event_of(value: JsonObject) -> StoredEvent:
    """The event that a value states."""
    happened_at = value.get("timestampMillis")
    identity = encode([value.get(name) for name in _IDENTITY_FIELDS])
    return StoredEvent(
        happened_at if isinstance(happened_at, int) else 0,
        hashlib.sha256(identity).hexdigest(),
        value,
    )


def matcher_of(condition: JsonObject) -> Callable[[StoredEvent], bool]:
    """Whether an event meets a filter of `or`-ed lists of `and`-ed field equalities."""
    clauses = [
        list_at(clause, "and") for clause in list_at(condition, "or") if isinstance(clause, dict)
    ]

    def meets(event: StoredEvent) -> bool:
        return not clauses or any(
            all(_rule_meets(rule, event.value) for rule in clause) for clause in clauses
        )

    return meets


def _rule_meets(rule: JsonValue, value: JsonObject) -> bool:
    if not isinstance(rule, dict):
        return False
    found: JsonValue = value
    for step in str(rule.get("field")).removesuffix(".keyword").split("."):
        found = found.get(step) if isinstance(found, dict) else None
    wanted = list_at(rule, "values") or [rule.get("value")]
    met = found is not None and str(found) in {str(item) for item in wanted}
    return met is not (rule.get("negated") is True)
