"""`tenant remove`: erases a portfolio company, and shows what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from steward.console import ExitCode, fail, print_json, print_table, progress, say

if TYPE_CHECKING:
    from stores.boundary.tenant_removal import Removal

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    group = typer.Typer(no_args_is_help=True, help="End a portfolio company's stay.")
    group.callback()(_tenant)
    group.command()(remove)
    app.add_typer(group, name="tenant")


def _tenant() -> None:
    """Keep `remove` a command of its own: a group of one would swallow its name."""


def remove(
    tenant_id: Annotated[str, typer.Argument(help="Its opaque id, as `classline tenants` lists.")],
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,  # noqa: FBT002
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,  # noqa: FBT002
) -> None:
    """Erase a tenant: rows, keys, vectors, candidates, login; go on where it was interrupted."""
    from lineage.ledger_sealing import seal_line  # noqa: PLC0415
    from stores.boundary.tenant_removal import remove_tenant  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    if not yes and not typer.confirm(
        "Everything of this tenant is erased, and nothing of it can be brought back. Go on?"
    ):
        fail("nothing was erased", ExitCode.BAD_USAGE)
    with open_platform(classline_home()) as platform:
        done = remove_tenant(platform, tenant_id, reason=reason)
        progress(seal_line(platform))
    if as_json:
        print_json(_as_fields(done))
    else:
        _show(done)
    if not done.nothing_left:
        raise typer.Exit(ExitCode.REFUSED)


def _show(done: Removal) -> None:
    say("it was removed before; nothing was left to erase" if done.removed_before else "removed")
    print_table("Rows erased", ("table", "rows"), list(done.rows_erased.items()))
    print_table(
        "Released cells it had contributed to; they stay",
        ("dataset", "promotion", "cells"),
        [
            (done.targets.get(promotion), promotion, ", ".join(map(str, cells)))
            for promotion, cells in done.released_cells.items()
        ],
    )
    if done.residue is None:
        return
    say(
        f"searched {done.residue.columns_searched} columns of {done.residue.tables_searched} "
        "tables, and the installation's files: its id is in none"
    )
    for place, rows in done.residue.with_its_name.items():
        say(f"look at {place}: {rows} rows contain its name, in texts that people wrote")
    for file in done.files:
        say(f"look at the file {file}: it contains its id")


def _as_fields(done: Removal) -> dict[str, object]:
    from dataclasses import asdict  # noqa: PLC0415

    return asdict(done) | {"nothing_left": done.nothing_left}
