"""What a steward and an attacker look for in all that DataHub was told of an installation."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import text

from stores.platform import open_platform
from tests.steward.conftest import Call

__all__ = ["assert_told_soundly", "owner_names"]


def owner_names(home: Path) -> list[str]:
    """Every name and id of every tenant and fund of an installation."""
    with open_platform(home) as platform, platform.admin_engine().connect() as connection:
        return [
            str(name)
            for query in (
                "SELECT tenant_id, external_name FROM control.tenants",
                "SELECT fund_id, external_name FROM control.funds",
            )
            for row in connection.execute(text(query))
            for name in row
        ]


def assert_told_soundly(classline: Call, home: Path, folder: Path) -> None:
    """A sync finds nothing to put right, DataHub's own check passes, and no owner is named."""
    synced = classline("datahub", "sync", "--json")
    assert synced.code == 0, synced.err
    assert synced.json["catalog"]["sent"] == 0
    assert synced.json["catalog"]["drifts"] == []
    file = folder / "metadata.json"
    exported = classline("datahub", "export", file)
    assert exported.code == 0, exported.err
    environment = os.environ | {"DATAHUB_TELEMETRY_ENABLED": "false", "HOME": str(folder)}
    checked = subprocess.run(
        [Path(sys.executable).with_name("datahub"), "check", "metadata-file", file],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    names = owner_names(home)
    assert len(names) > 80
    for where, told in _told(home, file):
        assert b"dataProcessInstance" in told
        assert [name for name in names if name.encode() in told] == [], where


def _told(home: Path, file: Path) -> Iterator[tuple[str, bytes]]:
    yield "the exported file", file.read_bytes()
    catalog = home / "datahub"
    yield "DataHub's own storage", b"".join(p.read_bytes() for p in catalog.glob("catalog.db*"))
