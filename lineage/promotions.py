"""The promotion record and its states."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["PromotionState"]


class PromotionState(StrEnum):
    """Where a promotion stands."""

    CANDIDATE = "candidate"
    AWAITING_REVIEW = "awaiting_review"
    PUBLISHED = "published"
    HELD = "held"
    REJECTED = "rejected"
