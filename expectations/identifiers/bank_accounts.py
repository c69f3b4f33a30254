"""Confirms international bank account numbers, whatever spaces are between their groups."""

from __future__ import annotations

import re
from itertools import accumulate

from expectations.identifiers.anchors import Anchor, AnchorGroup, Span
from expectations.identifiers.checksums import iban_holds
from expectations.identifiers.kinds import IdentifierKind

__all__ = ["ANCHORS"]

_GROUPED = re.compile(rb"[A-Za-z]{2}\d{2}(?:[ .-]?[0-9A-Za-z]{1,30}){1,12}")
_SEPARATOR = re.compile(rb"[ .-]")
_LONGEST = 48


def _iban(buffer: bytes, at: int, settled: int) -> Span | None:
    for start in range(at - 9, at - 6):
        if start < settled or buffer[start - 1 : start].isalnum():
            continue
        found = _GROUPED.match(buffer, start, start + _LONGEST)
        if found is None:
            continue
        ends = [each.start() for each in _SEPARATOR.finditer(found[0])] + [len(found[0])]
        groups = accumulate(_SEPARATOR.split(found[0]))
        for end, number in zip(ends, groups, strict=True):
            if iban_holds(number):
                return start, start + end, IdentifierKind.IBAN
    return None


ANCHORS = (Anchor(rb"[^0-9a-z][a-z]{2}[0-9]{2}[ .-]?[0-9a-z]{4}", _iban, group=AnchorGroup.DIGITS),)
