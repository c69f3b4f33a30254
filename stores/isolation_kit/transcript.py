"""Runs statements on one connection and keeps everything that comes back, errors included."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.pq.abc import PGresult

__all__ = ["Transcript", "transcribed"]

_COPY_LINE = "isolation\tisolation\n"


@dataclass(slots=True)
class Transcript:
    """What came back from a probe's statements."""

    observed: list[object] = field(default_factory=list)
    last_refused: bool = False
    last_rows: int = 0

    @property
    def text(self) -> str:
        """All of it as one text, to be compared."""
        return repr(self.observed)


def transcribed(
    connection: psycopg.Connection[Any], statements: Iterable[str], values: Mapping[str, str]
) -> Transcript:
    """Run the statements one after the other, as an attacker would: an error stops none."""
    seen = Transcript()
    connection.add_notice_handler(
        lambda notice: seen.observed.append((notice.message_primary, notice.message_detail))
    )
    for statement in statements:
        seen.last_rows, seen.last_refused = 0, False
        try:
            _run_one(connection, statement, seen, values)
        except psycopg.Error as error:
            # Without a code it is the driver's own trouble: the statement was carried out.
            seen.last_refused = error.sqlstate is not None
            seen.observed.append((error.sqlstate, _told(error)))
        if connection.closed:
            break
    return seen


def _run_one(
    connection: psycopg.Connection[Any], statement: str, seen: Transcript, values: Mapping[str, str]
) -> None:
    with connection.cursor() as cursor:
        if re.match(r"COPY .* TO STDOUT", statement):
            with cursor.copy(statement.encode()) as copy:
                seen.observed.append([bytes(part) for part in copy])
            return
        if re.match(r"COPY .* FROM STDIN", statement):
            with cursor.copy(statement.encode()) as copy:
                copy.write(f"{values['<b>']}\t{_COPY_LINE}")
            return
        cursor.execute(statement.encode())
        if cursor.description and cursor.pgresult:
            rows = _raw_rows(cursor.pgresult)
            seen.last_rows = len(rows)
            names = tuple(column.name for column in cursor.description)
            claims = frozenset(values[name] for name in ("<a_claim>", "<b_claim>"))
            if names[:1] == ("set_config",):
                # The claim that a statement has just set comes back from it; that is no leak.
                rows = [tuple("a claim" if v in claims else v for v in row) for row in rows]
            seen.observed.append((names, rows))
        seen.observed.append(cursor.statusmessage)


def _raw_rows(result: PGresult) -> list[tuple[str | None, ...]]:
    """The rows as the server wrote them: no value is beyond what Python can hold."""
    return [
        tuple(
            None if value is None else bytes(value).decode("utf-8", "replace")
            for value in (result.get_value(row, column) for column in range(result.nfields))
        )
        for row in range(result.ntuples)
    ]


def _told(error: psycopg.Error) -> tuple[str | None, ...]:
    told = error.diag
    return (
        told.message_primary,
        told.message_detail,
        told.message_hint,
        told.context,
        told.schema_name,
        told.table_name,
        told.column_name,
        told.constraint_name,
        told.internal_query,
    )
