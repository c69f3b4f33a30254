"""Tenant A must not read, write or infer tenant B's rows, whatever SQL it runs."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from catalog.data_classes import DataClass, PrincipalKind
from stores.boundary.claims import Claim
from stores.errors import BoundaryRefused, ClassRefused
from stores.platform import SERVICE, Platform
from tests.stores.conftest import CANARY, Owners

pytestmark = pytest.mark.integration


@pytest.fixture
def hostile(raw_login: Any, owners: Owners, claim_of_a: str) -> Any:
    """Tenant A's login with its sound claim, to run any SQL with."""
    with raw_login(PrincipalKind.TENANT, owners.a, claim_of_a) as connection:
        yield connection


def test_a_tenant_reads_its_own_rows(platform: Platform, owners: Owners) -> None:
    """The positive control: without it the refusals below would prove nothing."""
    with platform.tenant_session(owners.a, "test") as session:
        rows = session.read(DataClass.TENANT_PRIVATE, "crm_accounts")
    assert [row["name"] for row in rows] == ["own account"]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM tenant_private.crm_accounts",
        "SELECT * FROM tenant_private.crm_accounts WHERE tenant_id = '{b}'",
        "SELECT * FROM tenant_private.crm_accounts WHERE tenant_id <> '{a}' OR true",
        "SELECT * FROM ONLY tenant_private.crm_accounts FOR KEY SHARE",
        "WITH x AS MATERIALIZED (SELECT * FROM tenant_private.crm_accounts) TABLE x",
        "SELECT string_agg(name, ',') FROM tenant_private.crm_accounts",
        "SET row_security = off; SELECT * FROM tenant_private.crm_accounts",
        "SELECT set_config('classline.tenant', '{b}', false), * FROM tenant_private.crm_accounts",
        "COPY (SELECT * FROM tenant_private.crm_accounts) TO STDOUT",
        "UPDATE tenant_private.crm_accounts SET name = name RETURNING *",
        "DELETE FROM tenant_private.crm_accounts WHERE tenant_id = '{b}' RETURNING *",
        "SELECT * FROM control.tenants",
        "SELECT * FROM control.logins",
        "SELECT * FROM control.signing_keys",
        "SELECT * FROM control.portfolio_membership",
        "SELECT * FROM control.cell_contributors",
        "SELECT * FROM control.measure_contributions",
        "SELECT * FROM control.judged_cells",
        "SELECT * FROM quarantine.candidate_cells",
        "SELECT * FROM staging.staged_crm_accounts",
        "SELECT * FROM fund_private.portfolio_metric_rollups",
        "SELECT * FROM platform.kv_audit",
        "SET ROLE cl_owner; SELECT * FROM tenant_private.crm_accounts",
        "SET ROLE tenant_rw; SELECT * FROM tenant_private.crm_accounts",
        "SET SESSION AUTHORIZATION postgres",
        "ALTER TABLE tenant_private.crm_accounts DISABLE ROW LEVEL SECURITY",
        "CREATE POLICY p ON tenant_private.crm_accounts USING (true)",
        "TRUNCATE tenant_private.crm_accounts",
        "CREATE TEMP TABLE t AS SELECT * FROM tenant_private.crm_accounts",
        "CREATE TABLE tenant_private.t (x int)",
        "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DO $$ BEGIN PERFORM 1; END $$",
        "INSERT INTO fund_private.op_partner_briefs VALUES ('f','b','t','b',now(),NULL)",
        "INSERT INTO anonymized.anonymized_tactics VALUES ('x','y','z',1,gen_random_uuid())",
        "SELECT control.publish(gen_random_uuid())",
        "SELECT control.decide('pipeline_benchmark', 'x', 'approved', 'because')",
        "SELECT control.ingest('crm_accounts', gen_random_uuid())",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT lo_from_bytea(0, 'a row')",
        "SELECT pg_advisory_lock(4207111943)",
    ],
)
def test_no_statement_shows_another_tenants_row(
    hostile: Any, owners: Owners, statement: str
) -> None:
    """Each ends in an error or in rows of A alone; B's canary stands in none of it."""
    seen = ""
    try:
        for part in statement.format(a=owners.a, b=owners.b).split("; "):
            if part.startswith("COPY"):
                with hostile.cursor().copy(part) as copy:
                    seen += b"".join(copy).decode()
                continue
            cursor = hostile.execute(part)
            seen += str(cursor.fetchall()) if cursor.description else ""
    except psycopg.Error as error:
        seen += str(error)
    assert CANARY not in seen
    assert owners.b not in seen or owners.b in statement.format(a=owners.a, b=owners.b)


def test_b_still_has_its_row(hostile: Any, platform: Platform, owners: Owners) -> None:
    """What A wrote or deleted left B's row as it was."""
    hostile.execute("DELETE FROM tenant_private.crm_accounts WHERE account_id = '1'")
    hostile.execute(
        "INSERT INTO tenant_private.crm_accounts (tenant_id, account_id, name)"
        " VALUES (%s, '1', 'own account')",
        (owners.a,),
    )
    with platform.tenant_session(owners.b, "test") as session:
        rows = session.read(DataClass.TENANT_PRIVATE, "crm_accounts")
    assert [row["name"] for row in rows] == [CANARY]


