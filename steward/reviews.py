"""The queue: every version of every workflow, its last decision and the candidates that wait."""

from __future__ import annotations

from datetime import UTC, datetime

from anonymization.registered import WORKFLOWS
from anonymization.source_digest import source_digest
from lineage.reviews import Decision
from stores.platform import Platform
from stores.sessions import PlatformSession, Row

__all__ = ["reviews"]

_AWAITING = "awaiting_review"


def reviews(platform: Platform) -> list[dict[str, object]]:
    """Every registered version with its last decision and the candidates that wait for it."""
    current = {workflow.name: source_digest(workflow) for workflow in WORKFLOWS}
    with platform.platform_session("review list") as session:
        registrations = session.records_ascend_platform_metric("workflow_registrations")
        waiting = session.records_ascend_platform_metric(
            "promotions", "state = :state", state=_AWAITING
        )
        return [
            {
                "workflow": row["workflow"],
                "source_digest": row["source_digest"],
                "current": current.get(row["workflow"]) == row["source_digest"],
                "from_class": row["from_class"],
                "to_class": row["to_class"],
                "requested_by": row["requested_by"],
                "awaiting": sum(_same_version(row, promotion) for promotion in waiting),
                **_decision(session, row),
            }
            for row in registrations
        ]


def _same_version(registration: Row, promotion: Row) -> bool:
    names = ("workflow", "source_digest")
    return all(registration[name] == promotion[name] for name in names)


def _decision(session: PlatformSession, version: Row | dict[str, str]) -> dict[str, object]:
    decisions = session.records_ascend_platform_metric(
        "approvals",
        "workflow = :workflow AND source_digest = :source_digest",
        workflow=version["workflow"],
        source_digest=version["source_digest"],
    )
    if not decisions:
        return {"decision": "none yet", "decided_by": None, "expires_at": None}
    last = decisions[-1]
    # A rejection does not end: only a later approval takes its place.
    expired = last["decision"] == Decision.APPROVED and last["expires_at"] <= datetime.now(UTC)
    return {
        "decision": "expired" if expired else last["decision"],
        "decided_by": last["steward_name"],
        "expires_at": last["expires_at"],
    }
