"""How texts are scanned where findings are counted: what points at a person, or is known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from expectations.findings import Scan
from expectations.pii_shapes import shapes_in

__all__ = ["may_hold_a_shape", "pii_scan"]

# What every shape needs at least one of, in text that folding leaves as it is: a digit, an @, a
# colon, a bracket around a spelled-out sign; or a character that folding removes.
_SIGNS = re.compile(r"[0-9@:(\[{<\x00-\x08\x0e-\x1b\x7f]")
# Or else: a dot inside a word, a hardware address of letters, the start or the length of a token.
_RUNS = re.compile(
    r"\.[\w-]|[a-f]{2}-[a-f]{2}-|[\w+/=-]{32}|--|eyj|akia|asia|aiza|bearer"
    r"|(?<!\w)(?:[spr]k|gh[posu]|glpat|xox[abeoprs]|npm|hf|shpat)[_-]",
    re.IGNORECASE,
)
_SHORTEST_NUMBER = 8


def pii_scan() -> Scan:
    """A scan for what looks like personal data or a secret."""
    return _shapes


def may_hold_a_shape(text: str) -> bool:
    """Whether a closer look could find anything; False only where it never would."""
    if not text.isascii():
        return True
    if len(text) < _SHORTEST_NUMBER and text.isdigit():
        return False
    return bool(_SIGNS.search(text) or _RUNS.search(text))


def _shapes(texts: Sequence[str | None]) -> Iterable[tuple[int, str]]:
    return (
        (place, str(shape).upper())
        for place, text in enumerate(texts)
        if text and may_hold_a_shape(text)
        for shape in shapes_in(text)
    )
