"""Verifies a ledger against checkpoints: needs its entries and a key, no database and no trust.

One checkpoint held outside is enough to find any change of what it covers. What came after it is
covered by the service's signatures alone, and what no checkpoint covers, by nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from lineage.ledger_entries import LedgerEntry
from lineage.ledger_handovers import (
    Handover,
    KeyChain,
    OutOfTurn,
    chain_of,
    is_handover,
    open_handover,
)
from lineage.ledger_notes import Checkpoint, CheckpointRefused, SignedByAnother, VerifierKey
from lineage.ledger_tree import Frontier

__all__ = [
    "Finding",
    "FindingKind",
    "LedgerReport",
    "chain_of_notes",
    "refusal",
    "verify_ledger",
]


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
    OUT_OF_TURN = "out_of_turn"
    NOT_HANDED_OVER = "not_handed_over"
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
    handovers: int = 0

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
    handed_over: dict[str, int] = field(default_factory=dict)

    def find(self, kind: FindingKind, what: str) -> None:
        self.findings.add(Finding(kind, what))

    def over(self, entries: Iterable[LedgerEntry], sizes: frozenset[int]) -> None:
        if 0 in sizes:
            self.roots[0] = self.frontier.root()
        for place, entry in enumerate(entries):
            self.take(place, entry)
            self.frontier.append(entry.leaf)
            if self.frontier.size in sizes:
                self.roots[self.frontier.size] = self.frontier.root()
        for place, leaf in self.erased.items():
            if leaf not in self.erased_on_record:
                self.find(
                    FindingKind.ERASED_UNSEEN,
                    f"the entry at position {place} is gone, and no entry says that it was erased",
                )

    def take(self, place: int, entry: LedgerEntry) -> None:
        if entry.position != place:
            self.find(FindingKind.MISPLACED, f"position {place} holds leaf {entry.position}")
        if not entry.holds():
            self.find(FindingKind.ENTRY_CHANGED, f"the entry at position {place} is not its leaf's")
        if entry.leaf in self.seen:
            self.find(FindingKind.REPEATED, f"the leaf at position {place} was there before")
        self.seen.add(entry.leaf)
        if entry.erased:
            self.erased[place] = entry.leaf
        self.erased_on_record |= entry.erased_leaves()
        if (handed_over := entry.handover()) is not None:
            self.handed_over.setdefault(handed_over, place)


def verify_ledger(
    entries: Iterable[LedgerEntry],
    key: VerifierKey,
    *,
    stored: Sequence[str] = (),
    held: Sequence[str] = (),
    present: VerifierKey | None = None,
) -> LedgerReport:
    """Compare entries with the notes that came with them and with those held outside.

    Notes are checkpoints and handovers. The key is the one that is trusted: another counts where
    handovers lead to it. ``present``, the key that the ledger says it has now, must be such a one.
    """
    walk = _Walk({})
    chain = chain_of_notes(key, (*held, *stored), walk.findings.add)
    if present is not None and present not in chain.keys:
        walk.find(FindingKind.NOT_HANDED_OVER, "no handover leads to the key that it has now")
    signed = {
        note: opened
        for notes, which in ((held, "held outside"), (stored, "of the ledger's own"))
        for note, opened in _opened(notes, chain, f"a checkpoint {which}", walk)
    }
    covering = [signed[note][0] for note in held if note in signed]
    covering += [
        made.head for note, made in zip(chain.notes, chain.handovers, strict=True) if note in held
    ]
    every = [*(one for one, _ in signed.values()), *(made.head for made in chain.handovers)]
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
    _look_for_handovers(chain, signed.values(), walk)
    covered = min(leaves, max((c.size for c in covering), default=0))
    signed_size = min(leaves, max((c.size for c in every), default=0))
    return LedgerReport(
        leaves=leaves,
        covered=covered,
        signed_only=signed_size - covered,
        unprotected=leaves - signed_size,
        erased=len(walk.erased),
        findings=tuple(sorted(walk.findings)),
        handovers=len(chain.handovers),
    )


def chain_of_notes(
    key: VerifierKey, notes: Iterable[str], find: Callable[[Finding], None]
) -> KeyChain:
    """The chain of keys that the handovers among the notes make, from the key that is trusted."""

    def complain(refused: CheckpointRefused) -> None:
        turn = isinstance(refused, OutOfTurn)
        find(
            Finding(FindingKind.OUT_OF_TURN if turn else FindingKind.NOT_HANDED_OVER, str(refused))
        )

    return chain_of(key, [note for note in notes if is_handover(note)], complain)


def refusal(which: str, refused: CheckpointRefused) -> Finding:
    """The finding that a checkpoint was refused."""
    kind = FindingKind.NOT_A_CHECKPOINT
    if isinstance(refused, OutOfTurn):
        kind = FindingKind.OUT_OF_TURN
    elif isinstance(refused, SignedByAnother):
        kind = FindingKind.OTHER_KEY
    return Finding(kind, f"{which}: {refused}")


def _opened(
    notes: Sequence[str], chain: KeyChain, which: str, walk: _Walk
) -> Iterator[tuple[str, tuple[Checkpoint, int]]]:
    for note in notes:
        if is_handover(note):
            continue
        try:
            yield note, chain.open_with_turn(note)
        except CheckpointRefused as error:
            walk.findings.add(refusal(which, error))


def _look_for_forks(checkpoints: Sequence[Checkpoint], walk: _Walk) -> None:
    roots: dict[int, set[bytes]] = defaultdict(set)
    for checkpoint in checkpoints:
        roots[checkpoint.size].add(checkpoint.root)
    for size, different in roots.items():
        if len(different) > 1:
            walk.find(FindingKind.FORKED, f"{len(different)} roots were signed for {size} leaves")


def _look_for_handovers(
    chain: KeyChain, signed: Iterable[tuple[Checkpoint, int]], walk: _Walk
) -> None:
    """Every handover is an entry before the new key signs, and every such entry is a handover.

    So nobody shows a ledger without the handover that ended a key's turn.
    """
    places: dict[Handover, int] = {}
    for note, place in walk.handed_over.items():
        try:
            handover = open_handover(note)
        except CheckpointRefused as error:
            walk.find(FindingKind.NOT_HANDED_OVER, f"the entry at position {place}: {error}")
            continue
        places[handover] = place
        if handover not in chain.handovers:
            walk.find(
                FindingKind.NOT_HANDED_OVER,
                f"the entry at position {place} is a handover that did not come with the ledger",
            )
    first: dict[int, int] = {}
    for checkpoint, turn in signed:
        first[turn] = min(first.get(turn, checkpoint.size), checkpoint.size)
    for turn, handover in enumerate(chain.handovers, start=1):
        if turn in first and places.get(handover, first[turn]) >= first[turn]:
            walk.find(
                FindingKind.NOT_HANDED_OVER,
                f"a key signed {first[turn]} leaves, and none of them is its handover",
            )
