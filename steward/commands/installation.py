"""`up`, `down`, `status`: the installation itself."""

from __future__ import annotations

from typing import Annotated

import typer

from steward.console import ExitCode, print_json, print_table, progress, say

__all__ = ["add_to", "bring_everything_up", "tell_datahub"]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(up)
    app.command()(down)
    app.command()(status)
    app.command()(tenants)


def bring_everything_up() -> None:
    """Start the database and the catalog server, unless they run."""
    from catalog.embedded_server import start_embedded  # noqa: PLC0415 - loads what it starts
    from stores.home import classline_home  # noqa: PLC0415
    from stores.startup import bring_up  # noqa: PLC0415

    home = classline_home()
    brought_up = bring_up(home)
    if brought_up.server_started:
        progress(f"PostgreSQL started in {home.pgdata}")
    if brought_up.schema_migrated:
        progress("schema brought to its newest revision")
    if not _remote_datahub() and start_embedded(home.datahub):
        progress("embedded DataHub API started")


def tell_datahub() -> None:
    """Deliver to DataHub what it does not know yet, the catalog first; its absence is no error."""
    from dagster_project.delivery import deliver, delivery_line  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    with open_platform(classline_home()) as platform:
        progress(delivery_line(deliver(platform, at_once=True)))


def _remote_datahub() -> bool:
    import os  # noqa: PLC0415

    return bool(os.environ.get("DATAHUB_GMS_URL"))


def up() -> None:
    """Start the database and the catalog server; does nothing where they run."""
    from stores.home import classline_home  # noqa: PLC0415

    bring_everything_up()
    tell_datahub()
    say(f"classline is up in {classline_home().root}")


def down() -> None:
    """Stop the embedded servers; data stays."""
    from catalog.embedded_server import stop_embedded  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.startup import bring_down  # noqa: PLC0415

    home = classline_home()
    stopped = [stop_embedded(home.datahub), bring_down(home)]
    say("classline is down" if any(stopped) else "nothing was up")


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,  # noqa: FBT002
) -> None:
    """Show what is up, how many owners there are, and what waits."""
    from steward.status import installation_status  # noqa: PLC0415

    facts = installation_status()
    if as_json:
        print_json(facts)
    else:
        print_table("Installation", ("fact", "value"), list(facts.items()))
    if not facts["database_up"]:
        raise typer.Exit(ExitCode.REFUSED)


def tenants(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,  # noqa: FBT002
) -> None:
    """List the portfolio companies' opaque ids with their funds': what sessions are opened by."""
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415
    from stores.startup import portfolio  # noqa: PLC0415

    with open_platform(classline_home()) as platform:
        rows = portfolio(platform)
    if as_json:
        print_json([{"tenant_id": tenant, "fund_id": fund} for tenant, fund in rows])
        return
    print_table("Portfolio companies", ("tenant_id", "fund_id"), rows)
