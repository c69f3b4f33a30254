"""The newest checkpoint that a key of this ledger signed, wherever it is kept.

Of the places it may be kept in the database alone is in reach of a login of it: what nobody's key
of this ledger signed there covers nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from lineage.ledger_handovers import KeyChain
from lineage.ledger_keys import ledger_key
from lineage.ledger_notes import Checkpoint, CheckpointRefused, VerifierKey
from lineage.ledger_places import PlaceRefused, local_place, outside_places
from lineage.ledger_succession import kept_handovers
from lineage.ledger_verification import chain_of_notes
from stores.errors import CredentialRefused
from stores.home import Home
from stores.ledger_reads import AscendPlatformMetricLedger, LedgerState, StoredCheckpoint

__all__ = [
    "chain_as_kept",
    "ledger_state",
    "newest_in_database",
    "newest_outside",
    "newest_signed",
]

_MOST_PASSED_OVER = 1_000


def chain_as_kept(home: Home, ledger: AscendPlatformMetricLedger, key: VerifierKey) -> KeyChain:
    """The keys as the handovers give them; what is wrong of one is for a verification to find."""
    return chain_of_notes(key, kept_handovers(home, ledger), lambda _finding: None)


def newest_signed(
    home: Home, ledger: AscendPlatformMetricLedger, chain: KeyChain
) -> tuple[str, Checkpoint] | None:
    """The largest that a key of this ledger signed, of the folder, the places and the database."""
    found: list[tuple[str, Checkpoint]] = []
    if (kept := newest_in_database(ledger, chain)) is not None:
        stored, checkpoint = kept
        found.append((stored.note, checkpoint))
    for note in (*_newest_here(home), *newest_outside()):
        with suppress(CheckpointRefused):
            found.append((note, chain.open(note)))
    return max(found, key=lambda one: one[1].size, default=None)


def newest_in_database(
    ledger: AscendPlatformMetricLedger, chain: KeyChain
) -> tuple[StoredCheckpoint, Checkpoint] | None:
    """The newest checkpoint in the database that our keys signed, and what it says.

    Others are for a verification to find: they stop nothing, since whoever has the platform's login
    can write them.
    """
    for stored in ledger.newest_checkpoints(_MOST_PASSED_OVER):
        with suppress(CheckpointRefused):
            return stored, chain.open(stored.note)
    return None


def newest_outside() -> Iterator[str]:
    """The newest of each place that the setting names."""
    # A place that cannot be read now is offered the new head, and says then what is wrong.
    with suppress(PlaceRefused):
        for place in outside_places():
            with suppress(PlaceRefused):
                if (note := place.newest()) is not None:
                    yield note


def ledger_state(home: Home, ledger: AscendPlatformMetricLedger) -> LedgerState:
    """What is sealed by a key of this ledger, and what waits; all does where no key is readable."""
    newest = None
    with suppress(CredentialRefused):
        chain = chain_as_kept(home, ledger, ledger_key(home).verifier)
        newest = newest_signed(home, ledger, chain)
    return ledger.state(newest[1].size if newest else 0)


def _newest_here(home: Home) -> Iterator[str]:
    with suppress(PlaceRefused):
        if (note := local_place(home).newest()) is not None:
            yield note
