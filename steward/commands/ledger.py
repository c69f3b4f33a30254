"""`ledger`: seal what was recorded, and let anyone check it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO
from uuid import UUID

import typer

from steward.console import ExitCode, fail, print_json, say

if TYPE_CHECKING:
    from lineage.ledger_files import Bundle, LedgerProof
    from lineage.ledger_notes import VerifierKey
    from lineage.ledger_verification import LedgerReport

__all__ = ["add_to"]

_JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_HeldOption = Annotated[
    list[Path] | None,
    typer.Option("--checkpoint", help="A checkpoint you hold: a file, or a folder of them."),
]
_OutOption = Annotated[Path | None, typer.Option("--out", help="The file to write.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    ledger = typer.Typer(no_args_is_help=True, help="What was decided and promoted, for good.")
    ledger.command("seal")(seal)
    ledger.command("verify")(verify)
    ledger.command("prove")(prove)
    ledger.command("export")(export)
    ledger.command("rotate-key")(rotate_key)
    app.add_typer(ledger, name="ledger")


def seal(as_json: _JsonOption = False) -> None:  # noqa: FBT002
    """Sign a checkpoint over everything recorded, and take it outside the database."""
    from lineage.ledger_sealing import seal as seal_ledger  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    with open_platform(classline_home()) as platform:
        report = seal_ledger(platform)
    if as_json:
        print_json(
            {
                "size": report.size,
                "added": report.added,
                "checkpoint": report.note,
                "kept": report.kept,
                "refused": report.refused,
            }
        )
    else:
        say(f"{report.added} leaves sealed, {report.size} in all")
        for name in report.kept:
            say(f"kept outside by {name}")
        for message in report.refused.values():
            say(f"not kept: {message}")
    if report.refused:
        raise typer.Exit(ExitCode.REFUSED)


def verify(
    checkpoint: _HeldOption = None,
    offline: Annotated[
        Path | None,
        typer.Option(help="A bundle or a proof, checked without the database."),
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="The ledger's key, as you hold it (ledger.key).")
    ] = None,
    as_json: _JsonOption = False,  # noqa: FBT002
) -> None:
    """Check that nothing recorded was changed; exit 1 where something was."""
    from lineage.ledger_note_files import notes_in  # noqa: PLC0415

    held = [note for path in checkpoint or [] for note in notes_in(path)]
    if checkpoint and not held:
        fail("no checkpoint is in the files named with --checkpoint", ExitCode.BAD_USAGE)
    if offline is not None:
        report = _verified_offline(offline, held, key)
    elif key is not None:
        fail("--key is for --offline: here the key is in secrets/", ExitCode.BAD_USAGE)
    else:
        report = _verified_here(held)
    _show(report, as_json=as_json, held=bool(held))
    if not report.sound:
        raise typer.Exit(ExitCode.REFUSED)


def prove(
    promotion: Annotated[UUID, typer.Argument(help="The promotion's id.")],
    checkpoint: _HeldOption = None,
    out: _OutOption = None,
) -> None:
    """Write the proof of a promotion's steps: anyone checks it with `ledger verify --offline`."""
    from lineage.ledger import prove_promotion  # noqa: PLC0415
    from lineage.ledger_files import write_proof  # noqa: PLC0415
    from lineage.ledger_handovers import is_handover  # noqa: PLC0415
    from lineage.ledger_note_files import notes_in  # noqa: PLC0415
    from lineage.ledger_notes import unverified_checkpoint  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    held = [note for path in checkpoint or [] for note in notes_in(path)]
    newest = max(
        (note for note in held if not is_handover(note)),
        key=lambda note: unverified_checkpoint(note).size,
        default=None,
    )
    with open_platform(classline_home()) as platform:
        proof = prove_promotion(platform, promotion, newest)
    if out is None:
        write_proof(sys.stdout, proof)
        return
    with _opened(out) as handle:
        write_proof(handle, proof)
    say(
        f"{len(proof.entries)} steps proven in {out}: `classline ledger verify --offline` checks it"
    )


