"""How texts are scanned where findings are counted: what points at a person, or is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from expectations.findings import KNOWN_IDENTIFIER, TENANT_ID, Scan

if TYPE_CHECKING:
    from expectations.identifiers import KnownIdentifiers

__all__ = ["kinds_in", "pii_scan"]


def pii_scan(known: KnownIdentifiers | None = None) -> Scan:
    """A scan for what looks like personal data or a secret, and for what is known."""

    def scan(texts: Sequence[str | None]) -> Iterable[tuple[int, str]]:
        # Imported here: declaring a check must not cost what only a run of it needs.
        from expectations.identifiers.detection import finds  # noqa: PLC0415

        for found in finds(texts, known):
            for text, kind, is_known in zip(found.texts, found.kinds, found.known, strict=True):
                if is_known:
                    yield text, KNOWN_IDENTIFIER
                elif kind != TENANT_ID:  # counted apart: it is no personal data
                    yield text, str(kind)

    return scan


def kinds_in(text: str) -> frozenset[str]:
    """Every kind that one text holds."""
    return frozenset(kind for _, kind in pii_scan()([text]))
