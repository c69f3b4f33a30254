"""The local state of `wrangler dev` is sampled; nothing is changed, and no value leaves it."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from expectations.audit.cloudflare.auditing import Audited, audit_project
from expectations.audit.cloudflare.local_state import d1_file, kv_file
from expectations.audit.cloudflare.sampling import Sampling
from tests.expectations.audit.miniflare import a_database, a_namespace

PROJECT = Path(__file__).parent / "projects" / "labelled"
TENANT = "5f6e4c52-0000-4000-8000-000000000001"
BENCHMARKS = "5f6e4c52-0000-4000-8000-000000000002"
PLATFORM = "5f6e4c52-0000-4000-8000-000000000003"
TENANT_STATE = "0f2ac74b498b48028cb68387c421e2a1"
PLATFORM_STATE = "0f2ac74b498b48028cb68387c421e2a2"
TABLE = (
    "CREATE TABLE anonymized_industry_benchmarks"
    " (sector TEXT, month TEXT, win_rate REAL, remark TEXT)"
)
LEDGER = "CREATE TABLE error_ledger (component TEXT, message TEXT, tenant_id TEXT)"
CANARY = "jane.canary@secret-portco.example"
TENANT_ID = "tn_abcdefghijklmnop"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The labelled project, without local state yet."""
    return shutil.copytree(PROJECT, tmp_path / "project")


def told(audited: Audited) -> list[str]:
    return [
        f"{finding.place.name.partition('#')[2]} {finding.rule.rule_id} {finding.subject}"
        for finding in audited.findings
    ]


def state_of(project: Path) -> dict[str, tuple[int, str]]:
    files = [file for file in (project / ".wrangler").rglob("*") if file.is_file()]
    return {
        str(file): (file.stat().st_mtime_ns, hashlib.sha256(file.read_bytes()).hexdigest())
        for file in files
    }


def test_sound_state_has_no_finding(project: Path) -> None:
    """Tenants' own data may hold what it likes, and a marked column a tenant's id."""
    tables = (
        "CREATE TABLE crm_accounts (tenant_id TEXT, account_id TEXT, name TEXT, sector TEXT)",
        "CREATE TABLE people (tenant_id TEXT, contact_id TEXT, mail TEXT, phone TEXT)",
        f"INSERT INTO people VALUES ('{TENANT_ID}', '1', '{CANARY}', '+1 415 555 0100')",
    )
    with (
        closing(a_database(project, TENANT, *tables)),
        closing(a_database(project, BENCHMARKS, TABLE,
                "INSERT INTO anonymized_industry_benchmarks VALUES ('retail', '2026', 0.5, '')")),
        closing(a_database(project, PLATFORM, LEDGER,
                f"INSERT INTO error_ledger VALUES ('load', 'timeout', '{TENANT_ID}')")),
    ):  # fmt: skip
        a_namespace(project, TENANT_STATE, {f"tenant:{TENANT_ID}:mail": CANARY})
        a_namespace(project, PLATFORM_STATE, {"flag:beta": "on"})
        audited = audit_project(project)
    assert told(audited) == []
    assert [each.read for each in audited.sampled] == [1, 1, 1, 1]


def test_what_shared_data_may_not_hold_is_counted(project: Path) -> None:
    """Rows in the write-ahead log count, which a careless reader would miss; no value is told."""
    rows = ", ".join(
        f"('s{n}', '{TENANT_ID if n < 2 else ''}', 0.5, 'mail {CANARY}')" for n in range(3)
    )
    with (
        closing(a_database(project, BENCHMARKS, TABLE,
                f"INSERT INTO anonymized_industry_benchmarks VALUES {rows}")),
        closing(a_database(project, PLATFORM, LEDGER,
                f"INSERT INTO error_ledger VALUES ('load', 'of {TENANT_ID}', '{TENANT_ID}')")),
    ):  # fmt: skip
        audited = audit_project(project)
    assert told(audited) == [
        "BENCHMARK_DB CFA502 anonymized_industry_benchmarks.remark EMAIL",
        "BENCHMARK_DB CFA503 anonymized_industry_benchmarks.month TENANT_ID",
        "PLATFORM_DB CFA503 error_ledger.message TENANT_ID",
    ]
    counts = {finding.subject: dict(finding.counts) for finding in audited.findings}
    assert counts["anonymized_industry_benchmarks.month TENANT_ID"] == {"rows": 2, "read": 3}
    assert CANARY not in repr(audited)
    assert TENANT_ID not in repr(audited)


def test_a_name_that_a_tenant_is_known_by_is_found(project: Path) -> None:
    """It has no shape: only the tenants' own rows tell it, which are read for that and not told."""
    accounts = (
        "CREATE TABLE crm_accounts (tenant_id TEXT, account_id TEXT, name TEXT, sector TEXT)",
        "INSERT INTO crm_accounts VALUES ('a', '1', 'Quillfeather Holdings', 'Harmless words')",
    )
    remarks = ("Ask QUILLFEATHER  holdings first", "Harmless words")
    rows = ", ".join(f"('s{n}', '', 0.5, '{text}')" for n, text in enumerate(remarks))
    insert = f"INSERT INTO anonymized_industry_benchmarks VALUES {rows}"
    with (
        closing(a_database(project, TENANT, *accounts)),
        closing(a_database(project, BENCHMARKS, TABLE, insert)),
    ):
        a_namespace(project, PLATFORM_STATE, {"flag:x": "as Quillfeather Holdings asked"})
        audited = audit_project(project)
    assert told(audited) == [
        "BENCHMARK_DB CFA502 anonymized_industry_benchmarks.remark KNOWN_IDENTIFIER",
        "PLATFORM_STATE CFA502 flag:.value KNOWN_IDENTIFIER",
    ]
    assert [dict(finding.counts) for finding in audited.findings] == [
        {"rows": 1, "read": 2},
        {"rows": 1, "read": 1},
    ]
    assert "uillfeather" not in repr(audited)


