"""Replaces the ledger's key: the old one signs its last word, names the new one, and is destroyed.

1. Everything is sealed, and the new key is made.  2. The handover is signed by both keys and kept
in the installation's folder: from here on the old key signs no more.  3. The handover is recorded
in the database, which makes it an entry.  4. The new key takes the old one's place.  5. The new
key seals, and the places outside get the handover before its first checkpoint.

A rotation that dies before the second step has done nothing, and is begun anew; after it, the next
seal finishes it.
"""

from __future__ import annotations

from dataclasses import dataclass

from lineage.ledger_handovers import signed_handover
from lineage.ledger_keys import ledger_key, make_next_key
from lineage.ledger_notes import VerifierKey, open_checkpoint
from lineage.ledger_places import local_place
from lineage.ledger_sealing import SealReport, ledger_locked, seal_locked
from lineage.ledger_succession import finish_rotation
from stores.errors import StoreError
from stores.platform import Platform
from stores.reasons import unfit_reason

__all__ = ["RotationRefused", "RotationReport", "rotate_key"]


class RotationRefused(StoreError):
    """The key cannot be replaced now, or not for this reason."""


@dataclass(frozen=True, slots=True)
class RotationReport:
    """What a rotation did: the key since, and its first seal.

    ``resumed`` where one that had died before was finished, and no other begun.
    """

    key: VerifierKey
    sealed: SealReport
    resumed: bool


def rotate_key(platform: Platform, reason: str) -> RotationReport:
    """Hand the ledger to a new key and destroy the old one, or finish where that was begun."""
    if unfit := unfit_reason(reason):
        message = f"{unfit}: the key stays; say why it is replaced"
        raise RotationRefused(message)
    home = platform.home
    with ledger_locked(home):
        resumed = finish_rotation(platform)
        if not resumed:
            _begin(platform, reason)
            finish_rotation(platform)
        return RotationReport(ledger_key(home).verifier, seal_locked(platform), resumed)


def _begin(platform: Platform, reason: str) -> None:
    """Seal with the present key, make the next one, and have it handed the ledger."""
    home = platform.home
    last = seal_locked(platform)
    if last.note is None:
        message = "nothing is recorded yet, so there is nothing to hand over"
        raise RotationRefused(message)
    old = ledger_key(home)
    new = make_next_key(home, old.name, reason)
    note = signed_handover(old, new, open_checkpoint(last.note, old.verifier))
    local_place(home).keep(note, new.verifier)
