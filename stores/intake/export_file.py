"""Reads one CSV file of an export into numbered rows; a bad row is rejected, never raised."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stores.intake.batches import Rejection
from stores.intake.refusals import EmptyFile, IntakeError, MissingFile, UnreadableFile, WrongHeader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["MAX_FIELD_CHARACTERS", "ExportFile", "NumberedRow", "read_export_file"]

MAX_FIELD_CHARACTERS = 1_000

_COLUMN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_ ]{0,39}")


@dataclass(frozen=True, slots=True)
class NumberedRow:
    """One row's fields by column, without surrounding spaces, and the line it begins on."""

    line: int
    fields: dict[str, str]


@dataclass(slots=True)
class ExportFile:
    """A file's rows, and those that have no readable form."""

    name: str
    rows: list[NumberedRow] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    repairs: Counter[str] = field(default_factory=Counter)

    @property
    def rows_read(self) -> int:
        """All rows of the file below its header, taken or not."""
        return len(self.rows) + len(self.rejections)


@dataclass(frozen=True, slots=True)
class _Record:
    first_line: int
    last_line: int
    fields: list[str] | None


def read_export_file(path: Path, columns: Sequence[str]) -> ExportFile | IntakeError:
    """The file's rows, or the structural fault for which the whole load must be refused."""
    text = _text_of(path)
    if isinstance(text, IntakeError):
        return text
    try:
        records = list(_records(text, path.name))
    except UnreadableFile as unreadable:
        return unreadable
    if not records:
        return EmptyFile(f"{path.name}: it holds no header; export the file again")
    header = [name.strip() for name in records[0].fields or []]
    fault = _header_fault(path.name, header, columns)
    if fault:
        return fault
    if len(records) == 1:
        return EmptyFile(f"{path.name}: it holds a header and no rows; export the file again")
    file = ExportFile(path.name)
    for record in records[1:]:
        _take(file, record, header)
    return file


def _text_of(path: Path) -> str | IntakeError:
    if not path.is_file():
        return MissingFile(f"{path.name}: there is no such file; put it beside the others")
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        position = error.start
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
        return UnreadableFile(f"{path.name}: {reason}; make it readable to this process")
    return UnreadableFile(
        f"{path.name}: byte {position} is not UTF-8 text; save the file as CSV UTF-8"
    )


def _records(text: str, name: str) -> Iterator[_Record]:
    """CSV records with their physical lines; blank lines are skipped.

    The csv module forgets an open quote when a field outgrows its limit. Reading on would take
    the inside of that field for rows, so a quote that may still be open refuses the file.
    """
    seen: list[str] = []

    def lines() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            seen.append(line)
            yield line

    reader = csv.reader(lines())
    while True:
        first = reader.line_num + 1
        seen.clear()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error:
            if len(seen) > 1 or seen[0].count('"') % 2:
                message = (
                    f"{name}: the quote opened on line {first} does not end within "
                    f"{csv.field_size_limit():,} characters, so rows cannot be told apart; close it"
                )
                raise UnreadableFile(message) from None
            yield _Record(first, first, None)
            continue
        if fields:
            yield _Record(first, reader.line_num, fields)


def _header_fault(name: str, header: list[str], columns: Sequence[str]) -> WrongHeader | None:
    missing = [column for column in columns if column not in header]
    if len(missing) == len(columns):
        return WrongHeader(
            f"{name}: its first line names none of the columns {', '.join(columns)}; "
            "a comma-separated file with a header line is expected"
        )
    extra = [_shown(column, place) for place, column in enumerate(header) if column not in columns]
    twice = [column for column in columns if header.count(column) > 1]
    faults = [
        f"{word} {', '.join(found)}"
        for word, found in (("missing", missing), ("not expected", extra), ("named twice", twice))
        if found
    ]
    if not faults:
        return None
    return WrongHeader(
        f"{name}: its header has columns {'; '.join(faults)}; "
        f"export exactly {', '.join(columns)}, in any order"
    )


def _shown(column: str, place: int) -> str:
    """The column's name if it reads like one; anything else may be somebody's data."""
    return column if _COLUMN_NAME.fullmatch(column) else f"(unnamed, number {place + 1})"


def _take(file: ExportFile, record: _Record, header: list[str]) -> None:
    fault = _form_fault(record, header)
    if fault:
        file.rejections.append(Rejection(file.name, record.first_line, fault))
        return
    fields = {}
    for column, raw in zip(header, record.fields or (), strict=True):
        fields[column] = raw.strip()
        if len(fields[column]) != len(raw):
            file.repairs["surrounding spaces removed"] += 1
    file.rows.append(NumberedRow(record.first_line, fields))


def _form_fault(record: _Record, header: list[str]) -> str | None:
    fields = record.fields
    if fields is None:
        return f"a field is longer than {MAX_FIELD_CHARACTERS:,} characters"
    if len(fields) != len(header):
        span = (
            f", on lines {record.first_line} to {record.last_line}: is a quote left open?"
            if record.last_line > record.first_line
            else ""
        )
        return f"wrong number of fields: {len(fields)} where {len(header)} are expected{span}"
    faults = []
    for column, raw in zip(header, fields, strict=True):
        if len(raw) > MAX_FIELD_CHARACTERS:
            faults.append(f"{column}: longer than {MAX_FIELD_CHARACTERS:,} characters")
        if "\0" in raw:
            faults.append(f"{column}: holds a NUL character")
    return "; ".join(faults) or None
