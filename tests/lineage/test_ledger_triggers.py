"""The triggers written out for each table record what an independent reader would."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
import rfc8785
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from stores.platform import Platform

pytestmark = pytest.mark.integration

_SHOWN = "a_text quoted a_uuid a_day an_instant a_list a_document a_double"
_TABLE = """
CREATE TABLE control.trial (
    number integer PRIMARY KEY, a_text text, hidden text, "quoted" text, letters varchar(20),
    small smallint, big bigint, exact numeric, a_double double precision, yes boolean,
    a_day date, an_instant timestamptz, local_time timestamp, hidden_instant timestamptz,
    a_uuid uuid, hidden_uuid uuid, a_list text[], hidden_list text[], a_document jsonb,
    hidden_document jsonb, "Ordered Before" integer DEFAULT 7)
"""
_ROWS: list[dict[str, Any]] = [
    {},
    {"a_text": 'a "b" \\ \n \u20ac \U0001f602 \x7f', "hidden": "someone", "quoted": "q",
     "yes": True},
    {"a_text": "~looks like a pseudonym", "letters": "v", "yes": False, "hidden": ""},
    {"small": -32768, "big": 999999999999999, "exact": "1.50", "a_double": 0.1},
    {"big": 1000000000000000, "exact": "NaN", "a_double": float("inf")},
    {"big": -1000000000000000, "exact": "100", "a_double": 1e21},
    {"a_day": date(2026, 2, 28), "an_instant": datetime(2026, 2, 28, 23, 59, 59, 120000, UTC),
     "local_time": "2026-02-28T01:00:00", "hidden_instant": datetime(1, 1, 1, tzinfo=UTC)},
    {"a_uuid": UUID(int=7), "hidden_uuid": UUID(int=2**128 - 1)},
    {"a_list": ["z", "a", None, "~x"], "hidden_list": ["someone"]},
    {"a_document": json.dumps({"b": [1.50, {"\ufb33": 1, "\U0001f602": None}], "a": "~"}),
     "hidden_document": json.dumps({"who": "someone"})},
    {"a_document": json.dumps("~text"), "hidden_document": json.dumps(None)},
]  # fmt: skip


@pytest.fixture
def trial(platform: Platform) -> Iterator[Connection]:
    """A table of every type that there is, kept in the ledger until the test is over."""
    with platform.admin_engine().connect() as connection:
        connection.exec_driver_sql(_TABLE)
        for number, row in enumerate(_ROWS):
            insert(connection, number, row)
        keep(connection)
        yield connection
        connection.rollback()


def keep(connection: Connection) -> None:
    """Have the table kept, its columns as they are now."""
    connection.execute(
        text("SELECT control.keep_ledger_of('control.trial', 'trial', 'number', :shown)"),
        {"shown": _SHOWN},
    )


def insert(connection: Connection, number: int, row: dict[str, Any]) -> None:
    """A row with these values."""
    names = "".join(f', "{name}"' for name in row)
    values = "".join(f", :{name}" for name in row)
    connection.execute(
        text(f"INSERT INTO control.trial (number{names}) VALUES ({number}{values})"), row
    )


def entries(connection: Connection) -> list[dict[str, Any]]:
    """The table's records as they stand, in order."""
    query = "SELECT record FROM control.ledger_entries WHERE kind = 'trial' ORDER BY entry_id"
    return [json.loads(record) for record in connection.execute(text(query)).scalars()]


def expected(connection: Connection) -> dict[str, dict[str, Any]]:
    """What a reader of the rows, with the pseudonyms' key and a library of RFC 8785, comes to."""
    pad = bytes(connection.execute(text("SELECT ipad FROM control.pseudonym_keys")).scalar_one())
    key = bytes(byte ^ 0x36 for byte in pad)
    shown = set(_SHOWN.split())

    def recorded(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: recorded(item) for name, item in value.items()}
        if isinstance(value, list):
            return [recorded(item) for item in value]
        if isinstance(value, str) and value.startswith("\0"):  # a number
            digits = value[1:]
            return int(digits) if "." not in digits and len(digits.lstrip("-")) < 16 else digits
        return value

    def column(name: str, value: Any) -> Any:
        if value is None or isinstance(value, bool):
            return value
        canonical = recorded(value)
        number = isinstance(value, str) and value.startswith("\0")
        if number or (name in shown and not str(canonical).startswith("~")):
            return canonical
        mac = hmac.new(key, rfc8785.dumps(canonical), hashlib.sha256)
        return f"~{mac.hexdigest()[:32]}"

    connection.exec_driver_sql("SET LOCAL timezone = 'UTC'")
    query = text("SELECT number, to_jsonb(t)::text AS row FROM control.trial t")
    return {
        str(found.number): {
            name: column(name, value)
            for name, value in json.loads(
                found.row, parse_int=lambda d: f"\0{d}", parse_float=lambda d: f"\0{d}"
            ).items()
        }
        for found in connection.execute(query)
    }


