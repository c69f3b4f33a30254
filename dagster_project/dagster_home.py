"""Prepares the folder in which Dagster keeps its own history, which is evidence of nothing."""

from __future__ import annotations

from pathlib import Path

from stores.home import Home, classline_home

__all__ = ["ensure_dagster_home"]

_SETTINGS = """\
# Written by classline when this file is absent; edit it freely.
telemetry:
  enabled: false
# Dagster's own welcome, which asks for an email address, stays away.
nux:
  enabled: false
# What a step prints is not kept: it could hold rows.
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
# Runs are stamped with whom the proxy authenticated; what a caller says of that is blanked.
run_coordinator:
  module: dagster_project.run_coordinator
  class: StampingRunCoordinator
# Runs that read the same rows wait for each other; assets name their pool.
concurrency:
  pools:
    granularity: run
    default_limit: 1
# A run whose process is gone is marked as failed, which alerts and lets the next one begin.
run_monitoring:
  enabled: true
  max_runtime_seconds: 7200
"""


def ensure_dagster_home(home: Path) -> Path:
    """The installation's DAGSTER_HOME, with its settings written if it has none."""
    folder = Home(home).dagster
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = folder / "dagster.yaml"
    if not settings.exists():
        settings.write_text(_SETTINGS)
    return folder


if __name__ == "__main__":
    ensure_dagster_home(classline_home().root)
