"""Spark as an engine, for tables beyond one machine; an optional extra (`.[spark]`).

It runs the same SQL texts as DuckDB and is set to agree with it: names are case-sensitive, what
overflows fails, times are UTC.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa

from anonymization.engines.engine import Engine
from anonymization.engines.errors import (
    SUM_OVERFLOW,
    EngineFailure,
    SumOverflow,
    UnreadableTable,
)
from anonymization.engines.sources import ColumnKind, Table, TableKind

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["SparkEngine", "spark_engine"]

_SETTINGS = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.csv.parser.columnPruning.enabled": "false",  # a short line must not go unnoticed
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}


class SparkEngine(Engine):
    """An `Engine` on a Spark session that the caller made, on a cluster or not."""

    def __init__(self, session: SparkSession) -> None:
        self._session = session
        self._kept: list[DataFrame] = []
        self.domains = {}
        self.row_bytes = 0
        for name, value in _SETTINGS.items():
            session.conf.set(name, value)
        session.sparkContext.setLogLevel("OFF")  # its log quotes rows

    def scan(self, name: str, table: Table, columns: Mapping[str, str]) -> None:
        """Read Parquet in place; a CSV file is parsed once and kept."""
        from pyspark.sql import functions  # noqa: PLC0415 an extra, and heavy

        rows = self._rows_of(table)
        selected = []
        for new, old in columns.items():
            value = functions.col(f"`{old.replace('`', '``')}`")
            if table.kind is TableKind.CSV:
                value = functions.nullif(value, functions.lit(""))
            elif table.column(old).kind is ColumnKind.DOUBLE:
                value = value.cast("double") + functions.lit(0.0)
            selected.append(value.alias(new))
        rows = rows.select(*selected)
        if table.kind is TableKind.CSV:
            self._kept.append(rows.persist())
        rows.createOrReplaceTempView(name)

    def register(self, name: str, rows: pa.Table) -> None:
        """Send the rows to the session."""
        self._session.createDataFrame(rows).createOrReplaceTempView(name)

    def fetch(self, sql: str) -> pa.Table:
        """The rows of a SELECT."""
        from py4j.protocol import Py4JError  # noqa: PLC0415 an extra, and heavy
        from pyspark.errors import PySparkException  # noqa: PLC0415 an extra, and heavy

        try:
            return self._session.sql(sql).toArrow()
        except (PySparkException, Py4JError) as error:
            raise _refusal(error) from None

    def forget(self) -> None:
        """Let go of what it kept of CSV files."""
        for rows in self._kept:
            rows.unpersist()
        self._kept.clear()

    def _rows_of(self, table: Table) -> DataFrame:
        paths = [str(path.absolute()) for path in table.paths]
        if table.kind is TableKind.PARQUET:
            return self._session.read.parquet(*paths)
        schema = ", ".join(f"`{name.replace('`', '``')}` STRING" for name in table.column_names)
        return self._session.read.csv(
            paths,
            schema=schema,
            sep=table.delimiter,
            header=True,
            quote='"',
            escape='"',
            multiLine=True,
            mode="FAILFAST",
            encoding="UTF-8",
            maxCharsPerColumn=-1,
        )


@contextmanager
def spark_engine(master: str = "local[2]", memory_mb: int = 1_200) -> Iterator[SparkEngine]:
    """A Spark engine of its own on this machine, with no ports open to others."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 an extra, and heavy

    with tempfile.TemporaryDirectory(prefix="classline-spark-") as folder:
        session = (
            SparkSession.builder.master(master)
            .appName("classline")
            .config("spark.driver.memory", f"{memory_mb}m")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.ui.enabled", "false")
            .config("spark.local.dir", folder)
            .config("spark.sql.warehouse.dir", f"{folder}/warehouse")
            .config("spark.sql.shuffle.partitions", "2")
            .getOrCreate()
        )
        engine = SparkEngine(session)
        try:
            yield engine
        finally:
            engine.forget()
            session.stop()


def _refusal(error: Exception) -> Exception:
    """Spark quotes values in its messages, so only the name of its condition is told."""
    text = str(error)
    if "MALFORMED" in text:
        return UnreadableTable(
            "a line has more or fewer fields than the header, or a quote that is not closed; "
            "correct the file"
        )
    if "OVERFLOW" in text or "OUT_OF_RANGE" in text:
        return SumOverflow(SUM_OVERFLOW)
    condition = getattr(error, "getCondition", lambda: None)() or type(error).__name__
    return EngineFailure(f"Spark gave up ({condition})")
