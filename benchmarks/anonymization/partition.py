"""Partition mode, whole runs: a Parquet file to labelled cells, beside anonypy's Mondrian.

Ours reads the file inside its time; anonypy's data is loaded before its clock starts. anonypy knows
no tenants, but its distinct l-diversity with the tenant as the sensitive value is exactly k
distinct tenants, so both are held to the same rule. The loss of both is the same formula (GCP)
over the same rows.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from anonymization.engines.combining import read_combinations
from anonymization.engines.duckdb_engine import duckdb_engine
from anonymization.engines.sources import table_of
from anonymization.generalization.box_labels import box_labels
from anonymization.generalization.combinations import Combinations
from anonymization.generalization.partition_loss import global_certainty_penalty, penalty_of_cells
from anonymization.generalization.partitions import Partition, partition
from benchmarks.anonymization.adult import QUASI_IDENTIFIERS, adult_parquet
from benchmarks.anonymization.peers import run_peer
from benchmarks.figures import Figure
from expectations.disclosure.concentration import Dominance, PPercent
from expectations.disclosure.counting import KTenants, KTenantsWithoutAnyFund
from expectations.disclosure.models import Model

ROWS = 30_000
MANY_ROWS = 3_000_000
K = 5
FLOORS: tuple[Model, ...] = (
    KTenants(K),
    KTenantsWithoutAnyFund(K),
    Dominance(Fraction(3, 5)),
    PPercent(Fraction(10)),
)
_NUMERIC = "age"
_ROUNDS = 5


@dataclass(frozen=True)
class _Run:
    seconds: float
    combinations: Combinations
    found: Partition


def measure() -> Iterator[Figure]:
    """Both under k distinct tenants, and ours alone under that and the policy's floors, on more."""
    pa.array([0])  # loads pandas, where it is installed: Arrow looks for it once
    file, many = adult_parquet(ROWS), adult_parquet(MANY_ROWS)
    yield _beside_anonypy(file)
    for models, held in (((KTenants(K),), f"k = {K} tenants"), (FLOORS, "all floors")):
        run = _run(many, models)
        yield Figure(f"{_said(MANY_ROWS, held)}: {_cells(run)}", run.seconds)


def _run(file: Path, models: tuple[Model, ...]) -> _Run:
    started = time.perf_counter()
    with duckdb_engine() as engine:
        combinations = read_combinations(
            engine,
            table_of(file),
            quasi_identifiers=QUASI_IDENTIFIERS,
            tenant="tenant",
            fund="fund",
            amount="amount",
        )
    found = partition(combinations, models)
    box_labels(found, combinations)
    return _Run(time.perf_counter() - started, combinations, found)


def _beside_anonypy(file: Path) -> Figure:
    run = min((_run(file, (KTenants(K),)) for _ in range(_ROUNDS)), key=lambda each: each.seconds)
    with tempfile.TemporaryDirectory() as folder:
        cells = Path(folder) / "cells.npy"
        names = ",".join(QUASI_IDENTIFIERS)
        arguments = [file, names, _NUMERIC, "tenant", str(K), str(K), cells]
        peer = run_peer("anonypy", "anonypy_partition", arguments)
        said = _peer_cells(file, run, np.load(cells)) if peer.finished else ""
    what = f"{_said(ROWS, f'k = {K} tenants')}: {_cells(run)}"
    return Figure(what, run.seconds, peer.seconds, f"{peer.said}{said}", at_least=not peer.finished)


def _said(rows: int, held: str) -> str:
    return f"partition {rows:,} rows to labelled cells, {held}"


def _cells(run: _Run) -> str:
    return f"{len(run.found):,} cells, GCP {global_certainty_penalty(run.found):.4f}"


def _peer_cells(file: Path, run: _Run, cell_of: np.ndarray) -> str:
    """The peer's cells by our formula, and how many of them have too few tenants."""
    rows = pq.read_table(file, columns=[*QUASI_IDENTIFIERS, "tenant"])
    codes = np.stack(
        [
            pc.index_in(
                pc.cast(rows[column], pa.string()), value_set=pa.array(domain, pa.string())
            ).to_numpy()
            for column, domain in zip(
                run.combinations.columns, run.combinations.domains, strict=True
            )
        ]
    )
    penalty = penalty_of_cells(run.found.scales, codes, cell_of)
    tenant = pc.rank(rows["tenant"], tiebreaker="dense").to_numpy().astype(np.int64)
    width = int(tenant.max()) + 1
    tenants = np.bincount(np.unique(cell_of * width + tenant) // width)
    return (
        f": {len(tenants):,} cells, GCP {penalty:.4f}, {int((tenants < K).sum()):,} cells of fewer "
        f"than {K} tenants"
    )
