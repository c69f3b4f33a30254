"""Reads the migrations of one D1 database: every column's class, from the header comments."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from expectations.audit.cloudflare.d1_schema import RefusedStatement, Schema, UnseenColumns
from expectations.audit.cloudflare.labels import known_class
from expectations.audit.cloudflare.rules import RULES
from expectations.audit.cloudflare.sql_statements import HeaderLine, Statements, UnclosedText
from expectations.audit.findings import Finding, Place, printable

__all__ = ["Migrated", "read_migrations"]

_LABEL = re.compile(
    r"(?P<table>[^\s:\uff1a.]+)\.(?P<column>[^\s:\uff1a.]+)\s*[:\uff1a]\s*(?P<label>[\w-]+)(?P<remarks>.*)"
)
_QUOTES = "\"'`[]"
_MOST_BYTES = 1 << 30
_REFERENCE, _IDENTIFIER = "tenant_reference", "identifier"
_NUMBER = re.compile(r"\d+")


@dataclass(slots=True)
class Migrated:
    """What the migrations of one folder build, and what is wrong with them."""

    schema: Schema
    findings: list[Finding]
    files: int = 0


@dataclass(frozen=True, slots=True)
class _Label:
    table: str
    column: str
    label: str
    tenant_reference: bool
    identifier: bool
    line: int


def read_migrations(folder: Path, shown: str) -> Migrated:
    """Apply every migration of the folder in order; what cannot be read is told, the rest read."""
    migrated = Migrated(Schema(), [])
    for file in sorted(folder.glob("*.sql"), key=_order):
        migrated.files += 1
        name = printable(f"{shown}/{file.name}")
        migrated.findings += _one(file, name, migrated.schema)
    for table, columns in migrated.schema.tables.items():
        for column in columns.values():
            if column.label is None:
                subject = f"{table}.{column.name}"
                place = Place(column.file, column.line)
                message = f"{printable(subject)} has no class: it counts as tenant_private"
                migrated.findings.append(Finding(RULES["CFA101"], place, subject, message))
    return migrated


def _order(file: Path) -> tuple[float, str]:
    """As wrangler applies them: by the number in front, then by name."""
    number = _NUMBER.match(file.name)
    return (int(number.group()) if number else float("inf"), file.name)


def _one(file: Path, name: str, schema: Schema) -> Iterator[Finding]:
    try:
        if file.stat().st_size > _MOST_BYTES:
            yield _unreadable(name, 1, f"it has more than {_MOST_BYTES:,} bytes")
            return
        with file.open("rb") as opened:
            if not file.stat().st_size:
                return
            with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
                yield from _read(content, name, schema)
    except OSError as error:
        yield _unreadable(name, 1, f"it cannot be read ({type(error).__name__})")


def _read(content: mmap.mmap, name: str, schema: Schema) -> Iterator[Finding]:
    statements = Statements(content)
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in content[:1024]:
        yield _unreadable(name, 1, "it is no UTF-8 text")
        return
    try:
        for statement in statements:
            try:
                schema.apply(statement, name)
            except RefusedStatement as error:
                line = statement.line + error.line - 1
                yield _unreadable(name, line, f"a statement was left out: {error}")
            except UnseenColumns as error:
                place = Place(name, statement.line)
                message = (
                    f"the columns of {printable(error.table)} come from a query that shows none"
                )
                yield Finding(RULES["CFA106"], place, error.table, message)
    except UnclosedText as error:
        yield _unreadable(name, error.line, str(error))
    yield from _labelled(statements.header, name, schema)


def _unreadable(name: str, line: int, why: str) -> Finding:
    return Finding(RULES["CFA001"], Place(name, line), "file", why)


def _labelled(header: list[HeaderLine], name: str, schema: Schema) -> Iterator[Finding]:
    labels = [label for line in header if (label := _label(line))]
    given: dict[tuple[str, str], str] = {}
    for label in sorted(labels, key=lambda each: each.column == "*"):
        subject = f"{label.table}.{label.column}"
        place = Place(name, label.line)
        columns = _columns(label, schema, name)
        known = known_class(label.label)
        if not columns and not _was_there(label, schema):
            if known is not None:
                message = f"{printable(subject)} is labelled, and there is no such column"
                yield Finding(RULES["CFA104"], place, subject, message)
            continue
        if known is None:
            message = f"{printable(subject)} is labelled {printable(label.label)!r}"
            yield Finding(RULES["CFA105"], place, subject, message)
            continue
        for table, column in columns:
            key, found = (table, column), schema.tables[table][column]
            before = given.get(key, found.label)
            whole_table = label.column == "*"
            if before is not None and before != label.label and not (whole_table and key in given):
                subject = f"{table}.{column}"
                message = f"{printable(subject)} is {before} and {label.label}"
                yield Finding(RULES["CFA102"], place, subject, message)
                continue
            given[key] = found.label = label.label
            found.tenant_reference |= label.tenant_reference
            found.identifier |= label.identifier


def _label(line: HeaderLine) -> _Label | None:
    match = _LABEL.search(line.text)
    if match is None:
        return None
    table, column = (
        match[part].strip(_QUOTES).lstrip("-*").lower() for part in ("table", "column")
    )
    column = "*" if match["column"].strip(_QUOTES) == "*" else column
    remarks = set(match["remarks"].split())
    marks = (_REFERENCE in remarks, _IDENTIFIER in remarks)
    return _Label(table, column, match["label"], *marks, line.line)


def _columns(label: _Label, schema: Schema, name: str) -> list[tuple[str, str]]:
    """The columns a label is about; `*` is those that its own file adds."""
    columns = schema.tables.get(label.table, {})
    if label.column != "*":
        return [(label.table, label.column)] if label.column in columns else []
    return [(label.table, each.name) for each in columns.values() if each.file == name]


def _was_there(label: _Label, schema: Schema) -> bool:
    """A table or column that was renamed or dropped since: its label was true when written."""
    return any(
        table == label.table and label.column in {column, "*"} for table, column in schema.seen
    )
