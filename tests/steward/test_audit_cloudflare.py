"""`classline audit cloudflare` and the exports, as a person or a pipeline calls them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from expectations.audit.cloudflare.rules import RULES
from steward import command_line
from tests.steward.conftest import Said

PROJECTS = Path(__file__).parents[1] / "expectations" / "audit" / "projects"


@pytest.fixture
def classline(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Said]:
    """Calls the command as the entry point does; these need no installation."""

    def call(*arguments: object) -> Said:
        monkeypatch.setattr("sys.argv", ["classline", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            command_line.main()
        out, err = capfd.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    return call


def test_a_sound_project_ends_with_0(classline: Callable[..., Said]) -> None:
    """And says what was looked at."""
    said = classline("audit", "cloudflare", PROJECTS / "labelled")
    assert said.code == 0
    assert "12 bindings, 4 migrations, 16 columns, 3 key prefixes; 0 findings" in said.out


def test_findings_end_with_1_and_say_what_to_do(classline: Callable[..., Said]) -> None:
    """For people: a table, and each rule's remedy once."""
    said = classline("audit", "cloudflare", PROJECTS / "mislabelled")
    assert said.code == 1
    assert "migrations/0002_broken.sql:7" in said.out
    assert said.out.count(RULES["CFA101"].to_do) == 1


def test_json_and_sarif_carry_the_same_findings(
    classline: Callable[..., Said], tmp_path: Path
) -> None:
    """With ids, places, counts and what to do."""
    sarif = tmp_path / "audit.sarif"
    said = classline("audit", "cloudflare", PROJECTS / "mislabelled", "--json", "--sarif", sarif)
    findings = said.json["findings"]
    (run,) = json.loads(sarif.read_text("utf-8"))["runs"]
    assert len(findings) == len({finding["id"] for finding in findings}) == len(run["results"])
    assert {result["level"] for result in run["results"]} == {"error", "warning"}
    assert set(findings[0]) == {
        "id", "rule", "severity", "file", "line", "column", "subject", "message", "counts", "to_do",
    }  # fmt: skip
    assert said.json["looked_at"]["migrations"] == 3


def test_no_project_is_bad_usage(classline: Callable[..., Said], tmp_path: Path) -> None:
    """Nothing to audit must not pass as sound."""
    assert classline("audit", "cloudflare", tmp_path).code == 2
    assert classline("audit", "cloudflare", tmp_path / "nowhere").code == 2
    assert classline("audit", "cloudflare", PROJECTS / "labelled", "--rows", "0").code == 2


def test_exports_are_written(classline: Callable[..., Said], tmp_path: Path) -> None:
    """To standard output, or to a file."""
    assert "export const STORES" in classline("export", "typescript").out
    assert classline("export", "typescript", "--out", tmp_path / "classes.ts").code == 0
    assert "export type DataClass" in (tmp_path / "classes.ts").read_text("utf-8")
    assert classline("export", "typescript", "--out", tmp_path / "no" / "folder").code == 2
    headers = classline("scaffold", "headers", "error_ledger")
    assert "-- error_ledger.tenant_id: ascend_platform_metric tenant_reference\n" in headers.out
    assert "no dataset" in classline("scaffold", "headers", "nothing").err
