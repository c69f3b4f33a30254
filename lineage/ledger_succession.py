"""Which keys may sign this installation's ledger, and what a rotation that died left to be done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from lineage.ledger_handovers import Handover, KeyChain, chain_of, open_handover
from lineage.ledger_keys import finish_key_change, ledger_key, pending_key
from lineage.ledger_notes import CheckpointRefused, SigningKey, VerifierKey
from lineage.ledger_places import PlaceRefused, local_place, outside_places
from stores.errors import BoundaryRefused, StoreError
from stores.home import Home
from stores.ledger_reads import AscendPlatformMetricLedger, StoredHandover
from stores.platform import Platform
from stores.reasons import unfit_reason

__all__ = ["LedgerForked", "finish_rotation", "kept_handovers", "own_chain"]

_PURPOSE = "ledger key"
_UNFIT = "given before a reason had to read as it is stored"


class LedgerForked(StoreError):
    """The ledger does not begin with what was signed before: nothing more is signed."""


def kept_handovers(home: Home, ledger: AscendPlatformMetricLedger) -> list[str]:
    """Every handover that the installation's folder, the places outside or the database have."""
    return list(dict.fromkeys([*_kept_outside_database(home), *ledger.handovers()]))


def own_chain(home: Home, ledger: AscendPlatformMetricLedger, key: SigningKey) -> KeyChain:
    """The chain that ends with the key that signs; refused where anything of it is wrong.

    What the database keeps besides is for a verification to find: its login can write anything
    there that it can make up, and must not be able to stop the sealer with it.
    """
    complaints: list[CheckpointRefused] = []
    kept = list(_kept_outside_database(home))
    notes = dict.fromkeys([*kept, *_signed_by_ours(key.verifier, kept, ledger.handovers())])
    chain = chain_of(key.verifier, notes, complaints.append)
    if complaints:
        message = (
            f"{complaints[0]}: nothing is signed; see `classline ledger verify`, and restore "
            "secrets/ledger-key.json from a backup where the key was lost"
        )
        raise LedgerForked(message)
    if chain.present != key.verifier:
        message = (
            "the key in secrets/ledger-key.json handed the ledger on and signs no more: nothing "
            "is signed; restore the newer key from a backup"
        )
        raise LedgerForked(message)
    return chain


def finish_rotation(platform: Platform) -> bool:
    """Finish a rotation whose handover is on the disk; returns whether there was one.

    The ledger's lock is held. What the steps did before is done again, to no other effect.
    """
    home = platform.home
    pending = pending_key(home)
    if pending is None:
        finish_key_change(home)
        return False
    old, new = ledger_key(home), pending.key
    with platform.platform_session(_PURPOSE) as session:
        stored = session.ledger_ascend_platform_metric().handovers()
    found = _handover(old.verifier, new.verifier, [*_kept_outside_database(home), *stored])
    if found is None:
        return False  # nothing was signed: the present key goes on
    note, handover = found
    local_place(home).keep(note, new.verifier)
    _record(platform, note, handover, pending.reason)
    finish_key_change(home)
    return True


def _record(platform: Platform, note: str, handover: Handover, reason: str) -> None:
    """Keep it in the database, which takes one of a key; what counts is its copy in the folder.

    Whoever has the platform's login may have put another there: a verification finds that one.
    """
    old, new = str(handover.old), str(handover.new)
    said = _UNFIT if unfit_reason(reason) else reason
    try:
        with platform.platform_session(_PURPOSE) as session:
            session.ledger_ascend_platform_metric().record_handover(
                StoredHandover(handover.head.size, old, new, note, said)
            )
    except BoundaryRefused:
        with platform.platform_session(_PURPOSE) as session:
            if not session.ledger_ascend_platform_metric().has_handover_to(new):
                raise


def _signed_by_ours(key: VerifierKey, kept: list[str], stored: list[str]) -> Iterator[str]:
    """Of the database's handovers those that a key of this ledger signed, on either side."""
    keys = set(chain_of(key, [*kept, *stored], lambda _complaint: None).keys)
    for note in stored:
        with suppress(CheckpointRefused):
            made = open_handover(note)
            if not keys.isdisjoint({made.old, made.new}):
                yield note


def _handover(old: VerifierKey, new: VerifierKey, notes: list[str]) -> tuple[str, Handover] | None:
    for note in notes:
        with suppress(CheckpointRefused):
            handover = open_handover(note)
            if (handover.old, handover.new) == (old, new):
                return note, handover
    return None


def _kept_outside_database(home: Home) -> Iterator[str]:
    yield from local_place(home).handovers()
    with suppress(PlaceRefused):
        for place in outside_places():
            with suppress(PlaceRefused):
                yield from place.handovers()
