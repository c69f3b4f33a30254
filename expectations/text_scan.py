"""How texts are scanned where findings are counted: what points at a person, or is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from expectations.findings import Scan
from expectations.pii_shapes import shapes_in

__all__ = ["pii_scan"]


def pii_scan() -> Scan:
    """A scan for what looks like personal data or a secret."""
    return _shapes


def _shapes(texts: Sequence[str | None]) -> Iterable[tuple[int, str]]:
    return (
        (place, str(shape).upper())
        for place, text in enumerate(texts)
        if text
        for shape in shapes_in(text)
    )
