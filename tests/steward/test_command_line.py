"""What a person types does what it says, and what is refused says why and what to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from anonymization.registered import WORKFLOWS
from tests.steward.conftest import Call
from tests.steward.datahub_looks import assert_told_soundly

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["load"], "--crm DIR or --sample"),
        (["load", "--sample", "--tenants", "0"], "no sample of this size"),
        (["load", "--crm", "/no/such/folder", "--mapping", "x"], "no mapping 'x' is known"),
        (["run"], "give --all"),
        (["search"], "--class CLASS"),
        (["search", "--class", "secret"], "there is no data class 'secret'"),
        (["review", "approve", "pipeline_benchmark", "--reason", "fine"], "never a name"),
        (["promotions", "--limit", "0"], "Invalid value"),
        (["promotions", "revoke", "0a1b2c3d", "--reason", "wrong unit"], "never a name"),
        (["promotions", "revoke", "0a1b2c3d"], "--reason"),
        (["workflow", "new", "w"], "--source"),
        (["nonsense"], "No such command"),
    ],
)
def test_bad_usage_exits_with_2(classline: Call, arguments: list[str], told: str) -> None:
    """A call that cannot mean anything is told how to be made."""
    said = classline(*arguments)
    assert said.code == 2
    assert told in said.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["promotions"], "run `classline up` first"),
        (["promotions", "history", "0a1b2c3d"], "run `classline up` first"),
        (["tenant", "remove", "tn_x", "--reason", "ended", "--yes"], "run `classline up` first"),
        (["datahub", "sync"], "run `classline up` first"),
        (["datahub", "export", "x.json"], "run `classline up` first"),
        (["search", "--class", "tenant_private"], "run `classline up`"),
        (["lineage", "crm_accounts"], "run `classline up`"),
        (["lineage", "no_such_store"], "no dataset 'no_such_store' is registered"),
        (["run", "no_such_workflow"], "no workflow 'no_such_workflow' is registered"),
        (["load", "--crm", "/no/such/folder"], "there is no such file"),
    ],
)
def test_a_refusal_exits_with_1(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    classline: Call,
    arguments: list[str],
    told: str,
) -> None:
    """What cannot be done now says what was refused and what to do next."""
    monkeypatch.setenv("CLASSLINE_HOME", str(tmp_path / "never-up"))
    said = classline(*arguments)
    assert said.code == 1
    assert told in said.err


def test_an_unreachable_database_is_named_without_its_secrets(
    classline: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server by URL that does not answer ends in a clear refusal; the password stays unsaid."""
    monkeypatch.setenv("CLASSLINE_HOME", str(tmp_path / "remote"))
    password = "planted" + "word"
    monkeypatch.setenv(
        "CLASSLINE_DATABASE_URL", f"postgresql://someone:{password}@127.0.0.1:1/nowhere"
    )
    said = classline("up")
    assert said.code == 1
    assert "does not answer" in said.err
    assert password not in said.err + said.out


