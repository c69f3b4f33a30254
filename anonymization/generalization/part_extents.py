"""From where to where each part reaches in each column, and how many values it holds there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anonymization.generalization.cut_scales import CutScale, FloatArray
from anonymization.generalization.part_members import PartMembers
from expectations.disclosure.classes import IntArray

__all__ = ["Extents", "extents_of"]

_LARGEST_TABLE = 4
"""Distinct values are counted in a table of parts and values up to so many times the members."""


@dataclass(frozen=True, slots=True)
class Extents:
    """Ranks of the first and last value present, and the number of distinct ones."""

    low: IntArray  # (columns, parts)
    high: IntArray  # (columns, parts)
    distinct: IntArray  # (columns, parts)

    def widths(self, scales: tuple[CutScale, ...]) -> FloatArray:
        """The normalized width of each part on each column, (columns, parts)."""
        widths = np.zeros(self.low.shape)
        for column, scale in enumerate(scales):
            widths[column] = scale.widths(
                self.low[column], self.high[column], self.distinct[column]
            )
        return widths


def extents_of(scales: tuple[CutScale, ...], ranks: IntArray, members: PartMembers) -> Extents:
    """The extents of every part, each of which has a member, on every column."""
    shape = (len(scales), members.parts)
    low, high, distinct = (np.zeros(shape, dtype=np.int64) for _ in range(3))
    starts = members.starts[:-1]
    for column, scale in enumerate(scales):
        rank = ranks[column][members.items]
        low[column] = np.minimum.reduceat(rank, starts)
        high[column] = np.maximum.reduceat(rank, starts)
        if scale.positions is None:
            distinct[column] = _distinct(members, rank, len(scale))
        else:  # the range says it all; of the count only whether it is one matters
            distinct[column] = 1 + (high[column] > low[column])
    return Extents(low, high, distinct)


def _distinct(members: PartMembers, rank: IntArray, domain: int) -> IntArray:
    key = members.part_of * domain + rank
    if members.parts * domain <= _LARGEST_TABLE * len(key):
        present = np.zeros(members.parts * domain, dtype=np.bool_)
        present[key] = True
        counted: IntArray = present.reshape(members.parts, domain).sum(axis=1)
        return counted
    return np.bincount(np.unique(key) // domain, minlength=members.parts).astype(np.int64)
