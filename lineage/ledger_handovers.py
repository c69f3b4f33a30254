"""Handovers: the last word of a key, which names the key that signs from then on.

A handover is a checkpoint with two lines more, signed by both keys: neither can be made to give or
to take a ledger without its secret half.

    classline/ledger-5f0c…
    1042
    CsUYapGGPo4dkMgIAUqom/…=
    handed from classline/ledger-5f0c…+03a9…+AZ…
    handed to classline/ledger-5f0c…+9c1e…+AR…

    — classline/ledger-5f0c… A6ngrlgt…
    — classline/ledger-5f0c… nB7oq1vm…

From the key that a verifier trusts, handovers lead to every other key of the ledger, and say which
sizes each may sign: a key signs nothing before it was handed the ledger, and nothing after.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

from lineage.ledger_notes import (
    Checkpoint,
    CheckpointRefused,
    NotACheckpoint,
    SignedByAnother,
    SigningKey,
    VerifierKey,
    open_checkpoint,
    open_signed,
    signed_note,
    unverified_lines,
)

__all__ = [
    "Handover",
    "KeyChain",
    "OutOfTurn",
    "chain_of",
    "is_handover",
    "open_handover",
    "signed_handover",
]

_FROM, _TO = "handed from ", "handed to "


class OutOfTurn(CheckpointRefused):
    """A key of the ledger signed what was another's to sign."""


@dataclass(frozen=True, slots=True)
class Handover:
    """The head up to which the old key signed, and the key that signs what comes after."""

    head: Checkpoint
    old: VerifierKey
    new: VerifierKey

    @property
    def text(self) -> str:
        """The text that both keys sign."""
        return f"{self.head.text}{_FROM}{self.old}\n{_TO}{self.new}\n"


def signed_handover(old: SigningKey, new: SigningKey, head: Checkpoint) -> str:
    """The handover of the ledger with that head, by one key to the other."""
    return signed_note(Handover(head, old.verifier, new.verifier).text, old, new)


def is_handover(note: str) -> bool:
    """Whether a note says that it is one, whoever signed it; a malformed one does not."""
    try:
        return bool(unverified_lines(note))
    except CheckpointRefused:
        return False


def open_handover(note: str) -> Handover:
    """The handover in a note that both its keys signed; whose they are, it cannot say."""
    lines = unverified_lines(note)
    marks = (_FROM, _TO)
    if len(lines) != len(marks) or not all(map(str.startswith, lines, marks)):
        message = "the handover does not name the old and the new key on two lines: refused"
        raise NotACheckpoint(message)
    old, new = (
        VerifierKey.parse(line.removeprefix(mark)) for line, mark in zip(lines, marks, strict=True)
    )
    if old == new:
        message = "the handover names one key twice: refused"
        raise NotACheckpoint(message)
    open_signed(note, new)
    return Handover(open_signed(note, old), old, new)


@dataclass(frozen=True, slots=True)
class KeyChain:
    """The keys of a ledger, oldest first, and the handovers between them.

    ``notes`` has the signed text of each handover.
    """

    keys: tuple[VerifierKey, ...]
    handovers: tuple[Handover, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def present(self) -> VerifierKey:
        """The key that nothing was handed on by."""
        return self.keys[-1]

    def open(self, note: str) -> Checkpoint:
        """The checkpoint in a note that the key signed whose turn it was."""
        return self.open_with_turn(note)[0]

    def open_with_turn(self, note: str) -> tuple[Checkpoint, int]:
        """The same, with the number of that key in the chain."""
        refused: CheckpointRefused | None = None
        for turn, key in enumerate(self.keys):
            try:
                checkpoint = open_checkpoint(note, key)
            except SignedByAnother as error:
                refused = error
                continue
            if self._in_turn(checkpoint, turn):
                return checkpoint, turn
            message = (
                f"the checkpoint of {checkpoint.size} leaves is signed by a key whose turn it was "
                "not: it was not handed the ledger yet, or had handed it on"
            )
            raise OutOfTurn(message)
        raise refused or SignedByAnother("the ledger has no key")

    def _in_turn(self, checkpoint: Checkpoint, turn: int) -> bool:
        began = self.handovers[turn - 1].head.size if turn else -1
        ended = self.handovers[turn].head.size if turn < len(self.handovers) else None
        return began < checkpoint.size and (ended is None or checkpoint.size <= ended)


def chain_of(
    trusted: VerifierKey, notes: Iterable[str], complain: Callable[[CheckpointRefused], None]
) -> KeyChain:
    """The chain through the key that is trusted; what is wrong of a handover is complained of.

    A complaint leaves the chain as far as it is sound: whoever relies on it asks for none.
    """
    opened: dict[Handover, str] = {}
    for note in notes:
        try:
            opened.setdefault(open_handover(note), note)
        except CheckpointRefused as error:
            complain(type(error)(f"a handover is refused: {error}"))
    by_old, by_new = defaultdict(list), defaultdict(list)
    for handover in sorted(opened, key=lambda made: (made.head.size, made.text)):
        by_old[handover.old].append(handover)
        by_new[handover.new].append(handover)
    chain = [
        *reversed(_followed(trusted, by_new, lambda handover: handover.old)),
        *_followed(trusted, by_old, lambda handover: handover.new),
    ]
    for one in (*by_old.values(), *by_new.values()):
        if len(one) > 1:
            message = "a key of the ledger was handed on, or taken over, by two different handovers"
            complain(OutOfTurn(message))
    if any(later.head.size <= earlier.head.size for earlier, later in pairwise(chain)):
        complain(OutOfTurn("a handover is of a smaller tree than the one before it"))
    keys = (chain[0].old, *(made.new for made in chain)) if chain else (trusted,)
    if len(set(keys)) < len(keys):
        complain(OutOfTurn("a key that handed the ledger on took it over again: refused"))
    if len(opened) > len(chain):
        complain(SignedByAnother("a handover leads from or to no key of this ledger: refused"))
    return KeyChain(keys, tuple(chain), tuple(opened[made] for made in chain))


def _followed(
    start: VerifierKey,
    by_key: dict[VerifierKey, list[Handover]],
    onward: Callable[[Handover], VerifierKey],
) -> list[Handover]:
    """The handovers in one direction; a key that comes up again ends it."""
    found: list[Handover] = []
    seen = {start}
    key = start
    while by_key.get(key):
        handover = by_key[key][0]
        key = onward(handover)
        if key in seen:
            break
        seen.add(key)
        found.append(handover)
    return found