@pytest.mark.parametrize("url", ["sqlite:///x.db", "postgresql://someone@here:port/x", "no url"])
def test_what_is_not_the_url_of_a_postgresql_is_refused(
    classline: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """Only PostgreSQL holds the boundary."""
    monkeypatch.setenv("CLASSLINE_HOME", str(tmp_path / "remote"))
    monkeypatch.setenv("CLASSLINE_DATABASE_URL", url)
    said = classline("up")
    assert said.code == 1
    assert "not the URL of a PostgreSQL database" in said.err


def test_down_where_nothing_ever_was_up_is_done_at_once(
    classline: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make clean` in a fresh clone calls it; it leaves no folder behind."""
    monkeypatch.setenv("CLASSLINE_HOME", str(tmp_path / "never-up"))
    said = classline("down")
    assert (said.code, said.out) == (0, "nothing was up\n")
    assert not (tmp_path / "never-up").exists()


def test_what_is_up_can_be_searched_and_a_second_up_changes_nothing(classline: Call) -> None:
    """A steward looks before anybody ran a workflow: the catalog is delivered by `up`."""
    assert classline("up").code == 0
    assert len(classline("search", "--class", "fund_private", "--json").json) == 4
    again = classline("up")
    assert again.code == 0
    assert "DataHub: 0 changes delivered" in again.err


def who_wrote_or_stands_outside_does_not_approve(classline: Call, cli_home: Path) -> None:
    """The packet, and stewards who may not approve: an author, and one with another scope."""
    sam = cli_home / "stewards" / "sam.json"
    shown = classline("review", "show", "pipeline_benchmark", "--credential", sam, "--json").json
    assert shown["sample"]
    assert shown["source"]["authors"] == ["Nobody Here <nobody@example.com>"]
    assert shown["pictures"]["class flow"].startswith("<svg")
    changed = classline("steward", "change", "sam", "--author", "nobody@example.com",
                        "--sign-in", "https://id.example.com|42")  # fmt: skip
    assert changed.code == 0, changed.err
    author = classline("review", "approve", WORKFLOWS[0].name, "--reason", "mine",
                       "--credential", sam)  # fmt: skip
    assert author.code == 1
    assert "who wrote a version of a workflow may not approve it" in author.err
    listed = {row["name"]: row for row in classline("steward", "list", "--json").json}
    assert listed["sam"]["sign_ins"] == ["https://id.example.com|42"]
    assert len(listed["sam"]["scopes"]) == 3
    assert classline("steward", "add", "ann", "--scope", "tenant_private").code == 1
    assert classline("steward", "add", "ann", "--scope", "fund_private").code == 0
    ann = cli_home / "stewards" / "ann.json"
    outside = classline("review", "approve", "pipeline_benchmark", "--reason", "mine",
                        "--credential", ann)  # fmt: skip
    assert "does not decide what becomes anonymized_benchmark" in outside.err
    assert classline("steward", "add", "max").code == 0


def test_the_whole_line_from_the_command_line(
    classline: Call, cli_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Load, run, refuse, approve, run again, look: as the README's tour does."""
    loaded = classline("load", "--sample", "--rows", 6000, "--json")
    assert (loaded.code, loaded.json["tenants_added"]) == (0, 40)
    again = classline("load", "--sample", "--rows", 6000, "--json")
    assert again.json["tenants_added"] == 0
    assert {(t["inserted"], t["updated"]) for t in again.json["tables"]} == {(0, 0)}

    for name in ("eve", "sam"):
        assert classline("steward", "add", name).code == 0
    eve, sam = (cli_home / "stewards" / f"{name}.json" for name in ("eve", "sam"))
    assert classline("steward", "add", "eve").code == 1

    # DataHub is down: the run ends well all the same, and the outbox keeps what waits.
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("DATAHUB_GMS_URL", "http://127.0.0.1:1")
        ran = classline("run", "--all", "--credential", eve, "--json")
    assert ran.code == 0, ran.err + ran.out
    assert {outcome["state"] for outcome in ran.json["outcomes"]} == {"awaiting_review"}
    assert "wait in the outbox (DataHubUnreachable)" in ran.err
    assert classline("status", "--json").json["outbox_waiting"] > 0

    own = classline("review", "approve", WORKFLOWS[0].name, "--reason", "mine", "--credential", eve)
    assert own.code == 1
    assert "who requested a release may not approve it" in own.err
    sam.chmod(0o644)
    open_file = classline("review", "approve", "pipeline_benchmark", "--reason", "fine",
                          "--credential", sam)  # fmt: skip
    assert open_file.code == 1
    assert "chmod 600" in open_file.err
    sam.chmod(0o600)
    who_wrote_or_stands_outside_does_not_approve(classline, cli_home)
    sam = cli_home / "stewards" / "max.json"
    for workflow in WORKFLOWS:
        decided = classline(
            "review", "approve", workflow.name, "--reason", "reviewed", "--credential", sam
        )
        assert decided.code == 0, decided.err

    published = classline("run", "--all", "--json")
    assert {outcome["state"] for outcome in published.json["outcomes"]} == {"published"}
    assert classline("status", "--json").json["outbox_waiting"] == 0
    promotions = classline("promotions", "--json").json
    assert {promotion["approved_by"] for promotion in promotions} == {"max"}
    assert {promotion["requested_by"] for promotion in promotions} == {"eve"}

    repeated = classline("run", "--all", "--json")
    assert all(outcome["publication"]["already_recorded"] for outcome in repeated.json["outcomes"])
    assert len(classline("promotions", "--json").json) == len(WORKFLOWS)

    found = classline("search", "--class", "anonymized_benchmark", "--json").json
    assert "anonymized.anonymized_industry_benchmarks" in {dataset["name"] for dataset in found}
    assert {dataset["data_class"] for dataset in found} == {"anonymized_benchmark"}
    traced = classline("lineage", "anonymized_industry_benchmarks", "--columns", "--json").json
    assert (
        "anonymized.anonymized_industry_benchmarks.value_p50",
        "tenant_private.crm_opportunities.close_value",
    ) in {
        (column["name"], made["name"])
        for column in traced["columns"]
        for made in column["children"]
    }
    drawn = classline("lineage", "anonymized_industry_benchmarks", "--promotions")
    assert "→ anonymized_benchmark by pipeline_benchmark, approved by max on" in drawn.out
    for arguments in (
        ("tenants",), ("promotions",), ("review", "list"), ("status",),
        ("review", "show", "pipeline_benchmark"),
        ("search", "--class", "tenant_private", "--columns"), ("steward", "list"),
    ):  # fmt: skip
        assert classline(*arguments).code == 0
    assert_told_soundly(classline, cli_home, tmp_path)
    reject = ("review", "reject", "pipeline_benchmark", "--reason", "changed", "--credential", sam)
    assert classline(*reject).code == 0
    assert "decision" in classline("review", "show", "pipeline_benchmark").out
    assert classline("down").code == 0


def test_authors_are_recorded_at_build(classline: Call, tmp_path: Path) -> None:
    """Where git is absent afterwards, the record says who wrote what; or the installer does."""
    out = tmp_path / "authors.json"
    said = classline("review", "authors", "--out", out, "--declare", "Ann <ann@example.com>")
    assert said.code == 0, said.err
    assert "CLASSLINE_SOURCE_AUTHORS" in said.out
    assert "ann@example.com" in out.read_text()


def test_help_is_quick_to_load() -> None:
    """Neither Dagster, DataHub, Great Expectations nor the database is imported for --help."""
    probe = (
        "import sys, steward.command_line; "
        "print([m for m in ('dagster', 'datahub', 'great_expectations', 'pandas', 'sqlalchemy',"
        " 'psycopg', 'alembic', 'duckdb', 'numpy', 'pyarrow', 'matplotlib') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True)
    assert shown.stdout.decode().strip() == "[]"
