"""A run that was started in the Dagster UI reaches DataHub as one from the command line does."""

from __future__ import annotations

from pathlib import Path

import datahub.metadata.schema_classes as models
import pytest
from dagster import (
    DagsterInstance,
    DefaultSensorStatus,
    RunStatusSensorDefinition,
    SkipReason,
    build_run_status_sensor_context,
    build_sensor_context,
    job,
    op,
)
from datahub.specific.dataset import DatasetPatchBuilder

from catalog import datahub_names
from catalog.datahub_client import DataHubSettings, connect
from catalog.declared import REGISTRY
from catalog.embedded_datahub.server import EmbeddedDataHub
from dagster_project.definitions import defs
from dagster_project.outbox_sensors import outbox_sensor, outbox_sensors
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


def test_one_looks_at_the_outbox_whether_or_not_anything_ran() -> None:
    """What waited for an absent DataHub goes out without anybody running a workflow."""
    (loaded,) = [each for each in defs.sensors or () if each.name == outbox_sensor().name]
    assert loaded.default_status is DefaultSensorStatus.RUNNING
    assert loaded.minimum_interval_seconds == 60


@pytest.mark.integration
def test_the_whole_catalog_is_compared_once_a_day(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A label changed by hand is put back within a day, and raises an alert for its dataset."""
    monkeypatch.setenv("CLASSLINE_HOME", str(desk.platform.home.root))
    token = "a-token-that-only-tests-know"
    urn = datahub_names.dataset_urn(REGISTRY.get("tenant_private.crm_accounts"))
    sensor = outbox_sensor()
    with (
        EmbeddedDataHub(tmp_path / "catalog.db", token) as hub,
        connect(DataHubSettings(hub.url, token, embedded=True)) as connection,
    ):
        monkeypatch.setenv("DATAHUB_GMS_URL", "http://127.0.0.1:1")
        context = build_sensor_context()
        sensor(context)
        assert context.cursor is None
        monkeypatch.setenv("DATAHUB_GMS_URL", hub.url)
        monkeypatch.setenv("DATAHUB_GMS_TOKEN", token)
        told = sensor(context)
        assert isinstance(told, SkipReason)
        assert "changes delivered" in str(told.skip_message)
        wrong = models.TagAssociationClass("urn:li:tag:class.anonymized_benchmark")
        connection.emit(DatasetPatchBuilder(urn).add_tag(wrong).build())
        assert "put back" not in str(sensor(context).skip_message)
        tomorrow = build_sensor_context(cursor="2026-01-01")
        assert "1 class labels changed by hand were put back" in str(sensor(tomorrow).skip_message)
    with desk.platform.platform_session("test") as session:
        alerts = session.alerts_ascend_platform_metric().all()
    assert [(a["kind"], a["subject"]) for a in alerts if a["kind"] == "class_label_changed"] == [
        ("class_label_changed", "tenant_private.crm_accounts")
    ]
