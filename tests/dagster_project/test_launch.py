"""What the command line gets back from a run, however the workflows end."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dagster import DagsterInstance, Failure, build_input_context, materialize
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager

from anonymization.registered import WORKFLOWS, UnregisteredWorkflow
from dagster_project.dagster_home import ensure_dagster_home
from dagster_project.definitions import PROMOTIONS
from dagster_project.launch import run_workflows
from dagster_project.resources import PlatformResource, PromotionIds
from dagster_project.run_summary import RunSummary, WorkflowOutcome
from expectations.suites import EVERY_CANDIDATE, CheckName
from lineage.promotions import PromotionState
from stores.errors import DatabaseUnreachable
from stores.home import Home
from tests.dagster_project.promotion_stand_ins import Promotions, a_candidate_of, a_publication

NOW = datetime(2018, 1, 1, tzinfo=UTC)
EVERY_NAME = [workflow.name for workflow in WORKFLOWS]
ROLLUP, BENCHMARK, *OTHERS = EVERY_NAME

pytestmark = pytest.mark.integration


def a_run(home: Path, *names: str, told: list[str] | None = None) -> RunSummary:
    """A run of those workflows, asked for by Ada."""
    return run_workflows(
        names,
        home=home,
        now=NOW,
        requested_by="ada",
        on_event=told.append if told is not None else None,
    )


def outcome(summary: RunSummary, workflow: str) -> WorkflowOutcome:
    """How that workflow ended."""
    return next(outcome for outcome in summary.outcomes if outcome.workflow == workflow)


def test_every_workflow_is_published(promotions: Promotions, a_home_with_keys: Path) -> None:
    """A run of everything reports what each workflow filed and released."""
    summary = a_run(a_home_with_keys)
    assert summary.success
    assert summary.error is None
    assert [outcome.workflow for outcome in summary.outcomes] == EVERY_NAME
    for workflow in WORKFLOWS:
        candidate = a_candidate_of(workflow)
        assert outcome(summary, workflow.name) == WorkflowOutcome(
            workflow=workflow.name,
            candidate=candidate,
            publication=a_publication(candidate.promotion_id, PromotionState.PUBLISHED),
            failed_checks=(),
            error=None,
        )
    assert {(at, by) for _, at, by in promotions.prepared} == {(NOW, "ada")}


def test_only_the_named_workflow_runs(promotions: Promotions, a_home_with_keys: Path) -> None:
    """Naming a workflow leaves the others alone."""
    summary = a_run(a_home_with_keys, BENCHMARK, BENCHMARK)
    assert [name for name, *_ in promotions.prepared] == [BENCHMARK]
    assert [outcome.workflow for outcome in summary.outcomes] == [BENCHMARK]


def test_an_unregistered_workflow_is_refused(
    promotions: Promotions, a_home_with_keys: Path
) -> None:
    """A wrong name runs nothing at all."""
    with pytest.raises(UnregisteredWorkflow):
        a_run(a_home_with_keys, BENCHMARK, "no_such_workflow")
    assert promotions.prepared == []


def test_awaiting_review_ends_well_and_releases_nothing(
    promotions: Promotions, a_home_with_keys: Path
) -> None:
    """Waiting for a steward is no failure, but no asset may look released."""
    promotions.ends[ROLLUP] = PromotionState.AWAITING_REVIEW
    told: list[str] = []
    summary = a_run(a_home_with_keys, told=told)
    assert summary.success
    assert outcome(summary, ROLLUP).state is PromotionState.AWAITING_REVIEW
    assert outcome(summary, BENCHMARK).state is PromotionState.PUBLISHED
    assert f"{ROLLUP}: awaiting_review, 0 rows; it is awaiting_review" in told
    released = events(a_home_with_keys, summary, "ASSET_MATERIALIZATION")
    assert "portfolio_metric_rollups" not in released
    assert "portfolio_metric_rollups" in events(a_home_with_keys, summary, "ASSET_OBSERVATION")


@pytest.mark.parametrize("state", [PromotionState.HELD, PromotionState.REJECTED])
def test_a_held_promotion_fails_and_says_why(
    promotions: Promotions, a_home_with_keys: Path, state: PromotionState
) -> None:
    """Whoever started the run must not take it for released."""
    promotions.ends[ROLLUP] = state
    summary = a_run(a_home_with_keys)
    held = outcome(summary, ROLLUP)
    assert not summary.success
    assert held.state is state
    assert held.error == f"nothing was released: the promotion is {state}; it is {state}"
    assert outcome(summary, BENCHMARK).state is PromotionState.PUBLISHED


@pytest.mark.parametrize("check", EVERY_CANDIDATE)
def test_a_failing_check_stops_only_its_own_workflow(
    promotions: Promotions, a_home_with_keys: Path, check: CheckName
) -> None:
    """A candidate that fails is not published; the others do not depend on it."""
    promotions.failing_checks[BENCHMARK] = check
    told: list[str] = []
    summary = a_run(a_home_with_keys, told=told)
    assert not summary.success
    assert outcome(summary, BENCHMARK).failed_checks == (str(check),)
    assert outcome(summary, BENCHMARK).publication is None
    assert outcome(summary, BENCHMARK).error is None
    assert sorted(name for name, _ in promotions.published) == sorted([ROLLUP, *OTHERS])
    assert f"{BENCHMARK}: check {check} failed" in told


def test_a_check_that_does_not_report_stops_the_release(
    promotions: Promotions, a_home_with_keys: Path
) -> None:
    """Dagster lets a release go on when a blocking check says nothing; we do not."""
    promotions.unreported_checks[BENCHMARK] = CheckName.K_DISTINCT_TENANTS
    summary = a_run(a_home_with_keys)
    assert outcome(summary, BENCHMARK).error == (
        "no result for k_distinct_tenants: every required check must report"
    )
    assert BENCHMARK not in [name for name, _ in promotions.published]


def test_an_error_stops_only_its_own_workflow(
    promotions: Promotions, a_home_with_keys: Path
) -> None:
    """One broken source must not keep the others from being released."""
    promotions.raising[ROLLUP] = DatabaseUnreachable("the database does not answer")
    summary = a_run(a_home_with_keys)
    assert outcome(summary, ROLLUP) == WorkflowOutcome(
        workflow=ROLLUP,
        candidate=None,
        publication=None,
        failed_checks=(),
        error="stores.errors.DatabaseUnreachable: the database does not answer",
    )
    assert len(promotions.published) == len(WORKFLOWS) - 1


def test_no_value_of_a_row_enters_the_history(
    promotions: Promotions, a_home_with_keys: Path
) -> None:
    """A database's message can quote the row it stumbled over, also as an error's cause."""
    who = f"{promotions.__class__.__name__}@acme.example"
    promotions.raising[ROLLUP] = ValueError(f"Key (email)=({who}) already exists")
    promotions.raising[ROLLUP].__cause__ = LookupError(who)
    summary = a_run(a_home_with_keys)
    assert outcome(summary, ROLLUP).error == "builtins.ValueError: message withheld"
    kept = b"".join(path.read_bytes() for path in a_home_with_keys.rglob("*") if path.is_file())
    assert b"promotion_assets.py" in kept
    assert who.encode() not in kept


def test_an_installation_that_is_down_is_reported(
    promotions: Promotions, a_home_with_keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no step could run, the run itself says why."""

    def refuse(home: Path) -> None:
        message = f"nothing is up in {home.name}; run `classline up` first"
        raise DatabaseUnreachable(message)

    monkeypatch.setattr("stores.platform.open_platform", refuse)
    summary = a_run(a_home_with_keys)
    assert not summary.success
    assert summary.error is not None
    assert "run `classline up` first" in summary.error
    assert promotions.prepared == []


