"""Writes released cells so that the same cells are the same bytes, and all of them or none.

CSV is UTF-8 with LF and commas; null is an empty field, an empty text is quoted, numbers have no
trailing zeros. A file takes its name only when it is complete.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from anonymization.engines.errors import UnwritableFile

__all__ = ["write_cells"]


class _HasLines(Protocol):
    @property
    def lines(self) -> pa.Table: ...


def write_cells(cells: _HasLines, path: str | Path) -> None:
    """Write the cells as .parquet or .csv; an earlier file stays until the new one is complete."""
    target = Path(path)
    match target.suffix:
        case ".parquet":
            with _complete_or_absent(target) as file:
                pq.write_table(cells.lines, file, compression="zstd", store_schema=False)
        case ".csv":
            with _complete_or_absent(target) as file:
                file.writelines(_csv_lines(cells.lines))
        case _:
            message = f"{target.name}: cells are written as .parquet or .csv; name the file so"
            raise UnwritableFile(message)


@contextmanager
def _complete_or_absent(target: Path) -> Iterator[BinaryIO]:
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _csv_lines(lines: pa.Table) -> Iterator[bytes]:
    yield _csv_line(lines.column_names)
    columns = [column.to_pylist() for column in lines.columns]
    for fields in zip(*columns, strict=True):
        yield _csv_line([_csv_text(field) for field in fields])


def _csv_line(fields: list[str] | list[str | None]) -> bytes:
    return (",".join(_csv_field(field) for field in fields) + "\n").encode()


def _csv_text(value: object) -> str | None:
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return None if value is None else str(value)


def _csv_field(text: str | None) -> str:
    if text is None:
        return ""
    if not text or any(mark in text for mark in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text
