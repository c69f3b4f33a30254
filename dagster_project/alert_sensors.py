"""Calls for people: a run that failed, a check that stopped a release, a review that is overdue.

Alerts go where `stores.alerts` takes them: the log, the database, and Slack where it is set. They
name a job or a workflow and carry counts, never values.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dagster import (
    DagsterEventType,
    DagsterInstance,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunStatusSensorContext,
    RunStatusSensorDefinition,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
)

from stores.home import classline_home

__all__ = ["OVERDUE_AFTER", "failed_runs", "overdue_reviews"]

OVERDUE_AFTER = timedelta(days=3)
"""How long a candidate waits before its stewards are called; they are called again each day."""

_A_DAY_SECONDS = 24 * 60 * 60


def failed_runs() -> RunStatusSensorDefinition:
    """Alerts for each run that failed, and says when it was a check that stopped it."""
    return RunStatusSensorDefinition(
        name="alert_when_a_run_fails",
        run_status=DagsterRunStatus.FAILURE,
        run_status_sensor_fn=_report,
        description="Alerts when a run failed or a check kept something from being released.",
        default_status=DefaultSensorStatus.RUNNING,
    )


def overdue_reviews() -> SensorDefinition:
    """Alerts once a day for each workflow whose candidates wait too long for a steward."""
    return SensorDefinition(
        name="alert_when_a_review_is_overdue",
        evaluation_fn=_remind,
        minimum_interval_seconds=3600,
        description=(
            f"Alerts when a candidate has waited over {OVERDUE_AFTER.days} days for a steward, "
            "once a day."
        ),
        default_status=DefaultSensorStatus.RUNNING,
    )


def _report(context: RunStatusSensorContext) -> SkipReason:
    # imported here: they load the database libraries, which a code location does not need
    from stores.alerts import AlertKind  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    run = context.dagster_run
    stopped = _failed_blocking_checks(context.instance, run.run_id)
    kind = AlertKind.RELEASE_BLOCKED if stopped else AlertKind.RUN_FAILED
    with open_platform(classline_home()) as platform:
        new = platform.alerts.raise_alert(kind, run.job_name)
    told = "an alert was raised" if new else "an alert like it was raised just now"
    return SkipReason(f"{told}: {kind}, {stopped} failed checks")


def _failed_blocking_checks(instance: DagsterInstance, run_id: str) -> int:
    events = instance.all_logs(run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION)
    evaluations = [
        entry.dagster_event.asset_check_evaluation_data
        for entry in events
        if entry.dagster_event is not None
    ]
    return sum(not each.passed and each.blocking is True for each in evaluations)


def _remind(_context: SensorEvaluationContext) -> SkipReason:
    from lineage.overdue_reviews import overdue_reviews as waiting  # noqa: PLC0415 - as above
    from stores.alerts import AlertKind  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    with open_platform(classline_home()) as platform:
        late = waiting(platform, filed_before=datetime.now(UTC) - OVERDUE_AFTER)
        for workflow in sorted(late):
            platform.alerts.raise_alert(
                AlertKind.REVIEW_OVERDUE, workflow, quiet_seconds=_A_DAY_SECONDS
            )
    if not late:
        return SkipReason("no review is overdue")
    told = ", ".join(f"{count} of {workflow}" for workflow, count in sorted(late.items()))
    return SkipReason(f"candidates wait for a steward: {told}")
