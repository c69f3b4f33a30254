"""Runs a workflow once its candidate may be published: a steward approved what waits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dagster import (
    DefaultSensorStatus,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from stores.home import classline_home

__all__ = ["publish_what_is_approved"]


def publish_what_is_approved(jobs: Sequence[UnresolvedAssetJobDefinition]) -> SensorDefinition:
    """Starts the job named like each workflow that waits with an approval in force."""
    return SensorDefinition(
        name="publish_what_is_approved",
        evaluation_fn=_approved,
        jobs=list(jobs),
        minimum_interval_seconds=30,
        description="Publishes what waited, within a minute of a steward's approval.",
        default_status=DefaultSensorStatus.RUNNING,
    )


def _approved(_context: SensorEvaluationContext) -> Iterator[RunRequest | SkipReason]:
    # imported here: they load the database libraries, which a code location does not need
    from anonymization.decisions import approved_and_waiting  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    with open_platform(classline_home()) as platform:
        found = approved_and_waiting(platform)
    for workflow, approval_id in sorted(found.items()):
        # One run an approval: what it does not publish says why, and waits for a person.
        yield RunRequest(run_key=f"{workflow} {approval_id}", job_name=workflow)
    if not found:
        yield SkipReason("nothing that waits is approved")
