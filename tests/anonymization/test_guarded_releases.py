"""The guard through the whole line: real rows, real releases, and the same with the guard off."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from anonymization.decisions import reviewed_now
from anonymization.outcomes import Publication
from anonymization.promote import publish_candidate
from anonymization.registration import declaration
from anonymization.source_digest import source_digest
from anonymization.workflow import Workflow
from anonymization.workflows.agent_run_aggregates import AGENT_RUN_AGGREGATES
from anonymization.workflows.capability_index_by_tool import CAPABILITY_INDEX_BY_TOOL
from anonymization.workflows.fund_portfolio_rollup import FUND_PORTFOLIO_ROLLUP
from anonymization.workflows.pipeline_benchmark import PIPELINE_BENCHMARK
from catalog.data_classes import DataClass
from lineage.promotions import PromotionState, read_promotions
from stores.errors import BoundaryRefused
from tests.anonymization.conftest import Desk

pytestmark = pytest.mark.integration

_BUSIEST = (
    "(SELECT tenant_id FROM tenant_private.agent_runs GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1)"
)
_GUARD_OFF = (
    "CREATE OR REPLACE FUNCTION control.differencing_rules(promotion uuid)"
    " RETURNS TABLE (cell_no integer, rule text) LANGUAGE sql STABLE SECURITY DEFINER"
    " SET search_path = pg_catalog, pg_temp AS 'SELECT 1, NULL::text WHERE false'"
)


def a_release(desk: Desk, workflow: Workflow) -> Publication:
    """A candidate published under the approval in force, which the first release asks for."""
    candidate = desk.candidate(workflow)
    if reviewed_now(desk.platform, workflow).last_decision is None:
        desk.decide(workflow, "approved", desk.steward)
    return publish_candidate(desk.platform, workflow, candidate.promotion_id)


def change(desk: Desk, statement: str) -> None:
    with desk.platform.admin_engine().begin() as connection:
        assert connection.execute(text(statement)).rowcount


def found(desk: Desk, query: str) -> list[Any]:
    with desk.platform.admin_engine().connect() as connection:
        return list(connection.execute(text(query)))


def runs_shown(desk: Desk) -> dict[tuple[str, object], int]:
    with desk.platform.platform_session("test") as session:
        rows = session.read(DataClass.ASCEND_PLATFORM_METRIC, "agent_run_aggregates")
    return {(row["tool_name"], row["month"]): row["runs"] for row in rows}


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "guard off"])
def test_a_planted_tenant_that_joins_late_cannot_be_subtracted(
    desk: Desk, *, guarded: bool
) -> None:
    """Its rows come after a release; with the guard off, subtraction counts them cell by cell."""
    own = {
        (row.tool_name, row.month): row.runs
        for row in found(
            desk,
            "SELECT tool_name, CAST(date_trunc('month', started_at, 'UTC') AS date) AS month,"
            f" count(*) AS runs FROM tenant_private.agent_runs WHERE tenant_id = {_BUSIEST}"
            " GROUP BY 1, 2",
        )
    }
    (joiner,) = found(desk, f"SELECT {_BUSIEST} AS tenant")
    of_joiner = f"WHERE tenant_id = '{joiner.tenant}'"
    later = "started_at = started_at {} interval '100 years'"
    change(desk, f"UPDATE tenant_private.agent_runs SET {later.format('+')} {of_joiner}")
    a_release(desk, AGENT_RUN_AGGREGATES)
    before = runs_shown(desk)
    change(desk, f"UPDATE tenant_private.agent_runs SET {later.format('-')} {of_joiner}")
    if not guarded:
        with desk.platform.admin_engine().begin() as connection:
            connection.execute(text(_GUARD_OFF))
    outcome = a_release(desk, AGENT_RUN_AGGREGATES)
    after = runs_shown(desk)
    revealed = [cell for cell, runs in own.items() if cell in before
                and after[cell] - before[cell] == runs]  # fmt: skip
    print(f"guarded: {guarded}, the late tenant is counted in {len(revealed)} of {len(own)} cells")
    if guarded:
        assert revealed == []
        assert outcome.held["k_tenants"] == len(own.keys() & before.keys())
    else:
        assert len(revealed) == len(own.keys() & before.keys()) > 10


def test_a_correction_by_many_supersedes_and_says_so(desk: Desk) -> None:
    """Everybody's values change: the row is replaced, and the older promotion tells which."""
    first = a_release(desk, PIPELINE_BENCHMARK)
    rows = "SELECT promotion_id, count(*) AS n FROM anonymized.anonymized_industry_benchmarks"
    assert [row.n for row in found(desk, f"{rows} GROUP BY 1")] == [first.rows_published]
    desk.change_a_source_row()
    second = a_release(desk, PIPELINE_BENCHMARK)
    assert second.cells_superseding == second.rows_published > 0
    assert second.rows_published + second.cells_held == first.rows_published
    shown = {row.promotion_id: row.n for row in found(desk, f"{rows} GROUP BY 1")}
    assert sum(shown.values()) == first.rows_published
    assert shown[second.promotion_id] == second.rows_published
    newest, oldest = read_promotions(desk.platform, workflow=PIPELINE_BENCHMARK.name)
    assert sum(newest.held.values()) == newest.cells_held == second.cells_held
    (replaced,) = oldest.superseded.values()
    assert list(oldest.superseded) == [str(second.promotion_id)]
    assert len(replaced) == second.cells_superseding


