"""A candidate's cells are attacked as their readers could, and held where an attack comes off."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import text

from anonymization.promote import check_candidate, prepare_candidate, publish_candidate
from anonymization.workflow import Workflow
from anonymization.workflows.agent_run_aggregates import AGENT_RUN_AGGREGATES
from anonymization.workflows.pipeline_benchmark import PIPELINE_BENCHMARK
from catalog.promotion_states import PromotionState
from stores.errors import BoundaryRefused
from tests.desk import NOW, Desk, a_desk

pytestmark = pytest.mark.integration
ATTACK = "red_team_cells"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One installation; each test files candidates of its own."""
    with a_desk(tmp_path_factory.mktemp("attacked") / "home") as opened:
        yield opened


def filed(desk: Desk, workflow: Workflow = PIPELINE_BENCHMARK) -> UUID:
    """A candidate that nobody has checked yet."""
    return prepare_candidate(
        desk.platform, workflow, now=NOW, requested_by=desk.engineer.name
    ).promotion_id


def attacked(desk: Desk, promotion: UUID) -> tuple[bool, dict[str, int]]:
    """What is on record of the attack."""
    with desk.platform.platform_session("test") as session:
        (row,) = session.records_ascend_platform_metric(
            "check_results", "promotion_id = :p AND check_name = :c", p=promotion, c=ATTACK
        )
    return row["passed"], dict(row["observed"])


def state_of(desk: Desk, promotion: UUID) -> tuple[str, str]:
    """Where it stands, and why."""
    with desk.platform.platform_session("test") as session:
        (row,) = session.records_ascend_platform_metric(
            "promotions", "promotion_id = :p", p=promotion
        )
    return row["state"], str(row["state_reason"])


def changed(desk: Desk, statement: str, **values: object) -> None:
    """What only an administrator can do behind the workflow's back."""
    with desk.platform.admin_engine().begin() as connection:
        done = connection.execute(text(statement), values)
        assert done.rowcount


def test_a_sound_candidate_is_attacked_in_vain_and_left_as_it_was(desk: Desk) -> None:
    """Counts of every part; what the guard wrote meanwhile is undone."""
    promotion = filed(desk)
    check_candidate(desk.platform, PIPELINE_BENCHMARK, promotion)
    passed, counts = attacked(desk, promotion)
    assert passed
    assert counts["parts"] > counts["cells"] > 50
    assert (counts["guessed"], counts["singled_out"], counts["telling"]) == (0, 0, 0)
    assert state_of(desk, promotion)[0] == PromotionState.CHECKED
    with desk.platform.admin_engine().connect() as connection:
        judged = connection.execute(
            text("SELECT count(*) FROM control.judged_cells WHERE promotion_id = :p"),
            {"p": promotion},
        ).scalar_one()
    assert judged == 0


LARGEST = """
    UPDATE control.cell_contributors c SET amount = 1000000 * (1 + amount)
    WHERE promotion_id = :p AND cell_no = 1 AND tenant_id = (
        SELECT min(tenant_id) FROM control.cell_contributors
        WHERE promotion_id = :p AND cell_no = 1)
"""
ALL_BUT_TWO = """
    DELETE FROM control.cell_contributors c
    WHERE promotion_id = :p AND cell_no = 1 AND tenant_id NOT IN (
        SELECT tenant_id FROM control.cell_contributors
        WHERE promotion_id = :p AND cell_no = 1 ORDER BY tenant_id LIMIT 2)
"""
ONE_FUND_AND_ANOTHER = """
    UPDATE control.cell_contributors c SET fund_id = CASE WHEN tenant_id = (
        SELECT min(tenant_id) FROM control.cell_contributors
        WHERE promotion_id = :p AND cell_no = 1) THEN NULL ELSE 'fd_' || repeat('a', 16) END
    WHERE promotion_id = :p AND cell_no = 1
"""


@pytest.mark.parametrize(
    ("tampering", "count"),
    [(LARGEST, "guessed"), (ALL_BUT_TWO, "singled_out"), (ONE_FUND_AND_ANOTHER, "singled_out")],
)
def test_a_cell_that_gives_somebody_away_holds_the_candidate(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tampering: str, count: str
) -> None:
    """Though every other check were to pass, the attack is seen and ends the candidate."""
    from anonymization import promote

    desk.change_a_source_row()
    promotion = filed(desk)
    changed(desk, tampering, p=promotion)
    checked = promote.checked_candidate
    monkeypatch.setattr(
        promote,
        "checked_candidate",
        lambda *about: tuple(
            type(result)(result.name, passed=True, observed=result.observed)
            for result in checked(*about)
        ),
    )
    check_candidate(desk.platform, PIPELINE_BENCHMARK, promotion)
    passed, counts = attacked(desk, promotion)
    assert (passed, counts[count] > 0) == (False, True)
    assert state_of(desk, promotion) == (
        PromotionState.HELD, f"failed on the candidate: {ATTACK}",
    )  # fmt: skip


