"""Reads the texts of a CSV, Parquet, JSON lines or text file, some rows at a time.

Whatever a cell holds is text to be looked at: numbers as they are written, of nested values every
key and leaf. A file that cannot be read to its end is refused whole.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from expectations.errors import CouldNotCheck

__all__ = ["Cell", "TextBatch", "text_batches"]

_BATCH = 1 << 22  # characters
_ROWS = 100_000
_DELIMITERS = ",;\t|"
_PARQUET = b"PAR1"
_NESTED = (dict, list)


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a text stands; of a nested value the number of the leaf, counted as written."""

    row: int
    column: str
    leaf: int | None = None


@dataclass(frozen=True, slots=True)
class TextBatch:
    """Texts of some rows, and where each stands; ``rows`` are all read so far."""

    cells: Sequence[Cell]
    texts: Sequence[str]
    columns: Sequence[str]
    rows: int


def text_batches(path: Path | None, column: str | None = None) -> Iterator[TextBatch]:
    """The texts of that file, or of standard input, or of one column of it."""
    name = "standard input" if path is None else path.name
    with _opened(path) as file:
        try:
            yield from _batched(name, _rows(file, path), column)
        except UnicodeDecodeError as error:
            message = (
                f"{name}: not UTF-8 at byte {error.start} of a block of its text, so it was not "
                "read to its end: could not check; convert it to UTF-8"
            )
            raise CouldNotCheck(message) from None
        except csv.Error:
            message = (
                f"{name}: not CSV that can be read to its end: could not check; check its quotes"
            )
            raise CouldNotCheck(message) from None


@contextmanager
def _opened(path: Path | None) -> Iterator[BinaryIO]:
    if path is None:
        yield sys.stdin.buffer
        return
    try:
        file = path.open("rb")
    except OSError as error:
        message = f"{path.name}: cannot be read ({error.strerror}): could not check; name a file"
        raise CouldNotCheck(message) from None
    with file:
        yield file


_Row = Mapping[str, object]


def _rows(file: BinaryIO, path: Path | None) -> Iterator[_Row]:
    head = file.peek(64)[:64] if isinstance(file, io.BufferedReader) else b""
    kind = path.suffix.lower() if path else ""
    if kind in {".parquet", ".pq"} or head.startswith(_PARQUET):
        yield from _parquet_rows(file)
        return
    text = io.TextIOWrapper(file, "utf-8-sig", newline="")
    is_json = head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    try:
        if kind in {".jsonl", ".ndjson", ".json"} or is_json:
            yield from _json_rows(text)
        elif kind in {".txt", ".log", ".md"}:
            yield from ({"line": line.rstrip("\r\n")} for line in text)
        else:
            yield from _csv_rows(text)
    finally:
        text.detach()  # whoever opened the file closes it


def _csv_rows(text: io.TextIOWrapper) -> Iterator[_Row]:
    """Rows under the names of the first; where that holds an identifier, it is a row itself."""
    # Imported here: only a scan needs the engine.
    from expectations.identifiers.detection import find_identifiers  # noqa: PLC0415

    csv.field_size_limit(sys.maxsize)
    lines = iter(text)
    first = next(lines, "")
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(_chained(first, lines), delimiter=delimiter, strict=True)
    header = next(reader, [])
    if any(find_identifiers(header)):
        yield {_unnamed(place): value for place, value in enumerate(header)}
        header = [_unnamed(place) for place in range(len(header))]
    for values in reader:
        yield {
            header[place] if place < len(header) else _unnamed(place): value
            for place, value in enumerate(values)
        }


def _chained(first: str, lines: Iterator[str]) -> Iterator[str]:
    yield first
    yield from lines


def _unnamed(place: int) -> str:
    return f"column_{place + 1}"


def _json_rows(text: io.TextIOWrapper) -> Iterator[_Row]:
    for number, line in enumerate(text):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (json.JSONDecodeError, RecursionError):
            message = (
                f"line {number + 1} is not one JSON value: could not check; write one object a line"
            )
            raise CouldNotCheck(message) from None
        yield value if isinstance(value, dict) else {"value": value}


def _parquet_rows(file: BinaryIO) -> Iterator[_Row]:
    # Imported here: other files do without it.
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    source = file if file.seekable() else io.BytesIO(file.read())
    try:
        table = pq.ParquetFile(source)
        for batch in table.iter_batches(batch_size=4_096):
            yield from batch.to_pylist()
    except (pa.ArrowException, OSError):
        message = "not Parquet that can be read to its end: could not check; write it again"
        raise CouldNotCheck(message) from None


def _batched(name: str, rows: Iterable[_Row], column: str | None) -> Iterator[TextBatch]:
    cells: list[Cell] = []
    texts: list[str] = []
    names: dict[str, str] = {}  # as they are shown
    size = count = 0
    for row in rows:
        for key in [key for key in row if key not in names]:
            names[key] = _shown(key, len(names))
            if names[key] != key:
                cells.append(Cell(count, names[key]))
                texts.append(key)
        for key, value in row.items():
            if column is not None and key != column:
                continue
            for leaf, text in _texts_of(value):
                cells.append(Cell(count, names[key], leaf))
                texts.append(text)
                size += len(text)
        count += 1
        if size > _BATCH or len(texts) > _ROWS:
            yield TextBatch(cells, texts, list(names.values()), count)
            cells, texts, size = [], [], 0
    if column is not None and column not in names:
        message = f"{name}: no column of that name was read: could not check; name one of the file"
        raise CouldNotCheck(message)
    yield TextBatch(cells, texts, list(names.values()), count)


def _shown(name: str, place: int) -> str:
    """The name of a column, or its place where the name is itself an identifier."""
    from expectations.identifiers.detection import find_identifiers  # noqa: PLC0415 - as above

    return _unnamed(place) if find_identifiers([name])[0] else name


def _texts_of(value: object) -> Iterator[tuple[int | None, str]]:
    if isinstance(value, str):
        yield None, value
    elif isinstance(value, _NESTED):
        yield from enumerate(_leaves(value))
    elif value is not None and not isinstance(value, bool):
        yield None, _written(value)


def _leaves(value: object) -> Iterator[str]:
    """Every key and leaf of a nested value, in the order they are written in."""
    pending = [value]
    while pending:
        each = pending.pop()
        if isinstance(each, dict):
            pending.extend(part for pair in reversed(each.items()) for part in reversed(pair))
        elif isinstance(each, (list, tuple)):
            pending.extend(reversed(each))
        elif each is not None and not isinstance(each, bool):
            yield _written(each)


def _written(value: object) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)
