"""Reads from a run's events how each workflow ended, for people and for the command line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dagster import DagsterEvent, DagsterEventType, MetadataValue

from anonymization.outcomes import Candidate, Publication
from dagster_project.figures import candidate_from, publication_from
from dagster_project.promotion_assets import PromotionAssets
from lineage.promotions import PromotionState

__all__ = ["RunSummary", "WorkflowOutcome", "failure_of", "outcome_of", "progress_line"]


@dataclass(frozen=True, slots=True)
class WorkflowOutcome:
    """How far one workflow came: what it filed, what its checks said, how it ended."""

    workflow: str
    candidate: Candidate | None
    publication: Publication | None
    failed_checks: tuple[str, ...]
    error: str | None

    @property
    def state(self) -> PromotionState | None:
        """Where the promotion stands; None if no candidate was filed."""
        reported = self.publication or self.candidate
        return reported.state if reported else None


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run of one or more workflows; ``error`` says why it could not even begin."""

    success: bool
    dagster_run_id: str
    outcomes: tuple[WorkflowOutcome, ...]
    error: str | None
    log_file: Path


def outcome_of(promotion: PromotionAssets, events: Iterable[DagsterEvent]) -> WorkflowOutcome:
    """How one workflow ended, from the events of its own steps."""
    crossing = promotion.crossing
    by_step: dict[str | None, list[DagsterEvent]] = defaultdict(list)
    for event in events:
        by_step[event.step_key].append(event)
    filed, checked, released = (
        by_step[node.name] for node in (crossing.candidate, crossing.checks, crossing.published)
    )
    failed_checks = sorted(name for event in checked if (name := _failed_check(event)))
    telling = [*filed, *released] if failed_checks else [*filed, *checked, *released]
    return WorkflowOutcome(
        workflow=promotion.workflow.name,
        candidate=next((candidate_from(f) for event in filed if (f := _figures(event))), None),
        publication=next(
            (publication_from(f) for event in released if (f := _figures(event))), None
        ),
        failed_checks=tuple(failed_checks),
        error=next((failure for event in telling if (failure := failure_of(event))), None),
    )


def progress_line(promotions: Iterable[PromotionAssets], event: DagsterEvent) -> str | None:
    """What to tell the person who waits, if the event is worth telling."""
    for promotion in promotions:
        crossing, name = promotion.crossing, promotion.workflow.name
        if failure := failure_of(event):
            if event.step_key in {crossing.candidate.name, crossing.published.name}:
                return f"{name}: {failure}"
        elif (figures := _figures(event)) and event.step_key == crossing.candidate.name:
            candidate = candidate_from(figures)
            cells = f"{candidate.cells_kept} of {candidate.cells_in} cells"
            if candidate.already_recorded:
                return f"{name}: {cells}, filed before and {candidate.state}"
            return f"{name}: {cells} wait for checks"
        elif figures and event.step_key == crossing.published.name:
            publication = publication_from(figures)
            said = f"; {publication.reason}" if publication.reason else ""
            before = " before" if publication.already_recorded else ""
            return f"{name}: {publication.state}{before}, {publication.rows_published} rows{said}"
        elif event.step_key == crossing.checks.name and _is_check(event):
            failed = _failed_check(event)
            check = event.asset_check_evaluation_data.check_name
            return f"{name}: check {check} {'failed' if failed else 'passed'}"
    return None


def failure_of(event: DagsterEvent) -> str | None:
    """Why a step or the whole run failed, if the event says so."""
    if event.event_type is DagsterEventType.STEP_FAILURE:
        told = event.step_failure_data.user_failure_data
        error = event.step_failure_data.error
        return (told.description if told else None) or (error.message.strip() if error else None)
    if event.event_type is DagsterEventType.RUN_FAILURE:
        error = event.job_failure_data.error
        cause = error.cause or error if error else None
        return cause.message.strip() if cause else None
    return None


def _figures(event: DagsterEvent) -> Mapping[str, MetadataValue] | None:
    """The figures that a step reported by materializing, observing or failing."""
    match event.event_type:
        case DagsterEventType.ASSET_MATERIALIZATION:
            return event.step_materialization_data.materialization.metadata
        case DagsterEventType.ASSET_OBSERVATION:
            return event.asset_observation_data.asset_observation.metadata
        case DagsterEventType.STEP_FAILURE:
            told = event.step_failure_data.user_failure_data
            return told.metadata if told and "promotion_id" in told.metadata else None
        case _:
            return None


def _is_check(event: DagsterEvent) -> bool:
    return event.event_type is DagsterEventType.ASSET_CHECK_EVALUATION


def _failed_check(event: DagsterEvent) -> str | None:
    if not _is_check(event) or event.asset_check_evaluation_data.passed:
        return None
    return event.asset_check_evaluation_data.check_name
