"""DuckDB as an engine: one machine, within a memory limit, spilling to a folder it removes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from anonymization.engines.engine import Engine
from anonymization.engines.errors import SUM_OVERFLOW, EngineFailure, SumOverflow, UnreadableTable
from anonymization.engines.sources import ColumnKind, Table, TableKind

__all__ = ["DuckDBEngine", "duckdb_engine"]


class DuckDBEngine(Engine):
    """An `Engine` on a DuckDB connection of its own."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, folder: Path, row_bytes: int = 0
    ) -> None:
        self._connection = connection
        self._folder = folder
        self._spools = 0
        self.domains = {}
        self.row_bytes = row_bytes

    def scan(self, name: str, table: Table, columns: Mapping[str, str]) -> None:
        """Read Parquet in place; a CSV file is parsed once, into the engine's folder."""
        if table.kind is TableKind.PARQUET:
            reader = f"read_parquet({_texts(table)}, hive_partitioning=false)"
            selected = ", ".join(f"{_typed(table, old)} AS {new}" for new, old in columns.items())
            self._run(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT {selected} FROM {reader}")
            return
        spool = self._folder / f"scan{self._spools}.parquet"
        self._spools += 1
        selected = ", ".join(f"NULLIF({_quoted(old)}, '') AS {new}" for new, old in columns.items())
        try:
            self._connection.execute(
                f"COPY (SELECT {selected} FROM {_csv_reader(table)}) "
                f"TO {_text(str(spool))} (FORMAT parquet)"
            )
        except duckdb.InvalidInputException:
            message = (
                f"{table.paths[0].name}: a line has more or fewer fields than the header, or a "
                "quote that is not closed; correct the file"
            )
            raise UnreadableTable(message) from None
        self._run(
            f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM read_parquet({_text(str(spool))})"
        )

    def register(self, name: str, rows: pa.Table) -> None:
        """Copy the rows into a table of the connection."""
        self._connection.register("handed_in", rows)
        self._run(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM handed_in")
        self._connection.unregister("handed_in")

    def fetch(self, sql: str) -> pa.Table:
        """The rows of a SELECT."""
        try:
            return self._connection.sql(sql).to_arrow_table()
        except (duckdb.ConversionException, duckdb.OutOfRangeException):
            raise SumOverflow(SUM_OVERFLOW) from None
        except duckdb.Error as error:
            raise _failure(error) from None

    def _run(self, sql: str) -> None:
        try:
            self._connection.execute(sql)
        except duckdb.Error as error:
            raise _failure(error) from None


@contextmanager
def duckdb_engine(memory_mb: int = 1_200, threads: int | None = None) -> Iterator[DuckDBEngine]:
    """A DuckDB engine that keeps to so much memory, and spills the rest to a private folder.

    A table of rows that take half of it at most may be counted in this process instead.
    """
    with tempfile.TemporaryDirectory(prefix="classline-duckdb-") as folder:
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{memory_mb}MB",
            "temp_directory": str(Path(folder) / "spill"),
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "python_enable_replacements": False,
        }
        if threads is not None:
            config["threads"] = threads
        connection = duckdb.connect(config=config)
        try:
            connection.execute("SET enable_progress_bar = false")
            yield DuckDBEngine(connection, Path(folder), memory_mb * 1_000_000 // 2)
        finally:
            connection.close()


def _failure(error: duckdb.Error) -> EngineFailure:
    """DuckDB quotes rows in its messages, so only the kind of its error is told."""
    kind = type(error).__name__
    if isinstance(error, duckdb.OutOfMemoryException):
        return EngineFailure(f"DuckDB ran out of memory or disk ({kind}); raise the memory limit")
    return EngineFailure(f"DuckDB gave up ({kind})")


def _typed(table: Table, column: str) -> str:
    """A column as it is compared: one zero and one width of floating point numbers."""
    if table.column(column).kind is ColumnKind.DOUBLE:
        return f"CAST({_quoted(column)} AS DOUBLE) + CAST(0 AS DOUBLE)"
    return _quoted(column)


def _csv_reader(table: Table) -> str:
    columns = ", ".join(f"{_text(name)}: 'VARCHAR'" for name in table.column_names)
    return (
        f"read_csv({_texts(table)}, delim={_text(table.delimiter)}, header=true, "
        f"auto_detect=false, columns={{{columns}}}, quote='\"', escape='\"')"
    )


def _texts(table: Table) -> str:
    return f"[{', '.join(_text(str(path)) for path in table.paths)}]"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
