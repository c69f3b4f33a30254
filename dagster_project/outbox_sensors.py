"""Tells DataHub what a run released and seals the ledger, also for runs of the Dagster UI.

The command line delivers by itself; these sensors work wherever Dagster's daemon runs. One looks at
the outbox whether or not anything ran, so what waited for a DataHub that was away goes out by
itself once it is back.
"""

from __future__ import annotations

from datetime import UTC, datetime

from dagster import (
    DagsterRunStatus,
    DefaultSensorStatus,
    RunStatusSensorContext,
    RunStatusSensorDefinition,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
)

from stores.home import classline_home

__all__ = ["OUTBOX_SECONDS", "outbox_sensor", "outbox_sensors"]

OUTBOX_SECONDS = 60
"""How often the outbox is looked at."""


def outbox_sensors() -> tuple[RunStatusSensorDefinition, ...]:
    """One for runs that end well and one for runs that fail, whose other workflows released."""
    return tuple(
        RunStatusSensorDefinition(
            name=name,
            run_status=status,
            run_status_sensor_fn=_after_run,
            description=f"Tells DataHub what was released by a run that {ended}.",
            default_status=DefaultSensorStatus.RUNNING,
        )
        for name, status, ended in (
            ("datahub_after_success", DagsterRunStatus.SUCCESS, "ended well"),
            ("datahub_after_failure", DagsterRunStatus.FAILURE, "failed in a part"),
        )
    )


def outbox_sensor() -> SensorDefinition:
    """The one that looks by itself."""
    return SensorDefinition(
        name="datahub_outbox",
        evaluation_fn=_at_times,
        minimum_interval_seconds=OUTBOX_SECONDS,
        description=(
            "Tells DataHub what waits for it; what failed rests for longer each time. Once a day "
            "it compares the whole catalog, and puts class labels back that were changed by hand."
        ),
        default_status=DefaultSensorStatus.RUNNING,
    )


def _after_run(_context: RunStatusSensorContext) -> SkipReason:
    return SkipReason(_delivered()[0])


def _at_times(context: SensorEvaluationContext) -> SkipReason:
    today = datetime.now(UTC).date().isoformat()
    told, compared = _delivered(whole_catalog=context.cursor != today)
    if compared:
        context.update_cursor(today)
    return SkipReason(told)


def _delivered(*, whole_catalog: bool = False) -> tuple[str, bool]:
    """What became of the outbox, and whether the whole catalog was compared."""
    # imported here: they load the database libraries, which a code location does not need
    from dagster_project.delivery import deliver, delivery_line  # noqa: PLC0415
    from lineage.ledger_sealing import seal_line  # noqa: PLC0415
    from stores.errors import DatabaseUnreachable  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    try:
        with open_platform(classline_home()) as platform:
            report = deliver(platform, whole_catalog=whole_catalog)
            sealed = seal_line(platform)
    except DatabaseUnreachable as error:
        return str(error), False
    return f"{delivery_line(report)}; {sealed}", report.catalog is not None
