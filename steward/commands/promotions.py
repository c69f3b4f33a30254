"""`promotions`: see what was promoted and how it went, and withdraw a release."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from steward.commands.promotion import CREDENTIAL_HELP
from steward.console import ExitCode, fail, print_json, print_table, progress, say

__all__ = ["add_to", "show_promotions"]

_PROMOTION_HELP = "Its id, or the beginning that `classline promotions` shows."
_JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(help="Show what was promoted; withdraw a release.")
    group.callback(invoke_without_command=True)(promotions)
    group.command()(history)
    group.command()(revoke)
    app.add_typer(group, name="promotions")


def promotions(
    context: typer.Context,
    workflow: Annotated[str | None, typer.Option(help="Only this workflow's.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 20,
    as_json: _JsonOption = False,  # noqa: FBT002
) -> None:
    """Show what was promoted, on whose approval, and what was suppressed."""
    if context.invoked_subcommand is None:
        show_promotions(workflow, limit, as_json=as_json)


def history(
    promotion: Annotated[str, typer.Argument(help=_PROMOTION_HELP)],
    as_json: _JsonOption = False,  # noqa: FBT002
) -> None:
    """Show every state a promotion went through: when, by whom and why."""
    from dataclasses import asdict  # noqa: PLC0415

    from lineage.promotions import promotion_transitions  # noqa: PLC0415
    from lineage.revocation import promotion_named  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    with open_platform(classline_home()) as platform:
        promotion_id = promotion_named(platform, promotion)
        records = promotion_transitions(platform, promotion_id)
    if as_json:
        print_json([asdict(record) for record in records])
        return
    print_table(
        f"History of promotion {promotion_id}",
        ("from", "to", "by", "reason", "at"),
        [(r.from_state, r.to_state, r.actor, r.reason, r.happened_at) for r in records],
    )


def revoke(
    promotion: Annotated[str, typer.Argument(help=_PROMOTION_HELP)],
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
    credential: Annotated[
        Path | None, typer.Option(envvar="CLASSLINE_CREDENTIAL", help=CREDENTIAL_HELP)
    ] = None,
    as_json: _JsonOption = False,  # noqa: FBT002
) -> None:
    """Withdraw a release from every reader at once; its workflow needs a new approval."""
    from dataclasses import asdict  # noqa: PLC0415

    from dagster_project.delivery import deliver, delivery_line  # noqa: PLC0415
    from lineage.ledger_sealing import seal_line  # noqa: PLC0415
    from lineage.revocation import promotion_named  # noqa: PLC0415
    from lineage.revocation import revoke as revoke_release  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415
    from stores.steward_credentials import read_credential  # noqa: PLC0415

    if credential is None:
        fail(
            "a revocation needs a steward's credential, never a name: give --credential FILE or "
            "set CLASSLINE_CREDENTIAL; `classline steward add NAME` makes one",
            ExitCode.BAD_USAGE,
        )
    proof = read_credential(credential)
    with open_platform(classline_home()) as platform:
        done = revoke_release(platform, proof, promotion_named(platform, promotion), reason)
        progress(seal_line(platform))
        progress(delivery_line(deliver(platform)))
        platform.alerts.deliver()
    if as_json:
        print_json(asdict(done))
        return
    say(
        f"{done.revoked_by} revoked promotion {done.promotion_id}: {done.rows_withdrawn:,} rows "
        "are withdrawn, and its workflow's approval has ended"
    )
    if done.built_on:
        say("what was built on it stands; look at each of these:")
    print_table(
        "Built on it",
        ("id", "workflow", "target", "state"),
        [(str(b.promotion_id)[:8], b.workflow, b.target, b.state) for b in done.built_on],
    )


def show_promotions(workflow: str | None, limit: int, *, as_json: bool) -> None:
    """Print the newest promotions."""
    from dataclasses import asdict  # noqa: PLC0415

    from lineage.promotions import read_promotions  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    with open_platform(classline_home()) as platform:
        records = read_promotions(platform, workflow=workflow, limit=limit)
    if as_json:
        print_json([asdict(record) for record in records])
        return
    print_table(
        "Promotions",
        (
            "id",
            "workflow",
            "from -> to",
            "state",
            "k",
            "rows in",
            "kept",
            "suppressed",
            "rows out",
            "corrected",
            "held",
            "superseded",
            "approved by",
            "at",
        ),
        [
            (
                str(record.promotion_id)[:8],
                record.workflow,
                f"{record.from_class} -> {record.to_class}",
                record.state,
                record.policy["k_tenants"],
                record.rows_in,
                record.cells_kept,
                record.suppressed,
                record.rows_published,
                record.cells_superseding,
                record.held or record.cells_held,
                sum(map(len, record.superseded.values())),
                record.approved_by,
                record.published_at or record.created_at,
            )
            for record in records
        ],
    )
