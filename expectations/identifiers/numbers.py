"""Tells what a run of digits is: a card, a social security or telephone number, or just a number.

One anchor stops at the seventh digit of every run; the run is then read from its start. What is
written as telephone numbers are nowhere else written is one by itself, other runs need a word
beside them that says so.
"""

from __future__ import annotations

import re

from expectations.identifiers.anchors import Anchor, AnchorGroup, Span
from expectations.identifiers.checksums import digits_of, luhn_holds
from expectations.identifiers.kinds import IdentifierKind
from expectations.identifiers.national_numbers import national_number
from expectations.identifiers.networks import ipv4
from expectations.identifiers.phones import (
    certain_phone,
    is_id,
    is_named_a_phone,
    likely_phone,
)

__all__ = ["ANCHORS"]

_LOOK_BACK = 48
_RUN_BACKWARDS = re.compile(rb"[0-9 ().\-/+\n]*[0-9(+]")
_BREAKS = frozenset(b" \n\t\x00:;,\"'=<>[{|")
# The commonest forms, told by their form alone: read first, and only once.
_COMMON = re.compile(
    rb"(?:(\d{3}-\d{2}-\d{4})"
    rb"|((?:\+?1[ .-])?(?:[2-9]\d{2}-|[2-9]\d{2}\.|\([2-9]\d{2}\) )\d{3}[.-]\d{4})"
    rb"|(\d{4}([ -])\d{4}\4\d{4}\4\d{4}))(?=[ \n\t\x00;,!?<\"']|\.[ \n\x00])(?! ?(?:x|ext))"
)
_COMMON_KINDS = {
    1: IdentifierKind.SSN,
    2: IdentifierKind.PHONE,
    3: IdentifierKind.CREDIT_CARD,
}
_STARTS = re.compile(rb"(?<![0-9])[0-9]|[(+](?=\(?[0-9])")

_SSN = re.compile(rb"\d{3}([-. ])\d{2}\1\d{4}(?![0-9]|[-.][0-9A-Za-z])")
_CARD = re.compile(
    rb"\d{4}([ .-]{1,2})\d{4}\1\d{4}\1\d{4}(?:\1\d{1,3})?(?!\d)"
    rb"|3\d{3}([ .-]{1,2})\d{6}\2\d{4,5}(?!\d)"
)
_DIGITS = re.compile(rb"\d{7,20}(?!\d)")
_SPACED_CARD = re.compile(rb"[2-6](?:[ .-]?\d){11,18}(?![ .-]?\d)")
_DATE = re.compile(
    rb"(?:(?:19|20)\d\d([-./ ])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])"
    rb"|(?:0?[1-9]|[12]\d|3[01])([-./])(?:0?[1-9]|[12]\d|3[01])\2(?:19|20)?\d\d"
    rb"|(?:19|20)\d\d ?[-/] ?(?:19|20)\d\d|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01]))"
    rb"(?![0-9]|[-./][0-9])"
)
_DECIMAL = re.compile(rb"\d{1,9}\.\d{3,}(?![0-9]|[-. ][0-9])|\d{1,3}(?:\.\d{3}){2,5}(?![.-]?[0-9])")
_SSN_NAMED = re.compile(rb"(?:ssn|social)[^\x00]{0,20}\Z", re.IGNORECASE)
_SSN_COUNTED = re.compile(
    rb"[ ]{0,2}(?:%|units?|rows?|records?|items?|users?|bytes|dollars|people)\b|[.-][0-9A-Za-z]",
    re.IGNORECASE,
)
_JOINED_LETTER = re.compile(rb"[A-Za-z_\xff]\Z")
_JOINED_WORD = re.compile(
    rb"(?:tel|telephone|phone|fax|mob|mobile|cell|call|ssn|card|no|nr|to|ext|t|p|m|f)\Z",
    re.IGNORECASE,
)

# The industry numbers of ISO/IEC 7812 under which cards are issued, with their lengths.
_ISSUERS = re.compile(
    rb"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|2720\d{12}"
    rb"|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11,16}|3(?:09|9\d)\d{11,16}|(?:2131|1800)\d{11}"
    rb"|35\d{14,17}|6(?:011|4[4-9]\d|5\d\d)\d{12,15}|62\d{14,17}|9792\d{12}|220[0-4]\d{12,15}"
    rb"|(?:50|5[6-9]|6\d)\d{10,17}|81\d{14,17}"
)


