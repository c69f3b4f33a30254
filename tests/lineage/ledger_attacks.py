"""A ledger with something of every kind in it, and what a superuser could do to it."""

# ruff: noqa: E501 - an attack reads best on one line

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import psycopg
from sqlalchemy import Connection, text

from catalog.data_classes import DataClass, PrincipalKind
from lineage.ledger import verify_stored
from lineage.ledger_entries import leaf_of
from lineage.ledger_keys import ledger_key
from lineage.ledger_notes import SigningKey, sealed_checkpoint
from lineage.ledger_tree import Frontier
from lineage.ledger_verification import LedgerReport
from stores.boundary.claims import Claim, signed
from stores.boundary.provisioning import add_steward, ensure_owners
from stores.ledger_reads import AscendPlatformMetricLedger
from stores.platform import SERVICE, Platform

__all__ = [
    "ATTACKS",
    "PROMOTION",
    "Attack",
    "Attacker",
    "attacked",
    "record_something",
    "verified",
    "with_the_ledger_alone",
]

PROMOTION = "11111111-1111-4111-8111-111111111111"
_A_PROMOTION = f"""
INSERT INTO control.promotions (promotion_id, idempotency_key, base_key, attempt, workflow,
    source_digest, run_id, from_class, to_class, sources, target, policy, snapshot_digest,
    candidate_digest, closed_before, rows_in, cells_in, cells_kept, suppressed, state, requested_by)
VALUES ('{PROMOTION}', 'key', 'base', 1, 'pipeline_benchmark', 'digest',
    '22222222-2222-4222-8222-222222222222', 'tenant_private', 'anonymized_benchmark',
    '{{tenant_private.crm_opportunities}}', 'anonymized.anonymized_industry_benchmarks',
    '{{"k_tenants": 5, "max_share": 0.6, "Ünïcode \U0001d11e": [1.50, 1e400, true, null]}}', 'snapshot',
    'candidate', '2026-07-01', 10, 4, 3, '{{}}', 'candidate', 'ada')
"""
_APPROVALS = (
    "INSERT INTO control.approvals (workflow, source_digest, steward_name, decision, reason, "
    "expires_at) VALUES ('pipeline_benchmark', 'digest', '{}', '{}', E'said \"so\"\\n\\u001f', "
    "now() + interval '1 year')"
)
_TRANSITION = (
    "INSERT INTO control.promotion_transitions (promotion_id, from_state, to_state, actor, reason) "
    f"VALUES ('{PROMOTION}', {{}}, '{{}}', 'ada', 'for a test')"
)


def record_something(platform: Platform) -> None:
    """Audited writes of owners and a steward, a promotion that was held, two decisions."""
    ensure_owners(platform, {"Portco A": "Fund One", "Portco B": "Fund Two"}, reason="for a test")
    add_steward(platform, "grace")
    with (
        platform.admin_engine().begin() as connection,
        with_the_ledger_alone(connection, "control.promotions"),
        with_the_ledger_alone(connection, "control.promotion_transitions"),
        with_the_ledger_alone(connection, "control.approvals"),
    ):
        connection.exec_driver_sql(_A_PROMOTION)
        connection.exec_driver_sql(_TRANSITION.format("NULL", "candidate"))
        connection.exec_driver_sql(_APPROVALS.format("grace", "approved"))
        connection.exec_driver_sql(_APPROVALS.format("grace", "rejected"))
        connection.exec_driver_sql("UPDATE control.promotions SET state = 'held'")
        connection.exec_driver_sql(_TRANSITION.format("'candidate'", "held"))


@contextmanager
def with_the_ledger_alone(connection: Connection, table: str) -> Iterator[None]:
    """Rows as no workflow makes them: of the table's triggers only the ledger's act meanwhile."""
    names = [
        str(name)
        for name in connection.execute(
            text(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = CAST(:t AS regclass) "
                "AND NOT tgisinternal AND tgenabled = 'A' AND tgname NOT LIKE 'ledger%'"
            ),
            {"t": table},
        ).scalars()
    ]
    for name in names:
        connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
    yield
    for name in names:
        connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


