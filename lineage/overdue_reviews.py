"""Which workflows have candidates that wait too long for a steward."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from lineage.promotions import PromotionState

if TYPE_CHECKING:
    from stores.platform import Platform

__all__ = ["overdue_reviews"]


def overdue_reviews(platform: Platform, *, filed_before: datetime) -> Mapping[str, int]:
    """How many candidates filed before then wait for a steward, by workflow."""
    with platform.platform_session("overdue reviews") as session:
        rows = session.records_ascend_platform_metric(
            "promotions",
            "state = :waiting AND created_at < :latest",
            waiting=str(PromotionState.AWAITING_REVIEW),
            latest=filed_before,
        )
    return Counter(str(row["workflow"]) for row in rows)
