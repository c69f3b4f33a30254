"""Runs a promotion: candidate, checks, publication. The one way a datum changes class."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from anonymization.candidate import extract
from anonymization.cell_attacks import attack_cells
from anonymization.checks import checked_candidate
from anonymization.draft import Draft
from anonymization.outcomes import Candidate, Publication
from anonymization.partition import chosen_levels
from anonymization.registration import register
from anonymization.source_digest import source_digest
from anonymization.text.preparation import prepared_texts
from anonymization.workflow import Workflow
from catalog.data_classes import DataClass
from catalog.promotion_states import OPEN_STATES
from lineage.idempotency import keyed_hash
from lineage.promotions import PromotionState
from stores.errors import BoundaryRefused
from stores.platform import Platform
from stores.sessions import AnonymizerSession, Row

if TYPE_CHECKING:
    from expectations.suites import CheckResult

__all__ = [
    "PeriodNotEnded",
    "check_candidate",
    "prepare_candidate",
    "publish_candidate",
]

_NO_APPROVAL = frozenset({"CL021", "CL026"})
_REFUSALS = frozenset({"CL022", "CL023", "CL024", "CL025", "CL028", "CL029"})
_CLOCK_SKEW = timedelta(minutes=1)
_CANDIDATE_DAYS = 30


class PeriodNotEnded(ValueError):
    """A release of a period that has not ended was asked for."""


def prepare_candidate(
    platform: Platform, workflow: Workflow, *, now: datetime, requested_by: str
) -> Candidate:
    """File the workflow's candidate; the release filed before is found again, not made twice.

    ``now`` decides which periods have ended; a time that has not come yet is refused.
    """
    if now > datetime.now(UTC) + _CLOCK_SKEW:
        message = (
            f"{workflow.name}: the release time {now.isoformat()} has not come yet: refused, since "
            "only periods that have ended are released; give an earlier time"
        )
        raise PeriodNotEnded(message)
    with platform.platform_session("end of candidates") as ending:
        ending.erase_old_candidates(days=_CANDIDATE_DAYS)
    digest = register(platform, workflow, requested_by=requested_by)
    closed_before = workflow.period.first_open_day(now)
    with _run(platform, workflow, digest, one_snapshot=True) as reading:
        frozen = reading.frozen_partition()
        texts = prepared_texts(reading, workflow, closed_before=closed_before)
        bound = {"closed_before": closed_before, **(texts.bound if workflow.text else {})}
        levels = chosen_levels(reading, workflow, bound=bound, frozen=frozen)
        key = platform.keyring.control_key
        read = extract(reading, workflow, levels=levels, bound=bound, control_key=key)
        partition = workflow.partition(levels)
        snapshot = keyed_hash(key, {"rows": list(read.rows_fingerprint)})
        determines = {
            "workflow": workflow.name,
            "source_digest": digest,
            "target": workflow.target,
            "from_class": str(workflow.from_class),
            "to_class": str(workflow.to_class),
            "snapshot": snapshot,
            "policy": workflow.policy.as_parameters(),
            "family": workflow.family,
            "partition": partition,
        }
        if workflow.text:
            determines["identifiers"] = keyed_hash(key, {"known": texts.identifiers_digest})
        draft = Draft(workflow, read)
        # Cells are read in one session and filed in the other, a few at a time.
        with _run(platform, workflow, digest) as session:
            base_key = keyed_hash(key, determines)
            attempt = session.ended_attempts(base_key) + 1
            promotion_id, already_recorded = session.file_candidate(
                workflow.from_class,
                {
                    "idempotency_key": keyed_hash(key, determines | {"attempt": attempt}),
                    "base_key": base_key,
                    "attempt": attempt,
                    "snapshot_digest": snapshot,
                    "closed_before": closed_before.isoformat(),
                    "partition": partition,
                    "rows_in": read.rows_in,
                    "requested_by": requested_by,
                },
                draft.cells(),
                draft.counted,
            )
            if workflow.text and not already_recorded:
                _record(session, promotion_id, (texts.stripping,), phase="candidate")
            record = session.promotion_ascend_platform_metric(promotion_id)
    return Candidate(
        promotion_id=promotion_id,
        state=PromotionState(record["state"]),
        rows_in=int(record["rows_in"]),
        cells_in=int(record["cells_in"]),
        cells_kept=int(record["cells_kept"]),
        suppressed=dict(record["suppressed"]),
        candidate_digest=str(record["candidate_digest"]),
        k_tenants=workflow.policy.k_tenants,
        already_recorded=already_recorded,
        texts_dropped=texts.dropped,
    )


def check_candidate(
    platform: Platform, workflow: Workflow, promotion_id: UUID
) -> tuple[CheckResult, ...]:
    """Run every required check on the candidate and store what it saw; one that fails holds it.

    Its cells are attacked after that, and held where an attack comes off.

    What has ended already is looked at again, but its record stays as it is.
    """
    digest = source_digest(workflow)
    results: tuple[CheckResult, ...] = ()
    try:
        with _run(platform, workflow, digest) as session:
            open_ = session.promotion_ascend_platform_metric(promotion_id)["state"] in OPEN_STATES
            results = _checked(session, workflow, promotion_id, phase="candidate", record=open_)
            if open_ and not _hold_if_failed(session, promotion_id, results, phase="candidate"):
                attacked = (attack_cells(session, workflow, promotion_id),)
                _record(session, promotion_id, attacked, phase="candidate")
                _hold_if_failed(session, promotion_id, attacked, phase="candidate")
            return results
    except BoundaryRefused as error:
        if not results or error.code not in _REFUSALS:
            raise
        refusal = error
    # The release guard judges no such cells: what the checks saw is recorded again, and it ends.
    with _run(platform, workflow, digest) as session:
        _record(session, promotion_id, results, phase="candidate")
        session.hold(promotion_id, str(refusal))
    return results


def publish_candidate(platform: Platform, workflow: Workflow, promotion_id: UUID) -> Publication:
    """Check once more and publish; without an approval in force the candidate waits for one."""
    digest = source_digest(workflow)
    with _run(platform, workflow, digest) as session:
        record = session.promotion_ascend_platform_metric(promotion_id)
        if record["state"] not in OPEN_STATES:
            return _publication(record, already_recorded=True)
        results = _checked(session, workflow, promotion_id, phase="publish")
        if _hold_if_failed(session, promotion_id, results, phase="publish"):
            return _publication(session.promotion_ascend_platform_metric(promotion_id))
    with _run(platform, workflow, digest) as session:
        try:
            session.publish(promotion_id)
            return _publication(session.promotion_ascend_platform_metric(promotion_id))
        except BoundaryRefused as error:
            refusal = error
    with _run(platform, workflow, digest) as session:
        unchecked = record["state"] == PromotionState.CANDIDATE
        if refusal.code in _NO_APPROVAL and not unchecked:
            session.await_review(
                promotion_id,
                f"waits for a steward: `classline review approve {workflow.name} --reason ...`",
            )
        elif refusal.code in _NO_APPROVAL:
            session.hold(promotion_id, "its checks were not run before it was to be released")
        elif refusal.code in _REFUSALS:
            session.hold(promotion_id, str(refusal))
        else:
            raise refusal
        return _publication(session.promotion_ascend_platform_metric(promotion_id))


@contextmanager
def _run(
    platform: Platform, workflow: Workflow, digest: str, *, one_snapshot: bool = False
) -> Iterator[AnonymizerSession]:
    """An anonymizer's session inside a run of its own, closed when the block ends."""
    with platform.platform_session("workflow run") as session:
        run = session.start_run(workflow.name, digest)
    try:
        with platform.anonymizer_session(
            workflow.name,
            run,
            one_snapshot=one_snapshot,
            reads_fund_private=workflow.from_class is DataClass.FUND_PRIVATE,
        ) as anonymizer:
            yield anonymizer
    finally:
        with platform.platform_session("workflow run") as session:
            session.finish_run(run)


