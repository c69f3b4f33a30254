"""Confirms postal addresses and dates of birth, as they are written in many countries."""

from __future__ import annotations

import re

from expectations.identifiers.anchors import Anchor, AnchorGroup, Confirm, Span
from expectations.identifiers.checksums import digits_of
from expectations.identifiers.kinds import IdentifierKind

__all__ = ["ANCHORS"]

_WORD = rb"[0-9A-Z\xff][0-9A-Za-z\xff.'-]{0,30}"
_TYPES = (
    rb"(?:street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|circle|cir|place"
    rb"|pl|square|sq|terrace|parkway|pkwy|highway|hwy|way|trail|trl|loop|crescent|mews|alley|plaza)"
)
_REST = (
    rb"(?:,?\s{1,3}(?:apt|apartment|suite|ste|unit|floor|fl|room|#)\.?\s?#?[0-9A-Za-z-]{1,6})?"
    rb"(?:,\s{0,2}(?:[A-Z\xff][A-Za-z\xff.'-]{1,20}\s?){1,3}){0,2}"
    rb"(?:,?\s{1,2}[A-Z]{2})?(?:,?\s{1,2}\d{5}(?:-\d{4})?(?!\d))?"
)
_NUMBER_FIRST = re.compile(
    rb"(?<![0-9A-Za-z$.,])\d{1,6}[A-Za-z]?(?:-\d{1,5})?,?\s{1,2}(?:(?:[NSEW]|[NS][EW])\.?\s)?"
    rb"(?:"
    + _WORD
    + rb"\s{1,2}){0,4}"
    + _WORD
    + rb"\s(?i:"
    + _TYPES
    + rb")(?![0-9A-Za-z\xff])\.?"
    + _REST,
)
_NUMBER_FIRST_LOWER = re.compile(
    rb"(?<![0-9A-Za-z$.,])\d{1,6}\s[a-z]{3,16}\s(?:[a-z]{3,16}\s)?(?:street|avenue|road|boulevard|lane)"
    rb"(?![0-9A-Za-z\xff])",
)
_BACK, _AHEAD = 72, 96


def _number_first(buffer: bytes, at: int, settled: int) -> Span | None:
    """A number first, then names and the type of street: "221B Baker Street"."""
    start = max(at - _BACK, settled, 0)
    for pattern in (_NUMBER_FIRST, _NUMBER_FIRST_LOWER):
        for found in pattern.finditer(buffer, start, at + _AHEAD):
            if found.start() < at <= found.end() + 1:
                return found.start(), found.end(), IdentifierKind.ADDRESS
    return None


_ENDINGS = (
    rb"(?:stra(?:ss|\xff)e|str\.|weg|platz|gasse|allee|damm|ufer|gatan|vagen|gade|vej|gata|veien"
    rb"|katu|tie|straat|laan|plein|gracht|kade|utca|ut|ter|vaenget|stien|ulica)"
)
_NAME_FIRST = re.compile(
    rb"(?<![0-9A-Za-z\xff])(?:[A-Z\xff][A-Za-z\xff.'-]{1,24}[ -]){0,2}"
    rb"[A-Z\xff][A-Za-z\xff.'-]{0,30}(?i:(?<=[A-Za-z\xff])"
    + _ENDINGS
    + rb"|[ -]"
    + _ENDINGS
    + rb")"
    rb"\s\d{1,4}\s?[a-zA-Z]?(?![0-9A-Za-z])"
    rb"(?:,?\s{1,2}(?:[A-Z]{1,2}-)?\d{4,5}(?:\s[A-Z]{2})?(?:\s[A-Z\xff][A-Za-z\xff-]{2,24})?)?"
)


def _name_first(buffer: bytes, at: int, settled: int) -> Span | None:
    """A name that ends in the type of street, then a number: "Hauptstrasse 12"."""
    for found in _NAME_FIRST.finditer(buffer, max(at - _BACK, settled, 0), at + _AHEAD):
        if found.start() < at <= found.end():
            return found.start(), found.end(), IdentifierKind.ADDRESS
    return None


_TYPE_FIRST = re.compile(
    rb"(?:(?<![0-9A-Za-z])\d{1,4}(?:\s?(?:bis|ter))?,?\s{1,2})?"
    rb"(?i:rue|avenue|av\.|boulevard|bd|chemin|impasse|quai|place|calle|c/|avenida|avda\.?|paseo"
    rb"|plaza|carrer|rua|travessa|praca|via|viale|piazza|corso|largo|vicolo|ulica|ul\.|aleja|al\.)\s"
    rb"(?:(?:de|du|des|del|della|di|da|do|dos|das|la|las|le|les|los|l'|d')\s?){0,3}"
    rb"[A-Z\xff][A-Za-z\xff.'-]{1,30}(?:[ -][A-Za-z\xff.'-]{1,30}){0,4}?"
    rb"(?:,?\s(?:n[o\xff]?\.?\s?)?\d{1,5}(?![0-9]))?"
)


