"""Each state of a promotion is reached as it should be, and what is out of date ends by itself."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from anonymization.promote import check_candidate, prepare_candidate, publish_candidate
from anonymization.provenance import record_provenance
from anonymization.source_digest import source_digest
from anonymization.workflow import Workflow
from anonymization.workflows.agent_run_aggregates import AGENT_RUN_AGGREGATES
from anonymization.workflows.capability_index_by_tool import CAPABILITY_INDEX_BY_TOOL
from anonymization.workflows.fund_portfolio_rollup import FUND_PORTFOLIO_ROLLUP
from lineage.promotions import PromotionState, promotion_transitions, read_promotions
from stores.errors import BoundaryRefused
from stores.steward_credentials import StewardCredential
from tests.desk import Desk, a_desk

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One installation for all tests here; each has a workflow or source rows of its own."""
    with a_desk(tmp_path_factory.mktemp("life") / "home") as opened:
        yield opened


def state_of(desk: Desk, promotion: UUID) -> tuple[PromotionState, str | None]:
    (record,) = [r for r in read_promotions(desk.platform) if r.promotion_id == promotion]
    return record.state, record.state_reason


def changed_runs(desk: Desk, by: str = "latency_ms + 1") -> None:
    """Other source rows of agents' runs: the next candidate is another."""
    with desk.platform.admin_engine().begin() as connection:
        connection.execute(text(f"UPDATE tenant_private.agent_runs SET latency_ms = {by}"))


def test_every_transition_says_who_and_why(desk: Desk) -> None:
    """From the draft to the publication: one row a state, in order, with actor and reason."""
    candidate = desk.candidate(FUND_PORTFOLIO_ROLLUP)
    publish_candidate(desk.platform, FUND_PORTFOLIO_ROLLUP, candidate.promotion_id)
    desk.decide(FUND_PORTFOLIO_ROLLUP, "approved", desk.steward)
    publish_candidate(desk.platform, FUND_PORTFOLIO_ROLLUP, candidate.promotion_id)
    told = promotion_transitions(desk.platform, candidate.promotion_id)
    service = "anonymizer for test-engineer"
    assert [(t.from_state, t.to_state, t.actor) for t in told] == [
        (None, "drafted", service),
        ("drafted", "candidate", service),
        ("candidate", "checked", service),
        ("checked", "awaiting_review", service),
        ("awaiting_review", "approved", "test-steward"),
        ("approved", "published", service),
    ]
    assert "for a test" in told[4].reason
    assert "by test-steward is in force" in told[5].reason


def test_a_newer_candidate_ends_the_older_one(desk: Desk) -> None:
    """What waits for a steward is of the newest data: an approval cannot release what is stale."""
    older = desk.candidate(AGENT_RUN_AGGREGATES)
    publish_candidate(desk.platform, AGENT_RUN_AGGREGATES, older.promotion_id)
    earlier_period = prepare_candidate(
        desk.platform,
        AGENT_RUN_AGGREGATES,
        now=datetime(2026, 5, 15, tzinfo=UTC),
        requested_by=desk.engineer.name,
    )
    assert state_of(desk, older.promotion_id)[0] is PromotionState.AWAITING_REVIEW
    changed_runs(desk)
    newer = desk.candidate(AGENT_RUN_AGGREGATES)
    for ended in (older, earlier_period):
        state, reason = state_of(desk, ended.promotion_id)
        assert state is PromotionState.SUPERSEDED
        assert "newer candidate" in str(reason)
    desk.decide(AGENT_RUN_AGGREGATES, "approved", desk.steward)
    late = publish_candidate(desk.platform, AGENT_RUN_AGGREGATES, older.promotion_id)
    assert (late.state, late.rows_published) == (PromotionState.SUPERSEDED, 0)
    done = publish_candidate(desk.platform, AGENT_RUN_AGGREGATES, newer.promotion_id)
    assert done.state is PromotionState.PUBLISHED


def test_a_release_of_which_nothing_stands_is_superseded(desk: Desk) -> None:
    """When later releases have replaced its every cell; going back is a new attempt."""
    first = desk.candidate(AGENT_RUN_AGGREGATES)
    if state_of(desk, first.promotion_id)[0] is not PromotionState.PUBLISHED:
        approved_and_published(desk, AGENT_RUN_AGGREGATES, first.promotion_id)
    changed_runs(desk, "latency_ms * 3")
    second = desk.candidate(AGENT_RUN_AGGREGATES)
    done = publish_candidate(desk.platform, AGENT_RUN_AGGREGATES, second.promotion_id)
    assert done.cells_superseding == done.rows_published == second.cells_kept
    assert state_of(desk, first.promotion_id)[0] is PromotionState.SUPERSEDED
    with desk.platform.platform_session("test") as session:
        told = session.records_ascend_platform_metric(
            "outbox", "subject = :p", p=str(first.promotion_id)
        )
    assert len(told) > 2
    changed_runs(desk, "latency_ms / 3")
    back = desk.candidate(AGENT_RUN_AGGREGATES)
    assert not back.already_recorded


