"""A login's own SQL must learn nothing of others from catalogs, statistics or server functions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from catalog.data_classes import PrincipalKind
from stores.platform import Platform
from tests.stores.conftest import CANARY, Owners

pytestmark = pytest.mark.integration

_GUESS = "nobody-has-this-7c2e"
_COMMON_ROWS = 3000


@pytest.fixture
def hostile(raw_login: Any, owners: Owners, claim_of_a: str) -> Any:
    """Tenant A's login with its sound claim, to run any SQL with."""
    with raw_login(PrincipalKind.TENANT, owners.a, claim_of_a) as connection:
        yield connection


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM pg_roles",
        "SELECT * FROM pg_user",
        "SELECT * FROM pg_group",
        "SELECT * FROM pg_authid",
        "SELECT * FROM pg_auth_members",
        "SELECT * FROM pg_shdepend",
        "SELECT * FROM pg_db_role_setting",
        "SELECT * FROM pg_stat_activity",
        "SELECT * FROM pg_stat_user_tables",
        "SELECT * FROM pg_stat_all_tables",
        "SELECT * FROM pg_stat_all_indexes",
        "SELECT * FROM pg_statio_user_tables",
        "SELECT * FROM pg_stat_xact_user_tables",
        "SELECT * FROM pg_stat_database",
        "SELECT * FROM pg_stat_progress_copy",
        "SELECT * FROM pg_stats",
        "SELECT * FROM pg_stats_ext",
        "SELECT * FROM pg_statistic",
        "SELECT * FROM pg_locks",
        "SELECT * FROM pg_sequences",
        "SELECT * FROM pg_prepared_xacts",
        "SELECT * FROM pg_largeobject_metadata",
        "SELECT * FROM pg_hba_file_rules",
        "SELECT reltuples FROM pg_class",
        "SELECT relpages, relacl FROM pg_class",
        "SELECT * FROM pg_class",
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_try_advisory_lock(1)",
        "SELECT pg_try_advisory_xact_lock_shared(1, 2)",
        "SELECT pg_advisory_xact_lock(1)",
        "SELECT pg_stat_get_live_tuples('tenant_private.crm_accounts'::regclass)",
        "SELECT pg_stat_get_tuples_inserted('tenant_private.crm_accounts'::regclass)",
        "SELECT * FROM pg_stat_get_activity(NULL)",
        "SELECT pg_relation_size('tenant_private.crm_accounts')",
        "SELECT pg_total_relation_size('tenant_private.crm_accounts')",
        "SELECT pg_table_size('tenant_private.crm_accounts')",
        "SELECT pg_indexes_size('tenant_private.crm_accounts')",
        "SELECT pg_database_size(current_database())",
        "SELECT pg_relation_filepath('tenant_private.crm_accounts')",
        "SELECT pg_sequence_last_value('platform.kv_audit_entry_id_seq')",
        "SELECT * FROM pg_get_sequence_data('platform.kv_audit_entry_id_seq')",
        "SELECT lo_create(0)",
        "SELECT lo_from_bytea(0, 'x')",
        "SELECT lo_get(1)",
        "SELECT pg_terminate_backend(1)",
        "SELECT pg_cancel_backend(1)",
        "SELECT pg_blocking_pids(1)",
        "SELECT query_to_xml('SELECT 1', true, true, '')",
        "SELECT table_to_xml('tenant_private.crm_accounts', true, true, '')",
        "SELECT schema_to_xml('tenant_private', true, true, '')",
        "SELECT database_to_xml(true, true, '')",
        "SELECT * FROM ts_stat('SELECT to_tsvector(name) FROM tenant_private.crm_accounts')",
        "SELECT pg_current_wal_lsn()",
        "SELECT pg_control_checkpoint()",
        "SELECT pg_xact_status(pg_current_xact_id())",
        "SELECT pg_export_snapshot()",
        "SELECT pg_logical_emit_message(true, 'x', 'y')",
        "SELECT pg_ls_dir('.')",
        "SELECT pg_read_file('pg_hba.conf')",
        "SELECT pg_clear_relation_stats('tenant_private', 'crm_accounts')",
        "CREATE TEMP TABLE t (x int)",
        "CREATE SCHEMA s",
        "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DO $$ BEGIN NULL; END $$",
        "CREATE PUBLICATION p",
        "ALTER TABLE tenant_private.crm_accounts ALTER COLUMN name SET STATISTICS 100",
        "CREATE STATISTICS s ON tenant_id, name FROM tenant_private.crm_accounts",
    ],
)
def test_the_catalog_is_closed_to_a_tenant(hostile: Any, statement: str) -> None:
    """Who else is there, what they do and how much they have is nobody's business."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        hostile.execute(statement)


@pytest.mark.parametrize("kind", sorted(set(PrincipalKind) - {PrincipalKind.STEWARD}))
def test_no_kind_of_login_may_look_around(raw_login: Any, owners: Owners, kind: Any) -> None:
    """The services' logins are held to the same as the tenants'."""
    owner = {PrincipalKind.TENANT: owners.a, PrincipalKind.FUND: owners.fund}.get(kind, "service")
    with raw_login(kind, owner) as connection:
        for statement in ("SELECT * FROM pg_stat_activity", "SELECT pg_advisory_lock(1)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


@pytest.mark.parametrize("database", ["postgres", "template1"])
def test_no_other_database_can_be_entered(
    platform: Platform, owners: Owners, database: str
) -> None:
    """Another database's catalog lists the same roles and sessions, and is not closed."""
    url = platform.database.login_url(platform.keyring.login(PrincipalKind.TENANT, owners.a))
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(
            host=str(url.query["host"]), dbname=database, user=url.username, password=url.password
        )


