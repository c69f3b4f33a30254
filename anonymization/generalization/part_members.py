"""What lies in which part while a table is cut: items in order of their part, cut stably."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from expectations.disclosure.classes import IntArray
from expectations.disclosure.models import BoolArray

__all__ = ["PartMembers"]


@dataclass(frozen=True, slots=True)
class PartMembers:
    """The items of each part, by their own numbers; ``part_of`` rises from 0 to ``parts`` - 1.

    Within a part the items keep the order that they were given in.
    """

    items: IntArray  # (members,)
    part_of: IntArray  # (members,)
    parts: int

    @property
    def starts(self) -> IntArray:
        """Where each part begins, and where the last one ends, (parts + 1,)."""
        return np.searchsorted(self.part_of, np.arange(self.parts + 1)).astype(np.int64)

    def of(self, chosen: BoolArray) -> PartMembers:
        """The members of the chosen parts, which are numbered anew."""
        if chosen.all():
            return self
        kept = chosen[self.part_of]
        number = np.cumsum(chosen) - 1
        return PartMembers(self.items[kept], number[self.part_of[kept]], int(chosen.sum()))

    def halved(self, in_upper: BoolArray) -> PartMembers:
        """Each part i as two: 2i without, and 2i + 1 with the members that are ``in_upper``."""
        starts = self.starts
        uppers = np.diff(np.concatenate(([0], np.cumsum(in_upper)))[starts])
        sizes = np.column_stack((np.diff(starts) - uppers, uppers)).ravel()
        part_of = np.repeat(np.arange(2 * self.parts), sizes)
        goes_upper = np.repeat(np.arange(2 * self.parts) % 2 == 1, sizes)
        items = np.empty_like(self.items)
        items[~goes_upper] = self.items[~in_upper]
        items[goes_upper] = self.items[in_upper]
        return PartMembers(items, part_of, 2 * self.parts)
