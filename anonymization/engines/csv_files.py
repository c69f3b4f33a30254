"""How a CSV file is laid out: its delimiter and its header, found in its first lines."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from anonymization.engines.errors import UnreadableTable

__all__ = ["CsvLayout", "read_layout", "require_distinct"]

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_BYTES = 1 << 16
_SAMPLE_RECORDS = 50
_BLOCK_BYTES = 1 << 22
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)")


@dataclass(frozen=True, slots=True)
class CsvLayout:
    """A CSV file's delimiter and the names in its first line."""

    delimiter: str
    header: tuple[str, ...]


def read_layout(path: Path) -> CsvLayout:
    """Find the delimiter and header; refuse a file that is empty, without header or not UTF-8."""
    _require_utf8(path)
    with path.open("rb") as file:
        raw = file.read(_SAMPLE_BYTES)
        whole = not file.read(1)
    lines = raw.decode("utf-8-sig", errors="ignore").splitlines(keepends=True)
    if not whole and len(lines) > 1:
        lines.pop()  # the sample ends within it
    delimiter = max(_DELIMITERS, key=lambda each: _evidence_for(lines, each))
    records = _records(lines, delimiter)
    if not records:
        message = f"{path.name}: is empty, so there is nothing to measure"
        raise UnreadableTable(message)
    _require_header(path.name, records[0])
    if len(records) == 1 and whole:
        message = f"{path.name}: has a header and no rows, so there is nothing to measure"
        raise UnreadableTable(message)
    return CsvLayout(delimiter, tuple(records[0]))


def _evidence_for(lines: list[str], delimiter: str) -> tuple[int, int]:
    """Fields of a record if all records agree on several, then fields of the first.

    So a ragged file is read as what its header says, and then refused as ragged.
    """
    widths = [len(record) for record in _records(lines, delimiter)[:_SAMPLE_RECORDS]]
    agreed = widths[0] if len(set(widths)) == 1 else 0
    return (agreed if agreed > 1 else 0, widths[0] if widths else 0)


def _records(lines: list[str], delimiter: str) -> list[list[str]]:
    return [record for record in csv.reader(lines, delimiter=delimiter) if record]


def _require_header(name: str, header: list[str]) -> None:
    unnamed = sum(not each.strip() or bool(_NUMBER.fullmatch(each.strip())) for each in header)
    if unnamed:
        message = (
            f"{name}: {unnamed} of the {len(header)} fields in the first line are empty or "
            "numbers, so it is no header; put the names of the columns there"
        )
        raise UnreadableTable(message)
    require_distinct(name, header)


def require_distinct(name: str, columns: Sequence[str]) -> None:
    """Refuse columns of one name, and of names that differ in case alone: DuckDB takes either."""
    lowered = [column.lower() for column in columns]
    twice = sorted({each for each in columns if lowered.count(each.lower()) > 1})
    if twice:
        message = (
            f"{name}: more than one column is called {', '.join(twice)}, "
            "capital letters aside; rename them"
        )
        raise UnreadableTable(message)


def _require_utf8(path: Path) -> None:
    """One pass over the bytes: Spark would replace what it cannot decode and say nothing."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        message = f"{path.name}: is not UTF-8 text; save it as UTF-8"
        raise UnreadableTable(message) from None
