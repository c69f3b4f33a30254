"""What is on record of reviews: the version approved last, decisions, and what a decision needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stores.platform import Platform
    from stores.sessions import PlatformSession

__all__ = [
    "ApprovedVersion",
    "Decision",
    "DecisionRecord",
    "decisions",
    "last_approved",
    "newest_decision",
]


class Decision(StrEnum):
    """What a steward can decide."""

    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A decision about a version, as it stands in the append-only table."""

    approval_id: int
    workflow: str
    source_digest: str
    steward_name: str
    decision: Decision
    reason: str
    decided_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ApprovedVersion:
    """The version that was approved last, and the texts it consisted of where they were kept."""

    approval_id: int
    source_digest: str
    texts: Mapping[str, str]
    lock_digest: str | None


def decisions(session: PlatformSession, workflow: str | None = None) -> tuple[DecisionRecord, ...]:
    """Every decision, oldest first; about one workflow where it is named."""
    where = "workflow = COALESCE(CAST(:workflow AS text), workflow)"
    return tuple(
        DecisionRecord(
            row["approval_id"],
            row["workflow"],
            row["source_digest"],
            row["steward_name"],
            Decision(row["decision"]),
            row["reason"],
            row["decided_at"],
            row["expires_at"],
        )
        for row in session.records_ascend_platform_metric("approvals", where, workflow=workflow)
    )


def newest_decision(
    session: PlatformSession, workflow: str, source_digest: str
) -> DecisionRecord | None:
    """The last decision about that version."""
    about = [d for d in decisions(session, workflow) if d.source_digest == source_digest]
    return about[-1] if about else None


def last_approved(
    platform: Platform, workflow: str, *, with_texts: bool = True
) -> ApprovedVersion | None:
    """The version approved last that no later decision rejected; expired ones count too."""
    with platform.platform_session("review") as session:
        newest = {d.source_digest: d for d in decisions(session, workflow)}
        standing = [d for d in newest.values() if d.decision is Decision.APPROVED]
        if not standing:
            return None
        approval = max(standing, key=lambda decision: decision.approval_id)
        recorded = session.records_ascend_platform_metric(
            "version_provenance",
            "workflow = :workflow AND source_digest = :digest",
            workflow=workflow,
            digest=approval.source_digest,
        )
        if not recorded or not with_texts:
            return ApprovedVersion(approval.approval_id, approval.source_digest, {}, None)
        modules: Mapping[str, str] = recorded[-1]["modules"]
        texts = {
            row["text_digest"]: row["source"]
            for row in session.records_ascend_platform_metric(
                "source_texts", "text_digest = ANY(:digests)", digests=list(modules.values())
            )
        }
    return ApprovedVersion(
        approval.approval_id,
        approval.source_digest,
        {module: texts[digest] for module, digest in modules.items() if digest in texts},
        recorded[-1]["lock_digest"],
    )
