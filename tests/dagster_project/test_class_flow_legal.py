"""What the policy allows, the class-flow guard lets through."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dagster import (
    AssetCheckResult,
    AssetKey,
    AssetSelection,
    Definitions,
    RunRequest,
    ScheduleDefinition,
    asset_check,
    define_asset_job,
    sensor,
)

from catalog.data_classes import DataClass
from dagster_project.class_flow import violations
from dagster_project.definitions import defs
from dagster_project.steward_decision import steward_decision
from tests.dagster_project.class_flow_builders import (
    ACCOUNTS,
    CROSSINGS,
    OTHER_DATASETS,
    ROLLUP,
    ROLLUP_KEY,
    a_leaking_job,
    a_store,
    an_asset,
    found,
    rollup_of,
)


def test_the_project_has_no_violation() -> None:
    """The guard must not stand in the way of what the policy allows."""
    assert violations(defs, CROSSINGS, allowed_jobs=[steward_decision]) == ()


def test_the_true_rollup_has_no_violation() -> None:
    """The attacks below change one thing each; without a change nothing is refused."""
    assert rollup_of() == ()


@pytest.mark.parametrize("data_class", list(DataClass))
def test_an_edge_within_one_class_is_fine(data_class: DataClass) -> None:
    """Same class: whose rows they are is the database's boundary to hold."""
    upstream, downstream = OTHER_DATASETS[data_class]
    source = a_store(data_class, upstream)
    assert found(source, an_asset(data_class, downstream, deps=[source.key])) == ()


@pytest.mark.parametrize("data_class", list(DataClass))
def test_what_is_anonymized_flows_everywhere(data_class: DataClass) -> None:
    """The table of legal edges lets benchmarks into every class."""
    key = AssetKey(["anonymized_benchmark", "anonymized_tactics"])
    reader, _ = OTHER_DATASETS[data_class]
    assert found(an_asset(data_class, reader, deps=[key])) == ()


def test_a_check_within_its_class_is_fine() -> None:
    """Checks may compare assets of one class."""

    @asset_check(asset=ACCOUNTS, additional_deps=[["tenant_private", "calls"]])
    def plausible() -> AssetCheckResult: ...

    assert found(asset_checks=[plausible]) == ()


def test_asset_jobs_schedules_and_sensors_are_fine() -> None:
    """What runs assets runs nothing that the asset graph does not show."""
    nightly_job = define_asset_job("nightly_job", selection=AssetSelection.all())

    @sensor(job=nightly_job)
    def watcher() -> Iterator[RunRequest]: ...

    assert (
        found(
            an_asset("tenant_private", "copy", deps=[ACCOUNTS]),
            jobs=[nightly_job],
            schedules=[
                ScheduleDefinition(name="nightly", cron_schedule="0 3 * * *", target=nightly_job)
            ],
            sensors=[watcher],
        )
        == ()
    )


def test_a_faithful_copy_of_a_workflow_asset_is_fine() -> None:
    """Dagster copies assets when it adds resources or metadata; the op stays the same."""
    copy = ROLLUP.published.with_attributes(metadata_by_key={ROLLUP_KEY: {"seen": True}})
    bound = defs.resolve_assets_def(ROLLUP_KEY)
    assert len({id(copy), id(bound), id(ROLLUP.published)}) == 3
    assert rollup_of(published=copy) == ()
    assert rollup_of(published=bound) == ()


def test_an_allowed_op_job_is_let_through_by_identity() -> None:
    """The one exception names the job object, so no other job of that name can use it."""
    allowed, impostor = a_leaking_job(), a_leaking_job()
    assert violations(Definitions(jobs=[allowed]), (), allowed_jobs=[allowed]) == ()
    assert violations(Definitions(jobs=[impostor]), (), allowed_jobs=[allowed]) != ()