def export(out: _OutOption = None) -> None:
    """Write a bundle of the whole sealed ledger; people and tenants stand in it by pseudonym."""
    from lineage.ledger import export_ledger  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    with open_platform(classline_home()) as platform:
        if out is None:
            export_ledger(platform, sys.stdout)
            return
        with _opened(out) as handle:
            written = export_ledger(platform, handle)
    say(f"{written} entries in {out}: `classline ledger verify --offline` checks it")


def rotate_key(
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
    as_json: _JsonOption = False,  # noqa: FBT002
) -> None:
    """Hand the ledger to a new key and destroy the old one; takes up a rotation that died."""
    from lineage.ledger_rotation import rotate_key as rotate  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    with open_platform(classline_home()) as platform:
        report = rotate(platform, reason)
    if as_json:
        print_json(
            {
                "key": str(report.key),
                "resumed": report.resumed,
                "size": report.sealed.size,
                "checkpoint": report.sealed.note,
                "kept": report.sealed.kept,
                "refused": report.sealed.refused,
            }
        )
    else:
        if report.resumed:
            say("a rotation that had not come to its end was finished; no other was begun")
        say(f"the ledger's key is now {report.key}; the old one is destroyed")
        say("take the new ledger.key and the handover away from checkpoints/: see docs/ledger.md")
        for message in report.sealed.refused.values():
            say(f"not kept: {message}")
    if report.sealed.refused:
        raise typer.Exit(ExitCode.REFUSED)


def _verified_here(held: list[str]) -> LedgerReport:
    from lineage.ledger import verify_installation  # noqa: PLC0415
    from lineage.ledger_places import local_place, outside_places  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    home = classline_home()
    with open_platform(home) as platform:
        kept = [*local_place(home).notes(), *(n for p in outside_places() for n in p.notes())]
        report = verify_installation(platform, [*held, *kept])
        if not report.sound:
            platform.alerts.ledger_changed()
    return report


def _verified_offline(path: Path, held: list[str], key_file: Path | None) -> LedgerReport:
    from lineage.ledger_files import Bundle, read_ledger_file  # noqa: PLC0415
    from lineage.ledger_proofs import verify_proof  # noqa: PLC0415
    from lineage.ledger_verification import verify_ledger  # noqa: PLC0415

    if not held and key_file is None:
        fail(
            "a bundle always agrees with itself: give a checkpoint or the key that you hold from "
            "elsewhere, with --checkpoint or --key",
            ExitCode.BAD_USAGE,
        )
    found = read_ledger_file(path)
    key = _key(found, key_file)
    if isinstance(found, Bundle):
        return verify_ledger(found.entries(), key, stored=found.notes, held=held, present=found.key)
    return verify_proof(found, key, held=held)


def _key(found: Bundle | LedgerProof, key_file: Path | None) -> VerifierKey:
    """The key held outside; without one the file's own, which must have signed what is held."""
    from lineage.ledger_notes import VerifierKey  # noqa: PLC0415

    if key_file is None:
        return found.key
    try:
        return VerifierKey.parse(key_file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{key_file} cannot be read ({type(error).__name__})", ExitCode.BAD_USAGE)


def _show(report: LedgerReport, *, as_json: bool, held: bool) -> None:
    if as_json:
        print_json(
            {
                "sound": report.sound,
                "leaves": report.leaves,
                "covered": report.covered,
                "signed_only": report.signed_only,
                "unprotected": report.unprotected,
                "erased": report.erased,
                "handovers": report.handovers,
                "findings": [{"kind": f.kind, "what": f.what} for f in report.findings],
            }
        )
        return
    for finding in report.findings:
        say(f"FOUND     {finding.kind}: {finding.what}")
    say(f"{report.leaves} leaves, {report.erased} of them of erased entries")
    say(f"{report.covered} are under a checkpoint kept outside the database")
    if report.signed_only:
        say(f"{report.signed_only} after it are under the service's signature alone")
    if report.unprotected:
        say(f"{report.unprotected} are unprotected: no checkpoint covers them yet")
    if report.handovers:
        say(f"its key was replaced {report.handovers} times, each handed on by the one before")
    if not held:
        say("those kept on this machine fall with it: give one that you hold (--checkpoint)")
    say("the ledger is whole" if report.sound else f"{len(report.findings)} things were found")


def _opened(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8")
    except OSError as error:
        fail(f"{path} cannot be written ({type(error).__name__})", ExitCode.BAD_USAGE)
