"""Verifies a ledger against checkpoints: needs its entries and a key, no database and no trust.

One checkpoint held outside is enough to find any change of what it covers. What came after it is
covered by the service's signatures alone, and what no checkpoint covers, by nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from lineage.ledger_entries import LedgerEntry
from lineage.ledger_notes import (
    Checkpoint,
    CheckpointRefused,
    SignedByAnother,
    VerifierKey,
    open_checkpoint,
)
from lineage.ledger_tree import Frontier

__all__ = ["Finding", "FindingKind", "LedgerReport", "verify_ledger"]


class FindingKind(StrEnum):
    """What was found."""

    OTHER_KEY = "other_key"
    NOT_A_CHECKPOINT = "not_a_checkpoint"
    FORKED = "forked"
    SHORTENED = "shortened"
    REWRITTEN = "rewritten"
    ENTRY_CHANGED = "entry_changed"
    MISPLACED = "misplaced"
    REPEATED = "repeated"
    ERASED_UNSEEN = "erased_unseen"
    ROW_DIFFERS = "row_differs"
    NOT_PROVEN = "not_proven"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is not as it must be: named by numbers and names from code."""

    kind: FindingKind
    what: str


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """What a verification saw.

    ``covered`` leaves lie under a checkpoint that was held outside, ``signed_only`` under one that
    came with the ledger, ``unprotected`` under none.
    """

    leaves: int
    covered: int
    signed_only: int
    unprotected: int
    erased: int
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


@dataclass(slots=True)
class _Walk:
    """One pass over the entries."""

    roots: dict[int, bytes]
    findings: set[Finding] = field(default_factory=set)
    frontier: Frontier = field(default_factory=Frontier)
    seen: set[bytes] = field(default_factory=set)
    erased: dict[int, bytes] = field(default_factory=dict)
    erased_on_record: set[bytes] = field(default_factory=set)

    def find(self, kind: FindingKind, what: str) -> None:
        self.findings.add(Finding(kind, what))

    def over(self, entries: Iterable[LedgerEntry], sizes: frozenset[int]) -> None:
        if 0 in sizes:
            self.roots[0] = self.frontier.root()
        for place, entry in enumerate(entries):
            if entry.position != place:
                self.find(FindingKind.MISPLACED, f"position {place} holds leaf {entry.position}")
            if not entry.holds():
                self.find(
                    FindingKind.ENTRY_CHANGED, f"the entry at position {place} is not its leaf's"
                )
            if entry.leaf in self.seen:
                self.find(FindingKind.REPEATED, f"the leaf at position {place} was there before")
            self.seen.add(entry.leaf)
            if entry.erased:
                self.erased[place] = entry.leaf
            self.erased_on_record |= entry.erased_leaves()
            self.frontier.append(entry.leaf)
            if self.frontier.size in sizes:
                self.roots[self.frontier.size] = self.frontier.root()
        for place, leaf in self.erased.items():
            if leaf not in self.erased_on_record:
                self.find(
                    FindingKind.ERASED_UNSEEN,
                    f"the entry at position {place} is gone, and no entry says that it was erased",
                )


def verify_ledger(
    entries: Iterable[LedgerEntry],
    key: VerifierKey,
    *,
    stored: Sequence[str] = (),
    held: Sequence[str] = (),
) -> LedgerReport:
    """Compare entries with the checkpoints that came with them and with those held outside."""
    walk = _Walk({})
    opened_held = list(_opened(held, key, "a checkpoint held outside", walk))
    opened_stored = list(_opened(stored, key, "a checkpoint of the ledger's own", walk))
    every = [*opened_held, *opened_stored]
    _look_for_forks(every, walk)
    walk.over(entries, frozenset(checkpoint.size for checkpoint in every))
    leaves = walk.frontier.size
    for checkpoint in every:
        if checkpoint.size > leaves:
            walk.find(
                FindingKind.SHORTENED,
                f"a checkpoint covers {checkpoint.size} leaves, and {leaves} are there",
            )
        elif walk.roots[checkpoint.size] != checkpoint.root:
            walk.find(
                FindingKind.REWRITTEN,
                f"the first {checkpoint.size} leaves are not those that were signed",
            )
    covered = min(leaves, max((c.size for c in opened_held), default=0))
    signed = min(leaves, max((c.size for c in every), default=0))
    return LedgerReport(
        leaves=leaves,
        covered=covered,
        signed_only=signed - covered,
        unprotected=leaves - signed,
        erased=len(walk.erased),
        findings=tuple(sorted(walk.findings)),
    )


def _opened(
    notes: Sequence[str], key: VerifierKey, which: str, walk: _Walk
) -> Iterator[Checkpoint]:
    for note in notes:
        try:
            yield open_checkpoint(note, key)
        except CheckpointRefused as error:
            signed = isinstance(error, SignedByAnother)
            kind = FindingKind.OTHER_KEY if signed else FindingKind.NOT_A_CHECKPOINT
            walk.find(kind, f"{which}: {error}")


def _look_for_forks(checkpoints: Sequence[Checkpoint], walk: _Walk) -> None:
    roots: dict[int, set[bytes]] = defaultdict(set)
    for checkpoint in checkpoints:
        roots[checkpoint.size].add(checkpoint.root)
    for size, different in roots.items():
        if len(different) > 1:
            walk.find(FindingKind.FORKED, f"{len(different)} roots were signed for {size} leaves")
