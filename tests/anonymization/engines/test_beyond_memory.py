"""What is larger than the memory limit spills to disk, and is still exact."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from anonymization.engines.cells import aggregate_cells
from anonymization.engines.combining import read_combinations
from anonymization.engines.duckdb_engine import DuckDBEngine, duckdb_engine
from anonymization.engines.errors import EngineFailure
from anonymization.engines.measures import Count, Quantile, Sum
from anonymization.engines.sources import Table
from tests.anonymization.engines.table_files import TableFiles

MILLION = 1_000_000
ROWS = 3 * MILLION
LIMIT_MB = 120

pytestmark = pytest.mark.integration


@pytest.fixture
def wide(files: TableFiles) -> Table:
    """Three million rows, nearly each a combination of its own."""
    draw = np.random.default_rng(7)
    columns = {f"q{at}": pa.array(draw.integers(0, 60, ROWS)) for at in range(5)}
    numbers = np.arange(ROWS)
    return files.parquet({**columns, "t": pa.array(numbers % 200), "v": pa.array(numbers)})


def test_a_million_distinct_values_are_counted(duck: DuckDBEngine, files: TableFiles) -> None:
    """Of text and of numbers, with a million tenants."""
    numbers = pa.array(np.arange(MILLION))
    table = files.parquet({"q": numbers.cast(pa.string()), "r": numbers, "t": numbers})
    found = read_combinations(duck, table, quasi_identifiers=["q", "r"], tenant="t")
    assert len(found) == found.tenant_count == MILLION
    assert (found.classes.rows == 1).all()
    assert found.domains[0] == tuple(map(str, range(MILLION)))


def test_a_table_beyond_the_limit_spills_and_is_exact(wide: Table) -> None:
    """Combinations, sums and medians of it, within memory that cannot hold its groups."""
    quasi = [f"q{at}" for at in range(5)]
    with duckdb_engine(memory_mb=LIMIT_MB, threads=2) as engine:
        found = read_combinations(engine, wide, quasi_identifiers=quasi, tenant="t", amount="v")
        measures = [
            Count(),
            Sum("sum", "v", significant_digits=4),
            Quantile("median", "v", significant_digits=2),
        ]
        cell_of = np.zeros(len(found), dtype=np.int64)
        cells = aggregate_cells(engine, wide, found, cell_of, measures, tenant="t")
    who = found.classes.contributors
    assert who is not None
    assert who.amounts is not None
    assert found.classes.total_rows == int(who.rows.sum()) == ROWS
    assert int(who.amounts.sum()) == ROWS * (ROWS - 1) // 2
    assert cells.lines.to_pylist() == [
        {"cell": 0, "rows": ROWS, "sum": 4_500_000_000_000, "median": MILLION * 3 // 2}
    ]


def test_without_a_disk_to_spill_to_it_is_refused_in_our_words(wide: Table) -> None:
    """Which shows that the limit is passed above; the engine's own words would quote its SQL."""
    quasi = [f"q{at}" for at in range(5)]
    with duckdb_engine(memory_mb=LIMIT_MB, threads=2) as engine:
        engine._connection.execute("SET max_temp_directory_size = '0KB'")
        with pytest.raises(EngineFailure, match="ran out of memory or disk") as refusal:
            read_combinations(engine, wide, quasi_identifiers=quasi, tenant="t", amount="v")
    assert "SELECT" not in str(refusal.value)


def test_what_was_spilled_is_removed(files: TableFiles) -> None:
    """A private folder, gone with the engine: it held rows."""
    with duckdb_engine(memory_mb=LIMIT_MB) as engine:
        table = files.csv("q\n" + "a\n" * 1_000)
        read_combinations(engine, table, quasi_identifiers=["q"])
        folder = engine._folder
        assert list(folder.iterdir())
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()
