"""Seals the ledger: numbers what is committed, signs the tree's head, takes it outside.

A head is signed only where the tree begins with what was signed before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lineage.ledger_handovers import KeyChain
from lineage.ledger_keys import ledger_key
from lineage.ledger_newest import ledger_state, newest_in_database, newest_outside
from lineage.ledger_notes import Checkpoint, CheckpointRefused, SigningKey, sealed_checkpoint
from lineage.ledger_places import (
    PLACES_SETTING,
    FolderPlace,
    PlaceRefused,
    local_place,
    outside_places,
)
from lineage.ledger_succession import LedgerForked, finish_rotation, own_chain
from lineage.ledger_tree import Frontier, NotAFrontier
from stores.errors import BoundaryRefused, StoreError
from stores.home import Home
from stores.ledger_reads import AscendPlatformMetricLedger, StoredCheckpoint
from stores.platform import Platform
from stores.secret_files import exclusive

__all__ = [
    "LedgerForked",
    "SealReport",
    "ledger_locked",
    "seal",
    "seal_line",
    "seal_locked",
    "told_places",
]

_PURPOSE = "ledger seal"
_LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SealReport:
    """What a seal did: the tree's size, how many leaves are new, and who has the checkpoint."""

    size: int
    added: int
    note: str | None
    kept: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def ledger_locked(home: Home) -> Iterator[None]:
    """Keep other sealers and rotations of this installation out."""
    with exclusive(home.root / ".ledger.lock"):
        yield


def seal(platform: Platform) -> SealReport:
    """Bring every committed entry under a signed checkpoint and the checkpoint outside."""
    with ledger_locked(platform.home):
        finish_rotation(platform)
        return seal_locked(platform)


def seal_locked(platform: Platform) -> SealReport:
    """The same for who has the ledger's lock, and left no rotation unfinished."""
    key = ledger_key(platform.home)
    local = local_place(platform.home)
    # Places in the tree are committed before anything is signed over them.
    with platform.platform_session(_PURPOSE) as session:
        size = session.ledger_ascend_platform_metric().number_leaves()
    with platform.platform_session(_PURPOSE) as session:
        ledger = session.ledger_ascend_platform_metric()
        chain = own_chain(platform.home, ledger, key)
        made, before = _head(ledger, key, chain, local, size)
    if made is None:
        return SealReport(0, 0, None)
    # Outside first: a crash between leaves a checkpoint that the next seal begins from.
    local.keep(made.note, key.verifier)
    unrecorded = _recorded(platform, made)
    kept, refused = _taken_outside(platform.home, made, chain)
    return SealReport(made.size, made.size - before, made.note, kept, unrecorded | refused)


def _recorded(platform: Platform, made: StoredCheckpoint) -> dict[str, str]:
    """Keep the checkpoint in the database; what counts is its copy outside, so a refusal is told.

    Whoever has the platform's login may have put another one there.
    """
    told = ""
    try:
        with platform.platform_session(_PURPOSE) as session:
            ledger = session.ledger_ascend_platform_metric()
            ledger.record_checkpoint(made)
            if [made.note] != [stored.note for stored in ledger.newest_checkpoints(1)]:
                told = "another checkpoint is kept there"
    except BoundaryRefused as error:
        told = str(error)
    if not told:
        return {}
    return {
        "database": (
            f"the database did not keep the checkpoint ({told}): it is in the folder of "
            "checkpoints; see `classline ledger verify`"
        )
    }


def seal_line(platform: Platform) -> str:
    """Seal, and say in one line how that went; a refusal is said and ends nothing else."""
    try:
        report = seal(platform)
    except (StoreError, CheckpointRefused) as error:
        _watch(platform)
        return f"ledger: not sealed: {error}"
    if report.refused:
        return f"ledger: sealed, {report.size} leaves; {'; '.join(report.refused.values())}"
    return f"ledger: {report.added} leaves sealed, {report.size} in all"


def _watch(platform: Platform) -> None:
    """Raise an alert where entries have waited too long; a database that is down says so itself."""
    with suppress(StoreError):
        with platform.platform_session(_PURPOSE) as session:
            state = ledger_state(platform.home, session.ledger_ascend_platform_metric())
        waits_since = state.oldest_unsealed_at
        if waits_since is not None and datetime.now(UTC) - waits_since > _LONGEST_WAIT:
            platform.alerts.ledger_unsealed()


