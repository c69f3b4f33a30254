"""`audit`: every store against the policy, what was found before, and who answers for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from steward.commands.lint import write_sarif
from steward.console import ExitCode, fail, print_json, print_table, progress, say

if TYPE_CHECKING:
    from expectations.audit.report import AuditReport, StoreSeen
    from stores.audit_records import FiledAudit

__all__ = ["add_to"]

_JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_CredentialOption = Annotated[
    Path, typer.Option(envvar="CLASSLINE_CREDENTIAL", help="The steward's credential file.")
]
_SHOWN = 20


def add_to(audit: typer.Typer) -> None:
    """Add these commands to the group `audit`, which alone runs the audit of every store."""
    audit.callback(invoke_without_command=True)(run)
    audit.command("list")(list_audits)
    audit.command("show")(show)
    audit.command("acknowledge")(acknowledge)
    audit.command("sign-off")(sign_off)


def run(
    context: typer.Context,
    *,
    full: Annotated[bool, typer.Option("--full", help="Read every row.")] = False,
    daily: Annotated[bool, typer.Option("--daily", help="Read no texts.")] = False,
    rows: Annotated[int, typer.Option(min=1, help="Rows read of each store.")] = 3_000,
    as_json: _JsonOption = False,
    sarif: Annotated[Path | None, typer.Option(help="Write the findings as SARIF.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the report as one page.")] = None,
) -> None:
    """Audit every store against the policy; exit 1 on a finding that nobody acknowledged."""
    if context.invoked_subcommand is not None:
        return
    from dagster_project.store_audits import run_audit  # noqa: PLC0415
    from expectations.audit.report import AuditKind  # noqa: PLC0415
    from expectations.audit.sampling import Sampling  # noqa: PLC0415
    from expectations.audit.store_rules import RULES  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    if full and daily:
        fail("--full reads every row and --daily none: choose one", ExitCode.BAD_USAGE)
    kind = AuditKind.FULL if full else AuditKind.DAILY if daily else AuditKind.QUARTERLY
    with open_platform(classline_home()) as platform:
        report = run_audit(platform, kind, sampling=None if full else Sampling(rows))
        with platform.platform_session("audit") as session:
            past = [each.open_findings for each in session.audits_ascend_platform_metric(limit=12)]
    if sarif is not None:
        write_sarif(sarif, "classline audit", RULES, report.findings)
    if html is not None:
        _write_html(html, report.as_json(), report.digest, past[::-1])
    if as_json:
        print_json(report.as_json() | {"digest": report.digest})
    else:
        _print(report)
    if report.open_findings:
        raise typer.Exit(ExitCode.REFUSED)


def list_audits(as_json: _JsonOption = False) -> None:  # noqa: FBT002
    """Show past audits, newest first."""
    audits = _audits()
    if as_json:
        print_json([_filed(each) for each in audits])
        return
    print_table(
        "Audits",
        ("audit", "kind", "filed", "stores", "findings", "open", "signed off by"),
        [
            (
                str(each.audit_id),
                each.kind,
                each.filed_at.isoformat(timespec="minutes"),
                str(len(each.report["stores"])),
                str(len(each.report["findings"])),
                str(each.open_findings),
                each.signed_by or "-",
            )
            for each in audits
        ],
    )


def show(
    audit: Annotated[str | None, typer.Argument(help="An audit's id; the latest without.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the report as one page.")] = None,
) -> None:
    """Print a report as it was filed, with the digest that a sign-off names."""
    audits = _audits()
    filed = _named(audits, audit)
    if html is not None:
        past = [each.open_findings for each in audits if each.filed_at <= filed.filed_at]
        _write_html(html, filed.report, filed.report_digest, past[::-1])
        say(f"written to {html}")
        return
    print_json(_filed(filed) | {"report": filed.report})


def acknowledge(
    finding: Annotated[str, typer.Argument(help="The finding's id.")],
    reason: Annotated[str, typer.Option(help="Why it may stand, for the record.")],
    credential: _CredentialOption,
    days: Annotated[int, typer.Option(min=1, max=365, help="For how long.")] = 90,
) -> None:
    """Let a finding stand for a while; it is open again afterwards."""
    from steward.audit_answers import acknowledge as answer  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415
    from stores.steward_credentials import read_credential  # noqa: PLC0415

    until, proof = datetime.now(UTC) + timedelta(days=days), read_credential(credential)
    with open_platform(classline_home()) as platform:
        progress(answer(platform, finding, reason, until, credential=proof))
    say(f"{finding} stands until {until.date().isoformat()}")


def sign_off(
    audit: Annotated[UUID, typer.Argument(help="The audit's id.")],
    digest: Annotated[str, typer.Option(help="The digest of the report that you read.")],
    note: Annotated[str, typer.Option(help="What you concluded, for the record.")],
    credential: _CredentialOption,
) -> None:
    """Sign off a report; the ledger keeps it."""
    from steward.audit_answers import sign_off as answer  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415
    from stores.steward_credentials import read_credential  # noqa: PLC0415

    proof = read_credential(credential)
    with open_platform(classline_home()) as platform:
        progress(answer(platform, audit, digest, note, credential=proof))
    say(f"audit {audit} is signed off")


def _audits() -> list[FiledAudit]:
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    with (
        open_platform(classline_home()) as platform,
        platform.platform_session("audit") as session,
    ):
        return session.audits_ascend_platform_metric()


def _named(audits: list[FiledAudit], audit: str | None) -> FiledAudit:
    found = next((each for each in audits if audit in {None, str(each.audit_id)}), None)
    if found is None:
        fail("no such audit is on record: `classline audit list` shows them", ExitCode.BAD_USAGE)
    return found


def _filed(each: FiledAudit) -> dict[str, object]:
    return {
        "audit": str(each.audit_id),
        "kind": each.kind,
        "filed_at": each.filed_at.isoformat(timespec="seconds"),
        "digest": each.report_digest,
        "findings": len(each.report["findings"]),
        "open_findings": each.open_findings,
        "signed_by": each.signed_by,
        "note": each.note,
    }


def _print(report: AuditReport) -> None:
    open_ = {finding.finding_id for finding in report.open_findings}
    for finding in report.findings:
        state = "OPEN" if finding.finding_id in open_ else "known"
        say(f"{state:<5} {finding.rule.severity:<7} {finding.rule.rule_id} {finding.place}")
        say(f"      {finding.message}")
        say(f"      to do: {finding.to_do or finding.rule.to_do}   [{finding.finding_id}]")
    read = [store for store in report.stores if store.rows_read is not None]
    if read:
        rows = sum(store.rows_read or 0 for store in read)
        say(f"{len(report.stores)} stores, {rows:,} rows read as text; {_weakest(read)}")
    else:
        say(f"{len(report.stores)} stores; no text was read")
    say(f"{len(report.findings)} findings, {len(open_)} open; digest {report.digest}")


def _weakest(read: list[StoreSeen]) -> str:
    """What the store of which least was read leaves open."""
    undrawn = [store.name for store in read if store.detectable == 1]
    if undrawn:
        return f"no row was drawn of {', '.join(undrawn)}: nothing is shown of them"
    weakest = max(store.detectable or 0.0 for store in read)
    return (
        f"in the least read store bad rows from {100 * weakest:.2g} % on would have been found "
        "with a probability of 95 %"
    )


def _write_html(path: Path, report: Mapping[str, Any], digest: str, past: list[int]) -> None:
    from expectations.audit.html_report import html_report  # noqa: PLC0415
    from expectations.audit.store_rules import RULES  # noqa: PLC0415

    _write(path, html_report(report, digest, rules=RULES, past=past[-_SHOWN:]))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"{path}: cannot be written ({error.strerror})", ExitCode.BAD_USAGE)
