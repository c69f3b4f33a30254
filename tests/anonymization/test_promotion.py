"""A datum changes class only through an approved, checked and recorded promotion, once."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from anonymization.promote import (
    PeriodNotEnded,
    check_candidate,
    prepare_candidate,
    publish_candidate,
)
from anonymization.registered import WORKFLOWS
from anonymization.registration import NotInForce, declaration
from anonymization.source_digest import source_digest
from anonymization.workflows.agent_run_aggregates import AGENT_RUN_AGGREGATES
from anonymization.workflows.capability_index_by_tool import CAPABILITY_INDEX_BY_TOOL
from anonymization.workflows.fund_portfolio_rollup import FUND_PORTFOLIO_ROLLUP
from anonymization.workflows.op_partner_brief_patterns import OP_PARTNER_BRIEF_PATTERNS
from anonymization.workflows.pipeline_benchmark import PIPELINE_BENCHMARK
from catalog.data_classes import DataClass
from expectations.gx import candidate_checks
from expectations.suites import CheckName, CheckResult
from lineage.promotions import PromotionState
from stores.candidate_filing import CellCounts, FiledCell, FiledContribution
from stores.errors import BoundaryRefused, ClassRefused
from stores.platform import Platform
from stores.sessions import AnonymizerSession
from stores.startup import portfolio
from tests.anonymization.conftest import NOW, Desk

pytestmark = pytest.mark.integration

_ALL_BUT_FOUR_TENANTS_GONE = """
    DELETE FROM control.cell_contributors WHERE cell_no = 1 AND tenant_id IN (
        SELECT tenant_id FROM control.cell_contributors WHERE cell_no = 1
        ORDER BY tenant_id OFFSET 4)
"""
_ONE_TENANT_DOMINATES = """
    UPDATE control.cell_contributors SET amount = amount * 1000
    WHERE cell_no = 1 AND tenant_id = (
        SELECT min(tenant_id) FROM control.cell_contributors WHERE cell_no = 1 AND amount > 0)
"""
_PUBLISH_AND_DIE = """
import os, signal, sys
from pathlib import Path
from uuid import UUID
from anonymization import promote
from anonymization.workflows.op_partner_brief_patterns import OP_PARTNER_BRIEF_PATTERNS
from anonymization.workflows.pipeline_benchmark import PIPELINE_BENCHMARK
from stores.platform import open_platform
from stores.sessions import AnonymizerSession

publish = AnonymizerSession.publish

def killed(self, promotion_id):
    publish(self, promotion_id)
    os.kill(os.getpid(), signal.SIGKILL)

AnonymizerSession.publish = killed
with open_platform(Path(sys.argv[1])) as platform:
    promote.publish_candidate(
        platform, PIPELINE_BENCHMARK, UUID(sys.argv[2]))
"""


def released(platform: Platform, table: str) -> int:
    """Rows that stand in a release, as the administrator counts them."""
    with platform.admin_engine().connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def aggregates(platform: Platform) -> list[dict[str, object]]:
    """What is published of agents' runs."""
    with platform.platform_session("test") as session:
        rows = session.read(DataClass.ASCEND_PLATFORM_METRIC, "agent_run_aggregates")
    return [dict(row) for row in rows]


def test_every_workflow_publishes_once_approved(desk: Desk) -> None:
    """The whole line: candidate, checks, review, publication, and nothing the second time."""
    for workflow in WORKFLOWS:
        candidate = desk.candidate(workflow)
        # Nobody but a workflow writes briefs, and none has: tests/anonymization/text has some.
        assert candidate.cells_kept > 0 or workflow is OP_PARTNER_BRIEF_PATTERNS, workflow.name
        waiting = publish_candidate(desk.platform, workflow, candidate.promotion_id)
        assert waiting.state is PromotionState.AWAITING_REVIEW
        desk.decide(workflow, "approved", desk.steward)
        done = publish_candidate(desk.platform, workflow, candidate.promotion_id)
        assert done.state is PromotionState.PUBLISHED
        assert done.rows_published == candidate.cells_kept
        assert done.approved_by == desk.steward.name
        again = desk.candidate(workflow)
        assert again.already_recorded
        assert again.promotion_id == candidate.promotion_id
    assert released(desk.platform, "anonymized.anonymized_industry_benchmarks") > 0
    with desk.platform.platform_session("test") as session:
        keys = [row["key"] for row in session.read(DataClass.ASCEND_PLATFORM_METRIC, "kv_entries")]
        assert "capability_index:email_drafter" in keys
        told = {
            row["subject"]
            for row in session.records_ascend_platform_metric("outbox", "kind = 'promotion'")
        }
        assert len(told) == len(WORKFLOWS)