class Attacker:
    """A superuser with a shell, who also reads the service's secrets."""

    def __init__(self, platform: Platform, connection: Connection) -> None:
        self.platform = platform
        self.connection = connection

    def run(self, *statements: str) -> None:
        """Statements as typed."""
        for statement in statements:
            self.connection.exec_driver_sql(statement)

    def with_no_trigger(self, table: str, *statements: str) -> None:
        """The same with every guard of a table switched off meanwhile."""
        self.run(
            f"ALTER TABLE {table} DISABLE TRIGGER USER",
            *statements,
            f"ALTER TABLE {table} ENABLE TRIGGER USER",
        )

    def one(self, query: str) -> Any:
        """A single value."""
        return self.connection.execute(text(query)).scalar_one()

    def rewrite_entry(self, where: str, old: str, new: str, *, in_the_tree: bool) -> None:
        """Change a record and make its leaf fit again."""
        row = self.connection.execute(
            text(f"SELECT entry_id, salt, record FROM control.ledger_entries WHERE {where}")
        ).one()
        assert old in row.record
        record = row.record.replace(old, new)
        leaf = leaf_of(bytes(row.salt), record)
        self.run("ALTER TABLE control.ledger_entries DISABLE TRIGGER USER",
                 "ALTER TABLE control.ledger_leaves DISABLE TRIGGER USER")  # fmt: skip
        values = {"r": record, "l": leaf, "e": row.entry_id}
        self.connection.execute(
            text("UPDATE control.ledger_entries SET record = :r, leaf = :l WHERE entry_id = :e"),
            values,
        )
        if in_the_tree:
            self.connection.execute(
                text("UPDATE control.ledger_leaves SET leaf = :l WHERE entry_id = :e"), values
            )

    def sign_again(self, key: SigningKey, *, keep: bool = False) -> None:
        """Replace the stored checkpoints by one over what is there now."""
        frontier = Frontier()
        query = text("SELECT leaf FROM control.ledger_leaves ORDER BY position")
        for leaf in self.connection.execute(query).scalars():
            frontier.append(bytes(leaf))
        self.run("ALTER TABLE control.ledger_checkpoints DISABLE TRIGGER USER")
        if not keep:
            self.run("DELETE FROM control.ledger_checkpoints")
        size, root = frontier.size, frontier.root()
        self.connection.execute(
            text("INSERT INTO control.ledger_checkpoints VALUES (:n, :r, :f, :note)"),
            {
                "n": size,
                "r": root,
                "f": frontier.to_bytes(),
                "note": sealed_checkpoint(key, size, root),
            },
        )

    def own_key(self) -> SigningKey:
        """The service's key, read from its secrets."""
        return ledger_key(self.platform.home)


@dataclass(frozen=True)
class Attack:
    """Something done to the ledger, and what the verification must say of it."""

    name: str
    found: frozenset[str]
    do: Callable[[Attacker], None]


_ENTRIES, _LEAVES = "control.ledger_entries", "control.ledger_leaves"
_TRANSITIONS = "control.promotion_transitions"
_OF_PROMOTION = f"kind = 'promotion' AND row_key = '{PROMOTION}'"
_FIRST = f"entry_id = (SELECT min(entry_id) FROM {_ENTRIES} WHERE kind = 'kv_audit')"
_LAST = f"(SELECT max(position) FROM {_LEAVES})"


def _shifted(a: Attacker) -> None:
    """A forged entry in the middle, everything after it one place on."""
    salt = b"x" * 16
    record = '{"at":"","change":"insert","key":"x","kind":"forged","login":"","row":{}}'
    a.run(f"ALTER TABLE {_LEAVES} DISABLE TRIGGER USER",
          f"UPDATE {_LEAVES} SET position = -position - 2 WHERE position >= 5",
          f"UPDATE {_LEAVES} SET position = -position - 1 WHERE position < 0")  # fmt: skip
    a.connection.execute(
        text(
            f"WITH e AS (INSERT INTO {_ENTRIES} (kind, row_key, leaf, salt, record) "
            "VALUES ('forged', 'x', :leaf, :salt, :record) RETURNING entry_id, leaf) "
            f"INSERT INTO {_LEAVES} SELECT 5, entry_id, leaf FROM e"
        ),
        {"leaf": leaf_of(salt, record), "salt": salt, "record": record},
    )


