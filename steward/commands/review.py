"""`review` and `steward`: who may decide, and decisions about workflows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from catalog.data_classes import DataClass
from steward.commands.promotion import CREDENTIAL_HELP
from steward.console import ExitCode, fail, print_json, print_table, progress, say

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

_ScopeOption = Annotated[
    list[DataClass] | None,
    typer.Option(help="A class the steward may let data into; all where none is named."),
]
_AuthorOption = Annotated[
    list[str] | None,
    typer.Option(help="A name or address the steward has in git: they approve nothing of theirs."),
]
_SignInOption = Annotated[
    list[str] | None,
    typer.Option(
        help="ISSUER|SUBJECT by which the steward signs in; keeps a copy of the credential here."
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    review = typer.Typer(no_args_is_help=True, help="Review what waits for a steward.")
    review.command("list")(list_reviews)
    review.command("show")(show_review)
    review.command("approve")(approve)
    review.command("reject")(reject)
    review.command("authors")(record_authors)
    app.add_typer(review, name="review")
    steward = typer.Typer(no_args_is_help=True, help="Who may decide.")
    steward.command("add")(add_steward_)
    steward.command("change")(change_steward)
    steward.command("list")(list_stewards)
    app.add_typer(steward, name="steward")


def list_reviews(as_json: _JsonOption = False) -> None:  # noqa: FBT002
    """Show every registered workflow version and whether an approval of it is in force."""
    from steward.reviews import reviews  # noqa: PLC0415
    from steward.unfinished import unfinished_promotions  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    with open_platform(classline_home()) as platform:
        found = reviews(platform)
        others = unfinished_promotions(platform)
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
    print_table(
        "Neither waiting nor released",
        ("id", "workflow", "version", "state", "reason", "what comes next"),
        [
            (
                str(each.promotion_id)[:8],
                each.workflow,
                each.source_digest[:12],
                each.state,
                each.reason,
                each.next_step,
            )
            for each in others
        ],
    )


def show_review(
    workflow: Annotated[str, typer.Argument(help="Name of the workflow.")],
    as_json: _JsonOption = False,  # noqa: FBT002
    credential: _CredentialOption = None,
) -> None:
    """Show what a steward decides about: source, evidence, and cells if a credential is given."""
    from anonymization.registered import registered_workflow  # noqa: PLC0415
    from steward.packet import build_packet  # noqa: PLC0415
    from steward.packet_words import packet_document, packet_sections  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415
    from stores.steward_credentials import read_credential  # noqa: PLC0415

    known = registered_workflow(workflow)
    proof = read_credential(credential) if credential else None
    with open_platform(classline_home()) as platform:
        packet = build_packet(platform, known, proof)
    if as_json:
        print_json(packet_document(packet))
        return
    for title, columns, rows in packet_sections(packet):
        print_table(title, columns, rows)
    for diff in packet.source.diffs if packet.source.approved_digest else ():
        say("\n".join(diff.lines))


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
    from anonymization.decisions import decide  # noqa: PLC0415
    from anonymization.registered import registered_workflow  # noqa: PLC0415
    from lineage.reviews import Decision  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415
    from stores.reasons import SHORTEST_REASON  # noqa: PLC0415
    from stores.steward_credentials import read_credential  # noqa: PLC0415

    if credential is None:
        fail(
            "a decision needs a steward's credential, never a name: give --credential FILE or set "
            "CLASSLINE_CREDENTIAL; `classline steward add NAME` makes one",
            ExitCode.BAD_USAGE,
        )
    if len(reason.strip()) < SHORTEST_REASON:
        fail(f"a reason has at least {SHORTEST_REASON} characters", ExitCode.BAD_USAGE)
    known = registered_workflow(workflow)
    proof = read_credential(credential)
    with open_platform(classline_home()) as platform:
        decided = decide(
            platform, known, Decision(decision), reason, credential=proof, version=version
        )
    progress(decided.sealed)
    say(f"{decided.steward_name} {decision} {known.name}, version {decided.source_digest[:12]}")
    if decision == "approved":
        say(f"publish what waits with `classline run {known.name}`")


def record_authors(
    out: Annotated[Path, typer.Option(help="File to write.")],
    declare: Annotated[
        list[str] | None,
        typer.Option(help="Say yourself who wrote all of it, where there is no git history."),
    ] = None,
) -> None:
    """Record at build who wrote the workflows, for installations without git."""
    from anonymization.provenance import all_source_files  # noqa: PLC0415
    from lineage.declared_authors import (  # noqa: PLC0415
        AUTHORS_SETTING,
        declared_by,
        write_history,
    )
    from lineage.git_history import git_history  # noqa: PLC0415

    files = all_source_files()
    write_history(out, declared_by(tuple(declare), files) if declare else git_history(files))
    say(f"{out} records who wrote {len(files)} modules; set {AUTHORS_SETTING} to it where they run")


def add_steward_(
    name: Annotated[str, typer.Argument(help="The steward's name.")],
    scope: _ScopeOption = None,
    author: _AuthorOption = None,
    sign_in: _SignInOption = None,
) -> None:
    """Register a steward and write their credential to a file that only they should hold."""
    from steward.commands.installation import bring_everything_up  # noqa: PLC0415
    from steward.stewards import register_steward  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    bring_everything_up()
    home = classline_home()
    with open_platform(home) as platform:
        path = register_steward(
            platform, name, scopes=scope, authors=author or (), sign_ins=sign_in or ()
        )
    say(f"{name} is a steward; the credential is in {path}")
    say("hand it to them and remove it here: whoever holds it decides in their name")


def change_steward(
    name: Annotated[str, typer.Argument(help="The steward's name.")],
    scope: _ScopeOption = None,
    author: _AuthorOption = None,
    sign_in: _SignInOption = None,
) -> None:
    """Change what a steward decides about, or add a name they write code or sign in under."""
    from stores.boundary.steward_changes import change_steward as change  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    with open_platform(classline_home()) as platform:
        change(platform, name, scopes=scope, authors=author or (), sign_ins=sign_in or ())
    say(f"{name}: changed")


def list_stewards(as_json: _JsonOption = False) -> None:  # noqa: FBT002
    """Show who may decide about what, and under which names they are known."""
    from steward.stewards import stewards  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    with open_platform(classline_home()) as platform:
        rows = stewards(platform)
    if as_json:
        print_json(rows)
        return
    print_table(
        "Stewards",
        ("name", "since", "decides about", "writes code as", "signs in as"),
        [
            (
                r["name"],
                r["added_at"],
                *(", ".join(r[part]) for part in ("scopes", "authors", "sign_ins")),
            )
            for r in rows
        ],
    )