def approved_and_published(desk: Desk, workflow: Workflow, promotion: UUID) -> None:
    desk.decide(workflow, "approved", desk.steward)
    assert publish_candidate(desk.platform, workflow, promotion).state is PromotionState.PUBLISHED


def backdated(connection: Connection, promotion: UUID, days: int) -> None:
    """As if it had been filed so long ago."""
    connection.execute(text("ALTER TABLE control.promotions DISABLE TRIGGER guarded"))
    connection.execute(
        text(
            "UPDATE control.promotions SET created_at = created_at - make_interval(days => :d)"
            " WHERE promotion_id = :p"
        ),
        {"p": promotion, "d": days},
    )
    connection.execute(text("ALTER TABLE control.promotions ENABLE ALWAYS TRIGGER guarded"))


def kept_of(connection: Connection, promotion: UUID) -> dict[str, int]:
    """Rows that are left of a candidate, by table."""
    return {
        table: int(
            connection.execute(
                text(f"SELECT count(*) FROM {table} WHERE promotion_id = :p"), {"p": promotion}
            ).scalar_one()
        )
        for table in (
            "quarantine.candidate_cells",
            "control.cell_contributors",
            "control.measure_contributions",
        )
    }


def test_a_candidate_does_not_outlive_its_time(desk: Desk) -> None:
    """The next run of any workflow ends it and erases its cells and who stood behind them."""
    forgotten = desk.candidate(CAPABILITY_INDEX_BY_TOOL)
    with desk.platform.admin_engine().begin() as connection:
        assert all(kept_of(connection, forgotten.promotion_id).values())
        backdated(connection, forgotten.promotion_id, 29)
    desk.candidate(FUND_PORTFOLIO_ROLLUP)
    assert state_of(desk, forgotten.promotion_id)[0] is PromotionState.CHECKED
    with desk.platform.admin_engine().begin() as connection:
        backdated(connection, forgotten.promotion_id, 2)
    desk.candidate(FUND_PORTFOLIO_ROLLUP)
    state, reason = state_of(desk, forgotten.promotion_id)
    assert (state, "time to live" in str(reason)) == (PromotionState.HELD, True)
    with desk.platform.admin_engine().connect() as connection:
        assert not any(kept_of(connection, forgotten.promotion_id).values())
    again = desk.candidate(CAPABILITY_INDEX_BY_TOOL)
    assert again.promotion_id != forgotten.promotion_id


def test_an_erased_release_keeps_what_the_guard_needs(desk: Desk) -> None:
    """Its cells leave the quarantine; who stands behind a released cell must not be forgotten."""
    candidate = desk.candidate(FUND_PORTFOLIO_ROLLUP)
    if state_of(desk, candidate.promotion_id)[0] is not PromotionState.PUBLISHED:
        approved_and_published(desk, FUND_PORTFOLIO_ROLLUP, candidate.promotion_id)
    with desk.platform.admin_engine().begin() as connection:
        before = kept_of(connection, candidate.promotion_id)
        backdated(connection, candidate.promotion_id, 31)
    with desk.platform.platform_session("test") as session:
        session.erase_old_candidates(days=30)
    with desk.platform.admin_engine().connect() as connection:
        after = kept_of(connection, candidate.promotion_id)
    assert after == before | {"quarantine.candidate_cells": 0}


@pytest.mark.parametrize("days", [0, -1, 366])
def test_a_time_to_live_has_bounds(desk: Desk, days: int) -> None:
    """Nobody erases what was filed just now by naming no time."""
    with (
        pytest.raises(BoundaryRefused, match="from 1 to 365 days"),
        desk.platform.platform_session("test") as session,
    ):
        session.erase_old_candidates(days=days)


def waiting(desk: Desk) -> UUID:
    changed_runs(desk)
    candidate = desk.candidate(CAPABILITY_INDEX_BY_TOOL)
    publish_candidate(desk.platform, CAPABILITY_INDEX_BY_TOOL, candidate.promotion_id)
    digest = source_digest(CAPABILITY_INDEX_BY_TOOL)
    record_provenance(desk.platform, CAPABILITY_INDEX_BY_TOOL, digest)
    return candidate.promotion_id


def decided(desk: Desk, decision: str, by: StewardCredential) -> None:
    """As who calls the database by hand decides: nobody looks first what others decided."""
    digest = source_digest(CAPABILITY_INDEX_BY_TOOL)
    with desk.platform.steward_session(by) as session:
        session.decide(CAPABILITY_INDEX_BY_TOOL.name, digest, decision, "by hand")


