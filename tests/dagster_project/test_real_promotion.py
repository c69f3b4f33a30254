"""Dagster drives a real promotion: database, checks, a steward, and the record of it all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from dagster import DagsterInstance

from anonymization.registered import WORKFLOWS
from anonymization.workflow import Workflow
from anonymization.workflows.agent_run_aggregates import AGENT_RUN_AGGREGATES
from anonymization.workflows.op_partner_brief_patterns import OP_PARTNER_BRIEF_PATTERNS
from anonymization.workflows.pipeline_benchmark import PIPELINE_BENCHMARK
from dagster_project.definitions import defs
from dagster_project.launch import ensure_dagster_home, run_workflows
from dagster_project.requester import REQUESTED_BY_TAG, requester_tags
from dagster_project.run_summary import RunSummary, WorkflowOutcome
from expectations.gx import candidate_checks
from expectations.suites import CandidateSuite, CheckName, CheckResult
from lineage.promotions import PromotionRecord, PromotionState, promotion_checks, read_promotions
from stores.errors import BoundaryRefused
from tests.desk import NOW, Desk, a_review_desk

pytestmark = pytest.mark.integration

EVERY_NAME = [workflow.name for workflow in WORKFLOWS]


def a_run(desk: Desk, *names: str) -> RunSummary:
    """A run of these workflows, of every one if none is named, requested by the engineer."""
    home = desk.platform.home.root
    return run_workflows(names, home=home, now=NOW, requested_by=desk.engineer.name)


def everything_is_approved(desk: Desk) -> None:
    """The steward, who requested nothing, approves every workflow as it is."""
    for workflow in WORKFLOWS:
        desk.decide(workflow, "approved", desk.steward)


def states(summary: RunSummary) -> dict[str, PromotionState | None]:
    """Where each workflow's promotion stands after a run."""
    return {outcome.workflow: outcome.state for outcome in summary.outcomes}


def outcome(summary: RunSummary, workflow: Workflow) -> WorkflowOutcome:
    """How that workflow ended."""
    return next(each for each in summary.outcomes if each.workflow == workflow.name)


def recorded(desk: Desk) -> dict[str, PromotionRecord]:
    """The one promotion that each workflow has on record."""
    records = read_promotions(desk.platform)
    assert len(records) == len({record.workflow for record in records})
    return {record.workflow: record for record in records}


def test_a_release_waits_for_a_steward_and_happens_once(desk: Desk) -> None:
    """The whole line: file and check, wait, be approved, publish, and never publish again."""
    first = a_run(desk)
    assert first.success
    assert states(first) == dict.fromkeys(EVERY_NAME, PromotionState.AWAITING_REVIEW)
    assert {record.requested_by for record in recorded(desk).values()} == {desk.engineer.name}
    assert {record.rows_published for record in recorded(desk).values()} == {None}

    everything_is_approved(desk)
    second = a_run(desk)
    assert second.success
    assert states(second) == dict.fromkeys(EVERY_NAME, PromotionState.PUBLISHED)
    published = recorded(desk)
    for ended in second.outcomes:
        assert ended.candidate is not None
        assert ended.publication is not None
        assert ended.candidate.already_recorded
        assert not ended.publication.already_recorded
        assert ended.publication.rows_published == ended.candidate.cells_kept
        # Nobody but a workflow could have written briefs.
        assert ended.candidate.cells_kept or ended.workflow == OP_PARTNER_BRIEF_PATTERNS.name
        assert ended.publication.approved_by == desk.steward.name
        assert published[ended.workflow].promotion_id == ended.publication.promotion_id

    third = a_run(desk)
    assert third.success
    assert states(third) == dict.fromkeys(EVERY_NAME, PromotionState.PUBLISHED)
    for ended in third.outcomes:
        assert ended.candidate is not None
        assert ended.publication is not None
        assert ended.candidate.already_recorded
        assert ended.publication.already_recorded
    assert recorded(desk) == published


def test_who_requested_a_run_may_not_approve_it(desk: Desk) -> None:
    """The proven name reaches the record, where the database holds it against the requester."""
    a_run(desk, PIPELINE_BENCHMARK.name)
    with pytest.raises(BoundaryRefused, match="who requested a release may not approve it"):
        desk.decide(PIPELINE_BENCHMARK, "approved", desk.engineer)


@pytest.mark.parametrize("proof", ["none", "of another run"])
def test_a_forged_requester_is_recorded_as_the_service(desk: Desk, proof: str) -> None:
    """Whoever starts the job past the command line names anyone, and is believed by nobody."""
    home, name = desk.platform.home.root, desk.steward.name
    forged = {
        "none": {REQUESTED_BY_TAG: name},
        "of another run": requester_tags(desk.platform.keyring.control_key, name, "another-run"),
    }[proof]
    installation = {"config": {"home": str(home)}}
    with DagsterInstance.from_config(str(ensure_dagster_home(home))) as instance:
        ended = defs.resolve_job_def(AGENT_RUN_AGGREGATES.name).execute_in_process(
            instance=instance,
            run_config={
                "resources": {"platform": installation, "promotion_ids": installation},
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            },
            tags=forged,
        )
    assert ended.success
    assert recorded(desk)[AGENT_RUN_AGGREGATES.name].requested_by == "service"


def test_a_failing_check_keeps_only_its_own_workflow_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even an approved candidate is not published past a failed check; the others are."""
    check_truly = candidate_checks.run_candidate_checks

    def fail_the_benchmark(
        suite: CandidateSuite,
        cells: Sequence[Mapping[str, object]],
        tenants_per_cell: Sequence[int],
    ) -> tuple[CheckResult, ...]:
        failing = suite.dataset == PIPELINE_BENCHMARK.target_dataset.qualified_name
        return tuple(
            replace(result, passed=False)
            if failing and result.name == CheckName.K_DISTINCT_TENANTS
            else result
            for result in check_truly(suite, cells, tenants_per_cell)
        )

    with a_review_desk(tmp_path / "home") as desk:
        everything_is_approved(desk)
        monkeypatch.setattr(candidate_checks, "run_candidate_checks", fail_the_benchmark)
        summary = a_run(desk)

        assert not summary.success
        kept_back = outcome(summary, PIPELINE_BENCHMARK)
        assert kept_back.failed_checks == (str(CheckName.K_DISTINCT_TENANTS),)
        assert kept_back.publication is None
        records = recorded(desk)
        benchmark = records.pop(PIPELINE_BENCHMARK.name)
        assert benchmark.state is not PromotionState.PUBLISHED
        assert benchmark.rows_published is None
        last = promotion_checks(desk.platform, benchmark.promotion_id)[-3:]
        assert {check.check_name for check in last if not check.passed} == {
            CheckName.K_DISTINCT_TENANTS
        }
        assert {record.state for record in records.values()} == {PromotionState.PUBLISHED}
