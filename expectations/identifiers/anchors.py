"""How one kind of identifier is looked for: a cheap anchor for the scan, then a close look.

An anchor is an expression without backtracking, matched over the whole buffer at once. Where it
ends, its confirmation looks at a bounded window around that place, so the time of a scan grows
with the text and with nothing in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from expectations.identifiers.kinds import IdentifierKind

__all__ = ["Anchor", "AnchorGroup", "Confirm", "Span"]

Span = tuple[int, int, IdentifierKind]
"""Bytes of the buffer, from and to, and what stands there."""

Confirm = Callable[[bytes, int, int], Span | None]
"""Judges what an anchor found, given the buffer, where the anchor ended and what is settled."""


class AnchorGroup(StrEnum):
    """Which anchors are scanned for together: an engine for each is faster than one for all."""

    WORDS = "words"
    DIGITS = "digits"
    CODES = "codes"
    NAMES = "names"
    COLONS = "colons"
    PLACES = "places"
    APART = "apart"


@dataclass(frozen=True, slots=True)
class Anchor:
    """An expression that every identifier of a kind matches, and how a match is judged."""

    expression: bytes
    confirm: Confirm
    in_any_case: bool = True
    group: AnchorGroup = AnchorGroup.WORDS
    looks_back: bool = False  # over all before it, which then need not be looked at again
