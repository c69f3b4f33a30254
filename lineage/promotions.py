"""The promotion record, its states, and what of it people read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from catalog.data_classes import DataClass, parse_data_class
from catalog.promotion_states import PromotionState

if TYPE_CHECKING:
    from stores.platform import Platform
    from stores.sessions import Row

__all__ = [
    "CheckRecord",
    "PromotionRecord",
    "PromotionState",
    "TransitionRecord",
    "promotion_checks",
    "promotion_transitions",
    "read_promotions",
]

_PURPOSE = "promotion records"


@dataclass(frozen=True, slots=True)
class PromotionRecord:
    """What was promoted, from what, on whose approval, and what became of its cells.

    ``held`` counts the cells held back by rule; ``superseded`` says which of its cells, by number,
    later promotions replaced.
    """

    promotion_id: UUID
    workflow: str
    source_digest: str
    idempotency_key: str
    candidate_digest: str
    attempt: int
    from_class: DataClass
    to_class: DataClass
    sources: tuple[str, ...]
    target: str
    policy: Mapping[str, int | str]
    state: PromotionState
    state_reason: str | None
    rows_in: int
    cells_in: int
    cells_kept: int
    suppressed: Mapping[str, int]
    rows_published: int | None
    cells_held: int | None
    family: str | None
    cells_superseding: int | None
    held: Mapping[str, int]
    superseded: Mapping[str, Sequence[int]]
    requested_by: str
    approved_by: str | None
    approval_id: int | None
    created_at: datetime
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class CheckRecord:
    """What one check saw of a candidate: counts, never values."""

    phase: str
    check_name: str
    passed: bool
    observed: Mapping[str, object]
    candidate_digest: str
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class TransitionRecord:
    """One change of a promotion's state: who did it and why. The first has no state before."""

    from_state: PromotionState | None
    to_state: PromotionState
    actor: str
    reason: str
    happened_at: datetime


def read_promotions(
    platform: Platform, *, workflow: str | None = None, limit: int = 50
) -> tuple[PromotionRecord, ...]:
    """The latest promotions, newest first; of one workflow where it is named."""
    with platform.platform_session(_PURPOSE) as session:
        rows = session.records_ascend_platform_metric(
            "promotions",
            # classline: CLS201 - the condition of a classed read, which pages its own dataset
            "promotion_id IN (SELECT promotion_id FROM control.promotions"
            " WHERE workflow = COALESCE(CAST(:workflow AS text), workflow)"
            " ORDER BY created_at DESC, promotion_id LIMIT :limit)",
            workflow=workflow,
            limit=limit,
        )
    found = (_promotion(row) for row in rows)
    return tuple(sorted(found, key=lambda record: record.created_at, reverse=True))


def promotion_checks(platform: Platform, promotion_id: UUID) -> tuple[CheckRecord, ...]:
    """Every result that checks stored of that promotion, oldest first."""
    with platform.platform_session(_PURPOSE) as session:
        rows = session.records_ascend_platform_metric(
            "check_results", "promotion_id = :promotion", promotion=promotion_id
        )
    return tuple(
        CheckRecord(**{field.name: row[field.name] for field in fields(CheckRecord)})
        for row in rows
    )


def promotion_transitions(platform: Platform, promotion_id: UUID) -> tuple[TransitionRecord, ...]:
    """Every change of that promotion's state, oldest first."""
    with platform.platform_session(_PURPOSE) as session:
        rows = session.records_ascend_platform_metric(
            "promotion_transitions", "promotion_id = :promotion", promotion=promotion_id
        )
    return tuple(
        TransitionRecord(
            PromotionState(row["from_state"]) if row["from_state"] else None,
            PromotionState(row["to_state"]),
            str(row["actor"]),
            str(row["reason"]),
            row["happened_at"],
        )
        for row in rows
    )


def _promotion(row: Row) -> PromotionRecord:
    values = {field.name: row[field.name] for field in fields(PromotionRecord)}
    values["from_class"] = parse_data_class(row["from_class"])
    values["to_class"] = parse_data_class(row["to_class"])
    values["state"] = PromotionState(row["state"])
    values["sources"] = tuple(row["sources"])
    return PromotionRecord(**values)
