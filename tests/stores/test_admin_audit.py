"""Rule 7: every admin write across a class boundary leaves a row that nobody takes back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from catalog.data_classes import DataClass
from catalog.declared import REGISTRY
from catalog.registry import Registry
from stores.boundary.class_register import classes_of, record_class_changes
from stores.boundary.provisioning import add_steward, give_reason
from stores.platform import Platform
from stores.startup import bring_up
from tests.stores.conftest import Owners

pytestmark = pytest.mark.integration

_MOVED = "UPDATE control.portfolio_membership SET fund_id = 'fd_new' WHERE tenant_id = '<a>'"


@contextmanager
def undone(platform: Platform) -> Iterator[Connection]:
    """The administrator's connection, in a transaction that is never committed."""
    with platform.admin_engine().connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        yield connection
        connection.rollback()


def audited(connection: Connection, after: int) -> list[dict[str, Any]]:
    """The audit's rows after that one."""
    rows = connection.execute(
        text("SELECT * FROM platform.kv_audit WHERE entry_id > :n ORDER BY entry_id"), {"n": after}
    )
    return [dict(row) for row in rows.mappings()]


def newest(connection: Connection) -> int:
    """The number of the audit's newest row."""
    return int(connection.execute(text("SELECT max(entry_id) FROM platform.kv_audit")).scalar_one())


@pytest.mark.parametrize(
    ("statement", "actions"),
    [
        ("INSERT INTO control.portfolio_membership VALUES ('tn_x', 'fd_x')",
         ["portfolio membership added"]),
        (_MOVED, ["portfolio membership changed"]),
        ("UPDATE control.portfolio_membership SET tenant_id = 'tn_x' WHERE tenant_id = '<a>'",
         ["portfolio membership removed", "portfolio membership added"]),
        ("DELETE FROM control.portfolio_membership WHERE tenant_id = '<a>'",
         ["portfolio membership removed"]),
        ("TRUNCATE control.portfolio_membership", ["portfolio memberships emptied"]),
        ("INSERT INTO control.logins (login, kind) VALUES ('x', 'platform')", ["login added"]),
        ("UPDATE control.logins SET kind = 'platform', tenant_id = NULL WHERE tenant_id = '<a>'",
         ["login changed"]),
        ("DELETE FROM control.logins WHERE tenant_id = '<a>'", ["login removed"]),
        ("INSERT INTO control.stewards (steward_name, login, added_by) VALUES ('x', 'x', 'x')",
         ["steward added"]),
        ("INSERT INTO control.signing_keys VALUES ('k0', '\\x5ec4e7', '\\x5ec4e7', 'infinity')",
         ["signing key added"]),
        ("UPDATE control.signing_keys SET not_after = 'infinity' WHERE not_after < 'infinity'", []),
        ("UPDATE control.class_floors SET k_tenants = 1 WHERE to_class = 'fund_private'",
         ["floor changed"]),
        ("SET LOCAL session_replication_role = replica; " + _MOVED,
         ["portfolio membership changed"]),
    ],
)  # fmt: skip
def test_a_write_by_hand_leaves_its_row(
    platform: Platform, owners: Owners, statement: str, actions: list[str]
) -> None:
    """What an administrator types into a shell is on the record as well."""
    with undone(platform) as connection:
        before = newest(connection)
        connection.exec_driver_sql(statement.replace("<a>", owners.a).replace("%", "%%"))
        rows = audited(connection, before)
    assert [row["action"] for row in rows] == actions
    assert all(row["actor"].startswith("postgres (peer:") for row in rows)
    assert all(row["reason"] == "no reason given" for row in rows)
    assert "5ec4e7" not in str(rows)


