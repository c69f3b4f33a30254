"""Builders of small tables, as files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymization.engines.duckdb_engine import DuckDBEngine, duckdb_engine
from anonymization.engines.sources import Table, table_of

ADULT = Path("../shared/data/adult/adult.csv")


@pytest.fixture
def duck() -> Iterator[DuckDBEngine]:
    with duckdb_engine(memory_mb=500, threads=1) as engine:
        yield engine


@pytest.fixture
def adult() -> Table:
    if not ADULT.exists():
        pytest.skip("the Adult data are not beside the repository")
    return table_of(ADULT)


class TableFiles:
    """Writes a table and opens it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._written = 0

    def path(self, suffix: str) -> Path:
        self._written += 1
        return self.folder / f"table{self._written}{suffix}"

    def csv(self, text: str | bytes) -> Table:
        path = self.path(".csv")
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return table_of(path)

    def parquet(self, columns: Mapping[str, Sequence[object] | pa.Array]) -> Table:
        path = self.path(".parquet")
        pq.write_table(pa.table(dict(columns)), path)
        return table_of(path)


@pytest.fixture
def files(tmp_path: Path) -> TableFiles:
    return TableFiles(tmp_path)