def test_cells_that_the_guard_refuses_to_judge_hold_the_candidate(desk: Desk) -> None:
    """With the reason, as when it is to be released; what the checks saw stays on record."""
    desk.change_a_source_row()
    promotion = filed(desk)
    nobody = "DELETE FROM control.measure_contributions WHERE promotion_id = :p AND cell_no = 1"
    changed(desk, nobody, p=promotion)
    results = check_candidate(desk.platform, PIPELINE_BENCHMARK, promotion)
    state, reason = state_of(desk, promotion)
    assert state == PromotionState.HELD
    assert "values come without who contributed to them" in reason
    with desk.platform.platform_session("test") as session:
        recorded = session.records_ascend_platform_metric(
            "check_results", "promotion_id = :p", p=promotion
        )
    assert {row["check_name"] for row in recorded} == {result.name for result in results}


def test_differences_that_tell_of_one_tenant_are_counted_before_anybody_decides(
    desk: Desk,
) -> None:
    """As many cells are held at publication as the packet said, and by the same rules."""
    first = filed(desk)
    check_candidate(desk.platform, PIPELINE_BENCHMARK, first)
    desk.decide(PIPELINE_BENCHMARK, "approved", desk.steward)
    assert publish_candidate(desk.platform, PIPELINE_BENCHMARK, first).rows_published
    changed(
        desk,
        "UPDATE tenant_private.crm_opportunities SET close_value = close_value + 1 "
        "WHERE deal_stage = 'Won' AND tenant_id = ("
        "SELECT min(tenant_id) FROM tenant_private.crm_opportunities)",
    )
    second = filed(desk)
    check_candidate(desk.platform, PIPELINE_BENCHMARK, second)
    passed, counts = attacked(desk, second)
    assert passed
    assert counts["telling"] == counts["differences"] > 0
    assert counts["telling_released"] == 0
    held = {
        name.removeprefix("held_"): cells
        for name, cells in counts.items()
        if name.startswith("held_")
    }
    released = publish_candidate(desk.platform, PIPELINE_BENCHMARK, second)
    assert (released.state, dict(released.held)) == (PromotionState.PUBLISHED, held)
    assert held["k_tenants"] > 0


def test_a_guard_that_lets_a_telling_difference_through_is_found_out(desk: Desk) -> None:
    """The attacker compares by itself: a guard that judges nothing does not silence it."""
    changed(
        desk,
        "UPDATE tenant_private.crm_opportunities SET close_value = close_value + 1 "
        "WHERE deal_stage = 'Won' AND tenant_id = ("
        "SELECT max(tenant_id) FROM tenant_private.crm_opportunities)",
    )
    promotion = filed(desk)
    with desk.platform.admin_engine().begin() as connection:
        was = connection.execute(
            text(
                "SELECT pg_get_functiondef(CAST("
                "'control.differencing_rules(uuid)' AS regprocedure))"
            )
        ).scalar_one()
        connection.execute(
            text(
                "CREATE OR REPLACE FUNCTION control.differencing_rules(promotion uuid) "
                "RETURNS TABLE (cell_no integer, rule text) LANGUAGE sql STABLE SECURITY DEFINER "
                "SET search_path = pg_catalog, pg_temp AS 'SELECT 1, NULL::text WHERE false'"
            )
        )
    try:
        check_candidate(desk.platform, PIPELINE_BENCHMARK, promotion)
    finally:
        with desk.platform.admin_engine().begin() as connection:
            connection.exec_driver_sql(was.replace("%", "%%"))
    passed, counts = attacked(desk, promotion)
    assert (passed, counts["telling_released"] > 0) == (False, True)
    assert state_of(desk, promotion)[0] == PromotionState.HELD


def test_what_the_platform_alone_reads_is_counted_and_not_held(desk: Desk) -> None:
    """No tenant and no fund reads it, so nobody takes a part of their own out."""
    promotion = filed(desk, AGENT_RUN_AGGREGATES)
    changed(desk, LARGEST, p=promotion)
    check_candidate(desk.platform, AGENT_RUN_AGGREGATES, promotion)
    passed, counts = attacked(desk, promotion)
    assert (passed, counts["guessed"] > 0) == (True, True)


def test_only_a_run_of_its_workflow_attacks_a_candidate(desk: Desk) -> None:
    """Another workflow's run learns nothing of it, and what has ended is attacked no more."""
    from anonymization.promote import _run
    from anonymization.source_digest import source_digest

    promotion = filed(desk, AGENT_RUN_AGGREGATES)
    with (
        _run(desk.platform, PIPELINE_BENCHMARK, source_digest(PIPELINE_BENCHMARK)) as session,
        pytest.raises(BoundaryRefused, match="CL027"),
    ):
        session.attacked_cells_ascend_platform_metric(promotion)
    own = source_digest(AGENT_RUN_AGGREGATES)
    with (
        _run(desk.platform, AGENT_RUN_AGGREGATES, own) as session,
        pytest.raises(BoundaryRefused, match="CL055"),  # stewards read what a run says of its end
    ):
        session.hold(promotion, "ended for a \u202etset")
    with _run(desk.platform, AGENT_RUN_AGGREGATES, own) as session:
        session.hold(promotion, "ended for a test")
    with (
        _run(desk.platform, AGENT_RUN_AGGREGATES, own) as session,
        pytest.raises(BoundaryRefused, match="CL020"),
    ):
        session.attacked_cells_ascend_platform_metric(promotion)
