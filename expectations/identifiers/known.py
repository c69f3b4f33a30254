"""Known identifiers: names, addresses and domains that tenants are known to use.

They are kept as keyed digests whose key nobody stores: a set of them finds what it was built of in
a text, and cannot be read. It is built inside a run and gone with it; it refuses to be pickled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, NoReturn, Self

import numpy as np
from numpy.typing import NDArray

from expectations.identifiers.anchors import Span
from expectations.identifiers.folding import Folded, fold_texts
from expectations.identifiers.kinds import IdentifierKind
from expectations.identifiers.name_context import stands_as_a_name
from expectations.identifiers.ordinary_words import COMPANY_FORMS, is_ordinary
from expectations.identifiers.word_digests import DigestKey, Words, words_of

__all__ = ["KnownIdentifiers"]

_KINDS = tuple(IdentifierKind)
_IN_CONTEXT = 0x80  # beside a kind: an ordinary word
_MOST_WORDS = 24
_WIDEST_GAP = 4
_BATCH = 50_000
_SHORTEST = 2
_PAIR = (0, 1)  # the words that tell a longer run


class KnownIdentifiers:
    """A set of identifiers to look for, as digests; it cannot be listed, printed or stored."""

    def __init__(
        self,
        key: DigestKey,
        digests: NDArray[np.uint64],
        marks: NDArray[np.uint8],
        pairs: NDArray[np.uint64],
        longest: int,
    ) -> None:
        self._key = key
        self._digests = digests
        self._marks = marks
        self._longest = longest
        self._table = _table(digests)
        self._pair_table = _table(pairs)

    @classmethod
    def build(cls, identifiers: Iterable[tuple[IdentifierKind, str]]) -> Self:
        """Remember these: pairs of the kind to report and the text to look for.

        The legal form of a company is left out of its name. What has fewer than two letters or
        digits, or more than 24 words, is not remembered: nothing could be told by the first,
        and parts of the second are its other identifiers.
        """
        key = DigestKey()
        digests = [np.empty(0, np.uint64)]
        marks = [np.empty(0, np.uint8)]
        pairs = [np.empty(0, np.uint64)]
        longest = 1
        forms = _form_digests(key)
        pending = iter(identifiers)
        while batch := list(islice(pending, _BATCH)):
            part = _built([(kind, text) for kind, text in batch if text], key, forms)
            digests.append(part.digests)
            marks.append(part.marks)
            pairs.append(part.pairs)
            longest = max(longest, part.longest)
        joined, order = np.unique(np.concatenate(digests), return_index=True)
        return cls(
            key, joined, np.concatenate(marks)[order], np.unique(np.concatenate(pairs)), longest
        )

    def __len__(self) -> int:
        return len(self._digests)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)}>"

    def __reduce__(self) -> NoReturn:
        message = (
            "known identifiers are not stored: whoever holds the set can ask who is a customer; "
            "build it inside the run that needs it"
        )
        raise TypeError(message)

    def spans(self, folded: Folded) -> Iterator[Span]:
        """Where the buffer holds one of them, as bytes from and to, with its kind."""
        yield from self._spans(folded, words_of(folded, self._key))
        if folded.codes is not None:
            yield from self._spans(folded, words_of(folded, self._key, as_written=True))

    def _spans(self, folded: Folded, words: Words) -> Iterator[Span]:
        if not len(words) or not len(self):
            return
        for begin, end in self._runs(words):
            found = np.searchsorted(self._digests, words.digests(begin, end))
            marks = self._marks[np.minimum(found, len(self._digests) - 1)]
            for first, last, mark in zip(begin.tolist(), end.tolist(), marks.tolist(), strict=True):
                span = self._judged(folded.data, words, first, last, mark)
                if span is not None:
                    yield span

    def _runs(self, words: Words) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Runs of words whose digest is one of the set, by length."""
        every = np.arange(len(words))
        digests = words.digests(slice(None), slice(None))
        single = every[self._holds(digests)]
        yield single, single
        if self._longest == 1:
            return
        begin, end = every[:-1], every[1:]
        digests = words.digests(begin, end)
        full = self._holds(digests)
        yield begin[full], end[full]
        going = self._pair_table[(digests >> _shift(self._pair_table)).astype(np.int64)]
        begin, end = begin[going], end[going]
        for _ in range(2, self._longest):
            end = end + 1
            inside = end < len(words)
            begin, end = begin[inside], end[inside]
            full = self._holds(words.digests(begin, end))
            yield begin[full], end[full]

    def _holds(self, digests: NDArray[np.uint64]) -> NDArray[np.bool_]:
        likely = self._table[(digests >> _shift(self._table)).astype(np.int64)]
        places = np.flatnonzero(likely)
        at = np.searchsorted(self._digests, digests[places])
        held = self._digests[np.minimum(at, len(self._digests) - 1)] == digests[places]
        likely[places] = held
        return likely

    def _judged(self, data: bytes, words: Words, first: int, last: int, mark: int) -> Span | None:
        starts, ends = words.starts, words.ends
        start, end = int(starts[first]), int(ends[last])
        if last > first:
            gaps = starts[first + 1 : last + 1] - ends[first:last]
            if gaps.max() > _WIDEST_GAP or b"\x00" in data[start:end]:
                return None
        if mark & _IN_CONTEXT and not stands_as_a_name(data, start, end):
            return None
        return start, end, _KINDS[mark & ~_IN_CONTEXT]


