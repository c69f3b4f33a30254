"""What is measured, each job in a process of its own: prints its seconds and peak memory as JSON.

`python -m benchmarks.anonymization.jobs JOB FILE`. Libraries are loaded before the clock starts, as
they are for the peers; ours reads the file after it, which the peers' seconds leave out.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path

import pyarrow as pa

from anonymization.engines.cells import aggregate_cells, write_cells
from anonymization.engines.combining import read_combinations
from anonymization.engines.duckdb_engine import duckdb_engine
from anonymization.engines.measures import Count, Quantile, Sum
from anonymization.engines.sources import table_of
from anonymization.generalization.combinations import Combinations
from anonymization.generalization.hierarchies import Hierarchy
from anonymization.generalization.lattice import search
from benchmarks.anonymization.adult import OCCUPATION, QUASI_IDENTIFIERS, adult_folder
from benchmarks.anonymization.reference import hierarchies_of
from expectations.disclosure.closeness import TCloseness
from expectations.disclosure.concentration import Dominance, PPercent
from expectations.disclosure.counting import KRows, KTenants
from expectations.disclosure.diversity import DistinctDiversity, EntropyDiversity

__all__ = ["JOBS", "MODELS"]

MODELS = (
    KRows(5),
    KTenants(5),
    DistinctDiversity(3),
    EntropyDiversity(3),
    TCloseness(0.2),
    Dominance(Fraction(1, 2)),
    PPercent(Fraction(10)),
)
SUPPRESSION = 0.04
RELEASE_MODELS = (KTenants(5), Dominance(Fraction(1, 2)), PPercent(Fraction(10)))
MEASURES = (
    Count(),
    Sum("amount_sum", "amount", significant_digits=3),
    Quantile("amount_median", "amount", significant_digits=2),
)
_COLUMNS = ", ".join(f'"{name}"' for name in QUASI_IDENTIFIERS)


def check(file: Path) -> dict[str, object]:
    """Every model's worst class, and whether all classes pass."""
    with duckdb_engine() as engine:
        combinations = read_combinations(
            engine,
            table_of(file),
            quasi_identifiers=QUASI_IDENTIFIERS,
            tenant="tenant",
            fund="fund",
            amount="amount",
            sensitive=OCCUPATION,
        )
    worst = {}
    for model in MODELS:
        measured = model.measured(combinations.classes)
        worst[model.name] = float(measured.min() if model.higher_is_safer else measured.max())
        model.satisfied(combinations.classes)
    return worst


def bare_count(file: Path) -> dict[str, object]:
    """The smallest class by DuckDB alone, under the same settings."""
    with duckdb_engine() as engine:
        counted = engine.fetch(
            f"SELECT min(n) AS k FROM (SELECT count(*) AS n FROM read_parquet('{file}') "
            f"GROUP BY {_COLUMNS}) classes"
        )
    return {"k_rows": counted["k"][0].as_py()}


def lattice(file: Path) -> dict[str, object]:
    """Combinations, exact search for k rows, and where each combination goes."""
    with duckdb_engine() as engine:
        combinations = read_combinations(
            engine, table_of(file), quasi_identifiers=QUASI_IDENTIFIERS
        )
    found = search(combinations, _hierarchies(combinations), (KRows(5),), suppression=SUPPRESSION)
    return {"node": found.node, "suppressed": found.suppressed_rows, "checks": found.checks}


def whole_run(file: Path) -> dict[str, object]:
    """Combinations with tenants and amounts, search for k tenants, and cells written as Parquet."""
    table = table_of(file)
    with tempfile.TemporaryDirectory() as folder, duckdb_engine() as engine:
        combinations = read_combinations(
            engine, table, quasi_identifiers=QUASI_IDENTIFIERS, tenant="tenant", amount="amount"
        )
        read = time.perf_counter()
        found = search(
            combinations, _hierarchies(combinations), (KTenants(5),), suppression=SUPPRESSION
        )
        searched = time.perf_counter()
        cells = aggregate_cells(
            engine,
            table,
            combinations,
            found.cell_of,
            MEASURES,
            policy=RELEASE_MODELS,
            tenant="tenant",
            labels=dict(zip(combinations.columns, found.labels, strict=True)),
        )
        write_cells(cells, Path(folder) / "cells.parquet")
    return {
        "node": found.node,
        "checks": found.checks,
        "cells": len(cells.lines),
        "left_out": cells.left_out,
        "search_seconds": searched - read,
        "cells_seconds": time.perf_counter() - searched,
    }


def scan_and_copy(file: Path) -> dict[str, object]:
    """The floor of any whole run: the columns read and written by DuckDB, same settings."""
    with tempfile.TemporaryDirectory() as folder, duckdb_engine() as engine:
        engine.fetch(
            f"COPY (SELECT {_COLUMNS}, tenant, fund, amount FROM read_parquet('{file}')) "
            f"TO '{folder}/rows.parquet' (FORMAT parquet)"
        )
    return {}


def _hierarchies(combinations: Combinations) -> list[Hierarchy]:
    folder = adult_folder()
    assert folder is not None  # noqa: S101 jobs are run where the data is
    return hierarchies_of(folder, combinations)


JOBS: Mapping[str, Callable[[Path], dict[str, object]]] = {
    job.__name__: job for job in (check, bare_count, lattice, whole_run, scan_and_copy)
}


def _peak_gigabytes() -> float:
    """This process's own peak: getrusage would count what its parent held when it was started."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    kilobytes = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(kilobytes[1]) * 1024 / 1e9 if kilobytes else 0.0


def main(name: str, file: str) -> None:
    """Run one job and print what it took."""
    pa.array([0])  # loads pandas, where it is installed: Arrow looks for it once
    started, worked = time.perf_counter(), time.process_time()
    found = JOBS[name](Path(file))
    took = {
        "seconds": time.perf_counter() - started,
        "processor_seconds": time.process_time() - worked,
        "peak_gb": _peak_gigabytes(),
    }
    print(json.dumps(took | found))


if __name__ == "__main__":
    main(*sys.argv[1:])
