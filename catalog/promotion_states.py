"""Where a promotion can stand, and which state may follow which.

The database holds the same edges in ``control.promotion_edges`` and refuses every other change;
`stores.boundary.verification` compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

__all__ = ["LEGAL_EDGES", "OPEN_STATES", "PromotionState"]


class PromotionState(StrEnum):
    """Where a promotion stands."""

    DRAFTED = "drafted"
    CANDIDATE = "candidate"
    CHECKED = "checked"
    AWAITING_REVIEW = "awaiting_review"
    APPROVED = "approved"
    REJECTED = "rejected"
    PUBLISHED = "published"
    HELD = "held"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"


_S = PromotionState
_ENDS_UNPUBLISHED = frozenset({_S.HELD, _S.REJECTED, _S.SUPERSEDED})

OPEN_STATES = frozenset({_S.CANDIDATE, _S.CHECKED, _S.AWAITING_REVIEW, _S.APPROVED})
"""A candidate is filed and nothing has ended it yet."""

LEGAL_EDGES: Mapping[PromotionState, frozenset[PromotionState]] = {
    _S.DRAFTED: frozenset({_S.CANDIDATE}),
    _S.CANDIDATE: frozenset({_S.CHECKED}) | _ENDS_UNPUBLISHED,
    _S.CHECKED: frozenset({_S.AWAITING_REVIEW, _S.APPROVED}) | _ENDS_UNPUBLISHED,
    _S.AWAITING_REVIEW: frozenset({_S.APPROVED}) | _ENDS_UNPUBLISHED,
    # An approval that has expired meanwhile is asked for again.
    _S.APPROVED: frozenset({_S.PUBLISHED, _S.AWAITING_REVIEW}) | _ENDS_UNPUBLISHED,
    _S.PUBLISHED: frozenset({_S.SUPERSEDED, _S.REVOKED}),
    _S.HELD: frozenset(),
    _S.REJECTED: frozenset(),
    _S.SUPERSEDED: frozenset(),
    _S.REVOKED: frozenset(),
}
"""What may follow each state; a promotion begins drafted, and is never deleted."""
