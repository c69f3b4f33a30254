"""Checkpoints and handovers as files: named by what they are and by the size of their tree."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from lineage.ledger_handovers import is_handover
from lineage.ledger_notes import split_notes, unverified_checkpoint, unverified_lines
from stores.errors import StoreError
from stores.secret_files import flush_folder

__all__ = [
    "CHECKPOINT_SUFFIX",
    "HANDOVER_SUFFIX",
    "PlaceRefused",
    "file_of",
    "notes_in",
    "text_of",
    "title_of",
    "write_whole",
]

CHECKPOINT_SUFFIX, HANDOVER_SUFFIX = ".checkpoint", ".handover"


class PlaceRefused(StoreError):
    """A place did not take a checkpoint, or the setting names none."""


def notes_in(path: Path) -> list[str]:
    """The checkpoints and handovers in a file, or in a folder's files, smallest first."""
    files: Sequence[Path] = [path]
    try:
        if path.is_dir():
            files = sorted(
                file
                for end in (CHECKPOINT_SUFFIX, HANDOVER_SUFFIX)
                for file in path.glob(f"*{end}")
            )
        return [note for file in files for note in split_notes(file.read_text(encoding="utf-8"))]
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path} cannot be read as a checkpoint ({type(error).__name__})"
        raise PlaceRefused(message) from None


def file_of(note: str) -> str:
    """The name of a note's file: what it is, and of how many leaves."""
    suffix = HANDOVER_SUFFIX if is_handover(note) else CHECKPOINT_SUFFIX
    return f"{unverified_checkpoint(note).size:012d}{suffix}"


def title_of(note: str) -> str:
    """What a note is, to people."""
    size = unverified_checkpoint(note).size
    return (
        f"Key handed over at {size} leaves" if is_handover(note) else f"Checkpoint of {size} leaves"
    )


def text_of(note: str) -> tuple[object, ...]:
    """What a note says, without its signatures."""
    return unverified_checkpoint(note), *unverified_lines(note)


def write_whole(path: Path, text: str) -> None:
    """Write the file whole or not at all, and have it on the disk when this returns."""
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with scratch.open("x", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    scratch.replace(path)
    flush_folder(path.parent)
