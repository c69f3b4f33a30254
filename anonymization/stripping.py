"""Takes identifiers out of texts, and drops whole texts that it cannot prove clean.

An identifier becomes a placeholder of its kind, `<EMAIL_1>`: the same identifier the same one
within a text. What is returned has been looked at after the last change and nothing was found, so
stripping it once more changes nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from expectations.identifiers import IdentifierKind, KnownIdentifiers, Occurrence, find_identifiers

__all__ = ["DropReason", "StrippedText", "drop_counts", "strip_texts"]


class DropReason(StrEnum):
    """Why a whole text is dropped."""

    STILL_IDENTIFYING = "still_identifying"  # something was found however often it was stripped
    UNREADABLE = "unreadable"  # characters whose meaning nobody can tell


_ROUNDS = 3  # what stands together once something between was taken out is taken out too


@dataclass(frozen=True, slots=True)
class StrippedText:
    """What is left of one text: None where it was dropped, and then why."""

    text: str | None
    removed: Mapping[IdentifierKind, int] = field(default_factory=dict)
    dropped: DropReason | None = None


def strip_texts(
    texts: Sequence[str | None], known: KnownIdentifiers | None = None
) -> list[StrippedText]:
    """Strip each text; a null stays null and counts as neither stripped nor dropped."""
    results: list[StrippedText] = [StrippedText(text) for text in texts]
    pending = [place for place, text in enumerate(texts) if text]
    for _ in range(_ROUNDS):
        left = [results[place] for place in pending]
        found = find_identifiers([each.text for each in left], known)
        holding = [place for place, each in zip(pending, found, strict=True) if each]
        for place, each in zip(pending, found, strict=True):
            if each:
                results[place] = _replaced(results[place], each)
        if not holding:
            break
        pending = holding
    else:
        for place in pending:  # looked at once too little: not proven clean
            results[place] = _dropped(results[place], DropReason.STILL_IDENTIFYING)
    return [_readable(each) for each in results]


def drop_counts(stripped: Iterable[StrippedText]) -> dict[DropReason, int]:
    """How many texts were dropped for which reason."""
    return dict(Counter(each.dropped for each in stripped if each.dropped))


_PLACEHOLDER = re.compile(r"<([A-Z_]+)_(\d{1,9})>")
# What cannot be written, what is nobody's character yet, what a private font gives a meaning.
_UNREADABLE = frozenset({"Cs", "Cn", "Co"})


def _replaced(stripped: StrippedText, found: Sequence[Occurrence]) -> StrippedText:
    """Each find by the placeholder of its kind, numbered on from those that are there."""
    text = stripped.text or ""
    numbers: dict[tuple[IdentifierKind, str], int] = {}
    used: Counter[str] = Counter()
    for kind, number in _PLACEHOLDER.findall(text):
        used[kind] = max(used[kind], int(number))
    pieces: list[str] = []
    end = 0
    for each in found:
        key = (each.kind, text[each.start : each.end].casefold())
        if key not in numbers:
            used[each.kind] += 1
            numbers[key] = used[each.kind]
        pieces += [text[end : each.start], f"<{each.kind}_{numbers[key]}>"]
        end = each.end
    removed = Counter(stripped.removed) + Counter(each.kind for each in found)
    return StrippedText("".join([*pieces, text[end:]]), removed)


def _readable(stripped: StrippedText) -> StrippedText:
    text = stripped.text
    if text is None or text.isascii():
        return stripped
    if any(unicodedata.category(character) in _UNREADABLE for character in text):
        return _dropped(stripped, DropReason.UNREADABLE)
    return stripped


def _dropped(stripped: StrippedText, reason: DropReason) -> StrippedText:
    return StrippedText(None, stripped.removed, reason)
