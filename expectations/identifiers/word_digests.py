"""Keyed digests of the words of a folded buffer, and of runs of words written as one.

A digest is a polynomial over the letters with a secret point and secret letter values, so that
"Acme Rockets", "acme-rockets" and "AcmeRockets" have the same one, any run's digest follows from
sums over the buffer, and nobody without the key can ask whether a name has a given digest.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from expectations.identifiers.fold_tables import OTHER_LETTER
from expectations.identifiers.folding import Folded

__all__ = ["DigestKey", "Words", "words_of"]

_ASCII_LETTERS = np.zeros(256, bool)
_ASCII_LETTERS[[*range(48, 58), *range(65, 91), *range(97, 123)]] = True
_MIX = np.uint64(0x9E3779B97F4A7C15)


class DigestKey:
    """The secret of one set of digests; it lives as long as that set and is never stored."""

    def __init__(self) -> None:
        self._offset = np.uint64(secrets.randbits(64))
        self._factor = np.uint64(secrets.randbits(64) | 1)
        point = secrets.randbits(64) & ~7 | 5  # odd, of the longest order modulo 2^64
        self._point = np.uint64(point)
        self._inverse = np.uint64(pow(point, -1, 1 << 64))
        self._powers = (np.ones(1, np.uint64), np.ones(1, np.uint64))

    def powers(self, length: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """Powers of the point and of its inverse, at least that many."""
        known = self._powers
        if len(known[0]) < length:
            wanted = 1 << (length - 1).bit_length()
            known = _powers(self._point, wanted), _powers(self._inverse, wanted)
            self._powers = known  # both at once: another thread may read them
        return known

    @cached_property
    def of_bytes(self) -> NDArray[np.uint64]:
        """The value of each ASCII letter, capitals as small ones."""
        codes = np.arange(256, dtype=np.uint64)
        codes[65:91] += 32
        return self.of_codes(codes)

    def of_codes(self, codes: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """The value of each code point."""
        mixed = (codes ^ self._offset) * self._factor
        mixed ^= mixed >> np.uint64(29)
        mixed *= _MIX
        return mixed ^ (mixed >> np.uint64(32))


def _powers(point: np.uint64, length: int) -> NDArray[np.uint64]:
    powers = np.full(length, point, np.uint64)
    powers[0] = 1
    return np.multiply.accumulate(powers)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a buffer: bytes from and to, letters from and to, and sums over the letters."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    first: NDArray[np.int64]
    after: NDArray[np.int64]
    sums: NDArray[np.uint64]
    inverses: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.starts)

    def digests(
        self, begin: NDArray[np.int64] | slice, end: NDArray[np.int64] | slice
    ) -> NDArray[np.uint64]:
        """Digests of the runs from those words to these, written as one word."""
        at = self.first[begin]
        return mixed((self.sums[self.after[end]] - self.sums[at]) * self.inverses[at])


def mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread over all bits, so that the upper ones tell digests apart."""
    values = values * _MIX
    return values ^ (values >> np.uint64(31))


def words_of(folded: Folded, key: DigestKey, *, as_written: bool = False) -> Words:
    """The words of the buffer, by what they look like or by what they are.

    A hyphen at the end of a line joins what it parts. Where a script puts no space between words,
    each character is one.
    """
    seen = np.frombuffer(folded.data, np.uint8)
    codes = folded.written if as_written else folded.codes
    if codes is None:
        is_letter = _ASCII_LETTERS[seen]
        values = key.of_bytes[seen[is_letter]]
    else:
        is_letter = _ASCII_LETTERS[seen] | (seen == OTHER_LETTER)
        values = key.of_codes(codes[is_letter].astype(np.uint64))
    # The buffer begins and ends with a zero byte, so every word has two edges.
    begins, ends = is_letter[1:] & ~is_letter[:-1], is_letter[:-1] & ~is_letter[1:]
    if codes is not None and (alone := _stand_alone(codes)).any():
        begins |= is_letter[1:] & (alone[1:] | alone[:-1])
        ends |= is_letter[:-1] & (alone[1:] | alone[:-1])
    starts, stops = np.flatnonzero(begins) + 1, np.flatnonzero(ends) + 1
    if b"-\n" in folded.data:
        starts, stops = _joined_over_lines(folded.data, starts, stops)
    powers, inverses = key.powers(len(values) + 1)
    sums = np.zeros(len(values) + 1, np.uint64)
    np.cumsum(values * powers[: len(values)], out=sums[1:])
    counts = np.cumsum(is_letter)
    return Words(starts, stops, counts[starts] - 1, counts[stops - 1], sums, inverses)


# Thai to Khmer; ideographs, kana and syllables; the further planes of ideographs.
_SPACELESS = ((0x0E00, 0x1800), (0x2E80, 0xD7B0), (0x20000, 0x323B0))


def _stand_alone(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    alone = np.zeros(len(codes), bool)
    for first, after in _SPACELESS:
        alone |= (codes >= first) & (codes < after)
    return alone


def _joined_over_lines(
    data: bytes, starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    seen = np.frombuffer(data, np.uint8)
    broken = (seen[ends[:-1]] == ord("-")) & (
        seen[np.minimum(ends[:-1] + 1, len(seen) - 1)] == ord("\n")
    )
    broken &= starts[1:] == ends[:-1] + 2
    return starts[np.append(True, ~broken)], ends[np.append(~broken, True)]
