"""Runs a Dagster job, and has DataHub's own sensor tell DataHub of it; prints what it answered."""

from __future__ import annotations

import sys
import tempfile

import dagster as dg
from datahub.ingestion.graph.config import DatahubClientConfig
from datahub_dagster_plugin.client.dagster_generator import DatahubDagsterSourceConfig
from datahub_dagster_plugin.sensors.datahub_sensors import DatahubSensors

url, token = sys.argv[1:]


@dg.asset(key=["prod", "postgres", "tenant_private.deals"])
def deals() -> None:
    """What is sold."""


@dg.asset(key=["prod", "postgres", "anonymized.rates"], deps=[deals])
def rates() -> None:
    """What is learnt from it."""


promote = dg.define_asset_job("promote", [deals, rates], executor_def=dg.in_process_executor)
plugin = DatahubSensors(
    DatahubDagsterSourceConfig(
        datahub_client_config=DatahubClientConfig(server=url, token=token),
        dagster_url="http://127.0.0.1:3000",
    )
)


@dg.repository
def repository() -> list[object]:
    """The job with the plugin's sensors."""
    return [deals, rates, promote, *plugin.sensors]


with dg.DagsterInstance.local_temp(tempfile.mkdtemp()) as instance:
    result = repository.get_job("promote").execute_in_process(instance=instance)
    context = dg.build_run_status_sensor_context(
        sensor_name="datahub_success_sensor",
        dagster_event=result.get_run_success_event(),
        dagster_instance=instance,
        dagster_run=instance.get_run_by_id(result.run_id),
        repository_def=repository,
    )
    sensor = next(s for s in repository.sensor_defs if s.name == "datahub_success_sensor")
    print(sensor(context).skip_message)
