"""Confirms telephone numbers, by how they are written or by a word that stands beside them.

Numbers with a country code are checked against the numbering plans that `phonenumbers` carries.
"""

from __future__ import annotations

import re
from functools import cache

from expectations.identifiers.anchors import Span
from expectations.identifiers.checksums import digits_of
from expectations.identifiers.kinds import IdentifierKind

__all__ = ["certain_phone", "is_id", "is_named_a_phone", "likely_phone"]

_EXTENSION = rb"(?:[ ]?(?:x|ext\.?|extension|#)[ ]?\d{1,6})?"
_AMERICAN = re.compile(
    rb"(?:(?:\+|00)?1[ .\-/]{0,2})?(?:\([2-9]\d{2}\)[ .\-]{0,2}|[2-9]\d{2}[ .\-/]{1,2})"
    rb"\d{3}[ .\-]{1,2}\d{4}"
    rb"(?![0-9]|[-.][0-9A-Za-z])" + _EXTENSION,
    re.IGNORECASE,
)
_AMERICAN_DIGITS = re.compile(
    rb"1?[2-9]\d{2}[2-9]\d{6}(?![0-9]|[-.,][0-9]|-[A-Za-z])" + _EXTENSION, re.IGNORECASE
)
_INTERNATIONAL = re.compile(
    rb"(?:\+|00)[ ]?\(?\d{1,4}\)?(?:[ .\-/]{0,2}\(?\d{1,10}\)?){1,7}" + _EXTENSION, re.IGNORECASE
)
_TRUNK = re.compile(
    rb"\(?0\d{1,5}\)?(?:[ ./-]{1,2}\d{2,8}){1,5}(?![0-9])" + _EXTENSION, re.IGNORECASE
)
_AREA = re.compile(rb"\(\d{2,5}\)(?:[ ./-]{0,2}\d{2,8}){1,4}(?![0-9])" + _EXTENSION, re.IGNORECASE)
_PAIRS = re.compile(rb"\d{2,4}([.-])\d{2}(?:\1\d{2}){2,3}(?![0-9]|[-.][0-9A-Za-z])")
_GROUPS = re.compile(
    rb"\(?\d{1,12}\)?(?:[ .\-/]{1,2}\(?\d{1,8}\)?){0,6}(?![0-9]|-[0-9A-Za-z])" + _EXTENSION,
    re.IGNORECASE,
)
_THOUSANDS = re.compile(rb"\d{1,3}(?: \d{3})+(?![ .\-/]?\d)")
_YEARS = re.compile(rb"(?:19|20)\d\d(?:[ -](?:19|20)\d\d)*(?!\d)")
_PHONE_WORDS = re.compile(
    rb"\b(?:tel(?:e(?:ph|f)on[eo]?s?|e?f)?|(?:tele)?phones?|cell(?:phone)?|mobil[e]?|fax"
    rb"|call(?:s|ed|ing|back)?|dial|ring|pager|hotline|landline|whats-?app|sms|texts?|contact"
    rb"|reach(?:ed)?|messag(?:e|es|ing)|answering|handy"
    rb"|(?:my|his|her|our|your|their) number|number(?: is|:)|office|desk|direct|switchboard"
    rb"|ext|main line|line)\b",
    re.IGNORECASE,
)
_ID_WORDS = re.compile(
    rb"\b(?:order|invoice|mrn|ticket|case|ref(?:erence)?|tracking|id|sku|part|serial|model|policy|po"
    rb"|claim|receipt|transaction|amount|total|usd|eur|account|iban|card)\b[^\x00\n]{0,14}\Z",
    re.IGNORECASE,
)
_BEFORE, _AFTER = 44, 22
_LEAST_ABROAD = 8
_DIGITS_AFTER_PLUS = range(9, 16)  # nothing else is written so
_DIGITS_WITH_WORD = range(7, 16)
_TRUNK_DIGITS = range(9, 14)
_AREA_DIGITS = range(7, 13)


