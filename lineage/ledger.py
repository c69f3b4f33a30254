"""The ledger of an installation: verified against the database, proven, exported, watched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, TextIO
from uuid import UUID

from lineage.ledger_entries import LedgerEntry
from lineage.ledger_files import LedgerProof, write_bundle
from lineage.ledger_keys import ledger_key
from lineage.ledger_newest import chain_as_kept, ledger_state, newest_signed
from lineage.ledger_notes import VerifierKey
from lineage.ledger_places import PlaceRefused, local_place, outside_places
from lineage.ledger_proofs import NothingToProve, prove
from lineage.ledger_sealing import told_places
from lineage.ledger_succession import kept_handovers
from lineage.ledger_tree import root_of
from lineage.ledger_verification import (
    Finding,
    FindingKind,
    LedgerReport,
    verify_ledger,
)

if TYPE_CHECKING:
    from stores.ledger_reads import AscendPlatformMetricLedger, LedgerState
    from stores.platform import Platform

__all__ = [
    "LedgerProtection",
    "export_ledger",
    "ledger_protection",
    "prove_promotion",
    "verify_installation",
    "verify_stored",
]

_PURPOSE = "ledger"


@dataclass(frozen=True, slots=True)
class LedgerProtection:
    """What of the ledger is protected against whom; ``remark`` says it to people.

    ``outside`` leaves are under a checkpoint that left this machine.
    """

    entries: int
    sealed: int
    outside: int
    unsealed: int
    oldest_unsealed_seconds: float | None
    remark: str


def verify_installation(platform: Platform, held: Sequence[str]) -> LedgerReport:
    """Verify the database's ledger and the rows it records, with checkpoints held outside it."""
    key = ledger_key(platform.home).verifier
    with platform.platform_session(_PURPOSE) as session:
        return verify_stored(session.ledger_ascend_platform_metric(), key, held)


def verify_stored(
    ledger: AscendPlatformMetricLedger, key: VerifierKey, held: Sequence[str]
) -> LedgerReport:
    """The same through a session that is open."""
    stored = [*(checkpoint.note for checkpoint in ledger.checkpoints()), *ledger.handovers()]
    report = verify_ledger(_entries(ledger), key, stored=stored, held=held)
    signed = report.leaves - report.unprotected
    differing = [
        Finding(FindingKind.ROW_DIFFERS, f"{kind} {row_key} {difference}")
        for kind, row_key, difference in ledger.differences()
    ]
    return replace(
        report,
        unprotected=ledger.state(signed).unsealed,
        findings=tuple(sorted({*report.findings, *differing})),
    )


def export_ledger(platform: Platform, out: TextIO) -> int:
    """Write a bundle of all that is sealed; returns how many entries it has."""
    key = ledger_key(platform.home).verifier
    with platform.platform_session(_PURPOSE) as session:
        ledger = session.ledger_ascend_platform_metric()
        newest = newest_signed(platform.home, ledger, chain_as_kept(platform.home, ledger, key))
        note, sealed = (newest[0], newest[1].size) if newest else (None, 0)
        entries = (entry for entry in _entries(ledger) if entry.position < sealed)
        notes = [checkpoint.note for checkpoint in ledger.checkpoints()]
        if note is not None and note not in notes:
            notes.append(note)
        handovers = kept_handovers(platform.home, ledger)
        return write_bundle(out, key, notes, entries, handovers=handovers)


def prove_promotion(platform: Platform, promotion_id: UUID, since: str | None) -> LedgerProof:
    """The proof of every sealed step of a promotion, from a checkpoint that the asker holds."""
    key = ledger_key(platform.home).verifier
    with platform.platform_session(_PURPOSE) as session:
        ledger = session.ledger_ascend_platform_metric()
        entries = [LedgerEntry(*row) for row in ledger.rows_of_promotion(promotion_id)]
        chain = chain_as_kept(platform.home, ledger, key)
        newest = newest_signed(platform.home, ledger, chain)
        if not entries or newest is None:
            message = (
                f"no sealed entry is about promotion {promotion_id}: name one that `classline "
                "promotions --json` lists, and seal first, with `classline ledger seal`"
            )
            raise NothingToProve(message)
        note, head = newest
        leaves = list(ledger.leaves(0, head.size))
    if len(leaves) != head.size or root_of(leaves) != head.root:
        message = (
            f"the first {head.size} leaves are not those that were signed: nothing can be proven; "
            "see `classline ledger verify`"
        )
        raise NothingToProve(message)
    earlier = chain.open(since) if since else None
    if earlier is not None and earlier.size == head.size:
        earlier = None
    return prove(entries, leaves, note, chain, since=earlier)


def ledger_protection(platform: Platform, now: datetime) -> LedgerProtection:
    """What is sealed, how old what is not is, and what no checkpoint outside protects."""
    with platform.platform_session(_PURPOSE) as session:
        state = ledger_state(platform.home, session.ledger_ascend_platform_metric())
    age = None
    if state.oldest_unsealed_at is not None:
        age = max(0.0, (now - state.oldest_unsealed_at).total_seconds())
    try:
        places, complaint = outside_places(), None
    except PlaceRefused as error:
        places, complaint = (), str(error)
    told = told_places(platform.home)
    outside = max((told.get(place.name, 0) for place in places if place.leaves_machine), default=0)
    return LedgerProtection(
        state.entries,
        state.sealed,
        min(outside, state.sealed),
        state.unsealed,
        age,
        complaint or _remark(state, outside, str(local_place(platform.home).folder)),
    )


def _remark(state: LedgerState, outside: int, folder: str) -> str:
    parts = []
    if not outside:
        parts.append(
            f"no checkpoint is known to have left this machine: whoever rules it and {folder} can "
            "rewrite the ledger unseen; copy that folder away, or set CLASSLINE_CHECKPOINTS"
        )
    elif outside < state.sealed:
        waiting = state.sealed - outside
        parts.append(f"{waiting} sealed entries are not yet under a checkpoint outside")
    if state.unsealed:
        parts.append(
            f"{state.unsealed} entries are unsealed, so unprotected: `classline ledger seal`"
        )
    if state.strangers:
        parts.append(
            f"{state.strangers} of them are only under a checkpoint in the database that no key of "
            "this ledger signed, which protects nothing: see `classline ledger verify`"
        )
    return "; ".join(parts) or "every entry is under a checkpoint outside this machine"


def _entries(ledger: AscendPlatformMetricLedger) -> Iterator[LedgerEntry]:
    return (LedgerEntry(*row) for row in ledger.rows())
