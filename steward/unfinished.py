"""Promotions that neither wait for a steward nor are released: what has to happen to each.

Nothing here can be decided; it is shown so that nothing is forgotten. What ended without a release
is shown until a later run of its workflow has filed something.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from catalog.promotion_states import OPEN_STATES, PromotionState
from stores.platform import Platform
from stores.sessions import Row

__all__ = ["Unfinished", "unfinished_promotions"]

_NEXT: Mapping[PromotionState, str] = MappingProxyType(
    {
        PromotionState.DRAFTED: "a run is at work on it, or broke off: run the workflow again",
        PromotionState.CANDIDATE: "its checks have not been run to the end: run the workflow again",
        PromotionState.CHECKED: "its run ended before it asked for a decision or released it: "
        "run the workflow again",
        PromotionState.APPROVED: "approved, and not published: run the workflow",
        PromotionState.HELD: "it ended without a release: mend what held it, then run the workflow",
    }
)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """One promotion, its state with the reason that is on record, and what comes next."""

    promotion_id: UUID
    workflow: str
    source_digest: str
    state: PromotionState
    reason: str | None
    cells_kept: int
    filed_at: datetime
    next_step: str


def unfinished_promotions(platform: Platform) -> list[Unfinished]:
    """All of them, newest first."""
    with platform.platform_session("unfinished promotions") as session:
        promotions = session.records_ascend_platform_metric("promotions")
    newest: dict[str, Row] = {}
    for row in sorted(promotions, key=lambda row: row["created_at"]):
        newest[row["workflow"]] = row
    found = [
        row
        for row in promotions
        if _is_unfinished(PromotionState(row["state"]), row, newest[row["workflow"]])
    ]
    return _described(sorted(found, key=lambda row: row["created_at"], reverse=True))


def _is_unfinished(state: PromotionState, row: Row, newest: Row) -> bool:
    if state is PromotionState.AWAITING_REVIEW:
        return False
    if state is PromotionState.HELD:
        return bool(row["promotion_id"] == newest["promotion_id"])
    return state is PromotionState.DRAFTED or state in OPEN_STATES


def _described(rows: Sequence[Row]) -> list[Unfinished]:
    return [
        Unfinished(
            promotion_id=row["promotion_id"],
            workflow=row["workflow"],
            source_digest=row["source_digest"],
            state=PromotionState(row["state"]),
            reason=row["state_reason"],
            cells_kept=int(row["cells_kept"] or 0),
            filed_at=row["created_at"],
            next_step=_NEXT[PromotionState(row["state"])],
        )
        for row in rows
    ]
