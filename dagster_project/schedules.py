"""When workflows run by themselves.

A scheduled run of an approved version releases what its checks let through; any other leaves a
candidate that waits for a steward. Where nothing changed, a run finds its promotion on record.
"""

from __future__ import annotations

from collections.abc import Sequence

from dagster import DefaultScheduleStatus, ScheduleDefinition

from dagster_project.promotion_assets import PromotionAssets

__all__ = ["workflow_schedules"]

_FIRST_HOUR_UTC = 2
_MINUTES_APART = 10
_HOUR = 60


def workflow_schedules(promotions: Sequence[PromotionAssets]) -> tuple[ScheduleDefinition, ...]:
    """Every workflow once a night, one after the other: they read the same rows."""
    return tuple(
        ScheduleDefinition(
            name=f"{promotion.workflow.name}_nightly",
            job_name=promotion.workflow.name,
            cron_schedule=_cron(number),
            execution_timezone="UTC",
            description=(
                f"Runs {promotion.workflow.name} every night. Periods that are not closed yet are "
                "left out, and what did not change is not released again."
            ),
            default_status=DefaultScheduleStatus.RUNNING,
        )
        for number, promotion in enumerate(promotions)
    )


def _cron(number: int) -> str:
    hours, minutes = divmod(number * _MINUTES_APART, _HOUR)
    return f"{minutes} {_FIRST_HOUR_UTC + hours} * * *"
