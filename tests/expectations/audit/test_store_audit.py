"""The audit of our own stores finds each planted drift, and nothing where all is well."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalog.data_classes import DataClass
from catalog.declared import REGISTRY
from catalog.registry import Registry
from expectations.audit.findings import Rule
from expectations.audit.html_report import html_report
from expectations.audit.quarterly import LabelsUnreadable, audit_stores
from expectations.audit.report import AuditKind, StoreSeen
from expectations.audit.sampling import Sampling, detectable_share
from expectations.audit.store_findings import (
    label_findings,
    loosened_findings,
    migration_findings,
)
from expectations.audit.store_rules import (
    BOUNDARY_BROKEN,
    CLASS_LOOSENED,
    CLASS_LOOSENED_BY_DECISION,
    DATAHUB_SILENT,
    EXPECTATION_FAILED,
    FOREIGN_DATA_REACHED,
    LABEL_DIFFERS,
    LABEL_MISSING,
    LABEL_OF_NOTHING,
    MIGRATION_DIFFERS,
    NO_CONTROL,
    NOT_CHECKED,
    NOT_PROBED,
    PREFIX_UNREGISTERED,
    RULES,
)
from steward.command_line import app
from stores.errors import BoundaryRefused
from stores.migrations.documented_classes import documented_classes
from tests.desk import Desk
from tests.expectations.audit.drifts import daily, drift, everything_labelled, rules_of

BENCHMARK = "anonymized.anonymized_industry_benchmarks"


def in_days(days: int) -> datetime:
    """So many days from now."""
    return datetime.now(UTC) + timedelta(days=days)


@pytest.mark.parametrize(("read", "share"), [(0, 1.0), (1, 0.95), (299, 0.01), (2_995, 0.001)])
def test_a_samples_power_is_what_the_binomial_says(read: int, share: float) -> None:
    """299 clean rows show at 95 % that fewer than one in a hundred is bad."""
    assert detectable_share(read) == pytest.approx(share, rel=0.005)


def test_a_small_store_is_read_whole_and_a_large_one_in_part() -> None:
    """A sample costs more than it saves where the store is no larger than it."""
    assert Sampling(100).share_of(100) is None
    assert Sampling(100).share_of(1_000) == pytest.approx(0.1)
    assert Sampling(None).share_of(10**9) is None


def test_every_way_a_label_in_datahub_can_drift_is_told_apart() -> None:
    """Missing, unlabelled, another class, and a store that the registry does not know."""
    shown = dict(everything_labelled())
    names = sorted(shown)
    del shown[names[0]]
    shown[names[1]] = None
    other = {
        DataClass.TENANT_PRIVATE: DataClass.FUND_PRIVATE,
        DataClass.FUND_PRIVATE: DataClass.TENANT_PRIVATE,
    }
    shown[names[2]] = other.get(REGISTRY.get(names[2]).data_class, DataClass.TENANT_PRIVATE)
    shown["public.shadow"] = DataClass.ANONYMIZED_BENCHMARK
    found = [(each.rule, each.place.name) for each in label_findings(REGISTRY, shown)]
    assert found == [
        (LABEL_MISSING, f"datahub {names[0]}"),
        (LABEL_MISSING, f"datahub {names[1]}"),
        (LABEL_DIFFERS, f"datahub {names[2]}"),
        (LABEL_OF_NOTHING, "datahub public.shadow"),
    ]
    assert not list(label_findings(REGISTRY, everything_labelled()))


def test_a_class_is_loosened_only_by_a_record_that_exists(tmp_path: Path) -> None:
    """Tightening needs none; going back to the strictest class it ever had ends the finding."""
    loosened = (BENCHMARK, "tenant_private", "anonymized_benchmark")
    (found,) = loosened_findings([loosened], REGISTRY, tmp_path)
    assert found.rule is CLASS_LOOSENED
    back = (BENCHMARK, "anonymized_benchmark", "tenant_private")
    assert not list(loosened_findings([loosened, back], REGISTRY, tmp_path))
    detour = [
        (BENCHMARK, "tenant_private", "fund_private"),
        (BENCHMARK, "fund_private", "anonymized_benchmark"),
    ]
    (found,) = loosened_findings(detour, REGISTRY, tmp_path)
    assert found.subject == "tenant_private to anonymized_benchmark"


def test_a_recorded_change_cannot_speak_to_a_terminal(tmp_path: Path) -> None:
    """A row of platform.kv_audit may name anything as the store or the class."""
    change = ("platform.\x1b[2Jx", "tenant_private", "public\n\x1b]0;x")
    (found,) = loosened_findings([change], REGISTRY, tmp_path)
    assert all(map(str.isprintable, (found.place.name, found.subject, found.message)))


def test_a_named_record_that_exists_asks_for_a_stewards_eye(tmp_path: Path) -> None:
    """The finding stays, as one that a steward acknowledges; a name alone is no record."""
    entry = REGISTRY.get(BENCHMARK)
    changes = [(BENCHMARK, "tenant_private", "anonymized_benchmark")]
    named = Registry([replace(entry, decision="0099-loosened.md")])
    (missing,) = loosened_findings(changes, named, tmp_path)
    (tmp_path / "0099-loosened.md").write_text("why")
    (found,) = loosened_findings(changes, named, tmp_path)
    assert (missing.rule, found.rule) == (CLASS_LOOSENED, CLASS_LOOSENED_BY_DECISION)


def test_migrations_say_the_class_of_every_column() -> None:
    """Ours do; one that is left out or says another class is found."""
    documented = dict(documented_classes())
    assert not list(migration_findings(REGISTRY, documented))
    store = REGISTRY.get(BENCHMARK)
    left_out, wrong = sorted(f"{BENCHMARK}.{column.name}" for column in store.columns)[:2]
    del documented[left_out]
    documented[wrong] = "no_such_class"
    found = list(migration_findings(REGISTRY, documented))
    assert sorted(each.place.name for each in found) == [left_out, wrong]
    assert {each.rule for each in found} == {MIGRATION_DIFFERS}


def test_a_half_written_migration_hides_no_other(tmp_path: Path) -> None:
    """What parses is read, whatever else lies beside it."""
    (tmp_path / "0001_whole.py").write_text('"""x\n\na.b.c: tenant_private\n"""\n')
    (tmp_path / "0002_half.py").write_text('"""a.b.d: tenant_private"""\ndef upgrade(')
    (tmp_path / "0003_latin.py").write_bytes(b'"""a.b.d: tenant_private \xe4"""')
    (tmp_path / "0004_nothing.py").write_bytes(bytes(9))
    (tmp_path / "0005_gone.py").symlink_to(tmp_path / "nowhere.py")
    (tmp_path / "0006_folder.py").mkdir()
    (tmp_path / "0007_deep.py").write_text("(" * 9_999)
    assert documented_classes(tmp_path) == {"a.b.c": "tenant_private"}


@pytest.mark.integration
def test_a_sound_installation_has_no_finding_and_its_report_is_on_record(house: Desk) -> None:
    """A whole audit of the sample: every store seen, all of it under the sample's size read."""
    report = audit_stores(house.platform, AuditKind.QUARTERLY, everything_labelled)
    assert [each.rule for each in report.findings] == [NO_CONTROL]  # no fund has a release yet
    assert report.open_findings == ()
    assert {store.name for store in report.stores} >= {BENCHMARK, "platform.kv_audit"}
    assert all(store.detectable in {None, 0.0} for store in report.stores)
    with house.platform.platform_session("test") as session:
        (filed, *_) = session.audits_ascend_platform_metric()
    assert (filed.audit_id, filed.report_digest) == (report.audit_id, report.digest)
    assert filed.report == report.as_json()
    assert filed.open_findings == 0