def test_what_was_there_before_is_recorded_as_found(trial: Connection) -> None:
    """Every type, every value at its edge, by two implementations that share nothing."""
    found = entries(trial)
    assert {e["key"]: e["row"] for e in found} == expected(trial)
    assert {e["change"] for e in found} == {"found"}
    assert [e["key"] for e in found] == [str(number) for number in range(len(_ROWS))]
    keep(trial)
    assert len(entries(trial)) == len(_ROWS)


def test_every_write_is_recorded_as_it_is(trial: Connection) -> None:
    """By its trigger, in any time zone of the writer; a write that changes no byte leaves none."""
    trial.exec_driver_sql("SET LOCAL timezone = 'Asia/Kathmandu'")
    trial.exec_driver_sql("SET LOCAL datestyle = 'German'")
    trial.exec_driver_sql("SET LOCAL bytea_output = 'escape'")
    before = len(entries(trial))
    trial.exec_driver_sql("UPDATE control.trial SET number = number")
    assert len(entries(trial)) == before
    for number, row in enumerate(_ROWS, start=100):
        insert(trial, number, row)
    trial.exec_driver_sql("UPDATE control.trial SET exact = 2.50 WHERE number = 103")
    trial.exec_driver_sql("UPDATE control.trial SET exact = 2.500 WHERE number = 103")
    trial.exec_driver_sql("UPDATE control.trial SET number = 500 WHERE number = 104")
    gone = expected(trial)["105"]
    trial.exec_driver_sql("DELETE FROM control.trial WHERE number = 105")
    written = entries(trial)[before:]
    newest = {e["key"]: e for e in written}
    rows = {key: row for key, row in expected(trial).items() if int(key) >= 100}
    assert {k: newest[k]["row"] for k in rows} == rows
    assert [(e["key"], e["change"]) for e in written[-5:]] == [
        ("103", "update"), ("103", "update"), ("104", "delete"), ("500", "update"),
        ("105", "delete"),
    ]  # fmt: skip
    assert newest["105"]["row"] == gone
    trial.exec_driver_sql("TRUNCATE control.trial")
    last = entries(trial)[-1]
    assert (last["change"], last["key"], last["row"]) == ("truncate", "*", {})


def test_the_bytes_are_canonical_and_the_leaf_is_theirs(trial: Connection) -> None:
    """RFC 8785 as another library writes it, and SHA-256 of salt and record."""
    query = "SELECT leaf, salt, record FROM control.ledger_entries WHERE kind = 'trial'"
    for leaf, salt, record in trial.execute(text(query)):
        assert rfc8785.dumps(json.loads(record)) == record.encode()
        assert hashlib.sha256(bytes(salt) + record.encode()).digest() == bytes(leaf)
        assert len(salt) == 16


_AUDITED = "INSERT INTO platform.kv_audit (actor, action, subject, from_value, to_value, reason) "
_AS_RECORDED = """
SELECT e.record, control.recorded_row(to_jsonb(a), string_to_array(:shown, ' '), k) AS due
FROM control.ledger_entries e
JOIN platform.kv_audit a ON a.entry_id::text = e.row_key AND e.kind IN ('kv_audit', 'class_change')
CROSS JOIN control.pseudonym_keys k WHERE a.entry_id >= :first ORDER BY e.entry_id
"""
_VALUES = [
    None, "", "plain", "~", "~528df30d", 'a "b" \\ c', "two\nlines\ttabbed\r\x01\x7f",
    "\u20ac \U0001f602 \ufb33 \u2028", "%s %1$s {}", "long " * 2_000,
]  # fmt: skip


