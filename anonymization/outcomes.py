"""What the steps of a promotion report: counts, states and digests, never a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from lineage.promotions import PromotionState

__all__ = ["Candidate", "Publication"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A filed candidate: cells that wait in quarantine under their source's class.

    ``already_recorded``: this release was filed before; nothing new was written.
    ``texts_dropped`` counts the texts that could not be proven clean, by why.
    """

    promotion_id: UUID
    state: PromotionState
    rows_in: int
    cells_in: int
    cells_kept: int
    suppressed: Mapping[str, int]
    candidate_digest: str
    k_tenants: int
    already_recorded: bool
    texts_dropped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Publication:
    """How a promotion ended: published, awaiting review, held or rejected, and why.

    ``cells_superseding`` of the rows published replaced an earlier release of their cell; ``held``
    counts the cells held back by the rule that held them.
    """

    promotion_id: UUID
    state: PromotionState
    reason: str
    rows_published: int
    cells_held: int
    approved_by: str | None
    already_recorded: bool
    cells_superseding: int = 0
    held: Mapping[str, int] = field(default_factory=dict)
