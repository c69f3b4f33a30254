"""The reference table: the real Adult data as it is, 5 rows a class, at most 4 % suppressed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from anonymization.engines.combining import read_combinations
from anonymization.engines.duckdb_engine import duckdb_engine
from anonymization.engines.sources import table_of
from anonymization.generalization.combinations import Combinations
from anonymization.generalization.hierarchies import Hierarchy
from anonymization.generalization.hierarchy_files import hierarchy_file_of, hierarchy_from_csv
from anonymization.generalization.lattice import SearchResult, search
from anonymization.generalization.metrics import Metric
from anonymization.generalization.partition_loss import global_certainty_penalty
from anonymization.generalization.partitions import partition
from benchmarks.anonymization.adult import QUASI_IDENTIFIERS
from expectations.disclosure.counting import KRows

__all__ = ["hierarchies_of", "reference_table"]

K = 5
SUPPRESSION = 0.04


def reference_table(folder: Path) -> Iterator[str]:
    """The optimum by each metric and what its labels lose; then the partition, the same way.

    GCP counts a suppressed row as lost altogether.
    """
    with duckdb_engine() as engine:
        table = table_of(folder / "adult.csv")
        combinations = read_combinations(engine, table, quasi_identifiers=QUASI_IDENTIFIERS)
    hierarchies = hierarchies_of(folder, combinations)
    yield "| optimum by | node | value | suppressed rows | GCP | checks |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for metric in Metric:
        found = search(
            combinations, hierarchies, (KRows(K),), suppression=SUPPRESSION, metric=metric
        )
        yield (
            f"| {metric} | {' '.join(map(str, found.node))} | {found.loss:,.4f} "
            f"| {found.suppressed_rows:,} | {_penalty(found, combinations, hierarchies):.4f} "
            f"| {found.checks:,} of {found.lattice_size:,} |"
        )
    cut = partition(combinations, (KRows(K),))
    yield (
        f"| partition mode | {len(cut):,} cells | - | {cut.suppressed_rows:,} "
        f"| {global_certainty_penalty(cut):.4f} | - |"
    )


def hierarchies_of(folder: Path, combinations: Combinations) -> list[Hierarchy]:
    """The hierarchy of each quasi-identifier."""
    return [
        hierarchy_from_csv(hierarchy_file_of(folder, column), column, domain)
        for column, domain in zip(combinations.columns, combinations.domains, strict=True)
    ]


def _penalty(
    found: SearchResult, combinations: Combinations, hierarchies: list[Hierarchy]
) -> float:
    """The mean loss over columns and rows of what is released; 1 for a suppressed row."""
    kept = found.cell_of >= 0
    rows = combinations.classes.rows[kept]
    lost = sum(
        float(hierarchy.loss_of_labels(level)[hierarchy.codes[level][column[kept]]] @ rows)
        for hierarchy, level, column in zip(
            hierarchies, found.node, combinations.codes, strict=True
        )
    )
    return (lost / len(hierarchies) + found.suppressed_rows) / found.total_rows