@pytest.mark.parametrize("values", _VALUES)
@pytest.mark.parametrize(
    ("action", "also_shown"),
    [
        *((action, "") for action in ("portfolio membership added", "~portfolio", "classy", "")),
        *((action, " subject from_value to_value")
          for action in ("class declared", "workflow approved", "floor removed")),
    ],
)  # fmt: skip
def test_an_audited_write_is_recorded_to_the_byte(
    platform: Platform, action: str, also_shown: str, values: str | None
) -> None:
    """By the statements written out for its table as by the function that any row goes through."""
    said = {"action": action, "value": values, "text": values or "", "here": "subject"}
    said["reason"] = "".join(each for each in said["text"] if each.isprintable() or each in "\n\t")
    with platform.admin_engine().connect() as connection:
        connection.exec_driver_sql("SET LOCAL timezone = 'Asia/Kathmandu'")
        first = connection.execute(
            text(
                f"{_AUDITED} VALUES (:text, :action, :text, :value, NULL, :reason), "
                "(:here, :action, :here, NULL, :value, :reason) RETURNING entry_id"
            ),
            said,
        ).scalars()
        connection.exec_driver_sql("SET LOCAL timezone = 'UTC'")
        shown = {"shown": f"written_at action{also_shown}", "first": min(first)}
        rows = connection.execute(text(_AS_RECORDED), shown).all()
        connection.rollback()
    assert len(rows) == 2
    assert all(record.endswith(f',"row":{due}}}') for record, due in rows)


@pytest.mark.parametrize("action", ["portfolio membership added", "class declared"])
def test_who_writes_sees_no_key_in_a_plan(platform: Platform, action: str) -> None:
    """Any login may have the plans of what it runs shown: the key is read then, never planned."""
    shown: list[str] = []

    def hear(notice: psycopg.errors.Diagnostic) -> None:
        shown.append(notice.message_detail or "")

    with platform.admin_engine().connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        pads = connection.execute(text("SELECT ipad, opad FROM control.pseudonym_keys")).one()
        driver.add_notice_handler(hear)
        for setting in ("debug_print_plan = on", "debug_print_parse = on",
                        "debug_print_rewritten = on", "client_min_messages = log"):  # fmt: skip
            connection.exec_driver_sql(f"SET LOCAL {setting}")
        write = text(f"{_AUDITED} VALUES ('a', :action, 'c', 'd', 'e', 'f')")
        connection.execute(write, {"action": action})
        connection.rollback()
        driver.remove_notice_handler(hear)
    plans = " ".join(" ".join(shown).split())
    assert "constvalue" in plans
    for pad in pads:
        printed = [str(byte - 256 if byte > 127 else byte) for byte in pad]
        assert not any(" ".join(printed[n : n + 6]) in plans for n in range(len(printed) - 6))


def test_a_table_of_many_columns_is_recorded_whole(platform: Platform) -> None:
    """A function takes 100 arguments: a table may have more columns than that."""
    with platform.admin_engine().connect() as connection:
        columns = ", ".join(f"c{number} text DEFAULT 'v'" for number in range(130))
        connection.exec_driver_sql(f"CREATE TABLE control.trial (number integer, {columns})")
        keep(connection)
        connection.exec_driver_sql("INSERT INTO control.trial (number) VALUES (1)")
        (entry,) = entries(connection)
        connection.rollback()
    assert len(entry["row"]) == 131


def test_a_column_that_is_added_is_covered_once_told(trial: Connection) -> None:
    """What a migration must do, and what its entries hold then; the column is a pseudonym."""
    trial.exec_driver_sql("ALTER TABLE control.trial ADD COLUMN later text")
    trial.exec_driver_sql("INSERT INTO control.trial (number, later) VALUES (900, 'someone')")
    assert "later" not in entries(trial)[-1]["row"]
    trial.exec_driver_sql("SELECT control.keep_ledgers()")
    trial.exec_driver_sql("INSERT INTO control.trial (number, later) VALUES (901, 'someone')")
    assert entries(trial)[-1]["row"]["later"].startswith("~")


def test_no_write_goes_without_an_entry(trial: Connection) -> None:
    """Where the pseudonyms' key is gone, the write is refused rather than left out."""
    trial.exec_driver_sql("DELETE FROM control.pseudonym_keys")
    with pytest.raises(DBAPIError, match="no key for pseudonyms"):
        trial.exec_driver_sql("INSERT INTO control.trial (number) VALUES (800)")
