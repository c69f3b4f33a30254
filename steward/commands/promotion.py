"""`run`: promote data."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from steward.console import ExitCode, fail, print_json, print_table, progress, say

if TYPE_CHECKING:
    from anonymization.outcomes import Publication
    from dagster_project.run_summary import RunSummary, WorkflowOutcome

__all__ = ["CREDENTIAL_HELP", "add_to", "run_and_deliver"]

CREDENTIAL_HELP = "Your credential file (or CLASSLINE_CREDENTIAL), made by `classline steward add`."


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(run)


def run(
    workflows: Annotated[list[str] | None, typer.Argument(help="Names of workflows.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Run every registered workflow.")] = False,  # noqa: FBT002
    credential: Annotated[
        Path | None, typer.Option(envvar="CLASSLINE_CREDENTIAL", help=CREDENTIAL_HELP)
    ] = None,
    now: Annotated[
        datetime | None, typer.Option(help="Treat periods that ended before this day as closed.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,  # noqa: FBT002
) -> None:
    """Run workflows: candidate, checks, publication; then tell DataHub."""
    from anonymization.registered import WORKFLOWS, registered_workflow  # noqa: PLC0415

    if bool(workflows) == all_:
        fail("name the workflows to run, or give --all", ExitCode.BAD_USAGE)
    names = (
        [w.name for w in WORKFLOWS]
        if all_
        else [registered_workflow(name).name for name in dict.fromkeys(workflows or [])]
    )
    summary = run_and_deliver(names, credential=credential, now=now)
    if as_json:
        print_json(
            {
                "success": summary.success,
                "dagster_run_id": summary.dagster_run_id,
                "error": summary.error,
                "log_file": str(summary.log_file),
                "outcomes": [_as_fields(outcome) for outcome in summary.outcomes],
            }
        )
    else:
        _show(summary)
    if not summary.success:
        raise typer.Exit(ExitCode.REFUSED)


def run_and_deliver(
    names: list[str], *, credential: Path | None, now: datetime | None = None
) -> RunSummary:
    """Run these workflows in Dagster and drain the outbox; DataHub's absence fails nothing."""
    from datetime import UTC  # noqa: PLC0415

    from dagster_project.delivery import deliver, delivery_line  # noqa: PLC0415
    from dagster_project.launch import run_workflows  # noqa: PLC0415 - loads Dagster
    from lineage.ledger_sealing import seal_line  # noqa: PLC0415
    from steward.commands.installation import bring_everything_up  # noqa: PLC0415
    from steward.identity import requester  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415
    from stores.steward_credentials import read_credential  # noqa: PLC0415

    proof = read_credential(credential) if credential else None
    bring_everything_up()
    home = classline_home()
    with open_platform(home) as platform:
        requested_by = requester(platform, proof)
    summary = run_workflows(
        names,
        home=home.root,
        now=now.replace(tzinfo=UTC) if now else None,
        requested_by=requested_by,
        on_event=progress,
    )
    with open_platform(home) as platform:
        progress(delivery_line(deliver(platform, at_once=True)))
        progress(seal_line(platform))
    return summary


def _show(summary: RunSummary) -> None:
    if summary.error:
        say(f"the run did not begin: {summary.error} (log: {summary.log_file})")
    rows: list[tuple[object, ...]] = []
    for outcome in summary.outcomes:
        filed, released = outcome.candidate, outcome.publication
        rows.append(
            (
                outcome.workflow,
                outcome.state or "not filed",
                filed.k_tenants if filed else None,
                filed.rows_in if filed else None,
                filed.cells_kept if filed else None,
                sum(filed.suppressed.values()) if filed else None,
                released.rows_published if released else None,
                _said(outcome),
            )
        )
    print_table(
        "Run",
        ("workflow", "state", "k", "rows in", "kept", "suppressed", "rows out", "remark"),
        rows,
    )


def _said(outcome: WorkflowOutcome) -> str:
    if outcome.failed_checks:
        return f"failed: {', '.join(outcome.failed_checks)}"
    if outcome.error:
        return outcome.error
    if outcome.publication and outcome.publication.reason:
        return outcome.publication.reason
    if outcome.publication:
        return "; ".join(_remarks(outcome.publication))
    return ""


def _remarks(released: Publication) -> Iterator[str]:
    from anonymization.release_guard import HELD_BECAUSE, HeldRule  # noqa: PLC0415

    if released.already_recorded:
        yield "recorded before; nothing written"
    if released.cells_superseding:
        yield f"{released.cells_superseding} cells corrected"
    for rule, count in sorted(released.held.items()):
        known = rule in set(HeldRule)
        yield f"{count} cells held: {HELD_BECAUSE[HeldRule(rule)] if known else rule}"


def _as_fields(outcome: WorkflowOutcome) -> dict[str, object]:
    from dataclasses import asdict  # noqa: PLC0415

    return asdict(outcome) | {"state": outcome.state}
