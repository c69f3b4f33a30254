"""Tells DataHub what a run released and seals the ledger, also for runs of the Dagster UI.

The command line delivers by itself; these sensors work wherever Dagster's daemon runs.
"""

from __future__ import annotations

from dagster import (
    DagsterRunStatus,
    DefaultSensorStatus,
    RunStatusSensorContext,
    RunStatusSensorDefinition,
    SkipReason,
)

from stores.home import classline_home

__all__ = ["outbox_sensors"]


def outbox_sensors() -> tuple[RunStatusSensorDefinition, ...]:
    """One for runs that end well and one for runs that fail, whose other workflows released."""
    return tuple(
        RunStatusSensorDefinition(
            name=name,
            run_status=status,
            run_status_sensor_fn=_deliver,
            description=f"Tells DataHub what was released by a run that {ended}.",
            default_status=DefaultSensorStatus.RUNNING,
        )
        for name, status, ended in (
            ("datahub_after_success", DagsterRunStatus.SUCCESS, "ended well"),
            ("datahub_after_failure", DagsterRunStatus.FAILURE, "failed in a part"),
        )
    )


def _deliver(_context: RunStatusSensorContext) -> SkipReason:
    # imported here: they load the database libraries, which a code location does not need
    from dagster_project.delivery import deliver, delivery_line  # noqa: PLC0415
    from lineage.ledger_sealing import seal_line  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    with open_platform(classline_home()) as platform:
        return SkipReason(f"{delivery_line(deliver(platform))}; {seal_line(platform)}")
