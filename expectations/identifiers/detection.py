"""The one detector: every identifier in many texts, with its place in each.

Texts are folded and scanned many at a time. What is written in another encoding is decoded and
scanned too, and found where it is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from expectations.identifiers.anchors import Span
from expectations.identifiers.encodings import closed_up, decoded_escapes, decoded_run
from expectations.identifiers.folding import Folded, fold_texts
from expectations.identifiers.kinds import IdentifierKind, Occurrence
from expectations.identifiers.known import KnownIdentifiers
from expectations.identifiers.overlaps import without_overlaps
from expectations.identifiers.scanning import Scanned, scan

__all__ = ["Found", "find_identifiers", "finds"]

_BATCH = 1 << 18  # what a processor's cache holds is looked at fastest
_CONTEXT = 1 << 13  # what a piece of a long text shows of its neighbours
_DEEPEST = 2


@dataclass(slots=True)
class Found:
    """What was found, one entry a find, in no order and overlapping."""

    texts: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    kinds: list[IdentifierKind] = field(default_factory=list)
    known: list[bool] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.texts)


def find_identifiers(
    texts: Sequence[str | None], known: KnownIdentifiers | None = None
) -> list[list[Occurrence]]:
    """For each text its identifiers in order, none overlapping another; a null holds none."""
    result: list[list[Occurrence]] = [[] for _ in texts]
    for found in finds(texts, known):
        overlapping: set[int] = set()
        made = map(
            Occurrence._make, zip(found.starts, found.ends, found.kinds, found.known, strict=True)
        )
        for text, each in zip(found.texts, made, strict=True):
            there = result[text]
            if there and each[0] < there[-1][1]:
                overlapping.add(text)
            there.append(each)
        for text in overlapping:
            result[text] = without_overlaps(result[text])
    return result


def finds(texts: Sequence[str | None], known: KnownIdentifiers | None = None) -> Iterator[Found]:
    """Everything found in those texts, a quarter of a million characters at a time."""
    places: list[int] = []
    size = 0
    for place, text in enumerate(texts):
        if not text:
            continue
        size += len(text)
        if size > _BATCH:
            if places:
                yield _in_batch(texts, places, known)
            places, size = [], len(text)
            if size > _BATCH:
                yield from _in_pieces(place, text, known)
                size = 0
                continue
        places.append(place)
    if places:
        yield _in_batch(texts, places, known)


def _in_pieces(place: int, text: str, known: KnownIdentifiers | None) -> Iterator[Found]:
    """One long text, a piece at a time, each with what surrounds it."""
    for begin in range(0, len(text), _BATCH):
        shown = max(begin - _CONTEXT, 0)
        found = _found([text[shown : begin + _BATCH + _CONTEXT]], known, depth=0)
        for number, start in enumerate(found.starts):
            found.texts[number] = place
            found.starts[number] = start + shown
            found.ends[number] += shown
        yield found


def _in_batch(
    texts: Sequence[str | None], places: list[int], known: KnownIdentifiers | None
) -> Found:
    found = _found([text for place in places if (text := texts[place])], known, depth=0)
    found.texts = [places[text] for text in found.texts]
    return found


def _found(texts: Sequence[str], known: KnownIdentifiers | None, *, depth: int) -> Found:
    """Everything found in those texts, in what is decoded of them too."""
    found = Found()
    folded = fold_texts(texts)
    _look(folded, known, depth, found)
    if not folded.hid_nothing:
        # What renders as nothing may also stand where a reader sees a gap.
        _look(fold_texts(texts, unseen_as_space=True), known, depth, found)
    return found


def _look(folded: Folded, known: KnownIdentifiers | None, depth: int, found: Found) -> None:
    scanned = scan(folded.data)
    starts, ends, kinds = scanned.starts, scanned.ends, scanned.kinds
    is_known = [False] * len(starts)
    further: list[tuple[Span, bool]] = []
    if known is not None:
        further += [(span, True) for span in known.spans(folded)]
    if depth < _DEEPEST:
        further += _decoded(folded, scanned, known, depth)
    for (start, end, kind), knows in further:
        starts.append(start)
        ends.append(end)
        kinds.append(kind)
        is_known.append(knows)
    if not starts:
        return
    texts, begins, stops = folded.origins(starts, ends)
    found.texts += texts
    found.starts += begins
    found.ends += stops
    found.kinds += kinds
    found.known += is_known


def _decoded(
    folded: Folded, scanned: Scanned, known: KnownIdentifiers | None, depth: int
) -> list[tuple[Span, bool]]:
    """What is found in decoded runs, told at the place of the whole run."""
    views: list[str] = []
    origins: list[tuple[int, int]] = []
    for runs, read in (
        (scanned.encoded, decoded_run),
        (scanned.escaped, decoded_escapes),
        (scanned.spaced, closed_up),
    ):
        for start, end in runs:
            for view in read(folded.data[start:end]):
                views.append(view)
                origins.append((start, end))
    if not views:
        return []
    found = _found(views, known, depth=depth + 1)
    return [
        ((*origins[view], kind), is_known)
        for view, kind, is_known in zip(found.texts, found.kinds, found.known, strict=True)
    ]
