"""Recognises values shaped like personal data or a secret, whatever they were disguised as.

It looks at shapes only: a person's name has none and is found elsewhere. Text is folded before it
is matched, so wide letters, foreign digits, invisible characters and "(at)" do not hide a shape.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from itertools import accumulate
from types import MappingProxyType

__all__ = ["PiiShape", "folded", "shapes_in"]


class PiiShape(StrEnum):
    """What a value looks like."""

    EMAIL = "email"
    URL = "url"
    PHONE = "phone"
    IPV4 = "ipv4"
    IPV6 = "ipv6"
    MAC = "mac"
    SSN = "ssn"
    PAYMENT_CARD = "payment_card"
    IBAN = "iban"
    TOKEN = "token"  # noqa: S105 - the name of a shape, not a secret


def shapes_in(text: str) -> frozenset[PiiShape]:
    """Every shape that occurs anywhere in the text."""
    plain = folded(text)
    return frozenset(shape for shape, occurs in _SHAPES.items() if occurs(plain))


def folded(text: str) -> str:
    """The text as a reader sees it: compatibility forms composed, invisible characters gone."""
    visible = "".join(map(_visible, text))
    composed = "".join(map(_ascii_digit, unicodedata.normalize("NFKC", visible)))
    plain = composed.translate(_LOOKALIKES)
    return _SPELLED_DOT.sub(".", _SPELLED_AT.sub("@", plain))


# Letters that render as nothing, which Unicode does not class as format characters.
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
_LOOKALIKES = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212", "-")
    | dict.fromkeys("\u3002\u00b7\u2022\u2024", ".")
    | dict.fromkeys("\u2044\u2215", "/")
    | {"\u2236": ":", "\ua789": ":"}
)
_SPELLED_AT = re.compile(r"\s{0,3}[(\[{<]\s{0,3}(?:at|@)\s{0,3}[)\]}>]\s{0,3}", re.IGNORECASE)
_SPELLED_DOT = re.compile(
    r"\s{0,3}[(\[{<]\s{0,3}(?:dot|punkt|point|\.)\s{0,3}[)\]}>]\s{0,3}", re.IGNORECASE
)


def _visible(character: str) -> str:
    if character.isspace():
        return " "
    is_selector = "\ufe00" <= character <= "\ufe0f"
    if (
        is_selector
        or character in _BLANK_LETTERS
        or unicodedata.category(character) in {"Cf", "Cc"}
    ):
        return ""
    return character


def _ascii_digit(character: str) -> str:
    if character.isascii():
        return character
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


def _matches(*patterns: str) -> Callable[[str], bool]:
    compiled = [re.compile(pattern, re.IGNORECASE) for pattern in patterns]
    return lambda text: any(pattern.search(text) for pattern in compiled)


_TOP_LEVEL = "com|net|org|info|biz|io|ai|co|dev|app|edu|gov|eu|uk|us|ca|au|de|fr|nl|es|it|ch|in|jp"

_PHONE = (
    re.compile(r"(?<![\w+])(?:\+|00)[ ]?\(?\d(?:[ ().\-/]{0,2}\d){6,14}(?!\d)"),
    re.compile(r"(?<!\d)(?:1[ .-])?\(?[2-9]\d{2}\)?[ .-]{1,2}\d{3}[ .-]{1,2}\d{4}(?!\d)"),
    re.compile(r"(?<![\d.,-])1?[2-9]\d{2}[2-9]\d{6}(?![\d,-])"),
    re.compile(r"(?<![\d.,-])\(?0\d{1,4}\)?(?:[ ./-]{1,2}\d{2,8}){1,5}(?![\d,])"),
)
_PHONE_DIGITS = range(8, 17)
_TRUNK_PHONE_DIGITS = range(9, 17)


def _has_phone(text: str) -> bool:
    *written_out, trunk = _PHONE
    return any(
        _digit_count(found[0]) in _PHONE_DIGITS
        for pattern in written_out
        for found in pattern.finditer(text)
    ) or any(_digit_count(found[0]) in _TRUNK_PHONE_DIGITS for found in trunk.finditer(text))


def _digit_count(text: str) -> int:
    return sum(map(str.isdigit, text))


_DOTTED = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d]|\.\d)")
_COLONED = re.compile(
    r"(?<![\w:])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,8}(?:\.\d{1,3}){0,3}", re.IGNORECASE
)


def _has_ipv4(text: str) -> bool:
    return any(_is_address(IPv4Address, found[0]) for found in _DOTTED.finditer(text))


def _has_ipv6(text: str) -> bool:
    candidates = (found[0] for found in _COLONED.finditer(text))
    return any(
        len(candidate) > len("::") and _is_address(IPv6Address, candidate)
        for candidate in candidates
    )


def _is_address(kind: type[IPv4Address | IPv6Address], text: str) -> bool:
    try:
        kind(text)
    except AddressValueError:
        return False
    return True


# Grouped as cards are printed needs no check digit; grouped otherwise, the check digit decides.
_CARD = _matches(
    r"(?<!\d)\d{13,19}(?!\d)",
    r"(?<!\d)\d{4}([ .-]{1,2})\d{4}\1\d{4}\1\d{1,4}(?:\1\d{1,3})?(?!\d)",
    r"(?<!\d)3\d{3}([ .-]{1,2})\d{6}\1\d{4,5}(?!\d)",
)
_SPACED_CARD = re.compile(r"(?<!\d)[3-6](?:[ .-]?\d){12,18}(?!\d)")


def _has_payment_card(text: str) -> bool:
    return _CARD(text) or any(_luhn_holds(found[0]) for found in _SPACED_CARD.finditer(text))


def _luhn_holds(number: str) -> bool:
    """ISO/IEC 7812-1 annex B: doubling every second digit from the right, the sum ends in 0."""
    digits = [int(digit) for digit in reversed(number) if digit.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


_IBAN = re.compile(
    r"(?<![a-z0-9])[a-z]{2}\d{2}(?:[ -]?[a-z0-9]{1,30}){1,12}", re.IGNORECASE | re.ASCII
)
_IBAN_LENGTHS = range(15, 35)


def _has_iban(text: str) -> bool:
    return any(
        _iban_holds(prefix)
        for found in _IBAN.finditer(text)
        for prefix in accumulate(re.split("[ -]", found[0]))
    )


def _iban_holds(text: str) -> bool:
    """ISO 13616-1: with its first four characters last and letters as 10 to 35, mod 97 is 1."""
    if len(text) not in _IBAN_LENGTHS:
        return False
    return int("".join(str(int(character, 36)) for character in text[4:] + text[:4])) % 97 == 1


_KNOWN_TOKEN = re.compile(
    r"(?<!\w)eyJ[\w-]{8,}\.[\w-]{4,}"
    r"|(?<!\w)(?:sk|pk|rk|ghp|gho|ghs|ghu|glpat|xox[abeoprs]|npm|hf|dop_v1|shpat)[_-][\w-]{12,}"
    r"|(?<!\w)(?:AKIA|ASIA)[A-Z0-9]{12,}|(?<!\w)AIza[\w-]{20,}|(?<!\w)ya29\.[\w-]{10,}"
    r"|(?i:bearer\s+[\w.~+/-]{12,})|-----BEGIN [A-Z ]+-----"
)
_LONG_RUN = re.compile(r"[\w+/=-]{32,}", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def _has_token(text: str) -> bool:
    if _KNOWN_TOKEN.search(text):
        return True
    without_ids = _UUID.sub(" ", text)
    return any(_is_random(found[0]) for found in _LONG_RUN.finditer(without_ids))


def _is_random(run: str) -> bool:
    """Whether a long run without a space mixes digits and letters as no name does."""
    kinds = (str.islower, str.isupper, str.isdigit)
    mixes_all = all(any(map(kind, run)) for kind in kinds)
    return mixes_all or re.fullmatch(r"[0-9a-fA-F]{32,}", run) is not None


_SHAPES: Mapping[PiiShape, Callable[[str], bool]] = MappingProxyType(
    {
        PiiShape.EMAIL: _matches(
            r"[\w\"']\s{0,3}@\s{0,3}[\w-]{1,63}(?:\s?\.\s?[\w-]{1,63}){0,8}?\s?\.\s?[^\W\d_]{2,24}"
        ),
        PiiShape.URL: _matches(
            r"(?<![a-z0-9])[a-z][a-z0-9+.-]{1,20}://\S",
            r"(?<!\w)www\d?\.[\w-]{1,63}\.",
            rf"\w\.(?:{_TOP_LEVEL})(?![\w-])",
            r"(?<!\w)mailto:\S",
        ),
        PiiShape.PHONE: _has_phone,
        PiiShape.IPV4: _has_ipv4,
        PiiShape.IPV6: _has_ipv6,
        PiiShape.MAC: _matches(
            r"(?<![0-9a-f:-])[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}(?![0-9a-f])",
            r"(?<![0-9a-f.])(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}(?![0-9a-f])",
        ),
        PiiShape.SSN: _matches(r"(?<!\d)\d{3}([ .-])\d{2}\1\d{4}(?!\d)"),
        PiiShape.PAYMENT_CARD: _has_payment_card,
        PiiShape.IBAN: _has_iban,
        PiiShape.TOKEN: _has_token,
    }
)
