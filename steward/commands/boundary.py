"""`boundary`: whether the database is closed as declared."""

from __future__ import annotations

from typing import Annotated

import typer

from steward.console import ExitCode, print_json, say

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    boundary = typer.Typer(no_args_is_help=True, help="The storage boundary.")
    boundary.callback()(_boundary)
    boundary.command("verify")(verify_)
    app.add_typer(boundary, name="boundary")


def _boundary() -> None:
    """Check that the database keeps owners apart as declared."""


def verify_(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,  # noqa: FBT002
) -> None:
    """Check every rule of the storage boundary; exit 1 where one does not hold."""
    from stores.boundary.verification import verify_and_alert  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    with open_platform(classline_home()) as platform:
        results = verify_and_alert(platform)
    violated = sum(not result.passed for result in results)
    if as_json:
        print_json(
            [
                {
                    "rule": result.rule,
                    "holds": result.holds,
                    "passed": result.passed,
                    "violations": result.violations,
                    "remedy": result.remedy,
                }
                for result in results
            ]
        )
    else:
        for result in results:
            say(f"{'ok      ' if result.passed else 'VIOLATED'}  {result.rule}: {result.holds}")
            for violation in result.violations:
                say(f"            {violation}")
            if not result.passed:
                say(f"            to do: {result.remedy}")
        say(f"{len(results)} rules, {violated} violated")
    if violated:
        raise typer.Exit(ExitCode.REFUSED)
