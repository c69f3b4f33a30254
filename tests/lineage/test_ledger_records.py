"""What is recorded leaves an entry in its transaction, in one canonical form, without a name."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from catalog.data_classes import PrincipalKind
from lineage.ledger import verify_installation
from lineage.ledger_entries import leaf_of
from lineage.ledger_places import local_place
from lineage.ledger_sealing import seal
from stores.boundary.provisioning import add_steward, give_reason
from stores.errors import BoundaryRefused
from stores.platform import SERVICE, Platform
from tests.lineage.ledger_attacks import PROMOTION, record_something, with_the_ledger_alone

pytestmark = pytest.mark.integration

_SAFE_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,14})")
_TABLES = ("control.ledger_entries", "control.ledger_leaves", "control.ledger_checkpoints")


@pytest.fixture(scope="module")
def recorded(platform: Platform) -> Platform:
    """An installation in which something of every kind was recorded and sealed."""
    record_something(platform)
    seal(platform)
    return platform


def _entries(platform: Platform, where: str = "true") -> list[dict[str, Any]]:
    query = f"SELECT * FROM control.ledger_entries WHERE {where} ORDER BY entry_id"
    with platform.admin_engine().connect() as connection:
        return [dict(row) for row in connection.execute(text(query)).mappings()]


def _audited(platform: Platform) -> int:
    with platform.admin_engine().connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM platform.kv_audit")).scalar_one())


def _with_numbers_as_recorded(value: Any) -> Any:
    """Numbers but integers of at most 15 digits are said as text."""
    if isinstance(value, dict):
        return {key: _with_numbers_as_recorded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_numbers_as_recorded(item) for item in value]
    if isinstance(value, str) and value.startswith("\0"):  # a number, marked by `_parsed`
        digits = value[1:]
        return int(digits) if _SAFE_INTEGER.fullmatch(digits) else digits
    return value


def _parsed(document: str) -> Any:
    def marked(digits: str) -> str:
        return f"\0{digits}"

    return json.loads(document, parse_int=marked, parse_float=marked)


_TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
_NUMBERS = st.one_of(
    st.integers(-(10**18), 10**18),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, -0.0, 10**15, 10**15 - 1, -(10**15), 1.0, 1e-7, 1e21, 5e-324]),
)
_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), _NUMBERS, _TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(_TEXTS, inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(values=st.lists(_JSON, min_size=1, max_size=8))
def test_the_database_writes_what_rfc_8785_says(recorded: Platform, values: list[Any]) -> None:
    """Two implementations, one form: an outsider's library must come to the same bytes."""
    query = text(
        "SELECT v::text AS value, control.canonical_json(v) AS canonical "
        "FROM unnest(CAST(:v AS jsonb[])) WITH ORDINALITY AS u (v, n) ORDER BY n"
    )
    documents = [json.dumps(value) for value in values]
    with recorded.admin_engine().connect() as connection:
        rows = connection.execute(query, {"v": documents}).all()
    for row in rows:
        as_recorded = _with_numbers_as_recorded(_parsed(row.value))
        assert row.canonical.encode() == rfc8785.dumps(as_recorded)


@pytest.mark.parametrize(
    ("document", "canonical"),
    [
        ('{"\\ufb33": 1, "\\ud83d\\ude02": 2}', '{"😂":2,"\ufb33":1}'),
        ('{"b": {"z": [], "a": {}}, "a\\n\\u001f\\u007f\\"\\\\": "\\u20ac"}',
         '{"a\\n\\u001f\x7f\\"\\\\":"€","b":{"a":{},"z":[]}}'),
        ("[1.50, 1e400, 12345678901234567890, -7, 100]",
         f'["1.50","1{"0" * 400}","12345678901234567890",-7,100]'),
    ],
)  # fmt: skip
def test_known_forms(recorded: Platform, document: str, canonical: str) -> None:
    """Keys in order of UTF-16, escapes as short as allowed, no number that a double would bend."""
    query = text("SELECT control.canonical_json(CAST(:d AS jsonb))")
    with recorded.admin_engine().connect() as connection:
        assert connection.execute(query, {"d": document}).scalar_one() == canonical