_DRIFTS: Sequence[tuple[str, str, str, Rule]] = (
    (
        "a policy that lets all in",
        "CREATE POLICY extra ON tenant_private.crm_accounts FOR SELECT TO tenant_rw USING (true)",
        "DROP POLICY extra ON tenant_private.crm_accounts",
        FOREIGN_DATA_REACHED,
    ),
    (
        "a fund that reads its portcos",
        (
            "GRANT USAGE ON SCHEMA tenant_private TO fund_r;"
            "GRANT SELECT ON tenant_private.crm_accounts TO fund_r;"
            "CREATE POLICY extra ON tenant_private.crm_accounts FOR SELECT TO fund_r USING (true)"
        ),
        (
            "DROP POLICY extra ON tenant_private.crm_accounts;"
            "REVOKE SELECT ON tenant_private.crm_accounts FROM fund_r;"
            "REVOKE USAGE ON SCHEMA tenant_private FROM fund_r"
        ),
        FOREIGN_DATA_REACHED,
    ),
    (
        "a table that nobody registered",
        "CREATE TABLE anonymized.anonymized_shadow (note text)",
        "DROP TABLE anonymized.anonymized_shadow",
        BOUNDARY_BROKEN,
    ),
    (
        "a key whose prefix is not registered",
        "INSERT INTO platform.kv_entries (key, value) VALUES ('shadow:1', '1')",
        "DELETE FROM platform.kv_entries WHERE key = 'shadow:1'",
        PREFIX_UNREGISTERED,
    ),
)