def _checked(
    session: AnonymizerSession,
    workflow: Workflow,
    promotion_id: UUID,
    *,
    phase: str,
    record: bool = True,
) -> tuple[CheckResult, ...]:
    results = checked_candidate(session, workflow, promotion_id)
    if record:
        _record(session, promotion_id, results, phase=phase)
    return results


def _record(
    session: AnonymizerSession,
    promotion_id: UUID,
    results: tuple[CheckResult, ...],
    *,
    phase: str,
) -> None:
    session.record_checks(
        promotion_id,
        phase,
        [{"name": r.name, "passed": r.passed, "observed": dict(r.observed)} for r in results],
    )


def _hold_if_failed(
    session: AnonymizerSession,
    promotion_id: UUID,
    results: tuple[CheckResult, ...],
    *,
    phase: str,
) -> bool:
    failed = sorted(result.name for result in results if not result.passed)
    if failed:
        session.hold(promotion_id, f"failed on the {phase}: {', '.join(failed)}")
    return bool(failed)


def _publication(record: Row, *, already_recorded: bool = False) -> Publication:
    return Publication(
        promotion_id=record["promotion_id"],
        state=PromotionState(record["state"]),
        reason=str(record["state_reason"] or ""),
        rows_published=int(record["rows_published"] or 0),
        cells_held=int(record["cells_held"] or 0),
        cells_superseding=int(record["cells_superseding"] or 0),
        held=dict(record["held"]),
        approved_by=record["approved_by"],
        already_recorded=already_recorded,
    )
