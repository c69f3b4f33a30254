"""`check`: whether stores hold what their class demands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from steward.console import ExitCode, print_json, say

if TYPE_CHECKING:
    from expectations.verdicts import Judgement, Report

__all__ = ["add_to"]

_SHOWN = {"passed": "ok", "failed": "FAILED", "could_not_check": "COULD NOT CHECK"}


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(check)


def check(
    dataset: Annotated[str | None, typer.Argument(help="A dataset; all of them without.")] = None,
    docs: Annotated[Path | None, typer.Option(help="Write Data Docs to this folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,  # noqa: FBT002
) -> None:
    """Check stores against their class; exit 1 where one fails or cannot be checked."""
    from expectations.store_checks import check_stores, datasets_named  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    with open_platform(classline_home()) as platform:
        reports = check_stores(platform, datasets_named(dataset))
    if docs is not None:
        from expectations.gx.data_docs import write_data_docs  # noqa: PLC0415

        write_data_docs(reports, docs)
    if as_json:
        print_json([_as_json(report) for report in reports])
    else:
        _print(reports)
    if not reports or not all(report.passed for report in reports):
        raise typer.Exit(ExitCode.REFUSED)


def _as_json(report: Report) -> dict[str, object]:
    return {
        "dataset": report.dataset,
        "passed": report.passed,
        "failed": report.failed,
        "could_not_check": report.could_not_check,
        "expectations": [
            {
                "type": judgement.expectation.type,
                "arguments": dict(judgement.expectation.arguments),
                "verdict": judgement.verdict,
                "observed": judgement.observed,
                "counts": dict(judgement.counts),
                "reason": judgement.reason,
            }
            for judgement in report.judgements
        ],
    }


def _print(reports: tuple[Report, ...]) -> None:
    for report in reports:
        say(f"{'ok     ' if report.passed else 'NOT OK '}  {report.dataset}")
        for judgement in report.judgements:
            if judgement.verdict != "passed":
                say(f"           {_line(judgement)}")
    failed = sum(report.failed for report in reports)
    unchecked = sum(report.could_not_check for report in reports)
    say(f"{len(reports)} stores, {failed} expectations failed, {unchecked} could not be checked")


def _line(judgement: Judgement) -> str:
    column = judgement.expectation.arguments.get("column")
    where = f" ({column})" if column else ""
    seen = ", ".join(f"{name} {count:,}" for name, count in judgement.counts.items())
    what = f"{_SHOWN[judgement.verdict]}: {judgement.expectation.type}{where}"
    return f"{what}: {judgement.reason or seen}"