def _rolled_back(a: Attacker) -> None:
    """The promotion as it was before it was held; its entries' numbers exchanged to fit."""
    a.with_no_trigger("control.promotions", "UPDATE control.promotions SET state = 'candidate'")
    for table in (_ENTRIES, _LEAVES):
        a.run(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    first, second = (
        a.one(f"SELECT {which}(entry_id) FROM {_ENTRIES} WHERE {_OF_PROMOTION}")
        for which in ("min", "max")
    )
    for table in (_ENTRIES, _LEAVES):
        a.run(f"ALTER TABLE {table} ALTER entry_id DROP IDENTITY IF EXISTS")
        for old, new in ((first, -1), (second, first), (-1, second)):
            a.run(f"UPDATE {table} SET entry_id = {new} WHERE entry_id = {old}")


def _replayed(a: Attacker) -> None:
    """An entry of before once more, as though it had happened again."""
    a.run(
        f"INSERT INTO {_ENTRIES} (kind, row_key, leaf, salt, record) "
        f"SELECT kind, row_key, leaf, salt, record FROM {_ENTRIES} WHERE {_OF_PROMOTION} "
        "ORDER BY entry_id LIMIT 1",
        "SELECT control.number_leaves()",
    )


def _cut(a: Attacker, how_many: int) -> None:
    """The last leaves with their entries and the checkpoints over them."""
    a.with_no_trigger(_ENTRIES, f"DELETE FROM {_ENTRIES} WHERE entry_id IN (SELECT entry_id "
                      f"FROM {_LEAVES} WHERE position > {_LAST} - {how_many})")  # fmt: skip
    a.with_no_trigger(_LEAVES, f"DELETE FROM {_LEAVES} WHERE position > {_LAST} - {how_many}")
    a.with_no_trigger("control.ledger_checkpoints", "DELETE FROM control.ledger_checkpoints")


def _restored_backup(a: Attacker) -> None:
    """Everything as it was before the last decision: rows, entries, leaves, checkpoints."""
    a.with_no_trigger("control.promotions", "UPDATE control.promotions SET state = 'candidate'")
    a.with_no_trigger("control.approvals", "DELETE FROM control.approvals")
    a.with_no_trigger(_TRANSITIONS, f"DELETE FROM {_TRANSITIONS} WHERE to_state = 'held'")
    _cut(a, 4)
    a.sign_again(a.own_key())


def _rewritten(a: Attacker) -> None:
    """A decision turned round in its row, its record, its leaf and a new signature."""
    a.with_no_trigger("control.approvals", "UPDATE control.approvals SET decision = 'rejected'")
    a.rewrite_entry("kind = 'approval' AND row_key = '1'", '"approved"', '"rejected"',
                    in_the_tree=True)  # fmt: skip
    a.sign_again(a.own_key())


def _transition_rewritten(a: Attacker) -> None:
    """The same with the last step of a promotion."""
    a.with_no_trigger(_TRANSITIONS, f"UPDATE {_TRANSITIONS} SET to_state = 'published' "
                      "WHERE to_state = 'held'")  # fmt: skip
    a.rewrite_entry("kind = 'transition' AND record LIKE '%\"to_state\":\"held\"%'", '"held"',
                    '"published"', in_the_tree=True)  # fmt: skip
    a.sign_again(a.own_key())


def _forked(a: Attacker) -> None:
    """The same, kept beside the checkpoint that was signed before."""
    a.with_no_trigger("control.ledger_checkpoints",
                      "UPDATE control.ledger_checkpoints SET tree_size = 1 "
                      "WHERE tree_size = (SELECT max(tree_size) FROM control.ledger_checkpoints)")  # fmt: skip
    a.rewrite_entry(_FIRST, '"insert"', '"delete"', in_the_tree=True)
    a.sign_again(a.own_key(), keep=True)


def _by_another_key(a: Attacker) -> None:
    _rewritten(a)
    a.sign_again(SigningKey.fresh(a.own_key().name))


def _swapped(a: Attacker, column: str, table: str) -> None:
    """Two rows exchange that column."""
    a.with_no_trigger(
        table,
        f"UPDATE {table} t SET {column} = o.{column} FROM {table} o "
        "WHERE (t.entry_id, o.entry_id) IN ((1, 2), (2, 1))",
    )


# fmt: off
ATTACKS = tuple(
    Attack(name, frozenset(found.split()), do)
    for name, found, do in (
        ("audit row edited", "row_differs", lambda a: a.with_no_trigger("platform.kv_audit", "UPDATE platform.kv_audit SET to_value = 'fd_other' WHERE action = 'portfolio membership added'")),
        ("audit row's reason edited", "row_differs", lambda a: a.with_no_trigger("platform.kv_audit", "UPDATE platform.kv_audit SET reason = 'asked to' WHERE entry_id = 1")),
        ("class change edited", "row_differs", lambda a: a.with_no_trigger("platform.kv_audit", "UPDATE platform.kv_audit SET to_value = 'anonymized_benchmark' WHERE subject = 'control.logins'")),
        ("audit row deleted", "row_differs", lambda a: a.with_no_trigger("platform.kv_audit", "DELETE FROM platform.kv_audit WHERE entry_id = 2")),
        ("audit row inserted unseen", "row_differs", lambda a: a.with_no_trigger("platform.kv_audit", "INSERT INTO platform.kv_audit (actor, action, subject, reason) VALUES ('x', 'x', 'x', 'x')")),
        ("audit emptied unseen", "row_differs", lambda a: a.with_no_trigger("platform.kv_audit", "TRUNCATE platform.kv_audit")),
        ("decision turned round", "row_differs", lambda a: a.with_no_trigger("control.approvals", "UPDATE control.approvals SET decision = 'approved'")),
        ("decision of another steward", "row_differs", lambda a: a.with_no_trigger("control.approvals", "UPDATE control.approvals SET steward_name = 'ada'")),
        ("pseudonym put in a name's place", "row_differs", lambda a: a.with_no_trigger("control.approvals", f"UPDATE control.approvals SET steward_name = (SELECT record::jsonb->'row'->>'steward_name' FROM {_ENTRIES} WHERE kind = 'approval' LIMIT 1)")),
        ("approval forged unseen", "row_differs", lambda a: a.with_no_trigger("control.approvals", _APPROVALS.format("eve", "approved"))),
        ("promotion published unseen", "row_differs", lambda a: a.with_no_trigger("control.promotions", "UPDATE control.promotions SET state = 'published'")),
        ("promotion's policy loosened", "row_differs", lambda a: a.with_no_trigger("control.promotions", "UPDATE control.promotions SET policy = jsonb_set(policy, '{k_tenants}', '1')")),
        ("transition to another state", "row_differs", lambda a: a.with_no_trigger(_TRANSITIONS, f"UPDATE {_TRANSITIONS} SET to_state = 'published' WHERE to_state = 'held'")),
        ("transition by another person", "row_differs", lambda a: a.with_no_trigger(_TRANSITIONS, f"UPDATE {_TRANSITIONS} SET actor = 'grace'")),
        ("transition at another time", "row_differs", lambda a: a.with_no_trigger(_TRANSITIONS, f"UPDATE {_TRANSITIONS} SET happened_at = happened_at - interval '1 day'")),
        ("transition deleted unseen", "row_differs", lambda a: a.with_no_trigger(_TRANSITIONS, f"DELETE FROM {_TRANSITIONS} WHERE to_state = 'held'")),
        ("transition put in unseen", "row_differs", lambda a: a.with_no_trigger(_TRANSITIONS, _TRANSITION.format("'held'", "approved"))),
        ("transition given to another promotion", "row_differs", lambda a: a.with_no_trigger(_TRANSITIONS, f"UPDATE {_TRANSITIONS} SET promotion_id = gen_random_uuid()")),
        ("transition, record, tree and signature made to fit", "rewritten forked", _transition_rewritten),
        ("promotion deleted unseen", "row_differs", lambda a: a.with_no_trigger("control.promotions", "DELETE FROM control.promotions")),
        ("promotion rolled back, numbers exchanged", "row_differs", _rolled_back),
        ("record edited", "entry_changed row_differs", lambda a: a.with_no_trigger(_ENTRIES, f"UPDATE {_ENTRIES} SET record = replace(record, '\"held\"', '\"published\"')")),
        ("record edited, its leaf made to fit", "entry_changed", lambda a: a.rewrite_entry(_FIRST, '"login":"~', '"login":"~0', in_the_tree=False)),
        ("record edited, the tree made to fit", "rewritten", lambda a: a.rewrite_entry(_FIRST, '"login":"~', '"login":"~0', in_the_tree=True)),
        ("row, record, tree and signature made to fit", "rewritten forked", _rewritten),
        ("salts exchanged", "entry_changed", lambda a: _swapped(a, "salt", _ENTRIES)),
        ("entry filed under another row", "row_differs", lambda a: a.with_no_trigger(_ENTRIES, f"UPDATE {_ENTRIES} SET row_key = 'x' WHERE {_OF_PROMOTION}")),
        ("entry deleted", "erased_unseen", lambda a: a.with_no_trigger(_ENTRIES, f"DELETE FROM {_ENTRIES} WHERE {_FIRST}")),
        ("leaf deleted", "misplaced shortened", lambda a: a.with_no_trigger(_LEAVES, f"DELETE FROM {_LEAVES} WHERE position = 3")),
        ("leaf and entry inserted", "rewritten", _shifted),
        ("leaves reordered", "rewritten entry_changed", lambda a: _swapped(a, "leaf", _LEAVES)),
        ("places exchanged", "rewritten", lambda a: a.with_no_trigger(_LEAVES, f"UPDATE {_LEAVES} SET position = -position - 1 WHERE position IN (3, 4)", f"UPDATE {_LEAVES} SET position = position + 8 WHERE position < 0")),
        ("end cut off", "shortened", lambda a: _cut(a, 1)),
        ("everything cut off", "shortened", lambda a: _cut(a, 10_000)),
        ("older backup put back", "shortened", _restored_backup),
        ("entry replayed", "repeated", _replayed),
        ("two heads signed", "forked rewritten", _forked),
        ("signed again with another key", "other_key rewritten", _by_another_key),
        ("checkpoint's text edited", "other_key", lambda a: a.with_no_trigger("control.ledger_checkpoints", "UPDATE control.ledger_checkpoints SET note = regexp_replace(note, E'\\n\\\\d+\\n', E'\\n7\\n')")),
        ("checkpoint replaced by words", "not_a_checkpoint", lambda a: a.with_no_trigger("control.ledger_checkpoints", "UPDATE control.ledger_checkpoints SET note = 'all is well'")),
    )
)
# fmt: on


@contextmanager
def attacked(
    platform: Platform, attack: Callable[[Attacker], None]
) -> Iterator[AscendPlatformMetricLedger]:
    """The ledger after an attack, as the platform's session reads it; undone afterwards."""
    secret = platform.keyring.login(PrincipalKind.PLATFORM, SERVICE)
    claim = Claim(secret.login, (DataClass.ASCEND_PLATFORM_METRIC,), "test")
    token = signed(claim, kid=platform.keyring.kid, key=platform.keyring.signing_key)
    with platform.admin_engine().connect() as connection:
        attack(Attacker(platform, connection))
        connection.exec_driver_sql(f"SET LOCAL SESSION AUTHORIZATION {secret.login}")
        connection.execute(text("SELECT set_config('classline.claim', :t, true)"), {"t": token})

        def rows(statement: str, **values: object) -> list[dict[str, Any]]:
            found = connection.execute(text(statement), values).mappings()
            return [dict(row) for row in found]

        def driver() -> psycopg.Connection[Any]:
            return cast("psycopg.Connection[Any]", connection.connection.driver_connection)

        yield AscendPlatformMetricLedger(rows, driver)
        connection.rollback()


def verified(
    platform: Platform, ledger: AscendPlatformMetricLedger, held: list[str]
) -> LedgerReport:
    """What the verification says of it."""
    return verify_stored(ledger, ledger_key(platform.home).verifier, held)
