"""`demo`: the main job from an empty folder to a searchable, approved release."""

from __future__ import annotations

import typer

from steward.console import ExitCode, progress, say

__all__ = ["add_to"]

_TENANTS, _ROWS, _SEED = 40, 20_000, 7
_ENGINEER, _STEWARD = "demo-engineer", "demo-steward"


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(demo)


def demo() -> None:
    """Load a sample, promote it with a steward's approval, and show what came of it."""
    from anonymization.registered import WORKFLOWS  # noqa: PLC0415
    from steward.commands import catalog, intake, promotion, promotions  # noqa: PLC0415
    from steward.demo import approve_as, credentials  # noqa: PLC0415

    say(f"1. Load a sample: {_TENANTS} portfolio companies, {_ROWS:,} opportunities")
    report = intake.load_sample(_TENANTS, _ROWS, _SEED)
    intake.show_load(report, None, as_json=False)

    say("\n2. Run every workflow as demo-engineer: candidates, checks, publication if approved")
    engineer, steward = credentials(_ENGINEER, _STEWARD)
    names = [workflow.name for workflow in WORKFLOWS]
    summary = promotion.run_and_deliver(names, credential=engineer)
    waiting = [o.workflow for o in summary.outcomes if o.state == "awaiting_review"]
    if waiting:
        say(f"\n3. demo-steward, who requested none of them, approves {', '.join(waiting)}")
        told = "The demo's own sample data, reviewed by its steward"
        approve_as(steward, waiting, reason=told, tell=progress)
        progress("publishing what was approved")
        summary = promotion.run_and_deliver(waiting, credential=engineer)
    else:
        say("\n3. Nothing waits for a steward: every release is recorded already")

    say("")
    promotions.show_promotions(None, 20, as_json=False)
    say("\n4. What a steward finds in DataHub: classline search --class anonymized_benchmark")
    catalog.show_search("anonymized_benchmark", None, columns=False, as_json=False)
    say("\n5. Where a benchmark comes from: classline lineage anonymized_industry_benchmarks")
    catalog.show_lineage("anonymized_industry_benchmarks")
    say("\nNext: `make dev` opens the Dagster UI, `.venv/bin/classline --help` lists the commands.")
    if not summary.success:
        raise typer.Exit(ExitCode.REFUSED)
