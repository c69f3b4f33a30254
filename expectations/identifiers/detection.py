"""The one detector: every identifier in many texts, with its place in each.

Texts are folded and scanned many at a time. What is written in another encoding is decoded and
scanned too, and found where it is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from expectations.identifiers.encodings import decoded_escapes, decoded_run
from expectations.identifiers.folding import Folded, fold_texts
from expectations.identifiers.kinds import IdentifierKind, Occurrence
from expectations.identifiers.known import KnownIdentifiers
from expectations.identifiers.overlaps import without_overlaps
from expectations.identifiers.scanning import Scanned, scan

__all__ = ["find_identifiers", "occurrences"]

_BATCH = 1 << 18
_PIECE = 1 << 18
_CONTEXT = 1 << 12  # what a piece of a long text shows of its neighbours
_DEEPEST = 2

_Found = tuple[int, int, int, IdentifierKind, bool]  # text, from, to, kind, known


def find_identifiers(
    texts: Sequence[str | None], known: KnownIdentifiers | None = None
) -> list[list[Occurrence]]:
    """For each text its identifiers in order, none overlapping another; a null holds none."""
    found: list[list[Occurrence]] = [[] for _ in texts]
    for text, start, end, kind, is_known in occurrences(texts, known):
        found[text].append(Occurrence(start, end, kind, is_known))
    return [without_overlaps(each) if len(each) > 1 else each for each in found]


def occurrences(
    texts: Sequence[str | None], known: KnownIdentifiers | None = None
) -> Iterator[_Found]:
    """Everything found, in no order and overlapping: text, start, end, kind and whether known."""
    places: list[int] = []
    size = 0
    for place, text in enumerate(texts):
        if not text:
            continue
        if len(text) > _PIECE:
            yield from _in_pieces(place, text, known)
            continue
        if size + len(text) > _BATCH and places:
            yield from _in_batch(texts, places, known)
            places, size = [], 0
        places.append(place)
        size += len(text)
    if places:
        yield from _in_batch(texts, places, known)


def _in_pieces(place: int, text: str, known: KnownIdentifiers | None) -> Iterator[_Found]:
    """One long text, a piece at a time, each with what surrounds it."""
    for begin in range(0, len(text), _PIECE):
        shown = max(begin - _CONTEXT, 0)
        piece = text[shown : begin + _PIECE + 4 * _CONTEXT]
        for _, start, end, kind, is_known in _found([piece], known, depth=0):
            if begin <= start + shown < begin + _PIECE or start == 0 < begin <= end + shown:
                yield place, start + shown, end + shown, kind, is_known


def _in_batch(
    texts: Sequence[str | None], places: list[int], known: KnownIdentifiers | None
) -> Iterator[_Found]:
    batch = [text for place in places if (text := texts[place])]
    for text, start, end, kind, is_known in _found(batch, known, depth=0):
        yield places[text], start, end, kind, is_known


def _found(
    texts: Sequence[str], known: KnownIdentifiers | None, *, depth: int
) -> Iterator[_Found]:
    """Everything found in those texts, in what is decoded of them too."""
    folded = fold_texts(texts)
    yield from _seen(texts, folded, known, depth)
    if not folded.hid_nothing:
        # What renders as nothing may also stand where a reader sees a gap.
        yield from _seen(texts, fold_texts(texts, unseen_as_space=True), known, depth)


def _seen(
    texts: Sequence[str], folded: Folded, known: KnownIdentifiers | None, depth: int
) -> Iterator[_Found]:
    scanned = scan(folded.data)
    for start, end, kind in scanned.spans:
        yield (*folded.origin(start, end), kind, False)
    if known is not None:
        for start, end, kind in known.spans(folded):
            yield (*folded.origin(start, end), kind, True)
    if depth < _DEEPEST:
        yield from _decoded(texts, folded, scanned, known, depth)


def _decoded(
    texts: Sequence[str],
    folded: Folded,
    scanned: Scanned,
    known: KnownIdentifiers | None,
    depth: int,
) -> Iterator[_Found]:
    """What is found in decoded runs, told at the place of the whole run."""
    views: list[str] = []
    origins: list[tuple[int, int]] = []
    for start, end in scanned.encoded:
        for view in decoded_run(folded.data[start:end].translate(None, b"\r\n")):
            views.append(view)
            origins.append((start, end))
    for start, end in scanned.escaped:
        for view in decoded_escapes(folded.data[start:end].decode("latin-1")):
            views.append(view)
            origins.append((start, end))
    for start, end in scanned.spaced:
        views.append("".join(folded.data[start:end:2].decode("latin-1")))
        origins.append((start, end))
    if views:
        for view, _, _, kind, is_known in _found(views, known, depth=depth + 1):
            yield (*folded.origin(*origins[view]), kind, is_known)