class _Part(NamedTuple):
    """Digests and marks of some identifiers, digests of their first two words, the most words."""

    digests: NDArray[np.uint64]
    marks: NDArray[np.uint8]
    pairs: NDArray[np.uint64]
    longest: int


def _built(
    identifiers: Sequence[tuple[IdentifierKind, str]], key: DigestKey, forms: NDArray[np.uint64]
) -> _Part:
    if not identifiers:
        return _NOTHING
    folded = fold_texts([text for _, text in identifiers])
    parts = [_digested(identifiers, folded, words_of(folded, key), forms)]
    if folded.codes is not None:
        words = words_of(folded, key, as_written=True)
        parts.append(_digested(identifiers, folded, words, forms))
    return _Part(
        np.concatenate([part.digests for part in parts]),
        np.concatenate([part.marks for part in parts]),
        np.concatenate([part.pairs for part in parts]),
        max(part.longest for part in parts),
    )


_NOTHING = _Part(np.empty(0, np.uint64), np.empty(0, np.uint8), np.empty(0, np.uint64), 1)


def _digested(
    identifiers: Sequence[tuple[IdentifierKind, str]],
    folded: Folded,
    words: Words,
    forms: NDArray[np.uint64],
) -> _Part:
    if not len(words):
        return _NOTHING
    firsts = words.starts if folded.places is None else folded.places[words.starts]
    owner = np.searchsorted(folded.starts, firsts, "right") - 1
    begin = np.searchsorted(owner, np.arange(len(identifiers)))
    end = np.append(begin[1:], len(words)) - 1
    is_form = np.isin(words.digests(slice(None), slice(None)), forms)
    for _ in range(3):  # "GmbH & Co. KG" has three
        drop = (end > begin) & is_form[np.minimum(end, len(words) - 1)]
        end = end - drop
    counts = end - begin + 1
    kept = (counts >= 1) & (counts <= _MOST_WORDS)
    kept &= _letters(words, begin, end, kept) >= _SHORTEST
    begin, end, counts = begin[kept], end[kept], counts[kept]
    kinds = np.array([_KINDS.index(kind) for kind, _ in identifiers], np.uint8)[kept]
    ordinary = [
        is_ordinary(_plain(folded, words, first, last))
        for first, last in zip(begin.tolist(), end.tolist(), strict=True)
    ]
    marks = kinds | (np.array(ordinary, bool) * np.uint8(_IN_CONTEXT))
    long = counts > len(_PAIR)
    pairs = words.digests(begin[long], begin[long] + 1)
    return _Part(words.digests(begin, end), marks, pairs, int(counts.max(initial=1)))


def _letters(
    words: Words, begin: NDArray[np.int64], end: NDArray[np.int64], kept: NDArray[np.bool_]
) -> NDArray[np.int64]:
    lengths = np.zeros(len(begin), np.int64)
    lengths[kept] = words.after[end[kept]] - words.first[begin[kept]]
    return lengths


def _plain(folded: Folded, words: Words, first: int, last: int) -> str:
    """The letters of an identifier as one small-lettered word; of ASCII alone."""
    written = folded.data[words.starts[first] : words.ends[last]].decode("latin-1").casefold()
    return "".join(filter(str.isalnum, written))


def _form_digests(key: DigestKey) -> NDArray[np.uint64]:
    words = words_of(fold_texts(sorted(COMPANY_FORMS)), key)
    return words.digests(slice(None), slice(None))


def _table(digests: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """By the upper bits of a digest, whether any has them: most that are not held fall here."""
    bits = max(12, min(26, int(max(len(digests), 1)).bit_length() + 4))
    table = np.zeros(1 << bits, bool)
    table[(digests >> np.uint64(64 - bits)).astype(np.int64)] = True
    return table


def _shift(table: NDArray[np.bool_]) -> np.uint64:
    return np.uint64(64 - (len(table) - 1).bit_length())
