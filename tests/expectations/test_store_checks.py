"""Stores are checked against the suite of their class inside an audit run; counts leave it."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from catalog.data_classes import DataClass, PrincipalKind
from catalog.declared import REGISTRY
from expectations.verdicts import Report, Verdict
from stores.errors import BoundaryRefused, ClassRefused

if TYPE_CHECKING:
    from stores.platform import Platform

pytestmark = pytest.mark.integration

CANARY = "canary-4b9e"
BRIEFS = "fund_private.op_partner_briefs"
PLAYBOOKS = "anonymized.anonymized_playbooks"


def verdicts(report: Report) -> dict[str, Verdict]:
    return {
        f"{j.expectation.type}:{j.expectation.arguments.get('column', '')}": j.verdict
        for j in report.judgements
    }


def check(platform: Platform, name: str, **options: bool) -> Report:
    from expectations.store_checks import check_store

    return check_store(platform, REGISTRY.get(name), **options)


@pytest.fixture
def planted(platform: Platform) -> object:
    """Writes rows as an administrator would, past every rule; gone afterwards."""
    from sqlalchemy import text

    def plant(statement: str) -> None:
        with platform.admin_engine().begin() as connection:
            connection.execute(text(statement))

    yield plant
    for table in (BRIEFS, PLAYBOOKS, "platform.decision_log"):
        if table != "platform.decision_log":
            plant(f"DELETE FROM {table}")


def a_playbook(title: str, steps: str = "Call, then write.") -> str:
    return (
        f"INSERT INTO {PLAYBOOKS} VALUES ('{title[:8]}', 'retail', '{title}', '{steps}', "
        "gen_random_uuid())"
    )


def test_every_store_of_a_fresh_installation_passes(platform: Platform) -> None:
    """What comes up holds what its classes demand, and every check could be made."""
    from expectations.store_checks import check_stores, datasets_named

    reports = check_stores(platform, datasets_named(None))
    assert [r for r in reports if not r.passed] == []
    assert len(reports) == len(datasets_named(None))


def test_personal_data_in_a_benchmark_fails_by_column_and_count(
    platform: Platform, planted: object
) -> None:
    """The report says where and how many, and which check it was."""
    planted(a_playbook("write to jane@example.com"))
    report = check(platform, PLAYBOOKS)
    found = verdicts(report)
    assert found["expect_column_values_to_contain_no_pii:title"] is Verdict.FAILED
    assert found["expect_column_values_to_contain_no_pii:steps"] is Verdict.PASSED
    # a row that no promotion accounts for: nobody knows who stands behind it
    assert found["expect_table_to_be_k_anonymous:"] is Verdict.COULD_NOT_CHECK
    assert not report.passed


def test_a_tenants_own_account_name_in_a_benchmark_fails(
    platform: Platform, planted: object
) -> None:
    """It has no shape, so only a list of what tenants use finds it."""
    from stores.boundary.provisioning import ensure_owners

    ids = ensure_owners(platform, {"Portco A": "Fund One"}, reason="test")
    tenant = ids.tenants["Portco A"]
    row = {"tenant_id": tenant, "account_id": "9", "name": "Quillfeather Holdings"}
    with platform.tenant_session(tenant, "test") as session:
        session.write_tenant_private("crm_accounts", [row])
    planted(a_playbook("Ask QUILLFEATHER  holdings first"))
    found = verdicts(check(platform, PLAYBOOKS))
    assert found["expect_table_to_contain_no_known_identifiers:"] is Verdict.FAILED
    planted(a_playbook("told", f"as {tenant} does"))
    found = verdicts(check(platform, PLAYBOOKS))
    assert found["expect_table_to_contain_no_tenant_ids:"] is Verdict.FAILED


def test_a_label_that_contradicts_the_registry_fails(platform: Platform, planted: object) -> None:
    """The comment is what other tools read; one that loosens the class is drift."""
    column = "tenant_private.crm_accounts.name"
    planted(f"COMMENT ON COLUMN {column} IS '[anonymized_benchmark] Company name'")
    try:
        report = check(platform, "crm_accounts")
        assert verdicts(report)["expect_columns_to_be_classified:"] is Verdict.FAILED
        planted(f"COMMENT ON COLUMN {column} IS NULL")
        (labels, _) = check(platform, "crm_accounts").judgements
        assert labels.counts["unlabelled"] == 1
    finally:
        planted(f"COMMENT ON COLUMN {column} IS '[tenant_private] Company name'")
    assert check(platform, "crm_accounts").passed


def test_cheap_checks_read_no_text(platform: Platform, planted: object) -> None:
    """They count in the database and leave the scan to the full suite."""
    planted(a_playbook("write to jane@example.com"))
    found = verdicts(check(platform, PLAYBOOKS, reads_text=False))
    assert not any("pii" in name or "identifiers" in name for name in found)


def test_no_value_reaches_a_report_its_docs_or_the_log(
    platform: Platform,
    planted: object,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Reports are stored and shown to everybody."""
    from expectations.gx.data_docs import write_data_docs
    from steward.commands.check import _as_json

    caplog.set_level(logging.DEBUG)
    planted(
        f"INSERT INTO {PLAYBOOKS} VALUES ('{CANARY}', '{CANARY}', '{CANARY}@example.com', "
        f"'{CANARY} +1 212 555 0199', gen_random_uuid())"
    )
    planted(
        f"INSERT INTO {BRIEFS} VALUES ('{CANARY}', '{CANARY}', '{CANARY}', "
        f"'{CANARY}@example.com', now(), gen_random_uuid())"
    )
    reports = (check(platform, PLAYBOOKS), check(platform, BRIEFS))
    pages = [path.read_text() for path in write_data_docs(reports, tmp_path)]
    assert len(pages) == 2
    assert all(report.failed for report in reports)
    said = json.dumps([_as_json(report) for report in reports])
    assert CANARY not in f"{said} {reports!r} {pages} {caplog.text} {capfd.readouterr()}"