def test_of_two_opposite_decisions_the_rejection_holds(desk: Desk) -> None:
    """Made at once, they take turns; the second sees the first, and nothing is published."""
    promotion = waiting(desk)
    digest = source_digest(CAPABILITY_INDEX_BY_TOOL)
    with ThreadPoolExecutor(1) as other:
        with desk.platform.steward_session(desk.steward) as session:
            session.decide(CAPABILITY_INDEX_BY_TOOL.name, digest, "approved", "looks good")
            rejected = other.submit(decided, desk, "rejected", desk.engineer)
            with pytest.raises(TimeoutError):
                rejected.result(0.5)
        rejected.result()
    assert state_of(desk, promotion)[0] is PromotionState.REJECTED
    outcome = publish_candidate(desk.platform, CAPABILITY_INDEX_BY_TOOL, promotion)
    assert outcome.state is PromotionState.REJECTED


def test_a_decision_that_was_overtaken_is_refused(desk: Desk) -> None:
    """Numbered first and written last, it would stand before what it undoes."""
    promotion = waiting(desk)
    digest = source_digest(CAPABILITY_INDEX_BY_TOOL)
    with ThreadPoolExecutor(1) as other:
        with desk.platform.admin_engine().begin() as connection:
            connection.execute(
                text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"),
                {"key": f"decision {CAPABILITY_INDEX_BY_TOOL.name} {digest}"},
            )
            approved = other.submit(decided, desk, "approved", desk.steward)
            with pytest.raises(TimeoutError):
                approved.result(0.5)
            connection.execute(
                text(
                    "INSERT INTO control.approvals (workflow, source_digest, steward_name,"
                    " decision, reason, expires_at) VALUES (:w, :d, 'test-engineer', 'rejected',"
                    " 'no good', now())"
                ),
                {"w": CAPABILITY_INDEX_BY_TOOL.name, "d": digest},
            )
        with pytest.raises(BoundaryRefused, match="at the same time"):
            approved.result()
    assert state_of(desk, promotion)[0] is PromotionState.REJECTED


@pytest.mark.parametrize("reason", ["", "  x  ", "x" * 1_000_000])
@pytest.mark.parametrize("decision", ["approved", "rejected"])
def test_a_decision_says_why_in_a_few_sentences(desk: Desk, decision: str, reason: str) -> None:
    """Neither nothing nor a megabyte is a reason."""
    with (
        pytest.raises(BoundaryRefused, match="reason") as refused,
        desk.platform.steward_session(desk.steward) as session,
    ):
        session.decide(
            FUND_PORTFOLIO_ROLLUP.name, source_digest(FUND_PORTFOLIO_ROLLUP), decision, reason
        )
    assert refused.value.code in {"CL027", "CL055"}


def test_an_approval_is_not_given_twice(desk: Desk) -> None:
    """A second one changes nothing, and is refused with the way to renew it."""
    candidate = desk.candidate(FUND_PORTFOLIO_ROLLUP)
    if state_of(desk, candidate.promotion_id)[0] is not PromotionState.PUBLISHED:
        approved_and_published(desk, FUND_PORTFOLIO_ROLLUP, candidate.promotion_id)
    with pytest.raises(BoundaryRefused, match="in force"):
        desk.decide(FUND_PORTFOLIO_ROLLUP, "approved", desk.steward)


def test_an_approval_that_has_expired_is_asked_for_again(desk: Desk) -> None:
    """A candidate approved in time and run too late waits for a steward once more."""
    changed_runs(desk)
    candidate = prepare_candidate(
        desk.platform,
        CAPABILITY_INDEX_BY_TOOL,
        now=datetime(2026, 7, 15, tzinfo=UTC),
        requested_by="service",
    )
    check_candidate(desk.platform, CAPABILITY_INDEX_BY_TOOL, candidate.promotion_id)
    desk.decide(CAPABILITY_INDEX_BY_TOOL, "approved", desk.steward)
    assert state_of(desk, candidate.promotion_id)[0] is PromotionState.APPROVED
    with desk.platform.admin_engine().begin() as connection:
        connection.execute(text("ALTER TABLE control.approvals DISABLE TRIGGER append_only"))
        connection.execute(text("UPDATE control.approvals SET expires_at = now()"))
        connection.execute(text("ALTER TABLE control.approvals ENABLE ALWAYS TRIGGER append_only"))
    outcome = publish_candidate(desk.platform, CAPABILITY_INDEX_BY_TOOL, candidate.promotion_id)
    assert outcome.state is PromotionState.AWAITING_REVIEW
