"""What each character of Unicode is to a reader: an ASCII character, a letter, a sign, or nothing.

Compatibility forms, accents and digits are those of Unicode itself; lookalikes are the confusable
characters of Unicode Technical Standard 39.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["DROPPED", "OTHER_LETTER", "OTHER_SIGN", "SEVERAL", "FoldTables", "fold_tables"]

OTHER_LETTER = 0xFF
OTHER_SIGN = 0x7F
DROPPED = 0x01  # renders as nothing
SEVERAL = 0x02  # reads as several characters

_CODES = 0x110000
_LAST_ASSIGNED = 0x323B0  # beyond it lie tags, selectors and private planes
_LONGEST_EXPANSION = 18
# Letters that render as nothing, which Unicode does not class as format characters.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800")
_SIGNS = (
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\u058a\u2e3a", "-")
    | dict.fromkeys("\u3002\u00b7\u2022\u2024\u2027\u30fb\uff61\u06d4", ".")
    | dict.fromkeys("\u2044\u2215\u29f8", "/")
    | dict.fromkeys("\u2018\u2019\u201b\u02bc\u2032\u00b4\u02b9", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb\u2033", '"')
    | {"\u2236": ":", "\ua789": ":", "\u02d0": ":", "\u2028": "\n", "\u2029": "\n", "\x85": "\n"}
)
_SPELT = {
    "\u00df": "ss",
    "\u1e9e": "SS",
    "\u00e6": "ae",
    "\u00c6": "AE",
    "\u0153": "oe",
    "\u0152": "OE",
    "\u00f8": "o",
    "\u00d8": "O",
    "\u0142": "l",
    "\u0141": "L",
    "\u0111": "d",
    "\u0110": "D",
    "\u0131": "i",
}
# Ideographs and syllables: letters as they are.
_WHOLE_BLOCKS = (range(0x3400, 0xA000), range(0xAC00, 0xD7A4), range(0x20000, _LAST_ASSIGNED))


@dataclass(frozen=True, slots=True)
class FoldTables:
    """By code point: the byte it reads as, and the code points it is compared as.

    ``looks_as`` takes a letter for the one of ASCII that it looks like, ``written_as`` for what it
    is in its own script; both in small letters and without accents.
    """

    reads_as: NDArray[np.uint8]
    looks_as: NDArray[np.uint32]
    written_as: NDArray[np.uint32]
    several: dict[int, str]


@cache
def fold_tables() -> FoldTables:
    """The tables, made once in a process that meets a character outside ASCII."""
    reads_as = np.full(_CODES, OTHER_LETTER, np.uint8)
    reads_as[_LAST_ASSIGNED:] = OTHER_SIGN
    reads_as[0xE0000:0xE0200] = DROPPED
    looks_as = np.arange(_CODES, dtype=np.uint32)
    written_as = np.arange(_CODES, dtype=np.uint32)
    several: dict[int, str] = {}
    lookalikes = _lookalikes()
    for code in range(_LAST_ASSIGNED):
        if any(code in block for block in _WHOLE_BLOCKS):
            continue
        plain = _plain(chr(code), lookalikes)
        if len(plain) == 1:
            reads_as[code] = _byte(plain)
            looks_as[code] = _small(plain)
            written = _plain(chr(code), {})
            written_as[code] = _small(written) if len(written) == 1 else looks_as[code]
        elif not plain:
            reads_as[code] = DROPPED
        else:
            reads_as[code] = SEVERAL
            several[code] = plain
    return FoldTables(reads_as, looks_as, written_as, several)


def _plain(character: str, lookalikes: dict[str, str]) -> str:
    """The character without accents and dress; empty if it renders as nothing."""
    if character.isascii():
        return character if character.isprintable() or character in "\t\n\v\f\r" else ""
    if character in _SIGNS or character in _SPELT:
        return _SIGNS.get(character) or _SPELT[character]
    if character.isspace():
        return " "
    category = unicodedata.category(character)
    if category in {"Cf", "Cc", "Mn", "Me"} or character in _BLANK:
        return ""
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    undressed = [
        part
        for part in unicodedata.normalize("NFKD", character)
        if unicodedata.category(part) not in {"Mn", "Me", "Cf"}
    ]
    parts = [_SIGNS.get(part) or lookalikes.get(part, part) for part in undressed]
    return "".join(parts)[:_LONGEST_EXPANSION] or character


def _small(plain: str) -> int:
    small = plain.casefold()
    return ord(small) if len(small) == 1 else ord(plain)


def _byte(plain: str) -> int:
    if plain.isascii():
        return ord(plain)
    is_letter = unicodedata.category(plain)[0] in "LNM"
    return OTHER_LETTER if is_letter else OTHER_SIGN


def _lookalikes() -> dict[str, str]:
    """Letters that look like one of ASCII, in the same case where there is a choice."""
    # Imported here: it reads a megabyte of data.
    from confusable_homoglyphs.confusables import confusables_data  # noqa: PLC0415

    found: dict[str, str] = {}
    for character, alike in confusables_data.items():
        plain = [each["c"] for each in alike if len(each["c"]) == 1 and each["c"].isascii()]
        if character.isascii() or len(character) != 1 or not plain:
            continue
        (first, *_) = plain
        if first == "l" and character.isupper():
            first = "I"  # the standard takes capital i and small l for one
        if first.isalnum():
            found[character] = first
    return found