@pytest.mark.integration
@pytest.mark.parametrize(
    ("made", "undone", "rule"),
    [each[1:] for each in _DRIFTS],
    ids=[each[0] for each in _DRIFTS],
)
def test_a_planted_drift_is_found(house: Desk, made: str, undone: str, rule: Rule) -> None:
    """Labels may be right and the store still open: attempts and contents are looked at too."""
    with drift(house.platform, made, undone):
        assert rule in rules_of(daily(house))


@pytest.mark.integration
def test_personal_data_in_a_benchmark_is_found_and_never_shown(house: Desk) -> None:
    """The finding counts it; no part of the report holds the value."""
    secret = "erika.mustermann" + "@" + "example.org"
    made = (
        "INSERT INTO platform.kv_entries (key, value) VALUES "
        f"('platform:note', to_jsonb('tn_abcdefghijklmnop wrote {secret}'::text))"
    )
    with drift(house.platform, made, "DELETE FROM platform.kv_entries WHERE key = 'platform:note'"):
        report = audit_stores(house.platform, AuditKind.QUARTERLY, everything_labelled)
    assert {f.rule for f in report.open_findings} == {EXPECTATION_FAILED}
    assert {f.place.name for f in report.open_findings} == {"platform.kv_entries"}
    shown = json.dumps(report.as_json())
    assert secret not in shown
    assert "tn_abcdefghijklmnop" not in shown