def test_nothing_is_published_without_an_approval(desk: Desk) -> None:
    """An absent approval leaves the candidate waiting and the release empty."""
    candidate = desk.candidate(PIPELINE_BENCHMARK)
    outcome = publish_candidate(desk.platform, PIPELINE_BENCHMARK, candidate.promotion_id)
    assert outcome.state is PromotionState.AWAITING_REVIEW
    assert released(desk.platform, "anonymized.anonymized_industry_benchmarks") == 0


def test_who_requested_a_release_may_not_approve_it(desk: Desk) -> None:
    """Four eyes: the requester's own decision is refused, whatever the order."""
    desk.candidate(PIPELINE_BENCHMARK)
    with pytest.raises(BoundaryRefused, match="who requested a release may not approve it"):
        desk.decide(PIPELINE_BENCHMARK, "approved", desk.engineer)


def test_a_rejected_candidate_is_not_published_later(desk: Desk) -> None:
    """A rejection ends the attempt; a later approval does not revive that candidate."""
    candidate = desk.candidate(PIPELINE_BENCHMARK)
    publish_candidate(desk.platform, PIPELINE_BENCHMARK, candidate.promotion_id)
    desk.decide(PIPELINE_BENCHMARK, "rejected", desk.steward)
    desk.decide(PIPELINE_BENCHMARK, "approved", desk.steward)
    outcome = publish_candidate(desk.platform, PIPELINE_BENCHMARK, candidate.promotion_id)
    assert outcome.state is PromotionState.REJECTED
    assert released(desk.platform, "anonymized.anonymized_industry_benchmarks") == 0
    second = prepare_candidate(
        desk.platform, PIPELINE_BENCHMARK, now=NOW, requested_by=desk.engineer.name
    )
    assert second.promotion_id != candidate.promotion_id


def test_the_latest_decision_counts(desk: Desk) -> None:
    """An approval that was taken back is not in force."""
    candidate = desk.candidate(PIPELINE_BENCHMARK)
    desk.decide(PIPELINE_BENCHMARK, "approved", desk.steward)
    desk.decide(PIPELINE_BENCHMARK, "rejected", desk.steward)
    outcome = publish_candidate(desk.platform, PIPELINE_BENCHMARK, candidate.promotion_id)
    assert outcome.state is not PromotionState.PUBLISHED


@pytest.mark.parametrize(
    ("tampering", "code"),
    [
        ("UPDATE quarantine.candidate_cells SET cell = cell || '{\"deals\": 1}' WHERE cell_no = 1",
         "CL023"),
        ("DELETE FROM quarantine.candidate_cells WHERE cell_no = 1", "CL023"),
        ("UPDATE control.promotions SET candidate_digest = 'x'", None),
        (_ALL_BUT_FOUR_TENANTS_GONE, "CL024"),
        ("UPDATE control.cell_contributors SET fund_id = 'fd_same' WHERE cell_no = 1", "CL024"),
        (_ONE_TENANT_DOMINATES, "CL024"),
        ("UPDATE control.promotions SET policy = policy || '{\"k_tenants\": 10000}'", None),
        ("UPDATE control.approvals SET expires_at = now()", None),
    ],
)  # fmt: skip
def test_publish_verifies_again_what_it_relies_on(
    desk: Desk, tampering: str, code: str | None
) -> None:
    """Passing checks in the records do not help a candidate that is no longer the one checked."""
    candidate = desk.candidate(PIPELINE_BENCHMARK)
    desk.decide(PIPELINE_BENCHMARK, "approved", desk.steward)
    with desk.platform.platform_session("test") as session:
        run = session.start_run(PIPELINE_BENCHMARK.name, source_digest(PIPELINE_BENCHMARK))
    with desk.platform.anonymizer_session(PIPELINE_BENCHMARK.name, run) as session:
        session.record_checks(
            candidate.promotion_id,
            "publish",
            [
                {"name": str(check), "passed": True, "observed": {}}
                for check in PIPELINE_BENCHMARK.required_checks
            ],
        )
    if code is None:
        with (
            pytest.raises(Exception, match=r"append-only|is not changed"),
            desk.platform.admin_engine().begin() as connection,
        ):
            connection.execute(text(tampering))
        return
    with desk.platform.admin_engine().begin() as connection:
        assert connection.execute(text(tampering)).rowcount
    with (
        pytest.raises(BoundaryRefused) as refused,
        desk.platform.anonymizer_session(PIPELINE_BENCHMARK.name, run) as session,
    ):
        session.publish(candidate.promotion_id)
    assert refused.value.code == code
    assert released(desk.platform, "anonymized.anonymized_industry_benchmarks") == 0