def test_what_no_migration_declares_is_told(project: Path) -> None:
    """Made by hand on somebody's machine, and soon in production."""
    with closing(
        a_database(
            project,
            BENCHMARKS,
            TABLE.replace("remark TEXT", "remark TEXT, Account TEXT"),
            "CREATE TABLE by_hand (a TEXT)",
        )
    ):
        assert told(audit_project(project)) == [
            "BENCHMARK_DB CFA501 anonymized_industry_benchmarks.Account",
            "BENCHMARK_DB CFA501 by_hand",
        ]


def test_keys_are_compared_with_the_registry(project: Path) -> None:
    """Keys, values and metadata under shared prefixes; strangers by their number."""
    a_namespace(
        project,
        PLATFORM_STATE,
        [
            ("capability_index:mailer", f'{{"by": "{CANARY}"}}', ""),
            (f"capability_index:{CANARY}", "{}", ""),
            ("flag:x", "on", f'{{"tenant": "{TENANT_ID}"}}'),
            ("stranger:1", CANARY, ""),
            ("stranger:2", CANARY, ""),
        ],
    )
    audited = audit_project(project)
    assert sorted(told(audited)) == [
        "PLATFORM_STATE CFA502 capability_index:.key EMAIL",
        "PLATFORM_STATE CFA502 capability_index:.value EMAIL",
        "PLATFORM_STATE CFA503 flag:.metadata TENANT_ID",
        "PLATFORM_STATE CFA504 keys",
    ]
    assert CANARY not in repr(audited)


def test_reading_changes_nothing_and_leaves_nothing(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a byte, not a time, not a file; nor a copy elsewhere."""
    copies = tmp_path / "copies"
    copies.mkdir()
    monkeypatch.setenv("TMPDIR", str(copies))
    monkeypatch.setattr("tempfile.tempdir", None)
    with closing(a_database(project, BENCHMARKS, TABLE)):
        a_namespace(project, PLATFORM_STATE, {"flag:x": "on"})
        before = state_of(project)
        audit_project(project)
        assert state_of(project) == before
    assert list(copies.iterdir()) == []


@pytest.mark.parametrize(
    "content", [b"", b"no database at all", b"SQLite format 3\0" + b"\xff" * 5_000]
)
def test_a_broken_file_is_told_and_the_rest_is_read(project: Path, content: bytes) -> None:
    """A crash of `wrangler dev` leaves such files."""
    for file in (d1_file(project, BENCHMARKS), kv_file(project, PLATFORM_STATE)):
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
    a_namespace(project, TENANT_STATE, {"elsewhere:1": "x"})
    found = told(audit_project(project))
    assert "TENANT_STATE CFA504 keys" in found
    assert "PLATFORM_STATE CFA001 local state" in found
    assert ("BENCHMARK_DB CFA001 local state" in found) == (content != b"")


def test_hostile_state_runs_nothing(project: Path) -> None:
    """Views, virtual tables, names with quotes, endless recursion: read as data or not at all."""
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
    with closing(
        a_database(
            project,
            BENCHMARKS,
            f"CREATE VIEW anonymized_industry_benchmarks AS {endless}",
            "CREATE VIRTUAL TABLE found USING fts5(title)",
            'CREATE TABLE "a""; DROP TABLE x; --" ("b""\n" TEXT)',
            'CREATE TABLE "\x1b[2J" (a)',
        )
    ):
        found = told(audit_project(project))
    assert {line.split()[1] for line in found} == {"CFA501"}
    assert "\x1b" not in "".join(finding.message for finding in audit_project(project).findings)


def test_ids_that_lead_elsewhere_are_not_followed(project: Path) -> None:
    """A configuration that was sent to be audited must not have other folders read."""
    secret = project.parent / "blobs"
    secret.mkdir()
    (secret / "abc").write_text(CANARY)
    configuration = project / "wrangler.toml"
    escape = "../" * 6 + str(project.parent).lstrip("/")
    configuration.write_text(configuration.read_text().replace(PLATFORM_STATE, escape))
    a_namespace(project, escape, [])
    with closing(sqlite3.connect(kv_file(project, escape))) as connection:
        connection.execute("INSERT INTO _mf_entries VALUES ('flag:x', 'abc', NULL, NULL)")
        connection.execute("INSERT INTO _mf_entries VALUES ('flag:y', '../../abc', NULL, NULL)")
        connection.commit()
    assert told(audit_project(project)) == []


def test_a_sample_says_what_it_would_have_found(project: Path) -> None:
    """Of 500 rows 100 are drawn: a share of 3 % would have been met with a probability of 95 %."""
    values = ", ".join(f"('s{n}', '', 0.5, '')" for n in range(500))
    insert = f"INSERT INTO anonymized_industry_benchmarks VALUES {values}"
    with closing(a_database(project, BENCHMARKS, TABLE, insert)):
        (sample,) = audit_project(project, Sampling(100)).sampled
        (whole,) = audit_project(project, Sampling(None)).sampled
    assert (sample.rows, sample.read, whole.read, whole.found_share) == (500, 100, 500, 0.0)
    assert sample.found_share == pytest.approx(0.0295, abs=0.0005)
    assert 1 - (1 - sample.found_share) ** sample.read == pytest.approx(0.95)