def _common(buffer: bytes, start: int) -> Span | None:
    """The forms that most numbers have, with little work."""
    found = _COMMON.match(buffer, start)
    if found is None:
        return certain_phone(buffer, start) if buffer[start] == _PLUS else None
    kind = _COMMON_KINDS[found.lastindex or 0]
    if kind is IdentifierKind.SSN and not _was_issued(*found[0].split(b"-")):
        return None
    return start, found.end(), kind


_PLUS = ord("+")


def _number(buffer: bytes, at: int, settled: int) -> Span | None:
    """The first identifier in the run of digits that reaches as far as the anchor."""
    low = at - _LOOK_BACK
    low = max(low, settled)
    before = _RUN_BACKWARDS.match(buffer[low:at][::-1])
    start = at - before.end() if before else at
    if buffer[start - 1] in _BREAKS and (span := _common(buffer, start)):
        return span
    for place in _STARTS.finditer(buffer, start, at):
        found = _read(buffer, place.start(), settled)
        if found is not None:
            return found
    return None


def _read(buffer: bytes, start: int, settled: int) -> Span | None:
    """What the digits from there on are."""
    if start != settled and _is_inside_a_word(buffer, start):
        return None
    for reader in (_social_security, ipv4, _printed_card, certain_phone):
        if found := reader(buffer, start):
            return found
    if _SSN.match(buffer, start):
        return None  # one that was never issued
    for reader in (_plain_digits, _spaced_card, national_number):
        if found := reader(buffer, start):
            return found
    if _DATE.match(buffer, start) or _DECIMAL.match(buffer, start):
        return None
    return likely_phone(buffer, start)


def _printed_card(buffer: bytes, start: int) -> Span | None:
    """Grouped as cards are printed: that needs no check digit."""
    found = _CARD.match(buffer, start)
    return (start, found.end(), IdentifierKind.CREDIT_CARD) if found else None


def _spaced_card(buffer: bytes, start: int) -> Span | None:
    """Grouped otherwise: the issuer and the check digit decide."""
    found = _SPACED_CARD.match(buffer, start)
    if found is None or not _is_card(digits_of(found[0])):
        return None
    return start, found.end(), IdentifierKind.CREDIT_CARD


def _plain_digits(buffer: bytes, start: int) -> Span | None:
    """Digits alone: a card by its check digit, nine of them a social security number."""
    found = _DIGITS.match(buffer, start)
    if found is None:
        return None
    digits, end = found[0], found.end()
    if _is_card(digits):
        return start, end, IdentifierKind.CREDIT_CARD
    if len(digits) != _SSN_DIGITS or not _was_issued(digits[:3], digits[3:5], digits[5:]):
        return None
    if is_id(buffer, start) or _SSN_COUNTED.match(buffer, end):
        return None
    named = _SSN_NAMED.search(buffer, max(start - 24, 0), start)
    if named is None and is_named_a_phone(buffer, start, end):
        return None
    return start, end, IdentifierKind.SSN


_SSN_DIGITS = 9


def _is_inside_a_word(buffer: bytes, start: int) -> bool:
    before = buffer[max(start - 12, 0) : start]
    return bool(_JOINED_LETTER.search(before)) and not _JOINED_WORD.search(before)


def _social_security(buffer: bytes, start: int) -> Span | None:
    """Nine digits grouped so, whatever stands between the groups."""
    found = _SSN.match(buffer, start)
    if found is None or not _was_issued(*re.split(rb"[-. ]", found[0])):
        return None
    return start, found.end(), IdentifierKind.SSN


def _was_issued(area: bytes, group: bytes, serial: bytes) -> bool:
    """Areas 000 and 666, group 00 and serial 0000 never were; from 900 on they are tax numbers."""
    return area not in {b"000", b"666"} and group != b"00" and serial != b"0000"


def _is_card(digits: bytes) -> bool:
    return _ISSUERS.fullmatch(digits) is not None and luhn_holds(digits)


ANCHORS = (
    Anchor(
        rb"[^0-9][0-9](?:[ ().\-/\n]{0,3}[0-9]){6}",
        _number,
        group=AnchorGroup.DIGITS,
        looks_back=True,
    ),
)
