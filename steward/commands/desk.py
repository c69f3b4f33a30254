"""`desk`: the review desk in the browser."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from steward.commands.promotion import CREDENTIAL_HELP
from steward.console import ExitCode, fail, say

__all__ = ["add_to"]

_CredentialOption = Annotated[
    Path | None, typer.Option(envvar="CLASSLINE_CREDENTIAL", help=CREDENTIAL_HELP)
]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    desk = typer.Typer(
        invoke_without_command=True, help="The review desk: look, decide and look up in a browser."
    )
    desk.callback()(open_desk)
    desk.command("link")(make_link)
    app.add_typer(desk, name="desk")


def open_desk(context: typer.Context, credential: _CredentialOption = None) -> None:
    """Open the review desk; with a credential, print a one-time link that signs you in."""
    if context.invoked_subcommand is not None:
        return
    from steward.desk.serving import serve  # noqa: PLC0415
    from steward.desk.settings import settings_from  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415

    settings = settings_from(os.environ)
    if credential is not None and settings.oidc is None:
        make_link(credential)
    else:
        say(f"the review desk is on {settings.url}; end it with Ctrl-C")
    serve(classline_home(), settings)


def make_link(credential: _CredentialOption = None) -> None:
    """Print a link that signs you in on this machine's desk, once, within ten minutes."""
    from steward.desk import local_links  # noqa: PLC0415
    from steward.desk.settings import settings_from  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415
    from stores.steward_credentials import read_credential  # noqa: PLC0415

    settings = settings_from(os.environ)
    if settings.oidc is not None:
        fail(f"stewards sign in by {settings.oidc.issuer} here: no links are made; open the desk")
    if credential is None:
        fail(
            "a link signs somebody in: give --credential FILE or set CLASSLINE_CREDENTIAL",
            ExitCode.BAD_USAGE,
        )
    proof = read_credential(credential)
    home = classline_home()
    with open_platform(home) as platform, platform.steward_session(proof) as session:
        name = session.name()
    say(f"{name}, open this once, within ten minutes:")
    say(local_links.make_link(home, settings.url, proof))
