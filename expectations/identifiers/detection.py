"""The one detector: every identifier in many texts, with its place in each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from expectations.identifiers.kinds import IdentifierKind, Occurrence
from expectations.identifiers.known import KnownIdentifiers

__all__ = ["find_identifiers"]

_PATTERNS = (
    (IdentifierKind.EMAIL, re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    (IdentifierKind.URL, re.compile(r"(?:https?://|www\.)[^\s<>]+", re.IGNORECASE)),
    (IdentifierKind.SSN, re.compile(r"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)")),
    (IdentifierKind.PHONE, re.compile(r"(?<![\w+])\+?\(?\d(?:[ ().\-]{0,2}\d){9,14}(?!\d)")),
)
_WORD = re.compile(r"\w+")
_MOST_WORDS = 6


def find_identifiers(
    texts: Sequence[str | None], known: KnownIdentifiers | None = None
) -> list[list[Occurrence]]:
    """For each text its identifiers in order, none overlapping another; a null holds none."""
    return [_resolved([*_shaped(text), *_known(text, known)]) if text else [] for text in texts]


def _shaped(text: str) -> Iterator[Occurrence]:
    for kind, pattern in _PATTERNS:
        for found in pattern.finditer(text):
            yield Occurrence(found.start(), found.end(), kind)


def _known(text: str, known: KnownIdentifiers | None) -> Iterator[Occurrence]:
    if known is None:
        return
    words = list(_WORD.finditer(text))
    for first in range(len(words)):
        for last in range(first, min(first + _MOST_WORDS, len(words))):
            run = [word[0] for word in words[first : last + 1]]
            if kind := known.kind_of(run):
                yield Occurrence(words[first].start(), words[last].end(), kind, known=True)


def _resolved(found: list[Occurrence]) -> list[Occurrence]:
    kept: list[Occurrence] = []
    for each in sorted(found, key=lambda each: (each.start, -each.end)):
        if not kept or each.start >= kept[-1].end:
            kept.append(each)
    return kept
