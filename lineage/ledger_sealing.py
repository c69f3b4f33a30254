"""Seals the ledger: numbers what is committed, signs the tree's head, takes it outside.

A head is signed only where the tree begins with what was signed before.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lineage.ledger_keys import ledger_key
from lineage.ledger_notes import (
    Checkpoint,
    CheckpointRefused,
    SigningKey,
    open_checkpoint,
    sealed_checkpoint,
)
from lineage.ledger_places import PLACES_SETTING, FolderPlace, Place, PlaceRefused, places_from
from lineage.ledger_tree import Frontier, NotAFrontier
from stores.errors import StoreError
from stores.home import Home
from stores.ledger_reads import LedgerReads, StoredCheckpoint
from stores.platform import Platform
from stores.secret_files import exclusive

__all__ = [
    "LedgerForked",
    "SealReport",
    "local_place",
    "outside_places",
    "seal",
    "seal_line",
    "told_places",
]

_PURPOSE = "ledger seal"


class LedgerForked(StoreError):
    """The ledger does not begin with what was signed before: nothing more is signed."""


@dataclass(frozen=True, slots=True)
class SealReport:
    """What a seal did: the tree's size, how many leaves are new, and who has the checkpoint."""

    size: int
    added: int
    note: str | None
    kept: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)


def local_place(home: Home) -> FolderPlace:
    """The folder of checkpoints beside the installation's other state."""
    return FolderPlace(home.root / "checkpoints")


def outside_places() -> tuple[Place, ...]:
    """The places that the setting names beyond that folder."""
    return places_from(os.environ.get(PLACES_SETTING))


def seal(platform: Platform) -> SealReport:
    """Bring every committed entry under a signed checkpoint and the checkpoint outside."""
    key = ledger_key(platform.home)
    local = local_place(platform.home)
    with exclusive(platform.home.root / ".ledger.lock"):
        # Places in the tree are committed before anything is signed over them.
        with platform.platform_session(_PURPOSE) as session:
            size = session.ledger_ascend_platform_metric().number_leaves()
        with platform.platform_session(_PURPOSE) as session:
            ledger = session.ledger_ascend_platform_metric()
            made, before = _head(ledger, key, local, size)
            if made is None:
                return SealReport(0, 0, None)
            # Outside first: a crash between leaves a checkpoint that the next seal begins from.
            local.keep(made.note, key.verifier)
            ledger.record_checkpoint(made)
        kept, refused = _taken_outside(platform.home, made, key)
    return SealReport(made.size, made.size - before, made.note, kept, refused)


def seal_line(platform: Platform) -> str:
    """Seal, and say in one line how that went; a refusal is said and ends nothing else."""
    try:
        report = seal(platform)
    except (StoreError, CheckpointRefused) as error:
        return f"ledger: not sealed: {error}"
    if report.refused:
        return f"ledger: sealed, {report.size} leaves; {'; '.join(report.refused.values())}"
    return f"ledger: {report.added} leaves sealed, {report.size} in all"


def _head(
    ledger: LedgerReads, key: SigningKey, local: FolderPlace, size: int
) -> tuple[StoredCheckpoint | None, int]:
    """The checkpoint over that many leaves, and how many the last one had."""
    signed = [_own(note, key) for note in local.notes()]
    newest = max(signed, key=lambda checkpoint: checkpoint.size, default=None)
    frontier, stored = _beginning(ledger, key, newest)
    if newest is not None and newest.size > size:
        message = (
            f"{newest.size} leaves were signed and {size} are there: nothing is signed; "
            "the ledger lost entries, see `classline ledger verify`"
        )
        raise LedgerForked(message)
    for leaf in ledger.leaves(frontier.size, size):
        if newest is not None and frontier.size == newest.size:
            _require(newest, frontier)
        frontier.append(leaf)
    if newest is not None and frontier.size == newest.size:
        _require(newest, frontier)
    if frontier.size != size:
        message = f"{size} leaves are numbered and {frontier.size} are there: nothing is signed"
        raise LedgerForked(message)
    if not size:
        return None, 0
    if stored is not None and stored.size == size:
        return stored, size
    root = frontier.root()
    note = sealed_checkpoint(key, size, root)
    before = newest.size if newest else 0
    return StoredCheckpoint(size, root, frontier.to_bytes(), note), before


def _beginning(
    ledger: LedgerReads, key: SigningKey, newest: Checkpoint | None
) -> tuple[Frontier, StoredCheckpoint | None]:
    """The frontier from which to go on: of the newest stored checkpoint not beyond the newest held.

    A stored frontier counts only where it leads to the root that was signed for its size.
    """
    for stored in reversed(ledger.checkpoints()):
        if newest is None or stored.size > newest.size:
            # Signed by us or not: what the folder outside does not have is counted again.
            continue
        signed = _own(stored.note, key)
        try:
            frontier = Frontier.from_bytes(stored.size, stored.frontier)
        except NotAFrontier:
            continue
        if (signed.size, signed.root) == (stored.size, frontier.root()):
            return frontier, stored
    return Frontier(), None


def _require(signed: Checkpoint, frontier: Frontier) -> None:
    if frontier.root() != signed.root:
        message = (
            f"the first {signed.size} leaves are not those that were signed: nothing is signed "
            "over them; see `classline ledger verify`"
        )
        raise LedgerForked(message)


def _own(note: str, key: SigningKey) -> Checkpoint:
    try:
        return open_checkpoint(note, key.verifier)
    except CheckpointRefused as error:
        message = (
            f"a checkpoint kept before is not this key's ({error}): nothing is signed; restore "
            "secrets/ledger-key.json from a backup"
        )
        raise LedgerForked(message) from None


def _taken_outside(
    home: Home, made: StoredCheckpoint, key: SigningKey
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Offer the checkpoint to every place that does not have it; who took it, and who did not."""
    told = told_places(home)
    kept, refused = [], {}
    for place in outside_places():
        if told.get(place.name, 0) >= made.size:
            continue
        try:
            place.keep(made.note, key.verifier)
        except PlaceRefused as error:
            refused[place.name] = str(error)
        else:
            told[place.name] = made.size
            kept.append(place.name)
            _tell(home).write_text(json.dumps(told, indent=1, sort_keys=True), encoding="utf-8")
    return tuple(kept), refused


def told_places(home: Home) -> dict[str, int]:
    """The size of the newest checkpoint that each place outside took."""
    try:
        content = json.loads(_tell(home).read_text(encoding="utf-8"))
        return {str(name): int(size) for name, size in content.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}  # every place is told again, which does no harm


def _tell(home: Home) -> Path:
    return local_place(home).folder / "told.json"
