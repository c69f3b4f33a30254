"""Counts of a table that Great Expectations reaches by SQL: PostgreSQL and DuckDB.

One GROUP BY is pushed down and returns key codes with counts. Texts are streamed in batches, so
that memory stays bounded; findings are all that is kept of them.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from typing import Any

from great_expectations.compatibility import sqlalchemy as compatible
from great_expectations.execution_engine.sqlalchemy_execution_engine import (
    SqlAlchemyExecutionEngine,
)

from expectations.disclosure.classes import Classes
from expectations.errors import CouldNotCheck
from expectations.findings import FindingsTable, counted_findings
from expectations.group_counts import NOBODY, classes_by_subject, classes_by_value
from expectations.gx.scan_in_force import scan_in_force

__all__ = ["findings", "grouped", "labels", "nulls", "require_dialect", "varied"]

# Any: SQLAlchemy's own constructs, which Great Expectations hands on untyped.
_Selectable = Any
_Engine = SqlAlchemyExecutionEngine

_BATCH_ROWS = 5000
# Its own way to SQLAlchemy: only `stores` imports that library for the platform's database.
sa: Any = vars(compatible)["sqlalchemy"]
_DIALECTS = frozenset({"postgresql", "duckdb"})
_TEXT_TYPE = re.compile(r"text|char|clob|string|json|xml|struct|map|\[\]|array|enum", re.IGNORECASE)
_LABEL = re.compile(r"\[([a-z_]+)\] ")


def require_dialect(engine: _Engine) -> None:
    """Refuse what these counts were never proven on: an unknown engine is no pass."""
    name = engine.engine.dialect.name
    if name not in _DIALECTS:
        message = f"no counts are made on {name[:40]!r}: could not check; use PostgreSQL or DuckDB"
        raise CouldNotCheck(message)


def findings(
    engine: _Engine, table: _Selectable, types: Sequence[Mapping[str, object]]
) -> FindingsTable:
    """What one scan of its text columns finds."""
    columns = [str(each["name"]) for each in types if _TEXT_TYPE.search(_type_name(each["type"]))]
    used = scan_in_force()
    # Closed here: a scan that raises must not leave the server's cursor open.
    with closing(_streamed(engine, table, columns)) as batches:
        return counted_findings(
            batches, columns, used.scan, knows_identifiers=used.knows_identifiers
        )


def grouped(
    engine: _Engine,
    table: _Selectable,
    by: Sequence[str],
    subject: str | None,
    amount: str | None,
) -> Classes:
    """Its classes with who stands behind them; without a subject column, rows alone."""
    who = sa.null() if subject is None else sa.column(subject)
    summed = sa.null() if amount is None else sa.func.sum(sa.column(amount))
    groups = _groups(table, by, who if subject else None, summed)
    code = sa.func.dense_rank()
    subjects = (
        sa.literal(NOBODY)
        if subject is None
        else sa.case((groups.c.other.is_(None), NOBODY), else_=code.over(order_by=groups.c.other))
    )
    rows = _fetched(
        engine, sa.select(_class_code(groups, by), subjects, groups.c.n, groups.c.amount)
    )
    codes, subject_codes, counts, amounts = _columns(rows, 4)
    classes = classes_by_subject(codes, subject_codes, counts, None if amount is None else amounts)
    return classes if subject else Classes(classes.rows)


def varied(engine: _Engine, table: _Selectable, by: Sequence[str], sensitive: str) -> Classes:
    """Its classes with how often each sensitive value occurs in them."""
    groups = _groups(table, by, sa.column(sensitive), sa.null())
    value = sa.func.dense_rank().over(order_by=groups.c.other)
    rows = _fetched(engine, sa.select(_class_code(groups, by), value, groups.c.n))
    return classes_by_value(sensitive, *_columns(rows, 3))


def labels(engine: _Engine, schema: str | None, table_name: str | None) -> dict[str, str | None]:
    """The class that each column's comment says."""
    if engine.engine.dialect.name != "postgresql" or table_name is None:
        message = "column comments are read from a PostgreSQL table only: could not check"
        raise CouldNotCheck(message)
    with engine.get_connection() as connection:
        columns = sa.inspect(connection).get_columns(table_name, schema=schema)
    said = {str(each["name"]): _LABEL.match(each.get("comment") or "") for each in columns}
    return {name: match[1] if match else None for name, match in said.items()}


def nulls(engine: _Engine, table: _Selectable, column: str) -> tuple[int, int]:
    """Rows, and those in which that column is null."""
    counts = sa.select(sa.func.count(), sa.func.count(sa.column(column))).select_from(table)
    ((rows, filled),) = _fetched(engine, counts)
    return int(rows), int(rows) - int(filled)


def _groups(
    table: _Selectable, by: Sequence[str], other: _Selectable, amount: _Selectable
) -> _Selectable:
    keys = [sa.column(name).label(f"q{n}") for n, name in enumerate(by)]
    grouped_by = [sa.column(name) for name in by] + ([] if other is None else [other])
    return (
        sa.select(
            *keys,
            (sa.null() if other is None else other).label("other"),
            sa.func.count().label("n"),
            amount.label("amount"),
        )
        .select_from(table)
        .group_by(*grouped_by)
        .subquery()
    )


def _class_code(groups: _Selectable, by: Sequence[str]) -> _Selectable:
    keys = [groups.c[f"q{n}"] for n in range(len(by))]
    return sa.func.dense_rank().over(order_by=keys)


def _fetched(engine: _Engine, statement: _Selectable) -> list[Sequence[Any]]:
    with engine.get_connection() as connection:
        return [tuple(row) for row in connection.execute(statement)]


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    return [[row[n] for row in rows] for n in range(width)]


def _streamed(  # classline: CLS101 - the expectation's table, of the class its suite is for
    engine: _Engine, table: _Selectable, columns: Sequence[str]
) -> Generator[list[tuple[str | None, ...]]]:
    texts = [sa.cast(sa.column(name), sa.Text) for name in columns] or [sa.null()]
    statement = sa.select(*texts).select_from(table)
    with engine.get_connection() as connection:
        streaming = connection.execution_options(stream_results=True, max_row_buffer=_BATCH_ROWS)
        with streaming.execute(statement) as result:
            for rows in result.partitions(_BATCH_ROWS):
                yield list(zip(*rows, strict=True)) if columns else [tuple(None for _ in rows)]


def _type_name(column_type: object) -> str:
    return str(column_type) if isinstance(column_type, str) else _compiled(column_type)


def _compiled(column_type: object) -> str:
    name = type(column_type).__name__
    return f"{name} {getattr(column_type, '__visit_name__', '')}"
