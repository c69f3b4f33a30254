"""`classline lint` says what it found, and ends as a check in a pipeline must."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from expectations.lint.__main__ import main as lint_alone
from expectations.lint.rules import RULES
from steward import command_line
from tests.steward.conftest import Said


@pytest.fixture
def lint(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Calls `classline lint` as the entry point does; it needs no installation."""

    def call(*arguments: object) -> Said:
        monkeypatch.setattr("sys.argv", ["classline", "lint", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            command_line.main()
        out, err = capfd.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    return call


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one finding that can be mended and one that cannot."""
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "ü a.py").write_text("import redis\ndeclare(data_class='fund_private')\n")
    return tmp_path


def test_findings_are_told_with_what_to_do(lint: Callable[..., Said], project: Path) -> None:
    """By file, line and rule; exit 1."""
    said = lint(project)
    assert said.code == 1
    assert "ü a.py:1:1: CLS202 redis is imported outside stores" in said.out
    assert RULES["CLS202"].to_do in said.out
    assert "1 files, 2 findings" in said.out


def test_fix_mends_what_is_safe(lint: Callable[..., Said], project: Path) -> None:
    """And tells what is left."""
    said = lint(project, "--fix")
    assert "CLS103" not in said.out
    assert "1 findings, 1 edits made" in said.out


def test_json_and_sarif_carry_the_same_ids(lint: Callable[..., Said], project: Path) -> None:
    """A code host needs the place as a URI, a fingerprint and every rule described."""
    sarif = project / "lint.sarif"
    said = lint(project, "--json", "--sarif", sarif)
    findings = said.json["findings"]
    log = json.loads(sarif.read_text("utf-8"))
    (run,) = log["runs"]
    results = run["results"]
    assert log["version"] == "2.1.0"
    assert [r["partialFingerprints"]["classlineFinding/v1"] for r in results] == [
        finding["id"] for finding in findings
    ]
    place = results[0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "%C3%BC%20a.py"
    assert place["region"] == {"startLine": 1, "startColumn": 1}
    described = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert described == sorted(RULES)
    assert all(described[r["ruleIndex"]] == r["ruleId"] for r in results)
    assert all(isinstance(r["message"]["text"], str) and r["level"] == "error" for r in results)


def test_sound_code_ends_with_0(lint: Callable[..., Said], tmp_path: Path) -> None:
    """And says how many files it read."""
    (tmp_path / "a.py").write_text("import json\n")
    said = lint(tmp_path)
    assert (said.code, said.out) == (0, "1 files, 0 findings\n")


def test_what_cannot_be_linted_is_bad_usage(lint: Callable[..., Said], tmp_path: Path) -> None:
    """A path that is not there must not pass as sound."""
    assert lint(tmp_path / "nowhere").code == 2
    assert lint(tmp_path, "--sarif", tmp_path / "no" / "folder").code == 2
    (tmp_path / "pyproject.toml").write_text("[tool.classline.lint]\nstore = 1\n")
    assert "unknown key 'store'" in lint(tmp_path).err


def test_the_hooks_entry_says_the_same(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """pre-commit and `make check` call the linter without the command line's imports."""
    assert lint_alone([str(project)]) == 1
    assert "CLS202 redis" in capsys.readouterr().out
    assert lint_alone(["--fix", str(project)]) == 1
    assert "CLS103" not in capsys.readouterr().out
    assert lint_alone(["--quiet"]) == 2
    assert lint_alone([str(project / "nowhere")]) == 2
    hook = (Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text()
    assert "entry: python -m expectations.lint\n" in hook