def test_what_drivers_need_stays_open(hostile: Any) -> None:
    """The positive control: names of types, schemas and tables, own rows, settings."""
    for statement in (
        "SELECT oid, relname, relnamespace, relkind FROM pg_class",
        "SELECT * FROM pg_type",
        "SELECT * FROM pg_namespace",
        "SELECT * FROM pg_attribute",
        "SELECT * FROM pg_settings",
        "SELECT current_schema(), version(), pg_backend_pid()",
        "SELECT 'tenant_private.crm_accounts'::regclass",
        "SELECT table_name FROM information_schema.tables",
        "SELECT name FROM tenant_private.crm_accounts",
    ):
        assert hostile.execute(statement).fetchall()


@pytest.fixture
def analyzed(platform: Platform, owners: Owners) -> Iterator[None]:
    """A table in which B repeats one value often, sampled by ANALYZE as autovacuum would."""
    with platform.tenant_session(owners.b, "test") as session:
        session.write_tenant_private(
            "crm_accounts",
            [
                {"tenant_id": owners.b, "account_id": f"s{n}", "name": CANARY}
                for n in range(_COMMON_ROWS)
            ],
        )
    with platform.admin_engine().begin() as connection:
        connection.exec_driver_sql("ANALYZE tenant_private.crm_accounts")
    yield
    with platform.admin_engine().begin() as connection:
        connection.exec_driver_sql(
            "DELETE FROM tenant_private.crm_accounts WHERE account_id LIKE 's%%'"
        )


def test_the_planner_does_not_know_what_others_have(hostile: Any, analyzed: None) -> None:
    """EXPLAIN estimates the same for a value that B has 3,000 times and for one nobody has."""
    assert analyzed is None

    def estimate(name: str) -> list[str]:
        plan = hostile.execute(
            "EXPLAIN SELECT * FROM tenant_private.crm_accounts WHERE name = '" + name + "'"
        ).fetchall()
        return re.findall(r"rows=\d+", str(plan))

    assert estimate(CANARY) == estimate(_GUESS)


def test_no_sample_is_kept_after_analyze(platform: Platform, analyzed: None) -> None:
    """Not even the administrator finds another owner's value in the statistics."""
    assert analyzed is None
    with platform.admin_engine().connect() as connection:
        kept = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_stats WHERE schemaname IN ('tenant_private', 'fund_private')"
        ).scalar_one()
    assert kept == 0