def test_a_failed_or_missing_check_keeps_a_candidate_back(desk: Desk) -> None:
    """publish() reads the stored results itself; a green check in Dagster is no evidence."""
    candidate = prepare_candidate(
        desk.platform, PIPELINE_BENCHMARK, now=NOW, requested_by=desk.engineer.name
    )
    desk.decide(PIPELINE_BENCHMARK, "approved", desk.steward)
    with desk.platform.platform_session("test") as session:
        run = session.start_run(PIPELINE_BENCHMARK.name, source_digest(PIPELINE_BENCHMARK))
    with (
        pytest.raises(BoundaryRefused) as refused,
        desk.platform.anonymizer_session(PIPELINE_BENCHMARK.name, run) as session,
    ):
        session.publish(candidate.promotion_id)
    assert refused.value.code == "CL022"


def test_a_candidate_that_was_never_checked_is_held(desk: Desk) -> None:
    """The publish step runs the checks again, but the candidate's own are required too."""
    candidate = prepare_candidate(
        desk.platform, PIPELINE_BENCHMARK, now=NOW, requested_by=desk.engineer.name
    )
    desk.decide(PIPELINE_BENCHMARK, "approved", desk.steward)
    outcome = publish_candidate(desk.platform, PIPELINE_BENCHMARK, candidate.promotion_id)
    assert outcome.state is PromotionState.HELD
    assert "check" in outcome.reason


