"""`review` and `steward`: who may decide, and decisions about workflows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from steward.commands.promotion import CREDENTIAL_HELP
from steward.console import ExitCode, fail, print_json, print_table, say

__all__ = ["add_to"]

_CredentialOption = Annotated[
    Path | None, typer.Option(envvar="CLASSLINE_CREDENTIAL", help=CREDENTIAL_HELP)
]
_JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_ReasonOption = Annotated[str, typer.Option(help="Why, for the record.")]
_VersionOption = Annotated[
    str | None,
    typer.Option("--version", help="The version you reviewed, as `review show` prints it."),
]

_SHORTEST_REASON = 3


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    review = typer.Typer(no_args_is_help=True, help="Review what waits for a steward.")
    review.command("list")(list_reviews)
    review.command("show")(show_review)
    review.command("approve")(approve)
    review.command("reject")(reject)
    app.add_typer(review, name="review")
    steward = typer.Typer(no_args_is_help=True, help="Who may decide.")
    steward.command("add")(add_steward_)
    steward.command("list")(list_stewards)
    app.add_typer(steward, name="steward")


def list_reviews(as_json: _JsonOption = False) -> None:  # noqa: FBT002
    """Show every registered workflow version and whether an approval of it is in force."""
    from steward.reviews import reviews  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    with open_platform(classline_home()) as platform:
        found = reviews(platform)
    if as_json:
        print_json(found)
        return
    print_table(
        "Reviews",
        ("workflow", "version", "from -> to", "requested by", "decision", "by", "until", "waiting"),
        [
            (
                row["workflow"],
                str(row["source_digest"])[:12] + ("" if row["current"] else " (old)"),
                f"{row['from_class']} -> {row['to_class']}",
                row["requested_by"],
                row["decision"],
                row["decided_by"],
                row["expires_at"],
                row["awaiting"],
            )
            for row in found
        ],
    )


def show_review(
    workflow: Annotated[str, typer.Argument(help="Name of the workflow.")],
    as_json: _JsonOption = False,  # noqa: FBT002
) -> None:
    """Show what a steward decides about: the workflow's version, its candidate, its checks."""
    from anonymization.registered import registered_workflow  # noqa: PLC0415
    from steward.reviews import review_packet  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    with open_platform(classline_home()) as platform:
        packet = review_packet(platform, registered_workflow(workflow))
    if as_json:
        print_json(packet)
        return
    checks = packet.pop("checks")
    print_table(f"Review of {workflow}", ("what", "value"), list(packet.items()))
    assert isinstance(checks, list)  # noqa: S101 - for the type checker
    print_table(
        "Checks of the newest candidate",
        ("check", "phase", "passed", "observed"),
        [(c["check_name"], c["phase"], c["passed"], c["observed"]) for c in checks],
    )


def approve(
    workflow: Annotated[str, typer.Argument(help="Name of the workflow.")],
    reason: _ReasonOption,
    version: _VersionOption = None,
    credential: _CredentialOption = None,
) -> None:
    """Approve the workflow's source as it is now, for a year."""
    _decide(workflow, "approved", reason, version, credential)


def reject(
    workflow: Annotated[str, typer.Argument(help="Name of the workflow.")],
    reason: _ReasonOption,
    version: _VersionOption = None,
    credential: _CredentialOption = None,
) -> None:
    """Reject the workflow's source as it is now; what waits for it is rejected too."""
    _decide(workflow, "rejected", reason, version, credential)


def _decide(
    workflow: str, decision: str, reason: str, version: str | None, credential: Path | None
) -> None:
    from anonymization.registered import registered_workflow  # noqa: PLC0415
    from steward.reviews import version_to_decide  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415
    from stores.steward_credentials import read_credential  # noqa: PLC0415

    if credential is None:
        fail(
            "a decision needs a steward's credential, never a name: give --credential FILE or set "
            "CLASSLINE_CREDENTIAL; `classline steward add NAME` makes one",
            ExitCode.BAD_USAGE,
        )
    if len(reason.strip()) < _SHORTEST_REASON:
        fail(f"a reason has at least {_SHORTEST_REASON} characters", ExitCode.BAD_USAGE)
    known = registered_workflow(workflow)
    proof = read_credential(credential)
    with open_platform(classline_home()) as platform:
        digest = version_to_decide(platform, known, version)
        with platform.steward_session(proof) as session:
            name = session.name()
            session.decide(known.name, digest, decision, reason)
    say(f"{name} {decision} {known.name}, version {digest[:12]}")
    if decision == "approved":
        say(f"publish what waits with `classline run {known.name}`")


def add_steward_(
    name: Annotated[str, typer.Argument(help="The steward's name.")],
) -> None:
    """Register a steward and write their credential to a file that only they should hold."""
    from steward.commands.installation import bring_everything_up  # noqa: PLC0415
    from stores.boundary.provisioning import add_steward  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415
    from stores.steward_credentials import write_credential  # noqa: PLC0415

    bring_everything_up()
    home = classline_home()
    with open_platform(home) as platform:
        credential = add_steward(platform, name)
    path = home.stewards / f"{name}.json"
    write_credential(path, credential)
    say(f"{name} is a steward; the credential is in {path}")
    say("hand it to them and remove it here: whoever holds it decides in their name")


def list_stewards(as_json: _JsonOption = False) -> None:  # noqa: FBT002
    """Show who may decide."""
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    with (
        open_platform(classline_home()) as platform,
        platform.platform_session("stewards") as session,
    ):
        rows = session.records_ascend_platform_metric("stewards")
    if as_json:
        print_json([{"name": r["steward_name"], "added_at": r["added_at"]} for r in rows])
        return
    print_table("Stewards", ("name", "since"), [(r["steward_name"], r["added_at"]) for r in rows])