def test_a_row_says_what_held_before_what_holds_now_and_why(
    platform: Platform, owners: Owners
) -> None:
    """Who, what, from, to, why, when."""
    with undone(platform) as connection:
        before = newest(connection)
        give_reason(connection, "the portco was sold")
        connection.exec_driver_sql(_MOVED.replace("<a>", owners.a))
        (row,) = audited(connection, before)
    assert (row["subject"], row["from_value"], row["to_value"], row["reason"]) == (
        owners.a,
        owners.fund,
        "fd_new",
        "the portco was sold",
    )
    assert row["written_at"]


def test_a_write_that_changes_nothing_leaves_no_row(platform: Platform, owners: Owners) -> None:
    """The record holds changes, not attempts."""
    with undone(platform) as connection:
        before = newest(connection)
        connection.exec_driver_sql("UPDATE control.portfolio_membership SET since = now()")
        assert audited(connection, before) == []
    assert owners.a


def test_a_new_stewards_login_is_a_grant(platform: Platform) -> None:
    """The person and the login that decides in their name are both on the record."""
    with platform.admin_engine().connect() as connection:
        before = newest(connection)
    credential = add_steward(platform, "audited-steward")
    with platform.admin_engine().connect() as connection:
        rows = audited(connection, before)
    assert [(row["action"], row["subject"], row["reason"]) for row in rows] == [
        ("steward added", "audited-steward", "classline steward add"),
        ("login added", credential.login, "classline steward add"),
        *(
            ("steward scope added", f"audited-steward {scope}", "classline steward add")
            for scope in ("fund_private", "anonymized_benchmark", "ascend_platform_metric")
        ),
    ]


def test_every_store_is_on_record_with_its_class(platform: Platform) -> None:
    """A class can only be seen to change where the one before is known."""
    bring_up(platform.home)
    with undone(platform) as connection:
        before = newest(connection)
        declared = {
            row["subject"]: row["to_value"]
            for row in audited(connection, 0)
            if row["action"] == "class declared"
        }
        assert record_class_changes(connection, REGISTRY) == 0
        assert audited(connection, before) == []
    assert declared == classes_of(REGISTRY)


def test_a_class_that_changes_leaves_a_row(platform: Platform) -> None:
    """A store, a column, a store that is gone: each once, from and to."""
    datasets = {dataset.qualified_name: dataset for dataset in REGISTRY}
    del datasets["control.alerts"]
    funds = datasets["control.funds"]
    loosened = replace(funds.columns[1], data_class=DataClass.ASCEND_PLATFORM_METRIC)
    datasets["control.funds"] = replace(
        funds, data_class=DataClass.FUND_PRIVATE, columns=(funds.columns[0], loosened)
    )
    with undone(platform) as connection:
        before = newest(connection)
        assert record_class_changes(connection, Registry(datasets.values())) == 3
        rows = audited(connection, before)
        assert record_class_changes(connection, Registry(datasets.values())) == 0
        assert record_class_changes(connection, REGISTRY) == 3
    assert [(r["action"], r["subject"], r["from_value"], r["to_value"]) for r in rows] == [
        ("class withdrawn", "control.alerts", "ascend_platform_metric", None),
        ("class changed", "control.funds", "tenant_private", "fund_private"),
        ("class declared", "control.funds.external_name", None, "ascend_platform_metric"),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM platform.kv_audit",
        "UPDATE platform.kv_audit SET reason = 'x'",
        "TRUNCATE platform.kv_audit",
        "UPDATE control.revoked_claims SET reason = 'x'",
        "DELETE FROM control.check_results",
    ],
)
@pytest.mark.parametrize("replaying", [False, True])
def test_the_record_is_append_only_for_the_superuser_too(
    platform: Platform, statement: str, *, replaying: bool
) -> None:
    """Not even in a session that says it replays another server's writes."""
    role = "replica" if replaying else "origin"
    with undone(platform) as connection:
        connection.exec_driver_sql(f"SET LOCAL session_replication_role = {role}")
        with pytest.raises(DBAPIError, match="append-only"):
            connection.exec_driver_sql(statement)