def test_a_failed_check_holds_the_candidate(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed says so in its state, is never published, and a new run is a new attempt."""
    desk.candidate(PIPELINE_BENCHMARK)
    desk.decide(PIPELINE_BENCHMARK, "approved", desk.steward)
    desk.change_a_source_row()
    failing = [CheckResult(str(name), passed=False) for name in CheckName]
    with monkeypatch.context() as patched:
        patched.setattr(candidate_checks, "run_candidate_checks", lambda *_: tuple(failing))
        candidate = desk.candidate(PIPELINE_BENCHMARK)
    outcome = publish_candidate(desk.platform, PIPELINE_BENCHMARK, candidate.promotion_id)
    assert outcome.state is PromotionState.HELD
    assert "output_schema" in outcome.reason
    second = desk.candidate(PIPELINE_BENCHMARK)
    assert second.promotion_id != candidate.promotion_id
    outcome = publish_candidate(desk.platform, PIPELINE_BENCHMARK, second.promotion_id)
    assert outcome.state is PromotionState.PUBLISHED


def test_a_period_that_has_not_ended_is_not_released(desk: Desk) -> None:
    """Nobody closes a period early by giving a time that has not come."""
    with pytest.raises(PeriodNotEnded, match="has not come yet"):
        prepare_candidate(
            desk.platform,
            PIPELINE_BENCHMARK,
            now=datetime.now(UTC) + timedelta(days=1),
            requested_by="x",
        )


def test_a_funds_cell_rests_on_its_own_tenants_alone(desk: Desk) -> None:
    """A cell whose contributors belong to another fund is not shown to this one."""
    candidate = desk.candidate(FUND_PORTFOLIO_ROLLUP)
    desk.decide(FUND_PORTFOLIO_ROLLUP, "approved", desk.steward)
    with desk.platform.admin_engine().begin() as connection:
        connection.execute(
            text("UPDATE control.cell_contributors SET fund_id = 'fd_other' WHERE cell_no = 1")
        )
    outcome = publish_candidate(desk.platform, FUND_PORTFOLIO_ROLLUP, candidate.promotion_id)
    assert outcome.state is PromotionState.HELD
    assert "tenants of another fund" in outcome.reason
    assert released(desk.platform, "fund_private.portfolio_metric_rollups") == 0


def test_only_a_registered_workflow_object_runs(desk: Desk) -> None:
    """A copy with the same name is another object, and is refused by identity."""
    impostor = replace(PIPELINE_BENCHMARK, description="the same, only different")
    with pytest.raises(NotInForce):
        prepare_candidate(desk.platform, impostor, now=NOW, requested_by="x")


def test_one_digest_has_one_declaration(desk: Desk) -> None:
    """Who registers other sources under an approved digest is refused."""
    digest = source_digest(PIPELINE_BENCHMARK)
    desk.candidate(PIPELINE_BENCHMARK)
    with desk.platform.platform_session("test") as session:
        (registered,) = session.records_ascend_platform_metric(
            "workflow_registrations", "source_digest = :d", d=digest
        )
    other = dict(registered) | {
        "sources": [*registered["sources"], "tenant_private.oauth_tokens"],
        "registered_at": None,
    }
    with (
        pytest.raises(BoundaryRefused) as refused,
        desk.platform.platform_session("test") as session,
    ):
        session.register_workflow(other)
    assert refused.value.code == "CL011"


def test_a_run_reads_the_declared_sources_alone(desk: Desk) -> None:
    """Inside its run the anonymizer reads what its workflow declares, and no other tenant table."""
    desk.candidate(AGENT_RUN_AGGREGATES)
    with desk.platform.platform_session("test") as session:
        run = session.start_run(AGENT_RUN_AGGREGATES.name, source_digest(AGENT_RUN_AGGREGATES))
    with (
        pytest.raises(BoundaryRefused) as refused,
        desk.platform.anonymizer_session(AGENT_RUN_AGGREGATES.name, run) as session,
    ):
        session.query_tenant_private("SELECT * FROM tenant_private.emails")
    assert refused.value.code == "CL006"
    with desk.platform.platform_session("test") as session:
        session.finish_run(run)
    with (
        pytest.raises(BoundaryRefused) as refused,
        desk.platform.anonymizer_session(AGENT_RUN_AGGREGATES.name, run) as session,
    ):
        session.query_tenant_private("SELECT * FROM tenant_private.agent_runs")
    assert refused.value.code == "CL006"


def test_a_run_of_one_workflow_does_not_reach_anothers_promotion(desk: Desk) -> None:
    """Nor publish it, nor read its cells."""
    candidate = desk.candidate(PIPELINE_BENCHMARK)
    desk.candidate(AGENT_RUN_AGGREGATES)
    with desk.platform.platform_session("test") as session:
        run = session.start_run(AGENT_RUN_AGGREGATES.name, source_digest(AGENT_RUN_AGGREGATES))
    cells = "SELECT count(*) AS cells FROM quarantine.candidate_cells WHERE promotion_id = :p"
    with desk.platform.anonymizer_session(AGENT_RUN_AGGREGATES.name, run) as session:
        assert session._one(cells, p=candidate.promotion_id)["cells"] == 0
    for attempt in (
        lambda session: session.candidate_cells(DataClass.TENANT_PRIVATE, candidate.promotion_id),
        lambda session: session.publish(candidate.promotion_id),
    ):
        with (
            pytest.raises(BoundaryRefused) as refused,
            desk.platform.anonymizer_session(AGENT_RUN_AGGREGATES.name, run) as session,
        ):
            attempt(session)
        assert refused.value.code == "CL027"


@pytest.mark.parametrize("named", [each for each in DataClass if each.value != "tenant_private"])
def test_a_candidate_is_read_and_filed_under_its_sources_class(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, named: DataClass
) -> None:
    """Candidate cells under another class's name would be promoted without a promotion."""
    candidate = desk.candidate(AGENT_RUN_AGGREGATES)
    before = released(desk.platform, "control.promotions")
    with desk.platform.platform_session("test") as session:
        run = session.start_run(AGENT_RUN_AGGREGATES.name, source_digest(AGENT_RUN_AGGREGATES))
    with (
        pytest.raises(ClassRefused, match="CL009"),
        desk.platform.anonymizer_session(AGENT_RUN_AGGREGATES.name, run) as session,
    ):
        session.candidate_cells(named, candidate.promotion_id)
    with desk.platform.admin_engine().begin() as connection:
        connection.execute(text("UPDATE tenant_private.agent_runs SET latency_ms = latency_ms + 1"))
    file_candidate = AnonymizerSession.file_candidate
    monkeypatch.setattr(
        AnonymizerSession,
        "file_candidate",
        lambda session, _, *filed: file_candidate(session, named, *filed),
    )
    with pytest.raises(ClassRefused, match="CL009"):
        desk.candidate(AGENT_RUN_AGGREGATES)
    assert released(desk.platform, "control.promotions") == before


def test_concurrent_runs_publish_once(desk: Desk) -> None:
    """Two runs of one key file one candidate, and its rows are released once."""
    desk.candidate(FUND_PORTFOLIO_ROLLUP)
    desk.decide(FUND_PORTFOLIO_ROLLUP, "approved", desk.steward)

    def whole_run(_: int) -> tuple[object, int]:
        candidate = prepare_candidate(
            desk.platform, FUND_PORTFOLIO_ROLLUP, now=NOW, requested_by=desk.engineer.name
        )
        check_candidate(desk.platform, FUND_PORTFOLIO_ROLLUP, candidate.promotion_id)
        publish_candidate(desk.platform, FUND_PORTFOLIO_ROLLUP, candidate.promotion_id)
        return candidate.promotion_id, candidate.cells_kept

    with ThreadPoolExecutor(4) as pool:
        runs = set(pool.map(whole_run, range(4)))
    ((_, kept),) = runs
    assert released(desk.platform, "fund_private.portfolio_metric_rollups") == kept


def test_a_published_cell_is_not_published_again(desk: Desk) -> None:
    """One tenant's new rows in a closed period change no cell: releases cannot be subtracted."""
    candidate = desk.candidate(AGENT_RUN_AGGREGATES)
    desk.decide(AGENT_RUN_AGGREGATES, "approved", desk.steward)
    publish_candidate(desk.platform, AGENT_RUN_AGGREGATES, candidate.promotion_id)
    before = aggregates(desk.platform)
    with desk.platform.admin_engine().begin() as connection:
        connection.execute(
            text(
                "UPDATE tenant_private.agent_runs SET latency_ms = latency_ms * 10 WHERE tenant_id"
                " = (SELECT min(tenant_id) FROM tenant_private.agent_runs)"
            )
        )
    later = desk.candidate(AGENT_RUN_AGGREGATES)
    assert later.promotion_id != candidate.promotion_id
    outcome = publish_candidate(desk.platform, AGENT_RUN_AGGREGATES, later.promotion_id)
    assert outcome.state is PromotionState.PUBLISHED
    assert (outcome.rows_published, outcome.cells_held) == (0, later.cells_kept)
    assert outcome.held.keys() == {"unchanged", "k_tenants"}
    assert aggregates(desk.platform) == before
    again = publish_candidate(desk.platform, AGENT_RUN_AGGREGATES, later.promotion_id)
    assert (again.already_recorded, again.held) == (True, outcome.held)


def test_a_key_holds_its_newest_month_once(desk: Desk) -> None:
    """A tenant's late rows change no key, nor does an older month; all tenants' rows correct it."""

    def shown() -> tuple[str, int]:
        with desk.platform.platform_session("test") as session:
            (row,) = [
                row
                for row in session.read(DataClass.ASCEND_PLATFORM_METRIC, "kv_entries")
                if row["key"] == "capability_index:email_drafter"
            ]
        return row["value"]["month"], row["value"]["latency_p50_ms"]

    def publish() -> None:
        candidate = desk.candidate(CAPABILITY_INDEX_BY_TOOL)
        publish_candidate(desk.platform, CAPABILITY_INDEX_BY_TOOL, candidate.promotion_id)

    def change(statement: str) -> None:
        with desk.platform.admin_engine().begin() as connection:
            connection.execute(text(f"UPDATE tenant_private.agent_runs SET {statement}"))

    desk.candidate(CAPABILITY_INDEX_BY_TOOL)
    desk.decide(CAPABILITY_INDEX_BY_TOOL, "approved", desk.steward)
    publish()
    first = shown()
    change(
        "latency_ms = latency_ms * 10 WHERE tenant_id ="
        " (SELECT min(tenant_id) FROM tenant_private.agent_runs)"
    )
    publish()
    assert shown() == first
    change("started_at = started_at - interval '1 year'")
    publish()
    assert shown() == first
    change("started_at = started_at + interval '1 year'")
    change("latency_ms = latency_ms * 10")
    publish()
    month, latency = shown()
    assert month == first[0]
    assert latency > 5 * first[1]


def test_the_capability_index_is_no_total_over_months(desk: Desk) -> None:
    """A total less its published months would be a suppressed month, exactly."""
    for workflow in (AGENT_RUN_AGGREGATES, CAPABILITY_INDEX_BY_TOOL):
        candidate = desk.candidate(workflow)
        desk.decide(workflow, "approved", desk.steward)
        publish_candidate(desk.platform, workflow, candidate.promotion_id)
    monthly = {(row["tool_name"], row["month"].isoformat()): row["runs"]
               for row in aggregates(desk.platform)}  # fmt: skip
    with desk.platform.platform_session("test") as session:
        keys = session.read(DataClass.ASCEND_PLATFORM_METRIC, "kv_entries")
    assert keys
    for row in keys:
        tool = str(row["key"]).removeprefix("capability_index:")
        assert row["value"]["runs"] == monthly[tool, row["value"]["month"]]


def test_who_approves_first_may_not_request_afterwards(desk: Desk) -> None:
    """Four eyes hold for every release: an approval of one's own does not count for it."""
    first = prepare_candidate(desk.platform, PIPELINE_BENCHMARK, now=NOW, requested_by="service")
    check_candidate(desk.platform, PIPELINE_BENCHMARK, first.promotion_id)
    desk.decide(PIPELINE_BENCHMARK, "approved", desk.engineer)
    publish_candidate(desk.platform, PIPELINE_BENCHMARK, first.promotion_id)
    desk.change_a_source_row()
    own = desk.candidate(PIPELINE_BENCHMARK)
    outcome = publish_candidate(desk.platform, PIPELINE_BENCHMARK, own.promotion_id)
    assert outcome.state is PromotionState.AWAITING_REVIEW
    desk.decide(PIPELINE_BENCHMARK, "approved", desk.steward)
    outcome = publish_candidate(desk.platform, PIPELINE_BENCHMARK, own.promotion_id)
    assert outcome.approved_by == desk.steward.name


@pytest.mark.parametrize(
    ("forged", "code"),
    [
        ({"tenants": [f"ghost{n}" for n in range(5)]}, "CL024"),
        ({"amounts": [Decimal("NaN"), *[Decimal(0)] * 4]}, "CL024"),
        ({"amounts": [Decimal("Infinity"), *[Decimal(0)] * 4]}, "CL024"),
        ({"cell": {"fund_id": "another"}}, "CL024"),
        ({"cell": {"month": "2099-05-01"}}, "CL024"),
        ({"rows": [[1], [2], [3], [4], [4]]}, "CL024"),
        ({"rows": [[], [2], [3], [4], [5]]}, "CL024"),
        ({"measured": ["elsewhere"]}, "CL024"),
        ({"cell": {"tenant_name": "planted"}}, "CL025"),
    ],
)
def test_publish_counts_by_itself_who_stands_behind_a_cell(
    desk: Desk, forged: dict[str, Any], code: str
) -> None:
    """Invented tenants, unmeasurable amounts, another fund's or an open month's cell: refused."""
    workflow = FUND_PORTFOLIO_ROLLUP
    desk.candidate(workflow)
    desk.decide(workflow, "approved", desk.steward)
    with desk.platform.admin_engine().connect() as connection:
        rows = connection.execute(
            text("SELECT fund_id, array_agg(tenant_id) FROM control.portfolio_membership"
                 " GROUP BY fund_id HAVING count(*) >= 5 LIMIT 1")
        ).one()  # fmt: skip
    cell = {
        "fund_id": rows[0], "stage": "Closed", "month": "2001-01-01", "deals": 5,
        "win_rate": 0.5, "value": 100, "cycle_days": 3,
    } | forged.get("cell", {})  # fmt: skip
    header = {
        "idempotency_key": "x", "base_key": "x", "attempt": 1, "snapshot_digest": "x",
        "closed_before": "2026-07-01", "rows_in": 5, "requested_by": "x",
        "partition": workflow.partition([0, 0, 0]),
    }  # fmt: skip
    own = [*dict.fromkeys(measure.measured for measure in workflow.measures)]
    measured = ["", *forged.get("measured", own)]
    tenants, amounts = forged.get("tenants", rows[1][:5]), forged.get("amounts", [Decimal(1)] * 5)
    digests = forged.get("rows", [[n] for n in range(5)])
    contributions = [
        FiledContribution(
            tenants[n], name, 1, amounts[n], 5 * place + n, () if name else digests[n]
        )
        for place, name in enumerate(measured)
        for n in range(5)
    ]
    with desk.platform.platform_session("test") as session:
        run = session.start_run(workflow.name, source_digest(workflow))
    passed = [
        {"name": str(name), "passed": True, "observed": {}} for name in workflow.required_checks
    ]

    def file_and_publish() -> None:
        with desk.platform.anonymizer_session(workflow.name, run) as session:
            filed, _ = session.file_candidate(
                workflow.from_class,
                header,
                [FiledCell(cell, contributions)],
                lambda: CellCounts(1, {}),
            )
            for phase in ("candidate", "publish"):
                session.record_checks(filed, phase, passed)
            session.publish(filed)

    with pytest.raises(BoundaryRefused) as refused:
        file_and_publish()
    assert refused.value.code == code


def test_a_quantile_needs_safe_winners(desk: Desk) -> None:
    """Losers make a cell look safe; the won values of few, or of one fund, are withheld."""
    tenants = [t for t, _ in portfolio(desk.platform)][:16]
    with desk.platform.admin_engine().begin() as connection:
        connection.execute(text("DELETE FROM tenant_private.crm_opportunities"))
        connection.execute(
            text("UPDATE tenant_private.crm_accounts SET sector = 'retail', employees = 10")
        )
        for n, tenant in enumerate(tenants):
            deals = [(f"{n}-{i}", "Lost", 0) for i in range(3)]
            if n < 4:
                deals = [(f"{n}-0", "Won", 10_000 * (n + 1))]
            if n == 4:
                deals = [(f"victim-{i}", "Won", 1_300) for i in range(30)]
            connection.execute(
                text(
                    "INSERT INTO tenant_private.crm_opportunities SELECT :tenant, :deal, "
                    "(SELECT min(account_id) FROM tenant_private.crm_accounts "
                    "WHERE tenant_id = :tenant), 'x', 'GTX', 'GTX', :stage, '2026-01-05', "
                    "'2026-02-05', :value"
                ),
                [{"tenant": tenant, "deal": d, "stage": s, "value": v} for d, s, v in deals],
            )
    candidate = desk.candidate(PIPELINE_BENCHMARK)
    assert candidate.cells_kept == 1
    with desk.platform.admin_engine().connect() as connection:
        cell = connection.execute(text("SELECT cell FROM quarantine.candidate_cells")).scalar_one()
    assert cell["deals"] == 67
    assert [cell[f"value_p{q}"] for q in (25, 50, 75)] == [None, None, None]


def test_one_tenants_odd_row_does_not_stop_everyones_release(desk: Desk) -> None:
    """What cannot be measured is refused where it is written."""
    (tenant, _), *_ = portfolio(desk.platform)
    for column, value in (
        ("close_value", "'NaN'"), ("close_value", "-1"), ("closed_on", "'-infinity'"),
    ):  # fmt: skip
        with (
            pytest.raises(BoundaryRefused),
            desk.platform.tenant_session(tenant, "test") as session,
        ):
            session._call(f"UPDATE tenant_private.crm_opportunities SET {column} = {value}")
    assert desk.candidate(FUND_PORTFOLIO_ROLLUP).cells_kept


@pytest.mark.parametrize(
    "changed",
    [
        {"from_class": "fund_private"},
        {"to_class": "fund_private"},
        {"to_class": "tenant_private", "target": "tenant_private.crm_accounts"},
        {"sources": []},
        {"sources": ["control.tenants"]},
        {"sources": ["tenant_private.nothing"]},
        {"target": "control.approvals"},
        {"target": "anonymized.nothing"},
        {"publish_mode": "banana"},
        {"publish_mode": "newest"},
        {"required_checks": []},
        {"required_checks": ["output_schema"]},
        {"required_checks": [None, "output_schema", "no_pii_shaped_value", "k_distinct_tenants"]},
        {"policy": {}},
        {"policy": "tight"},
        {"policy": {**PIPELINE_BENCHMARK.policy.as_parameters(), "k_tenants": 4}},
        {"policy": {**PIPELINE_BENCHMARK.policy.as_parameters(), "k_tenants": None}},
        {"policy": {**PIPELINE_BENCHMARK.policy.as_parameters(), "max_share": "NaN"}},
    ],
)
def test_a_declaration_against_the_policy_is_not_registered(
    steady_desk: Desk, changed: dict[str, Any]
) -> None:
    """The database verifies what a registration says; a login that lies gets no run."""
    registration = declaration(PIPELINE_BENCHMARK) | {"source_digest": "x", "requested_by": "x"}
    with (
        pytest.raises(BoundaryRefused) as refused,
        steady_desk.platform.platform_session("test") as session,
    ):
        session.register_workflow(registration | changed)
    assert refused.value.code in {"CL011", "CL024"}


def test_a_killed_run_leaves_nothing_half_published(desk: Desk) -> None:
    """A process killed inside publish() leaves the release empty; the next run finishes it."""
    candidate = desk.candidate(PIPELINE_BENCHMARK)
    desk.decide(PIPELINE_BENCHMARK, "approved", desk.steward)
    killed = subprocess.run(
        [
            sys.executable,
            "-c",
            _PUBLISH_AND_DIE,
            str(desk.platform.home.root),
            str(candidate.promotion_id),
        ],
        check=False,
    )
    assert killed.returncode == -9
    assert released(desk.platform, "anonymized.anonymized_industry_benchmarks") == 0
    again = desk.candidate(PIPELINE_BENCHMARK)
    assert again.promotion_id == candidate.promotion_id
    outcome = publish_candidate(desk.platform, PIPELINE_BENCHMARK, again.promotion_id)
    assert outcome.state is PromotionState.PUBLISHED
    assert released(desk.platform, "anonymized.anonymized_industry_benchmarks") == again.cells_kept


def test_the_release_holds_no_tenant_and_no_fund_name(desk: Desk) -> None:
    """Every published value is searched for every tenant's and fund's id and name."""
    for workflow in WORKFLOWS:
        candidate = desk.candidate(workflow)
        desk.decide(workflow, "approved", desk.steward)
        publish_candidate(desk.platform, workflow, candidate.promotion_id)
    with desk.platform.admin_engine().connect() as connection:
        names = [
            str(value)
            for kind in ("tenant", "fund")
            for row in connection.execute(
                text(f"SELECT {kind}_id, external_name FROM control.{kind}s")
            )
            for value in row
        ]
        shown = "\n".join(
            str(row)
            for table in (
                "anonymized.anonymized_industry_benchmarks",
                "platform.agent_run_aggregates",
                "platform.kv_entries",
                "control.promotions",
                "control.check_results",
                "control.outbox",
            )
            for row in connection.execute(text(f"SELECT * FROM {table}"))
        )
    assert shown
    assert [name for name in names if name in shown] == []


def test_an_unknown_promotion_is_refused(desk: Desk) -> None:
    """An id that nobody filed publishes nothing and says so."""
    desk.candidate(PIPELINE_BENCHMARK)
    with pytest.raises(BoundaryRefused, match="no such promotion"):
        publish_candidate(desk.platform, PIPELINE_BENCHMARK, uuid4())
