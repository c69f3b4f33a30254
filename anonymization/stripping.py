"""Takes identifiers out of texts, and drops whole texts that it cannot prove clean.

An identifier becomes a placeholder of its kind, `<EMAIL_1>`: the same identifier the same one
within a text. What is returned has been looked at again and nothing was found, so stripping it
once more changes nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from expectations.identifiers import IdentifierKind, KnownIdentifiers, Occurrence, find_identifiers

__all__ = ["DropReason", "StrippedText", "drop_counts", "strip_texts"]


class DropReason(StrEnum):
    """Why a whole text is dropped."""

    STILL_IDENTIFYING = "still_identifying"  # something was found after stripping
    UNREADABLE = "unreadable"  # characters that are no text


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
    found = find_identifiers(texts, known)
    replaced = [_replaced(text, each) for text, each in zip(texts, found, strict=True)]
    again = find_identifiers(replaced, known)
    return [
        _judged(text, new, removed, left)
        for text, new, removed, left in zip(texts, replaced, found, again, strict=True)
    ]


def drop_counts(stripped: Iterable[StrippedText]) -> dict[DropReason, int]:
    """How many texts were dropped for which reason."""
    return dict(Counter(each.dropped for each in stripped if each.dropped))


_PLACEHOLDER = re.compile(r"<([A-Z_]+)_(\d+)>")


def _replaced(text: str | None, found: Sequence[Occurrence]) -> str | None:
    if not text or not found:
        return text
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
    return "".join([*pieces, text[end:]])


def _judged(
    text: str | None, new: str | None, removed: Sequence[Occurrence], left: Sequence[Occurrence]
) -> StrippedText:
    counts = dict(Counter(each.kind for each in removed))
    if text and not _is_readable(text):
        return StrippedText(None, counts, DropReason.UNREADABLE)
    if left:
        return StrippedText(None, counts, DropReason.STILL_IDENTIFYING)
    return StrippedText(new, counts)


def _is_readable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
