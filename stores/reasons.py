"""How long a reason that goes on record may be; `control.require_reason` holds to the same."""

from __future__ import annotations

__all__ = ["LONGEST_REASON", "REASON_LENGTH", "SHORTEST_REASON", "reason_fits"]

SHORTEST_REASON, LONGEST_REASON = 3, 2_000
REASON_LENGTH = f"{SHORTEST_REASON} to {LONGEST_REASON:,} characters"


def reason_fits(reason: str) -> bool:
    """Whether that much is said, blanks around it left out."""
    return SHORTEST_REASON <= len(reason.strip()) <= LONGEST_REASON