def certain_phone(buffer: bytes, start: int) -> Span | None:
    """A number from there on that its form alone tells to be one."""
    found = _certain(buffer, start)
    return (start, found.end(), IdentifierKind.PHONE) if found else None


def likely_phone(buffer: bytes, start: int) -> Span | None:
    """A number from there on that is likely one, by its groups or a word beside it."""
    found = _likely(buffer, start)
    return (start, found.end(), IdentifierKind.PHONE) if found else None


def _certain(buffer: bytes, start: int) -> re.Match[bytes] | None:
    if found := _AMERICAN.match(buffer, start):
        return found
    if buffer[start : start + 1] != b"+" and buffer[start : start + 2] != b"00":
        return None
    found = _INTERNATIONAL.match(buffer, start)
    if found is None:
        return None
    number = digits_of(re.split(rb"[xXeE#]", found[0])[0].replace(b"(0)", b"")).lstrip(b"0")
    if buffer[start : start + 1] == b"+" and len(number) in _DIGITS_AFTER_PLUS:
        return found
    return found if len(number) >= _LEAST_ABROAD and _fits_a_plan(number) else None


def _likely(buffer: bytes, start: int) -> re.Match[bytes] | None:
    for pattern, lengths in (
        (_TRUNK, _TRUNK_DIGITS),
        (_AREA, _AREA_DIGITS),
        (_PAIRS, _AREA_DIGITS),
        (_AMERICAN_DIGITS, _AREA_DIGITS),
    ):
        found = pattern.match(buffer, start)
        if (
            found
            and len(digits_of(found[0].split(b"x")[0])) in lengths
            and not is_id(buffer, start)
        ):
            return found
    found = _GROUPS.match(buffer, start)
    if found is None or len(digits_of(found[0].split(b"x")[0])) not in _DIGITS_WITH_WORD:
        return None
    if _YEARS.fullmatch(found[0]) or is_id(buffer, start):
        return None
    return found if is_named_a_phone(buffer, start, found.end()) else None


def is_named_a_phone(buffer: bytes, start: int, end: int) -> bool:
    """Whether a word beside the digits says that they are a telephone number."""
    before = buffer[max(start - _BEFORE, 0) : start].rpartition(b"\x00")[2]
    after = buffer[end : end + _AFTER].partition(b"\x00")[0]
    return bool(_PHONE_WORDS.search(before) or _PHONE_WORDS.search(after))


def is_id(buffer: bytes, start: int) -> bool:
    """Whether the word before says that a number counts orders, parts or the like."""
    before = buffer[max(start - _BEFORE, 0) : start].rpartition(b"\x00")[2]
    return _ID_WORDS.search(before) is not None


def _fits_a_plan(number: bytes) -> bool:
    """Whether a country has that code, and numbers of that length behind it."""
    plans = _plans()
    return any(
        len(number[width:].lstrip(b"0")) in plans.get(number[:width], ()) for width in (1, 2, 3)
    )


@cache
def _plans() -> dict[bytes, frozenset[int]]:
    """By country code the lengths of its national numbers, local ones too."""
    # Imported here: a scan that meets no such number does not load the plans of the world.
    from phonenumbers import (  # noqa: PLC0415
        COUNTRY_CODE_TO_REGION_CODE,
        PhoneMetadata,
    )

    plans: dict[bytes, frozenset[int]] = {}
    for code, regions in COUNTRY_CODE_TO_REGION_CODE.items():
        lengths: set[int] = set()
        for region in regions:
            plan = (
                PhoneMetadata.metadata_for_nongeo_region(code)
                if region == "001"
                else PhoneMetadata.metadata_for_region(region)
            )
            if plan is not None and plan.general_desc is not None:
                lengths.update(plan.general_desc.possible_length)
        plans[str(code).encode()] = frozenset(lengths)
    return plans
