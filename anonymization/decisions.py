"""A steward's decision about a workflow's version: the one way to it, whoever asks.

The command line, the review desk and the Dagster job all decide through `decide`. What makes a
decision impossible stands in the database; here is what only the code in force can tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from anonymization.provenance import record_provenance
from anonymization.registered import WORKFLOWS
from anonymization.registration import declaration
from anonymization.source_digest import source_digest
from anonymization.workflow import Workflow
from lineage.ledger_sealing import seal_line
from lineage.reviews import Decision, newest_decision
from stores.platform import Platform
from stores.reasons import unfit_reason
from stores.sessions import Row
from stores.steward_credentials import StewardCredential

__all__ = [
    "Decided",
    "ReasonRefused",
    "Reviewed",
    "VersionRefused",
    "approved_and_waiting",
    "decide",
    "reviewed_now",
]

_AWAITING = "awaiting_review"
_APPROVED = "approved"
_SHORTEST_VERSION = 12


class VersionRefused(LookupError):
    """The version to decide about is not the one that was reviewed, or is not clear."""


class ReasonRefused(ValueError):
    """The reason says nothing, more than anybody reads, or something that is not seen."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a steward looked at: a version, and the last decision about it then."""

    source_digest: str
    last_decision: int | None


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that stands; ``sealed`` says what became of its leaf in the ledger."""

    approval_id: int
    steward_name: str
    workflow: str
    source_digest: str
    decision: Decision
    sealed: str


def reviewed_now(platform: Platform, workflow: Workflow) -> Reviewed:
    """The version in force, and the last decision about it now."""
    digest = source_digest(workflow)
    with platform.platform_session("review") as session:
        newest = newest_decision(session, workflow.name, digest)
    return Reviewed(digest, newest.approval_id if newest else None)


def decide(
    platform: Platform,
    workflow: Workflow,
    decision: Decision,
    reason: str,
    *,
    credential: StewardCredential,
    reviewed: Reviewed | None = None,
    version: str | None = None,
) -> Decided:
    """Approve or reject the version in force, in the name of whose credential it is.

    ``reviewed`` is what the steward was shown: another version or a later decision is refused.
    ``version`` is the digest as somebody typed it, 12 digits or more.
    """
    reason = _fit(reason)
    seen = reviewed or reviewed_now(platform, workflow)
    typed = seen.source_digest if reviewed else version
    digest = version_to_decide(platform, workflow, typed)
    if decision is Decision.APPROVED:
        record_provenance(platform, workflow, digest)
    with platform.steward_session(credential) as session:
        name = session.name()
        session.require_last_decision(workflow.name, digest, seen.last_decision)
        # One transaction: the decision, its rows in decision_log and kv_audit, and its ledger leaf.
        number = session.decide(workflow.name, digest, str(decision), reason)
    return Decided(number, name, workflow.name, digest, decision, seal_line(platform))


def approved_and_waiting(platform: Platform) -> dict[str, int]:
    """The approval in force of each workflow whose present version has candidates that wait."""
    found: dict[str, int] = {}
    with platform.platform_session("approved and waiting") as session:
        waiting = session.records_ascend_platform_metric(
            "promotions", "state IN (:awaiting, :approved)", awaiting=_AWAITING, approved=_APPROVED
        )
        for workflow in WORKFLOWS:
            digest = source_digest(workflow)
            if not any(
                (row["workflow"], row["source_digest"]) == (workflow.name, digest)
                for row in waiting
            ):
                continue
            newest = newest_decision(session, workflow.name, digest)
            if (
                newest is not None
                and newest.decision is Decision.APPROVED
                and newest.expires_at > datetime.now(UTC)
            ):
                found[workflow.name] = newest.approval_id
    return found


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


def _fit(reason: str) -> str:
    said = reason.strip()
    if unfit := unfit_reason(said):
        message = f"{unfit}: refused; say what you looked at and why it holds"
        raise ReasonRefused(message)
    return said