def test_every_entry_is_canonical_and_its_leaf_fits(recorded: Platform) -> None:
    """The record as it stands is RFC 8785, and its leaf is SHA-256 of salt and record."""
    entries = _entries(recorded)
    assert {entry["kind"] for entry in entries} == {
        "promotion", "transition", "approval", "kv_audit", "class_change",
    }  # fmt: skip
    for entry in entries:
        record = json.loads(entry["record"])
        assert rfc8785.dumps(record).decode() == entry["record"]
        assert (record["kind"], record["key"]) == (entry["kind"], entry["row_key"])
        assert leaf_of(bytes(entry["salt"]), entry["record"]) == bytes(entry["leaf"])
    assert len({bytes(entry["salt"]) for entry in entries}) == len(entries)


def test_no_entry_names_anybody(recorded: Platform) -> None:
    """No person, login, tenant, fund or free text; the same name has the same pseudonym."""
    everything = "\n".join(entry["record"] for entry in _entries(recorded))
    keyring = recorded.keyring
    names = {owner for _, owner in keyring.logins if owner != SERVICE} | {
        secret.login for secret in keyring.logins.values()
    }
    for name in (*names, "grace", '"ada"', "postgres", "for a test", 'said \\"so', keyring.kid):
        assert name not in everything
    decided = [json.loads(e["record"])["row"] for e in _entries(recorded, "kind = 'approval'")]
    assert len({row["steward_name"] for row in decided}) == 1
    assert decided[0]["steward_name"].startswith("~")
    assert (decided[0]["decision"], decided[0]["workflow"]) == ("approved", "pipeline_benchmark")
    changes = [json.loads(e["record"])["row"] for e in _entries(recorded, "kind = 'class_change'")]
    assert {"control.logins"} < {row["subject"] for row in changes}


def test_a_promotions_steps_are_recorded_in_order(recorded: Platform) -> None:
    """Each state with what held then; what is in the row is in the record."""
    where = f"kind = 'promotion' AND row_key = '{PROMOTION}'"
    steps = [json.loads(entry["record"]) for entry in _entries(recorded, where)]
    assert [(s["change"], s["row"]["state"]) for s in steps] == [
        ("insert", "candidate"), ("update", "held"),
    ]  # fmt: skip
    assert steps[0]["row"]["policy"]["k_tenants"] == 5
    assert steps[0]["row"]["policy"]["max_share"] == "0.6"
    assert steps[0]["row"]["requested_by"].startswith("~")


def test_an_entry_is_written_with_its_row_or_not_at_all(recorded: Platform) -> None:
    """Undone together; a write that changes nothing leaves none; the reason stays in the row."""
    before = len(_entries(recorded))
    with recorded.admin_engine().connect() as connection:
        give_reason(connection, "never committed")
        connection.exec_driver_sql("UPDATE control.stewards SET login = login || 'x'")
        connection.rollback()
    with recorded.admin_engine().begin() as connection:
        connection.exec_driver_sql("UPDATE control.promotions SET rows_in = rows_in")
    assert len(_entries(recorded)) == before
    audited = _audited(recorded)
    add_steward(recorded, "hedy")
    written = _audited(recorded) - audited
    assert written >= 2
    assert len(_entries(recorded)) == before + written


@pytest.mark.parametrize("role", ["origin", "replica"])
@pytest.mark.parametrize("table", _TABLES)
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
def test_no_login_changes_the_ledger(
    recorded: Platform, table: str, statement: str, role: str
) -> None:
    """Not the superuser either, while the guards stand."""
    column = {"entries": "record", "leaves": "leaf", "checkpoints": "root"}[table.split("_")[1]]
    with recorded.admin_engine().connect() as connection:
        connection.exec_driver_sql(f"SET LOCAL session_replication_role = {role}")
        with pytest.raises(DBAPIError, match="append-only"):
            connection.exec_driver_sql(statement.format(table, column, column))


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO control.ledger_entries (kind, row_key) VALUES ('x', 'x')",
        "INSERT INTO control.ledger_leaves VALUES (99999, 1, '')",
        "DELETE FROM control.ledger_entries",
        "SELECT control.append_entry('x', 'x', 'x', '{}', '{}')",
        "SELECT control.erase_ledger_entries('{promotion}', '{x}')",
        "SELECT control.number_leaves()",
        "SELECT * FROM control.pseudonym_keys",
    ],
)
def test_the_platform_itself_writes_no_entry(recorded: Platform, statement: str) -> None:
    """Entries come from triggers alone, and the key of the pseudonyms is nobody's."""
    with recorded.platform_session("test") as session, pytest.raises(BoundaryRefused):
        session._rows(statement)


