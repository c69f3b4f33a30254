"""How texts are scanned where findings are counted: what points at a person, or is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from expectations.findings import KNOWN_IDENTIFIER, TENANT_ID, Scan

if TYPE_CHECKING:
    from expectations.identifiers import KnownIdentifiers

__all__ = ["FOUND", "KINDS_SOUGHT", "TEXTS", "found_by_kind", "kinds_in", "pii_scan"]

TEXTS, KINDS_SOUGHT, FOUND = "texts", "kinds_sought", "found_"
"""How a check says in how many texts it sought how many kinds, and before a kind that it found."""


def pii_scan(known: KnownIdentifiers | None = None, *, known_by_kind: bool = False) -> Scan:
    """A scan for what looks like personal data or a secret, and for what is known.

    ``known_by_kind``: what is known points at a person by its own kind too, as in a candidate.
    """

    def scan(texts: Sequence[str | None]) -> Iterable[tuple[int, str]]:
        # Imported here: declaring a check must not cost what only a run of it needs.
        from expectations.identifiers.detection import finds  # noqa: PLC0415

        for found in finds(texts, known):
            for text, kind, is_known in zip(found.texts, found.kinds, found.known, strict=True):
                if is_known:
                    yield text, KNOWN_IDENTIFIER
                if kind != TENANT_ID and (known_by_kind or not is_known):
                    yield text, str(kind)  # an id of a tenant is counted apart: it is no such data

    return scan


def found_by_kind(
    counts: Mapping[str, int], *, texts: int, only_known: bool = False
) -> dict[str, int]:
    """What a search of so many texts says of itself: kinds that it found, with rows, no place.

    A count by any other name is left out: a column's name may be anything.
    """
    # Imported here, as above.
    from expectations.identifiers.kinds import IdentifierKind  # noqa: PLC0415

    known = {IdentifierKind.ACCOUNT_NAME, IdentifierKind.PERSON_NAME}
    shaped = set(IdentifierKind) - known - {KNOWN_IDENTIFIER, TENANT_ID}
    told = {KNOWN_IDENTIFIER} if only_known else shaped | known
    return {
        TEXTS: texts,
        KINDS_SOUGHT: len({KNOWN_IDENTIFIER} if only_known else shaped),
        **{
            f"{FOUND}{kind.lower()}": rows
            for kind, rows in sorted(counts.items())
            if kind in told and rows
        },
    }


def kinds_in(text: str) -> frozenset[str]:
    """Every kind that one text holds."""
    return frozenset(kind for _, kind in pii_scan()([text]))