def test_the_first_release_freezes_the_partition(desk: Desk) -> None:
    """Later releases take it, and a version that cuts rows otherwise is not registered."""
    a_release(desk, PIPELINE_BENCHMARK)
    (frozen,) = found(desk, "SELECT * FROM control.benchmark_families")
    change(desk, "DELETE FROM tenant_private.crm_opportunities WHERE product_series <> 'GTX'")
    desk.candidate(PIPELINE_BENCHMARK)
    for row in found(desk, "SELECT partition FROM control.promotions"):
        assert row.partition == frozen.partition
    own = declaration(PIPELINE_BENCHMARK)
    dimensions: list[Any] = list(own["dimensions"])  # type: ignore[call-overload]
    other = [dimensions[0] | {"expression": "'everything'"}, *dimensions[1:]]
    elsewhere = {"target": "anonymized.anonymized_tactics"}
    for changed, code in (
        ({"dimensions": other}, "CL028"),
        ({"dimensions": dimensions[1:]}, "CL028"),
        (elsewhere | {"family": "new", "dimensions": other}, "CL029"),
        ({"family": "new"}, "CL029"),
        (elsewhere, "CL029"),
        ({"family": ""}, "CL011"),
        ({"measures": {}}, "CL011"),
    ):  # fmt: skip
        with (
            pytest.raises(BoundaryRefused) as refused,
            desk.platform.platform_session("test") as session,
        ):
            session.register_workflow(own | {"source_digest": "x", "requested_by": "x"} | changed)
        assert refused.value.code == code, changed


def test_two_families_over_one_measure_share_history(desk: Desk) -> None:
    """What one family showed of a cell cannot be subtracted from what the other shows."""
    assert AGENT_RUN_AGGREGATES.partition([0, 0]) == CAPABILITY_INDEX_BY_TOOL.partition([0, 0])
    a_release(desk, AGENT_RUN_AGGREGATES)
    change(
        desk,
        "UPDATE tenant_private.agent_runs SET cost_usd = cost_usd * 1.001"
        f" WHERE tenant_id = {_BUSIEST}",
    )
    outcome = a_release(desk, CAPABILITY_INDEX_BY_TOOL)
    assert outcome.state is PromotionState.PUBLISHED
    assert outcome.held["k_tenants"] > 0
    assert outcome.rows_published + outcome.cells_held == 8


def test_a_row_that_was_released_is_released_in_no_other_cell(desk: Desk) -> None:
    """Runs relabelled together make a cell of their own, which would be a difference."""
    a_release(desk, AGENT_RUN_AGGREGATES)
    change(
        desk,
        "UPDATE tenant_private.agent_runs SET tool_name = 'relabelled'"
        " WHERE tool_name = 'email_drafter'",
    )
    outcome = a_release(desk, AGENT_RUN_AGGREGATES)
    assert outcome.rows_published == 0
    assert outcome.held["row_moved"] > 0
    assert not [tool for tool, _ in runs_shown(desk) if tool == "relabelled"]


