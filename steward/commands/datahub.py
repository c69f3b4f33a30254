"""`datahub sync` and `datahub export`: what DataHub is told, now and as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from steward.console import ExitCode, print_json, print_table, say

if TYPE_CHECKING:
    from lineage.outbox import DrainReport

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    datahub = typer.Typer(no_args_is_help=True, help="What DataHub is told of this installation.")
    datahub.command("sync")(sync)
    datahub.command("export")(export)
    app.add_typer(datahub, name="datahub")


def sync(
    again: Annotated[bool, typer.Option("--again", help="Tell everything anew.")] = False,  # noqa: FBT002
    retry_dead: Annotated[bool, typer.Option(help="Try dead letters once more.")] = False,  # noqa: FBT002
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,  # noqa: FBT002
) -> None:
    """Compare the whole catalog with DataHub, put right what differs, and deliver what waits."""
    from dagster_project.delivery import deliver  # noqa: PLC0415 - loads the database libraries
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    with open_platform(classline_home()) as platform:
        with platform.platform_session("metadata outbox") as session:
            outbox = session.outbox_ascend_platform_metric()
            if again:
                outbox.tell_again()
            if retry_dead:
                outbox.revive()
        report = deliver(platform, at_once=True, whole_catalog=True)
    if as_json:
        print_json(_as_fields(report))
    else:
        _show(report)
    catalog = report.catalog
    if catalog is None or catalog.refused or report.waiting or report.dead:
        raise typer.Exit(ExitCode.REFUSED)


def export(
    file: Annotated[Path, typer.Argument(help="Where to write the metadata file (JSON).")],
) -> None:
    """Write everything that DataHub is told to a file, for `datahub check` or `datahub ingest`."""
    from datetime import UTC, datetime  # noqa: PLC0415

    from catalog.datahub_client import silence_sdk  # noqa: PLC0415
    from catalog.declared import REGISTRY  # noqa: PLC0415
    from dagster_project.delivery import described_workflows  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    silence_sdk()
    from catalog.datahub_file import write_proposals  # noqa: PLC0415 - they load the SDK
    from lineage.datahub_export import exported_proposals  # noqa: PLC0415

    with open_platform(classline_home()) as platform:
        proposals = exported_proposals(platform, described_workflows(), datetime.now(UTC))
    write_proposals(file, proposals, REGISTRY)
    say(f"{len(proposals)} proposals written to {file}; `datahub check metadata-file` reads them")


def _as_fields(report: DrainReport) -> dict[str, object]:
    from dataclasses import asdict  # noqa: PLC0415

    return asdict(report)


def _show(report: DrainReport) -> None:
    from dagster_project.delivery import delivery_line  # noqa: PLC0415

    say(delivery_line(report))
    if report.catalog is None:
        say(f"the catalog was not compared ({report.last_error}); `classline status` shows more")
        return
    say(f"catalog: {report.catalog.sent} changes sent, {report.catalog.unchanged} were as declared")
    for name in report.catalog.refused:
        say(f"{name}: refused by DataHub")
    for name in report.catalog.removed:
        say(f"{name}: no longer declared, removed")
    if report.catalog.drifts:
        print_table(
            "Class labels that were changed by hand, and put back",
            ("dataset", "column", "label", "found", "declared"),
            [
                (d.dataset, d.column, d.label, d.found or "removed", d.declared)
                for d in sorted(report.catalog.drifts, key=str)
            ],
        )
