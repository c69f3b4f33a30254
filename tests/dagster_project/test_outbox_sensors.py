"""A run that was started in the Dagster UI reaches DataHub as one from the command line does."""

from __future__ import annotations

import pytest
from dagster import (
    DagsterInstance,
    DefaultSensorStatus,
    RunStatusSensorDefinition,
    SkipReason,
    build_run_status_sensor_context,
    job,
    op,
)

from dagster_project.definitions import defs
from dagster_project.outbox_sensors import outbox_sensors
from tests.desk import Desk

OUTBOX_SENSORS = outbox_sensors()


def test_they_watch_every_end_of_a_run_from_the_start() -> None:
    """A failed run may have released what its other workflows made; nobody turns a sensor on."""
    loaded = [each for each in defs.sensors or () if isinstance(each, RunStatusSensorDefinition)]
    assert {each.name for each in OUTBOX_SENSORS} < {each.name for each in loaded}
    assert {each.default_status for each in loaded} == {DefaultSensorStatus.RUNNING}
    assert all(each.description for each in loaded)


@pytest.mark.integration
@pytest.mark.parametrize("sensor", OUTBOX_SENSORS, ids=lambda sensor: sensor.name)
def test_datahubs_absence_is_told_and_loses_nothing(
    desk: Desk, sensor: RunStatusSensorDefinition, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sensor says what waits; it fails nothing and starts nothing."""
    monkeypatch.setenv("CLASSLINE_HOME", str(desk.platform.home.root))
    monkeypatch.setenv("DATAHUB_GMS_URL", "http://127.0.0.1:1")

    @op
    def nothing() -> None: ...

    @job
    def ended() -> None:
        nothing()

    with DagsterInstance.ephemeral() as instance:
        run = ended.execute_in_process(instance=instance)
        context = build_run_status_sensor_context(
            sensor_name=sensor.name,
            dagster_event=run.get_run_success_event(),
            dagster_instance=instance,
            dagster_run=instance.get_runs()[0],
        )
        told = sensor(context)
    assert isinstance(told, SkipReason)
    assert "wait in the outbox (DataHubUnreachable)" in str(told.skip_message)
