"""Which of several overlapping finds is kept: the one that tells most of what stands there."""

from __future__ import annotations

from collections.abc import Iterable

from expectations.identifiers.kinds import Occurrence

__all__ = ["without_overlaps"]


def without_overlaps(found: Iterable[Occurrence]) -> list[Occurrence]:
    """Longer before shorter, known before unknown; what only partly overlaps is kept in full.

    The part of a find that sticks out from under a kept one is kept under its own kind, so that
    nothing that was found is left uncovered; what holds a known identifier is known.
    """
    kept: list[Occurrence] = []
    for each in sorted(found, key=_first_and_longest):
        if not kept or each.start >= kept[-1].end:
            kept.append(each)
        elif each.end > kept[-1].end:
            kept.append(Occurrence(kept[-1].end, each.end, each.kind, each.known))
        elif each.known and not kept[-1].known:
            kept[-1] = kept[-1]._replace(known=True)
    return kept


def _first_and_longest(each: Occurrence) -> tuple[int, int, bool]:
    return each.start, -each.end, not each.known