@pytest.mark.parametrize("created", [False, True], ids=["no folder", "no keyring"])
def test_an_installation_that_was_never_up_is_refused(
    promotions: Promotions, tmp_path: Path, *, created: bool
) -> None:
    """Without its keys nobody's request can be proven, and a run must not make them."""
    home = Home(tmp_path / "home")
    if created:
        home.create()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DatabaseUnreachable, match="run `classline up` first"):
        a_run(home.root)
    assert sorted(tmp_path.rglob("*")) == before
    assert promotions.prepared == []


def test_nothing_is_printed_and_everything_is_logged(
    promotions: Promotions, a_home_with_keys: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The command line decides what people see; the rest is in a file."""
    promotions.ends[ROLLUP] = PromotionState.HELD
    summary = a_run(a_home_with_keys)
    assert capfd.readouterr() == ("", "")
    assert summary.dagster_run_id in summary.log_file.read_text()


def test_the_dagster_home_is_made_once_and_never_overwritten(tmp_path: Path) -> None:
    """People may edit it; from the start nothing calls home, and what a step prints is not kept."""
    settings = ensure_dagster_home(tmp_path) / "dagster.yaml"
    assert "telemetry:\n  enabled: false" in settings.read_text()
    assert "nux:\n  enabled: false" in settings.read_text()
    with DagsterInstance.from_config(str(settings.parent)) as instance:
        assert isinstance(instance.compute_log_manager, NoOpComputeLogManager)
        assert not instance.nux_enabled
    settings.write_text("telemetry:\n  enabled: false\n")
    ensure_dagster_home(tmp_path)
    assert settings.read_text() == "telemetry:\n  enabled: false\n"


def test_a_release_can_be_run_again_alone(promotions: Promotions, a_home_with_keys: Path) -> None:
    """After an approval only the last step is needed; it finds the candidate by its id."""
    promotions.ends[ROLLUP] = PromotionState.AWAITING_REVIEW
    a_run(a_home_with_keys, ROLLUP)
    resources = {
        "platform": PlatformResource(home=str(a_home_with_keys)),
        "promotion_ids": PromotionIds(home=str(a_home_with_keys)),
    }
    rollup = PROMOTIONS[0]
    again = materialize(
        [rollup.candidate, rollup.published], selection=[rollup.published], resources=resources
    )
    assert again.success
    first, second = promotions.published
    assert first == second


def test_a_release_without_a_candidate_says_what_to_do(
    promotions: Promotions, tmp_path: Path
) -> None:
    """Nothing was filed yet, so there is nothing to release."""
    ids = PromotionIds(home=str(tmp_path))
    with pytest.raises(Failure, match="materialize it first"):
        ids.load_input(build_input_context(asset_key=PROMOTIONS[0].candidate.key))
    assert promotions.published == []


def test_a_time_without_an_offset_is_refused(tmp_path: Path) -> None:
    """Which periods are closed depends on the time zone."""
    with pytest.raises(ValueError, match="give it an offset"):
        PlatformResource(home=str(tmp_path), now="2018-01-01T00:00:00").release_time()


def events(home: Path, summary: RunSummary, kind: str) -> str:
    """All events of that kind of a run, as Dagster stored them."""
    path = home / "dagster" / "history" / "runs" / f"{summary.dagster_run_id}.db"
    with closing(sqlite3.connect(path)) as history:
        found = history.execute(
            "SELECT event FROM event_logs WHERE dagster_event_type = ?", (kind,)
        )
        return "\n".join(event for (event,) in found)
