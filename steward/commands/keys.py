"""`keys`: rotate what signs claims and opens logins, and end a claim before its time."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from steward.console import say

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    keys = typer.Typer(no_args_is_help=True, help="Keys, logins and claims of this installation.")
    keys.command("rotate")(rotate)
    keys.command("revoke")(revoke)
    app.add_typer(keys, name="keys")


def rotate(
    overlap: Annotated[
        int, typer.Option(min=0, max=10_080, help="Minutes in which the old ones still work.")
    ] = 120,
) -> None:
    """Give every service, tenant and fund a new login and the platform a new signing key."""
    from stores.boundary.rotation import rotate_keys  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    with open_platform(classline_home()) as platform:
        rotated = rotate_keys(platform, overlap=timedelta(minutes=overlap))
    say(
        f"{rotated.logins} logins and the signing key rotated (now {rotated.kid}); the old ones "
        f"work for {overlap} minutes; {rotated.removed} that had ended were removed"
    )


def revoke(
    claim: Annotated[str, typer.Argument(help="Id of the claim (jti).")],
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
) -> None:
    """End a claim before its time."""
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    with (
        open_platform(classline_home()) as platform,
        platform.platform_session("revocation") as session,
    ):
        revoked = session.revoke_claim(claim, reason)
    say("the claim is revoked" if revoked else "that claim was revoked before")