# The auditor's reach.


@pytest.mark.parametrize(
    ("dataset", "column"),
    [
        ("tenant_private.oauth_tokens", "access_token"),
        ("tenant_private.emails", "body"),
        ("tenant_private.crm_accounts", "sector"),
        ("control.tenants", "external_name"),
    ],
)
def test_the_auditor_may_not_read_a_tenants_texts(
    platform: Platform, dataset: str, column: str
) -> None:
    """Of a tenant's data it reads names alone, to know what a scan must find."""
    with platform.platform_session("test") as session:
        run = session.start_audit("test")
    with (
        pytest.raises(BoundaryRefused, match=r"CL03[12]"),
        platform.auditor_session(run) as session,
    ):
        session.count_in_texts(REGISTRY.get(dataset).data_class, dataset, [column], len)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "count",
    [
        lambda auditor, named, store: auditor.count_rows(named, store),
        lambda auditor, named, store: auditor.count_nulls(named, store, "title"),
        lambda auditor, named, store: auditor.column_labels(named, store),
        lambda auditor, named, store: auditor.published_cells(named, store),
        lambda auditor, named, store: auditor.count_in_texts(named, store, ["title"], list),
    ],
    ids=["rows", "nulls", "labels", "cells", "texts"],
)
def test_whoever_counts_names_the_class(platform: Platform, count: Any) -> None:
    """A store under another class's name is refused by whatever counts, before it is asked."""
    with platform.platform_session("test") as session:
        run = session.start_audit("test")
    with platform.auditor_session(run) as session:
        for named in DataClass:
            if named is DataClass.ANONYMIZED_BENCHMARK:
                continue
            with pytest.raises(ClassRefused, match="CL009"):
                count(session, named, "anonymized.anonymized_playbooks")
        count(session, DataClass.ANONYMIZED_BENCHMARK, "anonymized.anonymized_playbooks")


@pytest.mark.parametrize(
    "call",
    [
        "audit_labels('tenant_private.crm_accounts')",
        "audit_nulls('tenant_private.crm_accounts', 'name')",
        "audit_texts('anonymized.anonymized_playbooks', '{title}')",
        "audit_cells('anonymized.anonymized_playbooks')",
    ],
)
def test_nothing_is_counted_outside_an_open_run(platform: Platform, call: str) -> None:
    """A run that was closed ends what its claims may do."""
    with platform.platform_session("test") as session:
        run = session.start_audit("test")
        session.finish_audit(run)
    with (
        pytest.raises(BoundaryRefused, match="CL006"),
        platform.auditor_session(run) as session,
    ):
        session._rows(f"SELECT control.{call}")


@pytest.mark.parametrize(
    "name",
    [
        "crm_accounts",
        "tenant_private.",
        ".crm_accounts",
        "tenant_private.crm_accounts.name",
        "TENANT_PRIVATE.crm_accounts",
        "control.tenants",
        "pg_catalog.pg_authid",
        "tenant_private.crm_accounts; DROP TABLE x",
    ],
)
def test_no_other_name_is_a_store(platform: Platform, name: str) -> None:
    """The lookup takes one schema and one table, as they are written."""
    with platform.platform_session("test") as session:
        run = session.start_audit("test")
    with (
        pytest.raises(BoundaryRefused, match="CL031"),
        platform.auditor_session(run) as session,
    ):
        session._rows("SELECT control.audit_count(:d)", d=name)


def test_nobody_else_may_count(platform: Platform) -> None:
    """The functions are the auditor's alone."""
    with (
        pytest.raises(BoundaryRefused, match="42501"),
        platform.platform_session("test") as session,
    ):
        session._rows("SELECT control.audit_labels('platform.decision_log')")
    assert platform.keyring.login(PrincipalKind.AUDITOR, "service")