def _type_first(buffer: bytes, at: int, settled: int) -> Span | None:
    """The type of street first, a number on either side: "12 rue de la Paix", "Via Roma 4"."""
    for found in _TYPE_FIRST.finditer(buffer, max(at - 16, settled, 0), at + _AHEAD):
        if found.start() < at <= found.end() and digits_of(found[0]):
            return found.start(), found.end(), IdentifierKind.ADDRESS
    return None


_STATES = frozenset(
    b"AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ "
    b"NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC PR AA AE AP".split()
)
_CITY = re.compile(
    rb"(?:(?:[A-Z\xff][A-Za-z\xff.'-]{1,20}[ ]?){1,3},\s{0,2})?([A-Z]{2}),?\s\d{5}(?:-\d{4})?(?!\d)"
)


def _state_and_code(buffer: bytes, at: int, settled: int) -> Span | None:
    if not buffer[at - 9 : at - 6].strip(b", ").isupper():
        return None
    for found in _CITY.finditer(buffer, max(at - _BACK, settled, 0), at + 8):
        if found.start() < at - 1 <= found.end() and found[1] in _STATES:
            return found.start(), found.end(), IdentifierKind.ADDRESS
    return None


_BRITISH_CODE = re.compile(
    rb"(?<![0-9A-Za-z])(?:GIR 0AA|[A-PR-UWYZ]"
    rb"(?:\d{1,2}|[A-HK-Y]\d{1,2}|\d[A-HJKSTUW]|[A-HK-Y]\d[A-Z])"
    rb" \d[ABD-HJLNP-UW-Z]{2})(?![0-9A-Za-z])"
)
_BOX = re.compile(
    rb"(?<![0-9A-Za-z])(?:p\.?\s?o\.?\s?box|postfach|post office box|bo[i\xff]te postale|apartado)"
    rb"\s{1,2}#?\d{1,6}|\bpsc\s\d{3,5},?\s{1,2}box\s\d{1,5}",
    re.IGNORECASE,
)


def _whole(pattern: re.Pattern[bytes], back: int, ahead: int) -> Confirm:
    def confirm(buffer: bytes, at: int, settled: int) -> Span | None:
        for found in pattern.finditer(buffer, max(at - back, settled - 1, 0), at + ahead):
            if found.start() < at <= found.end() + 1:
                return found.start(), found.end(), IdentifierKind.ADDRESS
        return None

    return confirm


_MONTH = (
    rb"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    rb"|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_BORN = re.compile(
    rb"[^\x00\n0-9]{0,24}?(?<![0-9])(?P<date>\d{1,4}[-./ ]\d{1,2}[-./ ]\d{2,4}"
    rb"|\d{1,2}(?:st|nd|rd|th)?(?: of)? " + _MONTH + rb",? \d{2,4}"
    rb"|" + _MONTH + rb" \d{1,2}(?:st|nd|rd|th)?,? \d{2,4}|(?:19|20)\d{6})(?![0-9])",
    re.IGNORECASE,
)


def _date_of_birth(buffer: bytes, at: int, settled: int) -> Span | None:
    found = _BORN.match(buffer, max(at - 1, settled), at + 60)
    return (*found.span("date"), IdentifierKind.DATE_OF_BIRTH) if found else None


ANCHORS = (
    Anchor(
        rb"[0-9][^\x00]{2,64}[ \n.,]" + _TYPES + rb"[^0-9a-z\xff]",
        _number_first,
        group=AnchorGroup.PLACES,
    ),
    Anchor(_ENDINGS + rb"\s[0-9]", _name_first),
    Anchor(
        rb"[^0-9a-z\xff](?:rue|avenue|av\.|boulevard|bd|chemin|impasse|quai|place|calle|c/|avenida"
        rb"|avda\.?|paseo|plaza|carrer|rua|travessa|praca|via|viale|piazza|corso|largo|vicolo|ulica"
        rb"|ul\.|aleja|al\.)\s[a-z\xff]",
        _type_first,
    ),
    Anchor(rb"[ ,\n][0-9]{5}[^0-9]", _state_and_code, group=AnchorGroup.DIGITS),
    Anchor(
        rb"[0-9A-Z] [0-9][ABD-HJLNP-UW-Z]{2}[^0-9A-Za-z]",
        _whole(_BRITISH_CODE, 10, 1),
        in_any_case=False,
    ),
    Anchor(
        rb"(?:p\.?\s?o\.?\s?box|postfach|post office box|postale|apartado|box)\s{1,2}#?[0-9]",
        _whole(_BOX, 24, 8),
    ),
    Anchor(
        rb"[^a-z](?:born|date of birth|birth ?date|birthday|dob|d\.o\.b\."
        rb"|geboren(?: am)?|birth)[^a-z]",
        _date_of_birth,
    ),
)
