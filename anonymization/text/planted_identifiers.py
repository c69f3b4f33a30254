"""Made-up identifiers and the disguises that the red team writes them in. None is anybody's.

Half of the names are made of words that ordinary prose holds, as real ones are. What a tenant
would have on record is known; the rest is found by its shape alone.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from expectations.identifiers import IdentifierKind

__all__ = ["DISGUISES", "KNOWN", "UNKNOWN", "Disguise"]

KNOWN: tuple[tuple[IdentifierKind, str], ...] = (
    (IdentifierKind.ACCOUNT_NAME, "Zolvek Tarmin"),
    (IdentifierKind.ACCOUNT_NAME, "Bulgarox"),
    (IdentifierKind.ACCOUNT_NAME, "Silver Mountain"),
    (IdentifierKind.ACCOUNT_NAME, "Golden Window"),
    (IdentifierKind.ACCOUNT_NAME, "Pacific Bakery"),
    (IdentifierKind.PERSON_NAME, "Kelmor Dansulek"),
    (IdentifierKind.PERSON_NAME, "Velnar Gotsim"),
    (IdentifierKind.PERSON_NAME, "Maria Thompson"),
    (IdentifierKind.PERSON_NAME, "Daniel Walker"),
    (IdentifierKind.PERSON_NAME, "Susan Fisher"),
    (IdentifierKind.EMAIL, "velka.tomzar@gurlexim.example"),
    (IdentifierKind.EMAIL, "dask.morvel@bultonas.example"),
)
UNKNOWN: tuple[tuple[IdentifierKind, str], ...] = (
    (IdentifierKind.EMAIL, "gorlan.tesk@zumverok.example"),
    (IdentifierKind.EMAIL, "sales.kitchen@zarmolen.example"),
    (IdentifierKind.PHONE, "+1 415 555 0132"),
    (IdentifierKind.PHONE, "+44 20 7946 0958"),
    (IdentifierKind.IBAN, "GB82 WEST 1234 5698 7654 32"),
    (IdentifierKind.CREDIT_CARD, "4111 1111 1111 1111"),
)


@dataclass(frozen=True, slots=True)
class Disguise:
    """How an identifier is written; ``must_hold`` says that none may come through so."""

    write: Callable[[str], str]
    must_hold: bool = True


_HOMOGLYPHS = str.maketrans({"a": "\u0430", "e": "\u0435", "o": "\u043e"})
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def _over_two_lines(name: str) -> str:
    return f"{name[: len(name) // 2]}\n{name[len(name) // 2 :]}"


def _misspelled(name: str) -> str:
    other = "x" if name[2] != "x" else "k"
    return f"{name[:2]}{other}{name[3:]}"


DISGUISES: Mapping[str, Disguise] = MappingProxyType(
    {
        "exact": Disguise(lambda name: name),
        "capitals": Disguise(str.upper),
        "full_width": Disguise(lambda name: name.translate(_FULL_WIDTH)),
        "zero_width": Disguise("\u200b".join),
        "homoglyphs": Disguise(lambda name: name.translate(_HOMOGLYPHS)),
        "base64": Disguise(lambda name: base64.b64encode(name.encode()).decode()),
        "hex": Disguise(lambda name: name.encode().hex()),
        "percent": Disguise(lambda name: "".join(f"%{byte:02X}" for byte in name.encode())),
        "over_two_lines": Disguise(_over_two_lines, must_hold=False),
        "misspelled": Disguise(_misspelled, must_hold=False),
    }
)
"""What a half or a misspelled word is, nobody can tell: those two are counted and told alone."""
