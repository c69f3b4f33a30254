"""A check of reasons: the database takes none that does not read as it is stored."""

from __future__ import annotations

from collections.abc import Iterator

from stores.boundary.inspection import Check, Inspected
from stores.boundary.rules import SAID_COLUMNS
from stores.reasons import HIDING

__all__ = ["REASON_CHECKS"]


def _readable(seen: Inspected) -> Iterator[str]:
    # tgtype 23: before, for each row, on INSERT and UPDATE.
    sound = {
        (row.table, row.column)
        for row in seen.rows(
            "SELECT n.nspname || '.' || c.relname AS table, a.attname AS column FROM pg_trigger t "
            "JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
            "JOIN pg_attribute a ON a.attrelid = t.tgrelid AND a.attnum::text = t.tgattr::text "
            "WHERE t.tgenabled = 'A' AND t.tgtype = 23 AND t.tgqual IS NULL "
            "AND t.tgargs = convert_to(a.attname, 'UTF8') || '\\x00'::bytea "
            "AND t.tgfoid = to_regprocedure('control.refuse_hidden_text()')"
        )
    }
    yield from (
        f"{table}.{column} takes text that does not read as it is stored"
        for table, column in SAID_COLUMNS.items()
        if (table, column) not in sound
    )
    texts = seen.rows(
        "SELECT replace(p.prosrc, E'\\'\\n        \\'', '') AS text FROM pg_proc p "
        "WHERE p.oid = to_regprocedure('control.hides_text(text)')"
    )
    if not any(f"said ~ ('{HIDING}')" in row.text for row in texts):
        yield "control.hides_text looks for other characters than stores/reasons.py"


REASON_CHECKS: tuple[Check, ...] = (
    Check(
        "triggers.readable",
        "a reason reads as it is stored: nothing in it hides or turns text round",
        "ALTER TABLE … ENABLE ALWAYS TRIGGER readable; revision 0031 makes them and the function",
        _readable,
    ),
)
