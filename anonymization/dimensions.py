"""The dimensions of a partition: how a source row falls into a cell, and how coarse it may get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["HIDDEN", "Dimension", "placed_by"]

HIDDEN = "*"
"""What a dimension becomes at the level that tells nothing."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """One dimension of a partition: how a source row falls into a cell.

    ``expression`` is over the source tables, as it stands in the workflow's ``rows``; ``made_of``
    names the columns it reads. ``coarser`` says what each value becomes, level by level;
    ``may_be_hidden`` adds a last level at which all values are alike. Without either it is fixed.
    """

    column: str
    expression: str
    made_of: tuple[str, ...]
    coarser: tuple[Mapping[str, str], ...] = ()
    may_be_hidden: bool = False

    @property
    def levels(self) -> int:
        """How many levels there are, the values as they are included."""
        return 1 + len(self.coarser) + self.may_be_hidden

    @property
    def values(self) -> frozenset[str]:
        """Every value that its hierarchy knows, at whatever level."""
        known = {value for level in self.coarser for value in (*level, *level.values())}
        return frozenset(known | {HIDDEN} if self.may_be_hidden else known)

    def label(self, value: str, level: int) -> str | None:
        """What the value becomes at that level; None where its hierarchy does not know it."""
        if level == 0:
            return value
        return self.coarser[level - 1].get(value) if level <= len(self.coarser) else HIDDEN

    def declared(self) -> dict[str, object]:
        """All that decides into which cells rows may fall, as JSON."""
        return {
            "column": self.column,
            "expression": " ".join(self.expression.split()),
            "coarser": [dict(sorted(level.items())) for level in self.coarser],
            "levels": self.levels,
        }


def placed_by(dimensions: Sequence[Dimension]) -> str:
    """The dimensions as a workflow's SELECT lists them."""
    return ", ".join(f"{each.expression} AS {each.column}" for each in dimensions)
