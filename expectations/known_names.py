"""Finds names that are known, word by word: a plain stand-in where no automaton is at hand.

Names of several words, addresses and domains are found in any case. A single word is found only
as it is written: "target" is a word, "Target" may be a company.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from expectations.findings import KNOWN_IDENTIFIER, Scan
from expectations.pii_shapes import folded

__all__ = ["knowing"]

_WORD = re.compile(r"[\w@.'&+-]*\w", re.UNICODE)
_SHORTEST = 4


def knowing(scan: Scan, names: Iterable[str]) -> Scan:
    """The scan that finds what the other finds, and these names."""
    sought = {_words(name) for name in names if len(name.strip()) >= _SHORTEST}
    sought.discard(())
    if not sought:
        return scan
    lengths = sorted({len(words) for words in sought})
    starts = {words[0] for words in sought}

    def named(text: str) -> bool:
        written = _WORD.findall(folded(text))
        words = [word.casefold() for word in written]
        for place, word in enumerate(words):
            if word in starts or written[place] in starts:
                for length in lengths:
                    run = words if length > 1 or "@" in word or "." in word else written
                    if tuple(run[place : place + length]) in sought:
                        return True
        return False

    def both(texts: Sequence[str | None]) -> Iterable[tuple[int, str]]:
        yield from scan(texts)
        for place, text in enumerate(texts):
            if text and named(text):
                yield place, KNOWN_IDENTIFIER

    return both


def _words(name: str) -> tuple[str, ...]:
    written = _WORD.findall(folded(name))
    if len(written) == 1 and not {"@", "."} & set(written[0]):
        return (written[0],)
    return tuple(word.casefold() for word in written)
