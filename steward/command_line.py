"""The command `classline`: assembles the commands and turns refusals into exit codes."""

from __future__ import annotations

import sys

import typer

from steward.commands import (
    audit,
    boundary,
    catalog,
    check,
    datahub,
    demo,
    desk,
    export,
    installation,
    intake,
    kanon,
    keys,
    ledger,
    lint,
    pii,
    promotion,
    promotions,
    registry,
    review,
    tenant,
    workflow,
)
from steward.console import ExitCode, fail

__all__ = ["app", "main"]

app = typer.Typer(
    name="classline",
    help="Data classification and lineage: load, promote, review, look up.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
installation.add_to(app)
intake.add_to(app)
promotion.add_to(app)
promotions.add_to(app)
catalog.add_to(app)
datahub.add_to(app)
review.add_to(app)
desk.add_to(app)
boundary.add_to(app)
check.add_to(app)
keys.add_to(app)
ledger.add_to(app)
kanon.add_to(app)
tenant.add_to(app)
workflow.add_to(app)
pii.add_to(app)
lint.add_to(app)
audit.add_to(app)
export.add_to(app)
registry.add_to(app)
demo.add_to(app)

_OURS = (
    "anonymization.",
    "catalog.",
    "dagster_project.",
    "expectations.",
    "lineage.",
    "steward.",
    "stores.",
)


def main() -> None:
    """Run the command line; a refusal prints what was refused and why, and exits with 1."""
    try:
        app()
    except BrokenPipeError:
        sys.exit(ExitCode.DONE)
    except Exception as error:  # noqa: BLE001 - the process boundary
        try:
            _refuse(error)
        except typer.Exit as ended:
            sys.exit(ended.exit_code)


def _refuse(error: Exception) -> None:
    """Known refusals speak for themselves; anything else is named by its kind alone."""
    if type(error).__module__.startswith(_OURS):
        fail(str(error))
    # An unforeseen error may carry a value of a row in its message: only its kind is shown.
    place = _place_of(error)
    fail(f"an unforeseen {type(error).__name__} at {place}; report it with the command you ran")


def _place_of(error: Exception) -> str:
    traceback = error.__traceback__
    place = "unknown place"
    while traceback is not None:
        frame = traceback.tb_frame
        name = frame.f_globals.get("__name__", "")
        if name.startswith(_OURS):
            place = f"{name}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place