@pytest.mark.parametrize("kind", [PrincipalKind.ANONYMIZER, PrincipalKind.LOADER])
def test_other_logins_do_not_even_read_it(recorded: Platform, kind: PrincipalKind) -> None:
    """The ledger is the platform's."""
    url = recorded.database.login_url(recorded.keyring.login(kind, SERVICE))
    import psycopg

    with (
        psycopg.connect(
            host=url.query["host"], dbname=url.database, user=url.username, password=url.password
        ) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("SELECT * FROM control.ledger_entries")


def test_writers_do_not_wait_and_a_late_one_is_sealed_later(recorded: Platform) -> None:
    """An earlier number that commits after a seal gets a later place, and all of it verifies."""
    write = text(
        "INSERT INTO platform.kv_audit (actor, action, subject, reason) "
        "VALUES ('a', 'x', 'x', 'x') RETURNING entry_id"
    )
    engine = recorded.admin_engine()
    with engine.connect() as slow:
        late = slow.execute(write).scalar_one()
        with engine.begin() as fast:
            fast.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
            early = fast.execute(write).scalar_one()
        first = seal(recorded)
        assert verify_installation(recorded, []).unprotected == 0
        slow.commit()
    assert verify_installation(recorded, []).unprotected == 1
    second = seal(recorded)
    assert (second.added, second.size) == (1, first.size + 1)
    with engine.connect() as connection:
        places = dict(
            connection.execute(
                text(
                    "SELECT e.row_key, l.position FROM control.ledger_entries e "
                    "JOIN control.ledger_leaves l USING (entry_id) WHERE kind = 'kv_audit'"
                )
            ).all()
        )
    assert places[str(early)] < places[str(late)] == first.size
    assert verify_installation(recorded, local_place(recorded.home).notes()).sound


def test_what_is_not_sealed_is_unprotected(recorded: Platform) -> None:
    """Who changes row, record and leaf before the seal is not found: so it is said of the row."""
    seal(recorded)
    with recorded.admin_engine().begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO platform.kv_audit (actor, action, subject, reason) "
            "VALUES ('a', 'unsealed', 'x', 'x')"
        )
    report = verify_installation(recorded, local_place(recorded.home).notes())
    assert (report.sound, report.unprotected, report.covered) == (True, 1, report.leaves)


def test_an_erasure_destroys_the_salt_and_the_ledger_still_verifies(recorded: Platform) -> None:
    """An off-boarding: row and record go, the leaf stays, and the erasure is on record."""
    seal(recorded)
    held = local_place(recorded.home).notes()[-1:]
    with recorded.admin_engine().begin() as connection:
        victim = connection.execute(
            text("SELECT min(entry_id) FROM platform.kv_audit WHERE action LIKE 'portfolio%'")
        ).scalar_one()
        with with_the_ledger_alone(connection, "platform.kv_audit"):
            connection.exec_driver_sql(f"DELETE FROM platform.kv_audit WHERE entry_id = {victim}")
        erased = connection.execute(
            text("SELECT control.erase_ledger_entries('{kv_audit}', ARRAY[CAST(:k AS text)])"),
            {"k": str(victim)},
        ).scalar_one()
    assert erased == 2  # as it was written, and that it was deleted
    assert _entries(recorded, f"kind = 'kv_audit' AND row_key = '{victim}'") == []
    report = verify_installation(recorded, held)
    assert (report.sound, report.erased) == (True, 2)
    seal(recorded)
    assert verify_installation(recorded, local_place(recorded.home).notes()).sound


def test_emptying_a_table_leaves_an_entry(recorded: Platform) -> None:
    """TRUNCATE fires no row's trigger; it has its own."""
    with recorded.admin_engine().connect() as connection:
        with with_the_ledger_alone(connection, "control.approvals"):
            connection.exec_driver_sql("TRUNCATE control.approvals")
        newest = connection.execute(
            text("SELECT record FROM control.ledger_entries ORDER BY entry_id DESC LIMIT 1")
        ).scalar_one()
        connection.rollback()
    assert json.loads(newest)["change"] == "truncate"
