"""An engine, and small tables as files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from anonymization.engines.duckdb_engine import DuckDBEngine, duckdb_engine
from anonymization.engines.sources import Table, table_of
from tests.anonymization.engines.table_files import TableFiles

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


@pytest.fixture
def files(tmp_path: Path) -> TableFiles:
    return TableFiles(tmp_path)
