"""Builds small tables as files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from anonymization.engines.sources import Table, table_of


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