def _head(
    ledger: AscendPlatformMetricLedger,
    key: SigningKey,
    chain: KeyChain,
    local: FolderPlace,
    size: int,
) -> tuple[StoredCheckpoint | None, int]:
    """The checkpoint over that many leaves, and how many the last one had."""
    stored, signed = newest_in_database(ledger, chain) or (None, None)
    notes = [local.newest(), *newest_outside()]
    newest = max(
        [
            *([signed] if signed else []),
            *(_own(note, chain) for note in notes if note is not None),
        ],
        key=lambda signed: signed.size,
        default=None,
    )
    frontier = _beginning(stored, signed)
    before = newest.size if newest else 0
    if before > size:
        message = (
            f"{before} leaves were signed and {size} are there: nothing is signed; "
            "the ledger lost entries, see `classline ledger verify`"
        )
        raise LedgerForked(message)
    for leaf in ledger.leaves(frontier.size, size):
        _require(newest, frontier)
        frontier.append(leaf)
    _require(newest, frontier)
    if frontier.size != size:
        message = f"{size} leaves are numbered and {frontier.size} are there: nothing is signed"
        raise LedgerForked(message)
    if not size:
        return None, 0
    root = frontier.root()
    note = sealed_checkpoint(key, size, root)
    return StoredCheckpoint(size, root, frontier.to_bytes(), note), before


def _beginning(stored: StoredCheckpoint | None, signed: Checkpoint | None) -> Frontier:
    """The frontier from which to go on: it counts only where it leads to the root that was signed.

    Without one the leaves are counted again from the first.
    """
    if stored is not None and signed is not None:
        with suppress(NotAFrontier):
            frontier = Frontier.from_bytes(stored.size, stored.frontier)
            if (signed.size, signed.root) == (stored.size, frontier.root()):
                return frontier
    return Frontier()


def _require(signed: Checkpoint | None, frontier: Frontier) -> None:
    """Refuse a tree that comes to the size that was signed last with another root."""
    if signed is not None and frontier.size == signed.size and frontier.root() != signed.root:
        message = (
            f"the first {signed.size} leaves are not those that were signed: nothing is signed "
            "over them; see `classline ledger verify`"
        )
        raise LedgerForked(message)


def _own(note: str, chain: KeyChain) -> Checkpoint:
    try:
        return chain.open(note)
    except CheckpointRefused as error:
        message = (
            f"a checkpoint kept before is not this key's ({error}): nothing is signed; restore "
            "secrets/ledger-key.json from a backup"
        )
        raise LedgerForked(message) from None


def _taken_outside(
    home: Home, made: StoredCheckpoint, chain: KeyChain
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Offer the checkpoint to every place that does not have it; who took it, and who did not.

    A place that misses a handover is offered that first.
    """
    told, handed = told_places(home), _told(_tell_of_handovers(home))
    kept: list[str] = []
    refused: dict[str, str] = {}
    try:
        places = outside_places()
    except PlaceRefused as error:
        return (), {PLACES_SETTING: str(error)}
    for place in places:
        if told.get(place.name, 0) >= made.size:
            continue
        try:
            for note, handover in zip(chain.notes, chain.handovers, strict=True):
                if handed.get(place.name, 0) < handover.head.size:
                    place.keep(note, chain.present)
                    handed[place.name] = handover.head.size
                    _write(_tell_of_handovers(home), handed)
            place.keep(made.note, chain.present)
        except PlaceRefused as error:
            refused[place.name] = str(error)
        else:
            told[place.name] = made.size
            kept.append(place.name)
            _write(_tell(home), told)
    return tuple(kept), refused


def told_places(home: Home) -> dict[str, int]:
    """The size of the newest checkpoint that each place outside took."""
    return _told(_tell(home))


def _told(path: Path) -> dict[str, int]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): int(size) for name, size in content.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}  # every place is told again, which does no harm


def _write(path: Path, told: Mapping[str, int]) -> None:
    path.write_text(json.dumps(told, indent=1, sort_keys=True), encoding="utf-8")


def _tell(home: Home) -> Path:
    return local_place(home).folder / "told.json"


def _tell_of_handovers(home: Home) -> Path:
    return local_place(home).folder / "told-handovers.json"
