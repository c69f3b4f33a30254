"""Checks of the ledger's triggers: each writes its own table's entries, by a generated text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stores.boundary.inspection import Check, Inspected, changed_texts
from stores.boundary.rules import LEDGERED, ledger_trigger
from stores.boundary.table_checks import lacking

__all__ = ["LEDGER_CHECKS", "LEDGER_TEXTS"]

# What writes the triggers and their records, by SHA-256 of language and text: the triggers are held
# against what these functions say, so what they say must be known.  A migration that changes one
# changes its digest here.
LEDGER_TEXTS: Mapping[str, str] = {
    "append_entry(text,text,text,jsonb,text[])": (
        "347b3e02f020b9a83231cac4ded5a82c9240f445ba111bab3dbac912b0db3ac9"
    ),
    "canonical_json(jsonb)": ("0f573d5f5476402add00991688ff928c584cb22b3fe167e2c5cde93a36a38ddb"),
    "hidden(json,control.pseudonym_keys)": (
        "5df7653bed7f45c0c0ca5bf5151d69bd369479e5ab140cbb237db50ef30d9f6a"
    ),
    "keep_ledger_of(regclass,text,text,text)": (
        "a6340bd80101d5aa0030617c04aa90fb40d798461bf30ac13df1185d61cc537d"
    ),
    "keep_ledgers()": ("cf0c63a3c3ef6c0aeba6fb117bb0b71b82ea68244a9caad2e316bd86b0debbcb"),
    "ledger_pseudonym(text)": ("445076583e5846f2bfda8af37e93ff40741b9f02853660ba0d082329e34168e5"),
    "ledger_column(text,regtype,text,boolean)": (
        "4bd1362449801ef5ce084c2ec1f0ee0f1715430c6d29764524f6a456f24ab106"
    ),
    "ledger_differences()": ("66c56302af388f38201af06e74949151a0109d3de2628f88f39de33293f28186"),
    "ledger_open(text)": ("740015b781130b2d7c7f6b4ab3206450748eb11cba5f3c43745a999432f3fc04"),
    "ledger_row(regclass,text,text,text)": (
        "4f5ecb00413e3ef22aa7fd25ae0cf0589bc9c1934451f740ffb104f2d682d27f"
    ),
    "ledger_source(regclass,text,text,text)": (
        "5dbbee722ab86583115c42b833377598af417fdda0ccebaac075e20f7d6de4ef"
    ),
    "ledger_statement(regclass,text,text,text,text,text,text,boolean)": (
        "d9b15b3d97623ff0b4ac61890f868ebdff88be62a2697015fb67b7bb81b50587"
    ),
    "ledgered_tables()": ("6c6860179aa9f10d0bf38522ae944a8ed9819a0c02864807f2e7cec53738db4d"),
    "matches_record(jsonb,jsonb,control.pseudonym_keys)": (
        "7b36bc47255c90b1ae89b00dd3645b3101efae577501a5072fd8bf65ddde75a9"
    ),
    "pseudonym(jsonb,control.pseudonym_keys)": (
        "ee5cef43fd204909762413ef62a0a78d728adac3fd41400a02477bd708cab926"
    ),
    "recorded_row(jsonb,text[],control.pseudonym_keys)": (
        "1ddc597a3d5e770991a8bced63d1c20b4e34dda5df76b0dfa61cf94d857e17e3"
    ),
    "recorded_value(jsonb,boolean,control.pseudonym_keys)": (
        "3e852600287f9e400df0dcca45b3b05d7759d739b8bfae60ab1b5ac07fe7d7df"
    ),
}


def _ledger(seen: Inspected) -> Iterator[str]:
    for table, arguments in LEDGERED.items():
        if any(lacking(seen, f"control.{ledger_trigger(table)}()", {table: arguments})):
            yield f"a write to {table} leaves no leaf in the ledger"
    # tgtype 58: before, for each statement, on UPDATE, DELETE and TRUNCATE.
    if not seen.rows(
        "SELECT FROM pg_trigger WHERE tgrelid = to_regclass('control.ledger_entries') "
        "AND tgenabled = 'A' AND tgtype = 58 AND tgqual IS NULL "
        "AND tgfoid = to_regprocedure('control.refuse_entry_change()')"
    ):
        yield "control.ledger_entries can be changed afterwards"


def _ledger_texts(seen: Inspected) -> Iterator[str]:
    changed = changed_texts(seen, LEDGER_TEXTS)
    yield from changed
    if changed:
        return  # what they would say of the triggers says nothing, and is not run
    for table, (kind, key, shown) in LEDGERED.items():
        (row,) = seen.rows(
            "SELECT control.ledger_source(to_regclass(:table), :kind, :key, :shown) AS due, "
            "(SELECT p.prosrc FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang "
            "WHERE p.oid = to_regprocedure(:trigger) AND l.lanname = 'plpgsql') AS found",
            table=table,
            kind=kind,
            key=key,
            shown=shown,
            trigger=f"control.{ledger_trigger(table)}()",
        )
        if row.due is None or row.found != row.due:
            yield f"the ledger's trigger of {table} is not written for its columns as they are"


LEDGER_CHECKS: tuple[Check, ...] = (
    Check(
        "triggers.ledger",
        "promotions, their transitions, approvals, handovers and audited writes leave a leaf",
        "ALTER TABLE … ENABLE ALWAYS TRIGGER ledger, ledger_truncate; then verify the ledger",
        _ledger,
    ),
    Check(
        "triggers.ledger_text",
        "a ledger trigger records every column of its table, in the text that is generated for it",
        "SELECT control.keep_ledgers() as the administrator, also in a migration that adds a "
        "column; then verify the ledger",
        _ledger_texts,
    ),
)
