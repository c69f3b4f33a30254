"""Check digits that tell an identifier from a number of the same length."""

from __future__ import annotations

__all__ = ["digits_of", "iban_holds", "luhn_holds"]

_IBAN_LENGTHS = range(15, 35)


def digits_of(text: bytes) -> bytes:
    """The digits alone."""
    return text.translate(None, _NOT_DIGITS)


_NOT_DIGITS = bytes(code for code in range(256) if chr(code) not in "0123456789")
_DOUBLED = bytes(sum(divmod(2 * digit, 10)) for digit in range(10))


def luhn_holds(digits: bytes) -> bool:
    """ISO/IEC 7812-1 annex B: doubling every second digit from the right, the sum ends in 0."""
    plain = sum(digits[-1::-2]) - 48 * len(digits[-1::-2])
    return (plain + sum(_DOUBLED[code - 48] for code in digits[-2::-2])) % 10 == 0


def iban_holds(text: bytes) -> bool:
    """ISO 13616-1: with its first four characters last and letters as 10 to 35, mod 97 is 1."""
    if len(text) not in _IBAN_LENGTHS or not text.isalnum():
        return False
    moved = (text[4:] + text[:4]).decode("ascii")
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1
