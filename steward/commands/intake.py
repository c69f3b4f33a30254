"""`load`: a CRM export or a sample, into the tenants' own stores."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from steward.console import ExitCode, fail, print_json, print_table, progress, say

if TYPE_CHECKING:
    from stores.intake.bulk_load import LoadReport
    from stores.intake.crm_export import CrmExport
    from stores.intake.portco_mapping import PortcoMapping

__all__ = ["SAMPLE_UNTIL", "add_to", "load_sample", "show_load"]

SAMPLE_UNTIL = date(2026, 7, 1)
"""The day before which everything in a sample happened: fixed, so that a sample repeats."""

_REJECTIONS_SHOWN = 20


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(load)


def load(
    crm: Annotated[
        Path | None, typer.Option("--crm", help="Folder of a CRM export (four CSV files).")
    ] = None,
    mapping: Annotated[
        str,
        typer.Option(
            "--mapping",
            help="Who is portco and fund: agent-manager, agent-region, manager-region, "
            "or a CSV file with sales_agent, portco, fund.",
        ),
    ] = "agent-manager",
    sample: Annotated[bool, typer.Option("--sample", help="Make realistic data instead.")] = False,  # noqa: FBT002
    tenants: Annotated[int, typer.Option(help="Sample: number of tenants.")] = 40,
    rows: Annotated[int, typer.Option(help="Sample: number of opportunities.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Sample: seed of the draw.")] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,  # noqa: FBT002
) -> None:
    """Load a CRM export, or a sample; rejected rows are reported and never stop the load."""
    from steward.commands.installation import tell_datahub  # noqa: PLC0415

    if (crm is None) == (not sample):
        fail("give either --crm DIR or --sample", ExitCode.BAD_USAGE)
    if sample:
        try:
            report = load_sample(tenants, rows, seed)
        except ValueError as error:
            fail(str(error), ExitCode.BAD_USAGE)
        tell_datahub()
        show_load(report, None, as_json=as_json)
        return
    assert crm is not None  # noqa: S101 - for the type checker
    export, report = _load_crm(crm, _mapping_named(mapping))
    tell_datahub()
    show_load(report, export, as_json=as_json)
    if export.rejections and not export.opportunities:
        fail("no deal of the export could be taken: every row was rejected")


def load_sample(tenants: int, rows: int, seed: int) -> LoadReport:
    """Load a sample of that size."""
    from steward.commands.installation import bring_everything_up  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.intake.bulk_load import load_intake  # noqa: PLC0415
    from stores.intake.sample import SampleIntake  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    intake = SampleIntake(tenants, rows, seed, until=SAMPLE_UNTIL)
    bring_everything_up()
    with open_platform(classline_home()) as platform:
        return load_intake(platform, intake, reason="classline load --sample", on_table=_on_table)


def _mapping_named(option: str) -> PortcoMapping:
    from stores.intake.portco_mapping import PortcoMapping  # noqa: PLC0415
    from stores.intake.refusals import BadMapping  # noqa: PLC0415

    try:
        return PortcoMapping.parse(option)
    except BadMapping as error:
        fail(str(error), ExitCode.BAD_USAGE)


def _load_crm(directory: Path, mapping: PortcoMapping) -> tuple[CrmExport, LoadReport]:
    from steward.commands.installation import bring_everything_up  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.intake.bulk_load import load_intake, tenant_private_deals_of_others  # noqa: PLC0415
    from stores.intake.crm_export import read_crm_export  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    export = read_crm_export(directory, mapping)
    bring_everything_up()
    with open_platform(classline_home()) as platform:
        moved = tenant_private_deals_of_others(platform, export, export.portco_of_deal)
        export = export.without_moved(moved)
        report = load_intake(platform, export, reason="classline load --crm", on_table=_on_table)
        with platform.platform_session("load") as session:
            for (file, reason), how_many in export.rejected_by_reason.items():
                session.note_errors("load", f"{file}: {reason}", how_many)
    return export, report


def _on_table(name: str) -> None:
    progress(f"loading {name}")


def show_load(report: LoadReport, export: CrmExport | None, *, as_json: bool) -> None:
    """Print what a load did, and every row it did not take."""
    rejections = export.rejections if export else ()
    repairs = dict(export.repairs) if export else {}
    tables = [(t.dataset, t.inserted, t.updated, t.unchanged) for t in report.tables]
    if as_json:
        columns = ("dataset", "inserted", "updated", "unchanged")
        print_json(
            {
                "tenants": report.tenants,
                "tenants_added": report.tenants_added,
                "funds": report.funds,
                "funds_added": report.funds_added,
                "tables": [dict(zip(columns, table, strict=True)) for table in tables],
                "rejected": [
                    {"file": r.file, "line": r.line, "reason": r.reason} for r in rejections
                ],
                "repaired": repairs,
            }
        )
        return
    say(
        f"{report.tenants} tenants ({report.tenants_added} new) of {report.funds} funds "
        f"({report.funds_added} new)"
    )
    print_table("Rows loaded", ("dataset", "new", "changed", "unchanged"), tables)
    for repair, how_many in repairs.items():
        say(f"repaired: {repair}: {how_many}")
    if rejections:
        shown = [(r.file, str(r.line), r.reason) for r in rejections[:_REJECTIONS_SHOWN]]
        print_table(f"{len(rejections)} rows rejected", ("file", "line", "reason"), shown)
        if len(rejections) > _REJECTIONS_SHOWN:
            say(f"... and {len(rejections) - _REJECTIONS_SHOWN} more; `--json` lists all")
