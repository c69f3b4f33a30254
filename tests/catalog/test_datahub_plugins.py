"""DataHub's own plugins for Great Expectations and Dagster report to the embedded server.

They pin sqlalchemy and sqlglot below ours, so `make install` puts them beside the environment, into
`.venv/plugins`, and they run here with the very Dagster and Great Expectations that we run.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import datahub.metadata.schema_classes as models
import pytest
from datahub.ingestion.graph.client import DataHubGraph

if TYPE_CHECKING:
    from catalog.embedded_datahub.server import EmbeddedDataHub

SCRIPTS = Path(__file__).parent / "plugin_scripts"
PLUGINS = Path(sys.prefix) / "plugins"

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        not (PLUGINS / "datahub_gx_plugin").is_dir(),
        reason="DataHub's plugins are not beside the environment: run `make install`",
    ),
]


def run(script: str, hub: EmbeddedDataHub, home: Path) -> str:
    """What the script prints, run in a process that has the plugins on its path."""
    environment = {
        "DATAHUB_TELEMETRY_ENABLED": "false",
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "GX_ANALYTICS_ENABLED": "false",
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PLUGINS),
    }
    done = subprocess.run(
        [sys.executable, SCRIPTS / f"{script}.py", hub.url, hub.token],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_great_expectations_action_records_its_checks(
    hub: EmbeddedDataHub, graph: DataHubGraph, tmp_path: Path
) -> None:
    """A team that validates with the plugin must find its results on the dataset."""
    assert run("gx_action", hub, tmp_path) == "False"
    dataset = "urn:li:dataset:(urn:li:dataPlatform:postgres,classline.anonymized.cells,PROD)"
    results = {}
    for urn in graph.get_urns_by_filter(entity_types=["assertion"]):
        info = graph.get_aspect(urn, models.AssertionInfoClass)
        assert info is not None
        assert info.customAssertion is not None
        assert info.customAssertion.entity == dataset
        run_event = graph.get_latest_timeseries_value(urn, models.AssertionRunEventClass, {})
        assert run_event is not None
        assert run_event.asserteeUrn == dataset
        assert run_event.result is not None
        field = info.customAssertion.field
        assert field is not None
        results[field.rpartition(",")[2].rstrip(")")] = run_event.result.type
    assert results == {"industry": "SUCCESS", "tenants": "FAILURE"}
    related = graph.get_related_entities(
        dataset, ["Asserts"], DataHubGraph.RelationshipDirection.INCOMING
    )
    assert len(list(related)) == 2


def test_the_dagster_sensor_records_a_run(
    hub: EmbeddedDataHub, graph: DataHubGraph, tmp_path: Path
) -> None:
    """The plugin's own sensor must reach its end: flow, jobs, runs and the edge between assets."""
    assert run("dagster_sensor", hub, tmp_path).endswith("Pipeline metadata is emitted to DataHub")
    found = {
        kind: list(graph.get_urns_by_filter(entity_types=[kind]))
        for kind in ("dataFlow", "dataJob", "dataProcessInstance")
    }
    assert {kind: len(urns) for kind, urns in found.items()} == {
        "dataFlow": 1,
        "dataJob": 2,
        "dataProcessInstance": 3,
    }
    for urn in found["dataProcessInstance"]:
        event = graph.get_latest_timeseries_value(
            urn, models.DataProcessInstanceRunEventClass, {"status": "COMPLETE"}
        )
        assert event is not None
        assert event.result is not None
        assert event.result.type == "SUCCESS"
