"""An audit of stores that vanished, changed, are locked or named to do harm: told, and no more."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalog.data_classes import PrincipalKind
from expectations.audit.findings import Rule
from expectations.audit.html_report import html_report
from expectations.audit.quarterly import audit_stores
from expectations.audit.report import AuditKind, AuditReport, StoreSeen
from expectations.audit.sampling import Sampling
from expectations.audit.store_rules import (
    BOUNDARY_BROKEN,
    EXPECTATION_FAILED,
    NO_CONTROL,
    NOT_CHECKED,
    NOT_PROBED,
    RULES,
)
from expectations.store_checks import examined_stores
from steward.command_line import app
from stores.platform import Platform
from tests.desk import Desk
from tests.expectations.audit.drifts import daily, drift, everything_labelled

PLAYBOOKS = "anonymized.anonymized_playbooks"
TACTICS = "anonymized.anonymized_tactics"


def quarterly(desk: Desk) -> AuditReport:
    return audit_stores(desk.platform, AuditKind.QUARTERLY, everything_labelled)


def found(report: AuditReport) -> set[tuple[Rule, str]]:
    return {(f.rule, f.place.name) for f in report.findings if f.rule is not NO_CONTROL}


@contextmanager
def locked(platform: Platform, *tables: str) -> Iterator[None]:
    """Held by somebody's migration that has not ended."""
    with platform.admin_engine().begin() as connection:
        for table in tables:
            connection.exec_driver_sql(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """An audit that waits for one second where it waits for five."""
    monkeypatch.setattr("expectations.store_checks._SECONDS_FOR_A_LOCK", 1)
    monkeypatch.setattr("expectations.audit.quarterly._SECONDS_FOR_A_LOCK", 1)
    monkeypatch.setattr("stores.boundary.verification._LONGEST_WAIT_APART", "300ms")


@pytest.mark.integration
def test_a_store_that_vanished_is_told_and_the_rest_is_read(house: Desk) -> None:
    """Under its new name it is one that nobody registered."""
    made = f"ALTER TABLE {PLAYBOOKS} RENAME TO anonymized_gone"
    undone = "ALTER TABLE anonymized.anonymized_gone RENAME TO anonymized_playbooks"
    with drift(house.platform, made, undone):
        report = quarterly(house)
    assert (NOT_CHECKED, PLAYBOOKS) in found(report)
    broken = {f.subject for f in report.findings if f.rule is BOUNDARY_BROKEN}
    assert {f"{PLAYBOOKS} is missing", "anonymized.anonymized_gone is not registered"} <= broken
    read = {store.name for store in report.stores if store.rows_read is not None}
    assert {TACTICS, "platform.kv_audit"} <= read
    assert found(quarterly(house)) == set()


@pytest.mark.integration
def test_a_migration_that_stopped_half_way_is_told_by_column(house: Desk) -> None:
    """A column that is not there was not read: that is no pass."""
    made = (
        f"ALTER TABLE {PLAYBOOKS} RENAME COLUMN steps TO moves;"
        f"ALTER TABLE {TACTICS} ADD COLUMN audience TEXT"
    )
    undone = (
        f"ALTER TABLE {PLAYBOOKS} RENAME COLUMN moves TO steps;"
        f"ALTER TABLE {TACTICS} DROP COLUMN audience"
    )
    with drift(house.platform, made, undone):
        report = quarterly(house)
    assert found(report) == {
        (BOUNDARY_BROKEN, "boundary labels.columns"),
        (EXPECTATION_FAILED, PLAYBOOKS),
        (EXPECTATION_FAILED, TACTICS),
        (NOT_CHECKED, PLAYBOOKS),
    }
    (unread,) = (f.subject for f in report.findings if f.rule is NOT_CHECKED)
    assert unread == "expect_column_values_to_contain_no_pii(steps)"


@pytest.mark.integration
@pytest.mark.usefixtures("impatient")
def test_locked_names_and_records_keep_no_audit_waiting(house: Desk) -> None:
    """What the names would have shown is told as unchecked, and everything else is audited."""
    started = time.monotonic()
    with locked(house.platform, "tenant_private.crm_accounts", "platform.kv_audit"):
        report = quarterly(house)
    assert time.monotonic() - started < 120
    seen = found(report)
    assert {
        (NOT_CHECKED, "tenant_private.crm_accounts"),
        (NOT_CHECKED, "platform.kv_audit"),
        (NOT_CHECKED, PLAYBOOKS),
        (NOT_PROBED, "probe as a tenant"),
    } <= seen
    unnamed = {f.subject for f in report.findings if f.place.name == PLAYBOOKS}
    assert unnamed == {"expect_table_to_contain_no_known_identifiers()"}
    assert {f.subject for f in report.findings if f.place.name == "platform.kv_audit"} == {
        "class changes",
        "whole store",
    }
    assert {rule for rule, _ in seen} == {NOT_CHECKED, NOT_PROBED}


@pytest.mark.integration
def test_a_login_that_was_closed_meanwhile_ends_no_audit(house: Desk) -> None:
    """As of a tenant that is being removed: another one's attempts are made, or it is told."""
    logins = house.platform.keyring.logins
    tenants = sorted(owner for kind, owner in logins if kind is PrincipalKind.TENANT)
    roles = [house.platform.keyring.login(PrincipalKind.TENANT, each).login for each in tenants]
    for closed, told in ((roles[:1], set()), (roles, {"probe as a tenant"})):
        made = "".join(
            f"ALTER ROLE {role} NOLOGIN; SELECT pg_terminate_backend(pid, 5000)"
            f" FROM pg_stat_activity WHERE usename = '{role}';"
            for role in closed
        )
        undone = "".join(f"ALTER ROLE {role} LOGIN;" for role in closed)
        with drift(house.platform, made, undone):
            findings = daily(house).findings
        assert {f.place.name for f in findings if f.rule is NOT_PROBED} == told


@pytest.mark.integration
@pytest.mark.usefixtures("impatient")
def test_a_lock_hides_no_rule_of_the_boundary_but_those_that_need_the_table(house: Desk) -> None:
    """A door that was opened meanwhile is found while another table is locked."""
    made = "GRANT SELECT ON anonymized.anonymized_playbooks TO loader_w"
    undone = "REVOKE SELECT ON anonymized.anonymized_playbooks FROM loader_w"
    with (
        drift(house.platform, made, undone),
        locked(house.platform, "tenant_private.prospects"),
    ):
        seen = found(daily(house))
    assert (BOUNDARY_BROKEN, "boundary grants.tables") in seen
    unseen = {place for rule, place in seen if rule is NOT_CHECKED and "boundary" in place}
    assert "boundary policies.declared" in unseen
    assert all(place.startswith("boundary policies.") for place in unseen)


HOSTILE = 'x"; DROP TABLE anonymized.anonymized_tactics; --\x1b[2J\n<script>'


@pytest.mark.integration
def test_a_hostile_table_name_is_shown_and_does_nothing(
    house: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may create a table must not speak to the auditor's terminal, page or database."""
    quoted = '"' + HOSTILE.replace('"', '""') + '"'
    made = f"CREATE TABLE anonymized.{quoted} ({quoted} TEXT)"
    page, log = tmp_path / "audit.html", tmp_path / "audit.sarif"
    monkeypatch.setenv("CLASSLINE_HOME", str(house.platform.home.root))
    monkeypatch.setenv("DATAHUB_GMS_URL", "http://127.0.0.1:1")
    with drift(house.platform, made, f"DROP TABLE anonymized.{quoted}"):
        ran = CliRunner().invoke(
            app, ["audit", "--daily", "--html", str(page), "--sarif", str(log)]
        )
    assert "is not registered" in ran.stdout
    assert "\x1b" not in ran.stdout
    assert "DROP TABLE anonymized.anonymized_tactics; --\N{REPLACEMENT CHARACTER}" in ran.stdout
    assert "<script" not in page.read_text()
    assert "\x1b" not in json.dumps(json.loads(log.read_text()), ensure_ascii=False)
    assert found(daily(house)) == set()


@pytest.mark.integration
def test_a_table_that_changes_meanwhile_is_seen_at_one_moment(
    house: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows, texts and who stands behind them must not be of three different tables."""
    from stores.sessions import AuditorSession

    counted = AuditorSession.count_rows

    def count_then_write(session: AuditorSession, *named: object) -> int:
        rows = counted(session, *named)
        with house.platform.admin_engine().begin() as connection:
            connection.exec_driver_sql(
                "INSERT INTO platform.error_ledger (component, error_code) VALUES ('a', 'b')"
            )
        return rows

    monkeypatch.setattr(AuditorSession, "count_rows", count_then_write)
    store = next(d for d in checked() if d.qualified_name == "platform.error_ledger")
    with house.platform.platform_session("test") as session:
        run = session.start_audit("test")
    (seen,) = examined_stores(house.platform, run, [store], Sampling(None).share_of)
    assert seen.rows_read == seen.rows
    (later,) = examined_stores(house.platform, run, [store], Sampling(None).share_of)
    assert later.rows == seen.rows + 1


def checked() -> tuple[object, ...]:
    from catalog.declared import REGISTRY
    from expectations.class_suites import checked_datasets

    return checked_datasets(REGISTRY)


@pytest.mark.integration
def test_a_sample_that_drew_nothing_has_shown_nothing(house: Desk) -> None:
    """Of a table with rows it found no bad one, nor any other."""
    report = audit_stores(
        house.platform,
        AuditKind.QUARTERLY,
        everything_labelled,
        sampling=NeverDrawn(),
    )
    drawn = {store.name: store for store in report.stores}["platform.kv_audit"]
    assert (drawn.rows_read, drawn.detectable) == (0, 1.0)
    assert drawn.rows > 0


class NeverDrawn(Sampling):
    """A sample so small that it draws no row."""

    def share_of(self, rows: int) -> float | None:
        return 1e-18 if rows else None


def test_a_store_without_rows_was_read_whole() -> None:
    """Nothing was there to be missed; the page does not claim that rows were looked at."""
    empty = StoreSeen(PLAYBOOKS, "anonymized_benchmark", "table", 0, 0)
    undrawn = StoreSeen(TACTICS, "anonymized_benchmark", "table", 9, 0)
    assert (empty.detectable, undrawn.detectable) == (0.0, 1.0)
    report = {
        "audit": "a",
        "kind": "quarterly",
        "started_at": "a",
        "finished_at": "b",
        "confidence": 0.95,
        "stores": [empty.as_json(), undrawn.as_json()],
        "findings": [],
    }
    page = html_report(report, "d" * 64, rules=RULES, past=[])
    assert "no rows" in page
    assert "nothing: no row was drawn" in page
    assert "every bad row" not in page
