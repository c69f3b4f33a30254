"""What a table is: a CSV file, or one or more Parquet files, and the columns they have.

A database is never opened here: `stores` hands in its rows as Arrow batches (`spooled`). In a CSV
file every column is text and an empty field is null, quoted or not. Text is UTF-8, or refused.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from glob import glob
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from anonymization.engines.csv_files import read_layout, require_distinct
from anonymization.engines.errors import ChangedTable, UnknownColumns, UnreadableTable

__all__ = ["Column", "ColumnKind", "Table", "TableKind", "spooled", "table_of"]


class TableKind(StrEnum):
    """How the rows are written."""

    CSV = "csv"
    PARQUET = "parquet"


class ColumnKind(StrEnum):
    """What a column's values are; anything else cannot be used."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Column:
    """A column's name and kind; ``precision`` and ``scale`` are those of a decimal."""

    name: str
    kind: ColumnKind
    precision: int = 0
    scale: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """Where a table is, how it is written, and what stood there when it was opened.

    ``written`` holds each file's size and time of change.
    """

    paths: tuple[Path, ...]
    kind: TableKind
    columns: tuple[Column, ...]
    delimiter: str
    written: tuple[tuple[int, int], ...]

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns, in the file's order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name."""
        self.require_columns([name])
        return next(column for column in self.columns if column.name == name)

    def require_columns(self, names: Iterable[str]) -> None:
        """Refuse names that the table does not have, all of them at once."""
        unknown = sorted(set(names) - set(self.column_names))
        if unknown:
            message = (
                f"{self.paths[0].name}: no column {', '.join(unknown)}; "
                f"its columns are {', '.join(self.column_names)}"
            )
            raise UnknownColumns(message)

    def require_unchanged(self) -> None:
        """Refuse a table whose files were rewritten since it was opened."""
        if _written(self.paths) != self.written:
            message = (
                f"{self.paths[0].name}: changed while it was read, so its counts do not hold "
                "together; run again on a copy that nobody writes to"
            )
            raise ChangedTable(message)


def table_of(path: str | Path) -> Table:
    """The table at a path: a CSV or Parquet file, a folder of Parquet files, or a glob of them."""
    paths = _files_at(Path(path))
    if all(each.suffix == ".parquet" for each in paths):
        return _parquet_table(paths)
    if len(paths) > 1:
        message = f"{path}: {len(paths)} files that are not all Parquet; give one CSV file"
        raise UnreadableTable(message)
    layout = read_layout(paths[0])
    columns = tuple(Column(name, ColumnKind.TEXT) for name in layout.header)
    return Table(paths, TableKind.CSV, columns, layout.delimiter, _written(paths))


@contextmanager
def spooled(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[Table]:
    """A table of rows that come from elsewhere: kept in a private file, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="classline-rows-") as folder:
        path = Path(folder) / "rows.parquet"
        with pq.ParquetWriter(path, schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
        yield table_of(path)


def _files_at(path: Path) -> tuple[Path, ...]:
    if path.is_dir():
        found = sorted(each for each in path.rglob("*.parquet") if _is_data(each, path))
    elif path.exists():
        found = [path]
    else:
        found = sorted(Path(each) for each in glob(str(path), recursive=True))  # noqa: PTH207 absolute patterns
    if not found:
        message = f"{path}: there is no such file, and no Parquet file in such a folder"
        raise UnreadableTable(message)
    return tuple(found)


def _is_data(path: Path, folder: Path) -> bool:
    """Writers leave marks beside their files under names with a leading dot or underscore."""
    return not any(part.startswith(("_", ".")) for part in path.relative_to(folder).parts)


def _parquet_table(paths: tuple[Path, ...]) -> Table:
    schemas, rows = [], 0
    for path in paths:
        try:
            with pq.ParquetFile(path) as file:
                schemas.append(tuple(map(_column_of, file.schema_arrow)))
                rows += file.metadata.num_rows
        except (OSError, pa.ArrowException):
            message = f"{path.name}: is not a Parquet file that can be read"
            raise UnreadableTable(message) from None
    differing = sum(each != schemas[0] for each in schemas)
    if differing:
        message = (
            f"{paths[0].name}: {differing} of {len(paths)} files have other columns or types than "
            "the first; give files of one schema"
        )
        raise UnreadableTable(message)
    require_distinct(paths[0].name, [column.name for column in schemas[0]])
    if not rows:
        message = f"{paths[0].name}: has no rows, so there is nothing to measure"
        raise UnreadableTable(message)
    return Table(paths, TableKind.PARQUET, schemas[0], "", _written(paths))


def _column_of(field: pa.Field) -> Column:
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    if pa.types.is_decimal(kind):
        return Column(field.name, ColumnKind.DECIMAL, kind.precision, kind.scale)
    return Column(field.name, _plain_kind(kind))


def _plain_kind(kind: pa.DataType) -> ColumnKind:
    tests = {
        ColumnKind.TEXT: (pa.types.is_string, pa.types.is_large_string),
        ColumnKind.INTEGER: (pa.types.is_integer,),
        ColumnKind.DOUBLE: (pa.types.is_floating,),
        ColumnKind.BOOLEAN: (pa.types.is_boolean,),
        ColumnKind.DATE: (pa.types.is_date,),
        ColumnKind.TIMESTAMP: (pa.types.is_timestamp,),
    }
    for found, predicates in tests.items():
        if any(predicate(kind) for predicate in predicates):
            return found
    return ColumnKind.OTHER


def _written(paths: tuple[Path, ...]) -> tuple[tuple[int, int], ...]:
    return tuple((each.stat().st_size, each.stat().st_mtime_ns) for each in paths)
