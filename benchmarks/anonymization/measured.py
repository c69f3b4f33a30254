"""The figures of anonymization: each of ours right after, or right before, its peer."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.anonymization.adult import (
    OCCUPATION,
    QUASI_IDENTIFIERS,
    adult_folder,
    adult_parquet,
)
from benchmarks.anonymization.peers import run_peer
from benchmarks.figures import Figure, Unit

__all__ = ["measure"]

SMALL, LARGE, LARGEST = 300_000, 3_000_000, 30_000_000
_NAMES = ",".join(QUASI_IDENTIFIERS)


def measure() -> Iterator[Figure]:
    """Checks, search and whole runs; nothing where the Adult data is absent."""
    folder = adult_folder()
    if folder is None:
        print("Skipped: the Adult data is not on this machine (CLASSLINE_SHARED_DATA).")
        return
    yield _checked_beside_pycanon()
    yield _checked_beside_a_bare_count()
    yield _searched_beside_anjana(folder)
    for rows in (LARGE, LARGEST):
        yield from _whole_run(rows)


def _checked_beside_pycanon() -> Figure:
    file = adult_parquet(SMALL)
    peer = run_peer("pycanon", "pycanon_check", [file, _NAMES, OCCUPATION])
    return Figure(
        f"all models of {SMALL:,} rows",
        _job("check", file)["seconds"],
        peer.seconds,
        f"{peer.said}: k, l and t alone",
        at_least=not peer.finished,
    )


def _checked_beside_a_bare_count() -> Figure:
    file = adult_parquet(LARGE)
    bare = _job("bare_count", file)
    return Figure(
        f"all models of {LARGE:,} rows",
        _job("check", file)["seconds"],
        bare["seconds"],
        "DuckDB, bare smallest count",
    )


def _searched_beside_anjana(folder: Path) -> Figure:
    file = adult_parquet(SMALL)
    peer = run_peer("anjana", "anjana_search", [file, _NAMES, folder, "5", "4"])
    return Figure(
        f"cheapest node for 5 rows, {SMALL:,} rows",
        _job("lattice", file)["seconds"],
        peer.seconds,
        f"{peer.said}: a node, not the cheapest",
        at_least=not peer.finished,
    )


def _whole_run(rows: int) -> Iterator[Figure]:
    file = adult_parquet(rows)
    floor = _job("scan_and_copy", file)
    ours = _job("whole_run", file)
    what = f"whole run of {rows:,} rows, 5 tenants a cell"
    yield Figure(what, ours["seconds"], floor["seconds"], "DuckDB, scan and COPY")
    yield Figure(f"{what}: peak memory", ours["peak_gb"], unit=Unit.GIGABYTES)


def _job(name: str, file: Path) -> dict[str, Any]:
    """A job's seconds, memory and findings, from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.anonymization.jobs", name, str(file)]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, Any] = json.loads(printed)
    return found