@pytest.mark.integration
def test_a_locked_table_is_told_and_the_rest_is_audited(
    house: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody's migration under way hides no other finding."""
    monkeypatch.setattr("expectations.store_checks._SECONDS_FOR_A_LOCK", 1)
    with ExitStack() as held:
        connection = held.enter_context(house.platform.admin_engine().begin())
        connection.exec_driver_sql("LOCK TABLE tenant_private.prospects IN ACCESS EXCLUSIVE MODE")
        seen = {
            (f.rule, f.place.name)
            for f in audit_stores(
                house.platform, AuditKind.DAILY, everything_labelled
            ).open_findings
        }
    assert (NOT_CHECKED, "tenant_private.prospects") in seen
    assert (NOT_PROBED, "probe as a tenant") in seen
    unchecked = {place.split(" policies")[0] for rule, place in seen if rule is NOT_CHECKED}
    assert unchecked == {"tenant_private.prospects", "boundary"}


@pytest.mark.integration
def test_datahub_away_is_a_finding_of_its_own(house: Desk) -> None:
    """Labels that could not be read have shown nothing."""

    def away() -> Mapping[str, DataClass | None]:
        message = "DataHub does not answer"
        raise LabelsUnreadable(message)

    report = audit_stores(house.platform, AuditKind.DAILY, away)
    assert rules_of(report) == {DATAHUB_SILENT}


@pytest.mark.integration
def test_a_finding_is_acknowledged_for_a_while_and_has_one_id(house: Desk) -> None:
    """The same drift has the same id in the next audit, so a steward's word covers it."""
    made = "INSERT INTO platform.kv_entries (key, value) VALUES ('odd:1', '1')"
    with drift(house.platform, made, "DELETE FROM platform.kv_entries WHERE key = 'odd:1'"):
        (finding,) = daily(house).open_findings
        for named, reason, until in (
            (finding.finding_id, " ", in_days(9)),
            (finding.finding_id, "known", in_days(400)),
            (finding.finding_id, "known", in_days(-1)),
            ("0" * 16, "known", in_days(9)),
        ):
            with (
                house.platform.steward_session(house.steward) as session,
                pytest.raises(BoundaryRefused, match="CL037"),
            ):
                session.acknowledge_ascend_platform_metric(named, reason, until)
        with house.platform.steward_session(house.steward) as session:
            session.acknowledge_ascend_platform_metric(finding.finding_id, "known", in_days(9))
        again = daily(house)
    assert finding in again.findings
    assert again.open_findings == ()
    with house.platform.platform_session("test") as session:
        audited = session.records_ascend_platform_metric("kv_audit")
    assert ("finding acknowledged", finding.finding_id) in {
        (row["action"], row["subject"]) for row in audited
    }


@pytest.mark.integration
def test_a_report_is_signed_off_once_and_as_it_was_filed(house: Desk) -> None:
    """Another digest, a second sign-off and an empty note are refused."""
    report = daily(house)
    attempts = (
        ("0" * 64, "read it"),
        (report.digest, ""),
    )
    for digest, note in attempts:
        with (
            house.platform.steward_session(house.steward) as session,
            pytest.raises(BoundaryRefused, match="CL037"),
        ):
            session.sign_off_ascend_platform_metric(report.audit_id, digest, note)
    with house.platform.steward_session(house.steward) as session:
        session.sign_off_ascend_platform_metric(report.audit_id, report.digest, "read it")
    with (
        house.platform.steward_session(house.steward) as session,
        pytest.raises(BoundaryRefused, match="CL037"),
    ):
        session.sign_off_ascend_platform_metric(report.audit_id, report.digest, "again")


@pytest.mark.integration
def test_the_command_audits_prints_and_writes(
    house: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without DataHub the labels are an open finding, so it exits with 1; files are whole."""
    monkeypatch.setenv("CLASSLINE_HOME", str(house.platform.home.root))
    monkeypatch.setenv("DATAHUB_GMS_URL", "http://127.0.0.1:1")
    page, log = tmp_path / "audit.html", tmp_path / "audit.sarif"
    ran = CliRunner().invoke(
        app, ["audit", "--daily", "--html", str(page), "--sarif", str(log)], catch_exceptions=False
    )
    assert ran.exit_code == 1
    assert "AUD404" in ran.stdout
    assert "<svg" in page.read_text()
    results = json.loads(log.read_text())["runs"][0]["results"]
    assert [each["ruleId"] for each in results] == ["AUD404", "AUD503"]
    listed = CliRunner().invoke(app, ["audit", "list", "--json"])
    assert json.loads(listed.stdout)[0]["open_findings"] == 1


def test_the_page_escapes_what_it_shows_and_draws_what_it_says() -> None:
    """A hostile name in a report must not become markup in a steward's browser."""
    report = {
        "audit": "<script>alert(1)</script>",
        "kind": "full",
        "started_at": "a",
        "finished_at": "b",
        "confidence": 0.95,
        "stores": [StoreSeen("a.b", "fund_private", "table", 9, 3).as_json()],
        "findings": [],
    }
    page = html_report(report, "d" * 64, rules=RULES, past=[2, 0, 1])
    assert "<script" not in page
    assert "63 % bad rows" in page
    assert "2, 0, 1" in page


def test_the_manual_names_every_rule_as_it_is() -> None:
    """Who reads the manual and who reads the code must not learn two things."""
    manual = Path("docs/quarterly-audit.md").read_text()
    for rule in RULES:
        assert f"| {rule.rule_id} | {rule.severity} | {rule.title} |" in manual
