"""The figures of anonymization: each of ours right after, or right before, its peer.

One heavy process runs at a time. Up to 3M rows a job of ours, and DuckDB's, counts with the best of
three runs: what else the machine does slows single runs.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.anonymization import partition
from benchmarks.anonymization.adult import (
    OCCUPATION,
    QUASI_IDENTIFIERS,
    adult_folder,
    adult_parquet,
)
from benchmarks.anonymization.peers import run_peer
from benchmarks.anonymization.reference import reference_table
from benchmarks.figures import Figure, Unit

__all__ = ["measure"]

SMALL, LARGE, LARGEST = 300_000, 3_000_000, 30_000_000
_ROUNDS = 3
_NAMES = ",".join(QUASI_IDENTIFIERS)


def measure() -> Iterator[Figure]:
    """Checks, search, partition and whole runs; nothing where the Adult data is absent."""
    folder = adult_folder()
    if folder is None:
        print("Skipped: the Adult data is not on this machine (CLASSLINE_SHARED_DATA).")
        return
    yield _checked_beside_pycanon()
    yield _checked_beside_a_bare_count()
    yield _searched_beside_anjana(folder)
    yield from partition.measure()
    for rows in (LARGE, LARGEST):
        yield from _whole_run(rows)
    print("\nAdult as it is, 5 rows a class, at most 4 % suppressed:\n")
    print("\n".join(reference_table(folder)), flush=True)


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
    rounds = 1 if rows == LARGEST else _ROUNDS
    floor = _job("scan_and_copy", file, rounds)
    ours = _job("whole_run", file, rounds)
    what = f"whole run of {rows:,} rows, 5 tenants a cell"
    yield Figure(what, ours["seconds"], floor["seconds"], "DuckDB, scan and COPY")
    yield Figure(f"{what}: peak memory", ours["peak_gb"], unit=Unit.GIGABYTES)


def _job(name: str, file: Path, rounds: int = _ROUNDS) -> dict[str, Any]:
    """A job's seconds, memory and findings, from its own process: the fastest of the rounds."""
    command = [sys.executable, "-m", "benchmarks.anonymization.jobs", name, str(file)]
    runs: list[dict[str, Any]] = []
    for _ in range(rounds):
        printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        runs.append(json.loads(printed))
    return min(runs, key=lambda run: float(run["seconds"]))
