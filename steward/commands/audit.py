"""`audit`: whether what is stored has the class that it should, here and in a Workers project."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from steward.commands import store_audit
from steward.commands.lint import write_sarif
from steward.console import ExitCode, fail, print_json, print_table, say

if TYPE_CHECKING:
    from expectations.audit.cloudflare.auditing import Audited
    from expectations.audit.findings import Finding

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    audit = typer.Typer(help="Whether what is stored has its class.")
    store_audit.add_to(audit)
    audit.command("cloudflare")(cloudflare)
    app.add_typer(audit, name="audit")


def cloudflare(
    project: Annotated[Path, typer.Argument(help="The folder of a Workers project.")],
    rows: Annotated[int, typer.Option(min=1, help="Rows drawn of each local store.")] = 1_000,
    full: Annotated[bool, typer.Option("--full", help="Read every row.")] = False,  # noqa: FBT002
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,  # noqa: FBT002
    sarif: Annotated[Path | None, typer.Option(help="Write the findings as SARIF.")] = None,
) -> None:
    """Audit a Workers project: bindings, migrations, key prefixes, Workflows, local state."""
    from expectations.audit.cloudflare.auditing import audit_project  # noqa: PLC0415
    from expectations.audit.cloudflare.rules import RULES  # noqa: PLC0415
    from expectations.audit.cloudflare.sampling import Sampling  # noqa: PLC0415
    from expectations.errors import ExpectationsError  # noqa: PLC0415

    try:
        audited = audit_project(project, Sampling(None if full else rows))
    except ExpectationsError as error:
        fail(str(error), ExitCode.BAD_USAGE)
    if sarif is not None:
        write_sarif(sarif, "classline audit cloudflare", RULES.values(), audited.findings)
    if as_json:
        print_json(_as_json(audited))
    else:
        _print(audited)
    if audited.findings:
        raise typer.Exit(ExitCode.REFUSED)


def _as_json(audited: Audited) -> dict[str, object]:
    return {
        "looked_at": _looked_at(audited),
        "sampled": [
            {
                "store": each.store,
                "rows": each.rows,
                "read": each.read,
                "bad_share_found_with_probability_0.95": each.found_share,
            }
            for each in audited.sampled
        ],
        "findings": [finding.as_json() for finding in audited.findings],
    }


def _looked_at(audited: Audited) -> dict[str, int]:
    return {
        "configurations": audited.configurations,
        "bindings": audited.bindings,
        "migrations": audited.migrations,
        "columns": audited.columns,
        "key prefixes": audited.prefixes,
    }


def _print(audited: Audited) -> None:
    _print_findings(audited.findings)
    for each in audited.sampled:
        share = (
            f"a share of {each.found_share:.1%} of bad rows or more" if each.found_share else "any"
        )
        say(f"{each.store}: {each.read:,} of {each.rows:,} rows read; finds {share} (95 %)")
    _print_looked_at(_looked_at(audited), audited.findings)


def _print_findings(findings: Sequence[Finding]) -> None:
    if findings:
        print_table(
            "Findings",
            ("id", "severity", "rule", "place", "what was found"),
            [(f.finding_id, f.rule.severity, f.rule.rule_id, f.place, f.message) for f in findings],
        )
        _print_remedies(findings)


def _print_looked_at(looked_at: Mapping[str, int], findings: Sequence[Finding]) -> None:
    looked = ", ".join(f"{count:,} {what}" for what, count in looked_at.items())
    say(f"{looked}; {len(findings):,} findings")


def _print_remedies(findings: Sequence[Finding]) -> None:
    counted = Counter(finding.rule.rule_id for finding in findings)
    for rule_id, rule in sorted({f.rule.rule_id: f.rule for f in findings}.items()):
        say(f"  {rule_id} ({counted[rule_id]}): {rule.title}. To do: {rule.to_do}")