def test_a_release_is_not_judged_on_an_old_snapshot(desk: Desk) -> None:
    """What another release published meanwhile would not be seen."""
    candidate = desk.candidate(PIPELINE_BENCHMARK)
    desk.decide(PIPELINE_BENCHMARK, "approved", desk.steward)
    publish_candidate(desk.platform, PIPELINE_BENCHMARK, candidate.promotion_id)
    desk.change_a_source_row()
    candidate = desk.candidate(PIPELINE_BENCHMARK)
    with desk.platform.platform_session("test") as session:
        run = session.start_run(PIPELINE_BENCHMARK.name, source_digest(PIPELINE_BENCHMARK))
    passed = [
        {"name": str(name), "passed": True, "observed": {}}
        for name in PIPELINE_BENCHMARK.required_checks
    ]
    with desk.platform.anonymizer_session(PIPELINE_BENCHMARK.name, run) as session:
        session.record_checks(candidate.promotion_id, "publish", passed)
    with (
        pytest.raises(BoundaryRefused, match="older snapshot"),
        desk.platform.anonymizer_session(
            PIPELINE_BENCHMARK.name, run, one_snapshot=True
        ) as session,
    ):
        session.publish(candidate.promotion_id)


def test_a_fund_that_bought_since_the_candidate_gets_no_release(desk: Desk) -> None:
    """Leaving out a fund is decided by who owns whom at publication."""
    candidate = desk.candidate(PIPELINE_BENCHMARK)
    desk.decide(PIPELINE_BENCHMARK, "approved", desk.steward)
    change(
        desk,
        "UPDATE control.portfolio_membership SET fund_id = (SELECT min(fund_id)"
        " FROM control.portfolio_membership)",
    )
    outcome = publish_candidate(desk.platform, PIPELINE_BENCHMARK, candidate.promotion_id)
    assert outcome.state is PromotionState.HELD
    assert "whose fund has changed" in outcome.reason
    assert desk.candidate(PIPELINE_BENCHMARK).cells_kept == 0


def test_a_fund_is_shown_no_difference_when_a_company_leaves(desk: Desk) -> None:
    """A company that changes hands changes no month that either fund was shown."""
    a_release(desk, FUND_PORTFOLIO_ROLLUP)
    shown = "SELECT * FROM fund_private.portfolio_metric_rollups ORDER BY 1, 2, 3"
    before = found(desk, shown)
    change(
        desk,
        "UPDATE control.portfolio_membership SET fund_id = (SELECT max(fund_id)"
        " FROM control.portfolio_membership) WHERE tenant_id = (SELECT min(m.tenant_id)"
        " FROM control.portfolio_membership m WHERE m.fund_id ="
        " (SELECT min(fund_id) FROM control.portfolio_membership))",
    )
    outcome = a_release(desk, FUND_PORTFOLIO_ROLLUP)
    assert outcome.held["k_tenants"] > 0
    after = {tuple(row[:3]): row for row in found(desk, shown)}
    assert [after[tuple(row[:3])] for row in before] == before


def test_nobody_reads_who_stands_behind_a_cell(desk: Desk) -> None:
    """Neither a tenant nor the platform: contributions and judgements stay in control."""
    a_release(desk, AGENT_RUN_AGGREGATES)
    (tenant,) = found(desk, f"SELECT {_BUSIEST} AS id")
    for table in ("judged_cells", "measure_contributions", "cell_contributors"):
        with (
            pytest.raises(BoundaryRefused),
            desk.platform.tenant_session(tenant.id, "test") as session,
        ):
            session._rows(f"SELECT * FROM control.{table}")
        with (
            pytest.raises(BoundaryRefused),
            desk.platform.platform_session("test") as session,
        ):
            session._rows(f"SELECT * FROM control.{table}")
