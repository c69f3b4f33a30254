"""Nothing runs outside the asset graph."""

from __future__ import annotations

from collections.abc import Iterator

from dagster import (
    AssetsDefinition,
    Definitions,
    RunRequest,
    ScheduleDefinition,
    define_asset_job,
    sensor,
)

from tests.dagster_project.class_flow_builders import (
    ACCOUNTS,
    STORES,
    a_leaking_job,
    an_asset,
    found,
)


def test_an_op_job_is_refused() -> None:
    """Ops outside the asset graph read and write with no class declared at all."""
    assert found(jobs=[a_leaking_job()]) == (
        (
            "job leak: it runs ops outside the asset graph, where no class is declared; define it "
            "with define_asset_job"
        ),
    )


def test_an_op_job_behind_a_schedule_is_refused() -> None:
    """A schedule brings its job with it."""
    nightly = ScheduleDefinition(name="nightly", cron_schedule="0 3 * * *", target=a_leaking_job())
    assert "schedule nightly -> job leak" in "".join(found(schedules=[nightly]))


def test_an_op_job_behind_a_sensor_is_refused() -> None:
    """So does a sensor."""

    @sensor(jobs=[a_leaking_job(), define_asset_job("fine", selection="*")])
    def watcher() -> Iterator[RunRequest]: ...

    refused = found(an_asset("tenant_private", "copy"), sensors=[watcher])
    assert [line.partition(":")[0] for line in refused] == ["sensor watcher -> job leak"]


def test_a_job_that_was_resolved_against_another_graph_is_refused() -> None:
    """A resolved job carries its own asset graph, which nobody judged."""
    other = Definitions(
        assets=[*STORES, an_asset("fund_private", "cross_portco_views", deps=[ACCOUNTS])],
        jobs=[define_asset_job("innocent", selection="*")],
    )
    smuggled = other.resolve_job_def("innocent")
    assert "job innocent: it runs ops outside" in "".join(found(jobs=[smuggled]))


def test_what_shows_its_assets_only_after_loading_is_refused() -> None:
    """Neither cached assets nor a subclass that answers differently can be judged."""

    class Changeling(AssetsDefinition):
        pass

    changeling = Changeling.__new__(Changeling)
    changeling.__dict__.update(an_asset("fund_private", "cross_portco_views").__dict__)
    assert found(changeling) == (
        (
            "Changeling: what it declares cannot be seen when the definitions load; declare "
            "assets with @asset, @multi_asset or AssetSpec"
        ),
    )
