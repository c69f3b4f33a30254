"""The `datahub` command, in a process of its own, works on the embedded server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import datahub.metadata.schema_classes as models
import pytest

from tests.catalog.datahub_builders import dataset, proposal, tags

if TYPE_CHECKING:
    from datahub.ingestion.graph.client import DataHubGraph

    from catalog.embedded_datahub.server import EmbeddedDataHub

CRM = dataset("tenant_private.crm_accounts")
COMMAND = Path(sys.executable).parent / "datahub"

pytestmark = pytest.mark.integration


class Terminal:
    """A terminal in which someone has set DataHub's two variables."""

    def __init__(self, hub: EmbeddedDataHub, home: Path) -> None:
        self.home = home
        self._environment = {
            "DATAHUB_GMS_TOKEN": hub.token,
            "DATAHUB_GMS_URL": hub.url,
            "DATAHUB_TELEMETRY_ENABLED": "false",
            "HOME": str(home),
            "PATH": os.environ["PATH"],
        }

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *words],
            env=self._environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
        )

    def write(self, name: str, value: object) -> str:
        path = self.home / name
        path.write_text(json.dumps(value))
        return str(path)


@pytest.fixture
def terminal(hub: EmbeddedDataHub, tmp_path: Path) -> Terminal:
    return Terminal(hub, tmp_path)


def test_what_is_put_is_got(terminal: Terminal, graph: DataHubGraph) -> None:
    """`put` and `get` are how a steward mends one aspect by hand."""
    stated = {"name": "CRM accounts", "description": "Of one portco", "customProperties": {}}
    put = terminal.run(
        "put",
        *("--urn", CRM, "--aspect", "datasetProperties"),
        *("-d", terminal.write("properties.json", {**stated, "tags": []})),
    )
    assert put.returncode == 0, put.stderr
    assert "succeeded" in put.stdout
    stored = graph.get_aspect(CRM, models.DatasetPropertiesClass)
    assert stored is not None
    assert stored.description == "Of one portco"
    got = terminal.run("get", "--urn", CRM, "--aspect", "datasetProperties")
    assert got.returncode == 0, got.stderr
    assert json.loads(got.stdout)["datasetProperties"]["name"] == "CRM accounts"


def test_what_breaks_the_schema_is_not_put(terminal: Terminal, graph: DataHubGraph) -> None:
    """The command must fail, and write nothing."""
    put = terminal.run(
        "put",
        *("--urn", CRM, "--aspect", "status"),
        *("-d", terminal.write("status.json", {"removed": "perhaps"})),
    )
    assert put.returncode != 0
    assert "422" in put.stderr + put.stdout
    assert not graph.exists(CRM)


def test_what_is_deleted_is_gone(terminal: Terminal, graph: DataHubGraph) -> None:
    """`exists` tells, and `delete` hides or forgets, which are two things."""
    graph.emit_mcps([proposal(CRM, tags("a")), proposal(dataset("other"), tags("a"))])
    assert terminal.run("exists", "--urn", CRM).stdout.strip() == "true"
    soft = terminal.run("delete", "--urn", CRM, "--soft", "--force")
    assert soft.returncode == 0, soft.stderr
    assert "Soft deleted 1 entities" in soft.stdout
    assert list(graph.get_urns_by_filter(entity_types=["dataset"])) == [dataset("other")]
    hard = terminal.run("delete", "by-filter", "--platform", "postgres", "--hard", "--force")
    assert hard.returncode == 0, hard.stderr
    assert "Hard deleted 2 entities" in hard.stdout
    assert terminal.run("exists", "--urn", CRM).stdout.strip() == "false"


def test_the_server_passes_the_commands_check(terminal: Terminal) -> None:
    """`check server-config` is what someone runs first when nothing works."""
    checked = terminal.run("check", "server-config")
    assert checked.returncode == 0, checked.stderr
    assert "classline-embedded" in checked.stdout
