"""Many texts as one buffer of what a reader sees, every byte of it traced to its character.

Wide letters, foreign digits, lookalike letters, accents and invisible characters fold away, so
that they hide nothing from what is matched later. One byte stands for one character: other letters
and other signs are one byte each, and a zero byte stands between texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from expectations.identifiers.fold_tables import DROPPED, SEVERAL, fold_tables

__all__ = ["Folded", "fold_texts"]

_BETWEEN = "\x00"
_UNSEEN_ASCII = bytes([*range(1, 9), *range(14, 32), 127])


@dataclass(frozen=True, slots=True)
class Folded:
    """The buffer, where each text starts among the joined characters, and what was folded.

    ``data`` begins and ends with a zero byte. ``places`` gives the joined character of each byte,
    None where they are the same. ``codes`` are what letters outside ASCII look like and ``written``
    what they are, for names to be compared by; None where all are ASCII. ``hid_nothing`` is False
    where characters that render as nothing were taken out.
    """

    data: bytes
    starts: NDArray[np.int64]
    places: NDArray[np.int64] | None
    codes: NDArray[np.uint32] | None
    written: NDArray[np.uint32] | None
    hid_nothing: bool

    def origins(
        self, starts: Sequence[int], ends: Sequence[int]
    ) -> tuple[list[int], list[int], list[int]]:
        """Of spans of bytes: which text each stands in, and its character offsets there."""
        first = np.array(starts, np.int64)
        last = np.array(ends, np.int64) - 1
        if self.places is not None:
            first, last = self.places[first], self.places[last]
        text = np.searchsorted(self.starts, first, "right") - 1
        at = self.starts[text]
        return text.tolist(), (first - at).tolist(), (last + 1 - at).tolist()


def fold_texts(texts: Sequence[str], *, unseen_as_space: bool = False) -> Folded:
    """Fold all the texts into one buffer; what renders as nothing is taken out or is a space."""
    joined = _BETWEEN.join(("", *texts, ""))
    ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 1)
    starts = np.concatenate(([1], ends[:-1] + 1))
    if joined.isascii():
        data = joined.encode("ascii")
        unseen = len(data) - len(data.translate(None, _UNSEEN_ASCII))
        if not unseen and data.count(b"\x00") == len(texts) + 1:
            return Folded(data, starts, None, None, None, hid_nothing=True)
    return _folded_widely(joined, starts, unseen_as_space=unseen_as_space)


def _folded_widely(joined: str, starts: NDArray[np.int64], *, unseen_as_space: bool) -> Folded:
    tables = fold_tables()
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    between = np.append(starts - 1, len(codes) - 1)
    seen = tables.reads_as[codes]
    looks, written = tables.looks_as[codes], tables.written_as[codes]
    unseen = seen == DROPPED
    unseen[between] = False
    hid_nothing = not unseen.any()
    places: NDArray[np.int64] | None = None
    if unseen_as_space:
        seen[unseen] = looks[unseen] = written[unseen] = ord(" ")
    elif not hid_nothing or (seen == SEVERAL).any():
        places, spelled = _respelled(codes, seen, unseen)
        seen = tables.reads_as[spelled]
        looks, written = tables.looks_as[spelled], tables.written_as[spelled]
        between = np.searchsorted(places, between)
    seen[between] = looks[between] = written[between] = 0
    return Folded(seen.tobytes(), starts, places, looks, written, hid_nothing)


def _respelled(
    codes: NDArray[np.uint32], seen: NDArray[np.uint8], unseen: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Code points without those that read as nothing, those that read as several written out.

    With each the place of the character it comes from.
    """
    tables = fold_tables()
    widths = np.ones(len(codes), np.int64)
    widths[unseen] = 0
    wide = np.flatnonzero(seen == SEVERAL)
    written = [tables.several[int(codes[place])] for place in wide]
    widths[wide] = [len(each) for each in written]
    places = np.repeat(np.arange(len(codes)), widths)
    begins = np.cumsum(widths) - widths
    spelled = codes[places]
    for place, each in zip(wide, written, strict=True):
        begin = int(begins[place])
        spelled[begin : begin + len(each)] = [ord(character) for character in each]
    return places, spelled