def test_a_row_cannot_be_written_for_another_tenant(platform: Platform, owners: Owners) -> None:
    """WITH CHECK refuses a row that names another owner, and the error names nobody."""
    with (
        pytest.raises(BoundaryRefused) as refused,
        platform.tenant_session(owners.a, "test") as session,
    ):
        session.write_tenant_private(
            "crm_accounts", [{"tenant_id": owners.b, "account_id": "9", "name": CANARY}]
        )
    assert CANARY not in str(refused.value)
    assert owners.b not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"lifetime_seconds": -1}, "CL003"),
        ({"login": "t_0000000000000000"}, "CL004"),
        ({"tenant": "tn_0000000000000000"}, "CL004"),
        ({"classes": (DataClass.ANONYMIZED_BENCHMARK,)}, "CL005"),
    ],
)
def test_a_wrong_claim_raises_with_a_code_of_its_own(
    raw_login: Any, platform: Platform, owners: Owners, sealed: Any, change: Any, code: str
) -> None:
    """Expired, foreign or narrower claims are told apart, and none reads a row."""
    login = platform.keyring.login(PrincipalKind.TENANT, owners.a).login
    claim = Claim(login, (DataClass.TENANT_PRIVATE,), "test", tenant=owners.a)
    token = sealed(platform.keyring, claim, **change)
    with (
        raw_login(PrincipalKind.TENANT, owners.a, token) as connection,
        pytest.raises(psycopg.Error) as refused,
    ):
        connection.execute("SELECT * FROM tenant_private.crm_accounts")
    assert refused.value.sqlstate == code


@pytest.mark.parametrize("part", ["missing", "no mac", "other mac", "other body", "other kid"])
def test_a_forged_claim_is_refused(
    raw_login: Any, owners: Owners, claim_of_a: str, part: str
) -> None:
    """Without the signing key no claim can be made or changed."""
    kid, body, mac = claim_of_a.split(".")
    forged = {
        "missing": None,
        "no mac": f"{kid}.{body}.",
        "other mac": f"{kid}.{body}.{'0' * 64}",
        "other body": f"{kid}.{body.replace('6', '7', 1)}.{mac}",
        "other kid": f"k00000000.{body}.{mac}",
    }[part]
    with (
        raw_login(PrincipalKind.TENANT, owners.a, forged) as connection,
        pytest.raises(psycopg.Error) as refused,
    ):
        connection.execute("SELECT * FROM tenant_private.crm_accounts")
    assert refused.value.sqlstate == ("CL001" if part == "missing" else "CL002")


def test_a_claim_does_not_work_on_another_login(
    raw_login: Any, owners: Owners, claim_of_a: str
) -> None:
    """B's login with A's stolen claim reads neither A's rows nor B's."""
    with (
        raw_login(PrincipalKind.TENANT, owners.b, claim_of_a) as connection,
        pytest.raises(psycopg.Error) as refused,
    ):
        connection.execute("SELECT * FROM tenant_private.crm_accounts")
    assert refused.value.sqlstate == "CL004"


def test_a_fund_never_reads_tenant_rows(raw_login: Any, platform: Platform, owners: Owners) -> None:
    """Not through its session, and not through its login with SQL of its own."""
    with (
        platform.fund_session(owners.fund, "test") as session,
        pytest.raises(ClassRefused, match="refused by the policy's table of readers"),
    ):
        session.read(DataClass.TENANT_PRIVATE, "crm_accounts")
    with (
        raw_login(PrincipalKind.FUND, owners.fund) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("SELECT * FROM tenant_private.crm_accounts")


@pytest.mark.parametrize("kind", [PrincipalKind.PLATFORM, PrincipalKind.LOADER])
def test_services_do_not_read_tenant_rows(raw_login: Any, kind: PrincipalKind) -> None:
    """The platform has no business in tenants' rows, and the loader writes blind."""
    for table in ("tenant_private.crm_accounts", "staging.staged_crm_accounts"):
        with (
            raw_login(kind, SERVICE) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(f"SELECT * FROM {table}")


def test_the_anonymizer_reads_nothing_outside_a_run(
    raw_login: Any, platform: Platform, sealed: Any
) -> None:
    """A claim without an open run, or with an invented one, is refused; tokens always are."""
    login = platform.keyring.login(PrincipalKind.ANONYMIZER, SERVICE).login
    claim = Claim(login, (DataClass.TENANT_PRIVATE,), "promotion", workflow="pipeline_benchmark")
    with raw_login(
        PrincipalKind.ANONYMIZER, SERVICE, sealed(platform.keyring, claim)
    ) as connection:
        with pytest.raises(psycopg.Error) as refused:
            connection.execute("SELECT * FROM tenant_private.crm_accounts")
        assert refused.value.sqlstate == "CL006"
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM tenant_private.oauth_tokens")


def test_what_was_audited_cannot_be_changed(platform: Platform) -> None:
    """Not even by the administrator's own statements."""
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    for statement in (
        "UPDATE platform.kv_audit SET reason = 'x'",
        "DELETE FROM platform.kv_audit",
        "TRUNCATE control.approvals",
    ):
        with (
            pytest.raises(DBAPIError) as refused,
            platform.admin_engine().begin() as connection,
        ):
            connection.execute(text(statement))
        assert getattr(refused.value.orig, "sqlstate", None) == "CL030"
