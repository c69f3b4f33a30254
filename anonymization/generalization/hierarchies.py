"""Value hierarchies: what each value of a quasi-identifier becomes at each level of coarseness.

The leaves of a hierarchy are the values of the column's domain, in the domain's order, and after
them whatever further leaves its source knows. So ``codes[level, code]`` serves the codes of the
data directly, and a label's loss is measured over all the leaves that its source lists.

Null is a value of its own: it keeps a label of its own (None) at every level below the top, and
joins the others only where the top is one label.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from anonymization.generalization.errors import UnsoundHierarchy, UnsuitableDomain

__all__ = [
    "TOP",
    "Domain",
    "Hierarchy",
    "distinct_codes",
    "hierarchy_of",
    "parting_leaves",
    "require_distinct",
]

TOP = "*"
"""The label of everything, in hierarchies built here."""

Domain = Sequence[str | None]
"""The values of a column as text, each once, in the order of their codes; None stands for null."""

_Value = TypeVar("_Value", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """One column's hierarchy over a domain of leaf values, from level 0 (as it is) to the top.

    ``labels[level]`` are that level's distinct labels, in first-leaf order; ``codes[level, leaf]``
    is the label's number. Level 0 is the identity. Built by this package's functions, which check
    that it is total (every leaf has a label at every level), functional (one label each) and
    monotone (leaves that share a label share it at every level above).
    """

    column: str
    labels: tuple[tuple[str | None, ...], ...]
    codes: npt.NDArray[np.int32]  # (levels, leaves)

    @property
    def levels(self) -> int:
        """How many levels there are, level 0 included."""
        return len(self.labels)

    @property
    def leaves(self) -> int:
        """How many leaves there are, those that the data does not hold included."""
        return int(self.codes.shape[1])

    @property
    def ends_in_one_label(self) -> bool:
        """Whether the top level makes every value alike. Where not, the column is never hidden."""
        return len(self.labels[-1]) <= 1

    def leaves_of_labels(self, level: int) -> npt.NDArray[np.int64]:
        """How many leaves each label of that level covers."""
        return np.bincount(self.codes[level], minlength=len(self.labels[level])).astype(np.int64)

    def loss_of_labels(self, level: int) -> npt.NDArray[np.float64]:
        """The normalized certainty penalty of each label: (leaves covered - 1) / (leaves - 1).

        0 for a single leaf, 1 for a label of everything. Xu et al., Utility-based anonymization
        using local recoding (KDD 2006); for numbers this counts values, not lengths. A column of
        one leaf loses nothing.
        """
        covered = self.leaves_of_labels(level).astype(np.float64)
        return (covered - 1) / (self.leaves - 1) if self.leaves > 1 else np.zeros_like(covered)


def hierarchy_of(column: str, leaves: Domain, levels: Sequence[Sequence[str | None]]) -> Hierarchy:
    """The hierarchy in which level i + 1 gives leaf j the label ``levels[i][j]``.

    A None among the labels of the top joins the others where these are one label. Refused where it
    is not monotone.
    """
    require_distinct(column, leaves)
    columns: list[list[str | None]] = [list(leaves), *(list(level) for level in levels)]
    short = [number for number, level in enumerate(columns) if len(level) != len(leaves)]
    if short:
        raise UnsoundHierarchy(column, [f"level {number} is not total" for number in short])
    if levels:
        others = {label for label in columns[-1] if label is not None}
        if len(others) == 1:
            top = others.pop()
            columns[-1] = [top] * len(leaves)
    codes = np.empty((len(columns), len(leaves)), dtype=np.int32)
    codes[0] = np.arange(len(leaves))
    labels: list[tuple[str | None, ...]] = [tuple(leaves)]
    for number, level in enumerate(columns[1:], start=1):
        distinct, codes[number] = distinct_codes(level)
        labels.append(distinct)
    split = [
        f"{count:,} leaves part at level {level + 1} from those they share a label with at "
        f"level {level}"
        for level in range(len(columns) - 1)
        if (count := int(parting_leaves(codes[level], codes[level + 1]).sum()))
    ]
    if split:
        raise UnsoundHierarchy(column, split)
    codes.flags.writeable = False
    return Hierarchy(column, tuple(labels), codes)


def distinct_codes(values: Sequence[_Value]) -> tuple[tuple[_Value, ...], npt.NDArray[np.int32]]:
    """The distinct values in order of first appearance, and the number of each value's own."""
    numbers = {value: number for number, value in enumerate(dict.fromkeys(values))}
    codes = np.fromiter(map(numbers.__getitem__, values), dtype=np.int32, count=len(values))
    return tuple(numbers), codes


def parting_leaves(
    below: npt.NDArray[np.int32], above: npt.NDArray[np.int32]
) -> npt.NDArray[np.bool_]:
    """Which leaves have another label above than the first leaf of their label below."""
    _, first = np.unique(below, return_index=True)
    return np.asarray(above != above[first][below], dtype=np.bool_)


def require_distinct(column: str, domain: Domain) -> None:
    """Refuse a domain that lists a value twice."""
    repeated = len(domain) - len(set(domain))
    if repeated:
        raise UnsuitableDomain(column, [f"{repeated:,} values are listed twice in its domain"])
