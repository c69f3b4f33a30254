"""`lint`: whether code keeps the policy's rules. It needs no installation."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from steward.console import ExitCode, fail, print_json, say

if TYPE_CHECKING:
    from expectations.audit.findings import Finding, Rule

__all__ = ["add_to", "write_sarif"]


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(lint)


def lint(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files or folders; here.")] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Make the edits that are safe.")] = False,  # noqa: FBT002
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,  # noqa: FBT002
    sarif: Annotated[Path | None, typer.Option(help="Write the findings as SARIF.")] = None,
) -> None:
    """Check Python code against the policy's rules; exit 1 on any finding."""
    from expectations.errors import ExpectationsError  # noqa: PLC0415
    from expectations.lint.checking import lint_paths  # noqa: PLC0415
    from expectations.lint.fixes import apply_fixes  # noqa: PLC0415
    from expectations.lint.rules import RULES  # noqa: PLC0415

    try:
        linted = lint_paths(paths or [Path()])
        made = apply_fixes(linted.edits) if fix else 0
        if made:
            linted = lint_paths(paths or [Path()])
    except ExpectationsError as error:
        fail(str(error), ExitCode.BAD_USAGE)
    if sarif is not None:
        write_sarif(sarif, "classline lint", RULES.values(), linted.findings)
    if as_json:
        print_json(
            {
                "files": linted.files,
                "fixed": made,
                "findings": [finding.as_json() for finding in linted.findings],
            }
        )
    else:
        _print(linted.findings, linted.files, made)
    if linted.findings:
        raise typer.Exit(ExitCode.REFUSED)


def write_sarif(
    file: Path, tool: str, rules: Collection[Rule], findings: Sequence[Finding]
) -> None:
    """Write the findings as SARIF to that file."""
    from expectations.audit.sarif import sarif_log  # noqa: PLC0415

    try:
        file.write_text(json.dumps(sarif_log(tool, rules, findings), indent=2) + "\n", "utf-8")
    except OSError as error:
        fail(f"{file}: SARIF cannot be written there ({type(error).__name__})", ExitCode.BAD_USAGE)


def _print(findings: Sequence[Finding], files: int, made: int) -> None:
    for finding in findings:
        say(f"{finding.place}: {finding.rule.rule_id} {finding.message}")
    counted = Counter(finding.rule.rule_id for finding in findings)
    for rule_id, finding in {f.rule.rule_id: f for f in findings}.items():
        say(f"  {rule_id} ({counted[rule_id]}): {finding.rule.title}. To do: {finding.rule.to_do}")
    say(f"{files} files, {len(findings)} findings" + (f", {made} edits made" if made else ""))
