"""What a steward is shown: workflow versions, decisions, candidates and what the checks saw."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from anonymization.promote import declaration
from anonymization.registered import WORKFLOWS
from anonymization.source_digest import source_digest
from anonymization.workflow import Workflow
from stores.platform import Platform
from stores.sessions import PlatformSession, Row

__all__ = ["VersionRefused", "review_packet", "reviews", "version_to_decide"]

_AWAITING = "awaiting_review"
_SHORTEST_VERSION = 12


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


class VersionRefused(LookupError):
    """The version to decide about is not the one that was reviewed, or is not clear."""


def version_to_decide(platform: Platform, workflow: Workflow, version: str | None) -> str:
    """The digest that a decision is about: what was reviewed, and what the code is now."""
    digest = source_digest(workflow)
    with platform.platform_session("review") as session:
        registered = session.records_ascend_platform_metric(
            "workflow_registrations", "workflow = :workflow", workflow=workflow.name
        )
        waiting = session.records_ascend_platform_metric(
            "promotions",
            "workflow = :workflow AND state = :state AND source_digest <> :digest",
            workflow=workflow.name,
            state=_AWAITING,
            digest=digest,
        )
    if version is not None and (
        len(version) < _SHORTEST_VERSION or not digest.startswith(version.lower())
    ):
        message = (
            f"{workflow.name} is not at version {version[:64]}: the code has moved on, or it is "
            f"too short; see `classline review show {workflow.name}` and decide again"
        )
        raise VersionRefused(message)
    if version is None and waiting:
        message = (
            f"another version of {workflow.name} waits as well: say which one you reviewed with "
            f"--version, as `classline review show {workflow.name}` prints it"
        )
        raise VersionRefused(message)
    for row in registered:
        if row["source_digest"] == digest and _differs(row, workflow):
            message = (
                f"{workflow.name}: the registration of this version says something else than its "
                "code; refused; find out who registered it before anything is decided"
            )
            raise VersionRefused(message)
    return digest


def _differs(registration: Row, workflow: Workflow) -> bool:
    return any(registration[name] != value for name, value in declaration(workflow).items())


def review_packet(platform: Platform, workflow: Workflow) -> dict[str, object]:
    """What is known of the workflow's present version and its newest candidate: no row's values."""
    digest = source_digest(workflow)
    version = {"workflow": workflow.name, "source_digest": digest}
    with platform.platform_session("review show") as session:
        where = "workflow = :workflow AND source_digest = :source_digest"
        registered = session.records_ascend_platform_metric(
            "workflow_registrations", where, **version
        )
        promotions = sorted(
            session.records_ascend_platform_metric("promotions", where, **version),
            key=lambda row: row["created_at"],
        )
        newest = promotions[-1] if promotions else None
        checks = (
            session.records_ascend_platform_metric(
                "check_results", "promotion_id = :p", p=newest["promotion_id"]
            )
            if newest
            else []
        )
        decision = _decision(session, version)
    # What was registered is what publish() will go by; the code's word only before its first run.
    shown: dict[str, Any] = dict(registered[0]) if registered else declaration(workflow)
    packet: dict[str, object] = {
        "workflow": workflow.name,
        "description": workflow.description,
        "source digest": digest,
        "source code": workflow.module,
        "reads": ", ".join(shown["sources"]),
        "writes": shown["target"],
        "from class": shown["from_class"],
        "to class": shown["to_class"],
        "policy": shown["policy"],
        "family": shown["family"],
        "cells by": ", ".join(each["column"] for each in shown["dimensions"] or []),
        "required checks": ", ".join(shown["required_checks"]),
        "requested by": shown.get("requested_by", "not run yet"),
        "decision": decision["decision"],
        "decided by": decision["decided_by"],
    }
    if newest:
        packet |= {
            "promotion": newest["promotion_id"],
            "state": newest["state"],
            "rows in": newest["rows_in"],
            "cells kept": newest["cells_kept"],
            "cells suppressed": newest["suppressed"],
            "levels": {
                each["column"]: f"{each['level']} of 0 to {each['levels'] - 1}"
                for each in newest["partition"] or []
            },
            "cells held": newest["held"],
            "candidate digest": newest["candidate_digest"],
        }
    return packet | {"checks": [dict(check) for check in checks]}


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
    expired = last["expires_at"] <= datetime.now(UTC)
    return {
        "decision": "expired" if expired else last["decision"],
        "decided_by": last["steward_name"],
        "expires_at": last["expires_at"],
    }
