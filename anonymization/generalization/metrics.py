"""What a generalization costs: the metrics a search may minimize, and bounds that prune it.

Every metric is bounded from below by something that only grows with generalization, so that a
search may stop as soon as no open node can be better than the best one found:

nue             itself: it is a sum over columns and rows, whatever is suppressed
loss            itself: the same
nue_suppressed  nue, since the term of the suppressed rows is not negative
dm              the squared sizes of all classes: a suppressed row costs N, no less than its class
dm_kept         the same less S * S, since the classes suppressed hold at most S rows in all
aecs            (N - S) rows over all classes: there are never more classes above
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from anonymization.generalization.combinations import Combinations
from anonymization.generalization.hierarchies import Hierarchy
from anonymization.generalization.rollup import NodeClasses
from expectations.disclosure.models import BoolArray

__all__ = ["Cost", "Metric"]

_Floats = npt.NDArray[np.float64]


class Metric(StrEnum):
    """The metrics; N is the number of rows, S of suppressed ones.

    ``nue``: non-uniform entropy (De Waal, Willenborg 1999; Gionis, Tassa 2009): the sum over
    columns and over all rows, suppressed ones included, of -log2(freq(value) / freq(label)), with
    frequencies over all rows, in bits.
    ``nue_suppressed``: nue plus, per column, -count * log2(count / S) over the labels of the
    suppressed rows: what is lost when they all become one.
    ``dm_kept``: the sum of squared sizes of the kept classes (discernibility, Bayardo, Agrawal
    2005).
    ``dm``: dm_kept plus N for every suppressed row.
    ``aecs``: the average size of a kept class, over k (LeFevre, DeWitt, Ramakrishnan 2006); k is
    that of the rows or tenants model, 1 without one.
    ``loss``: the mean over columns and all rows of (leaves the label covers - 1) / (leaves - 1)
    (normalized certainty penalty, Xu et al. 2006; global certainty penalty, Ghinita et al. 2007).
    """

    NUE = "nue"
    NUE_SUPPRESSED = "nue_suppressed"
    DM_KEPT = "dm_kept"
    DM = "dm"
    AECS = "aecs"
    LOSS = "loss"

    @property
    def is_additive(self) -> bool:
        """Whether a node's cost is known from its levels alone."""
        return self in {Metric.NUE, Metric.LOSS}


@dataclass(frozen=True, slots=True)
class Cost:
    """One metric over one table and its hierarchies; ``k`` scales aecs."""

    metric: Metric
    total_rows: int
    limit: int
    k: int
    by_level: tuple[_Floats, ...]

    @classmethod
    def of(
        cls,
        metric: Metric,
        combinations: Combinations,
        hierarchies: Sequence[Hierarchy],
        *,
        limit: int,
        k: int,
    ) -> Cost:
        """The metric, with what each level of each column costs worked out."""
        priced = [
            _by_level(metric, column, combinations.classes.rows, hierarchy, len(hierarchies))
            for column, hierarchy in zip(combinations.codes, hierarchies, strict=True)
        ]
        return cls(metric, combinations.classes.total_rows, limit, k, tuple(priced))

    def of_levels(self, node: Sequence[int]) -> float:
        """The part of the cost that the node's levels decide, columns added in their order."""
        return float(sum(by[level] for by, level in zip(self.by_level, node, strict=True)))

    def first_bound(self) -> _Floats:
        """A lower bound for every node of the lattice before any is looked at."""
        bound = np.zeros(())
        for by in self.by_level:
            bound = bound[..., None] + by
        return np.ascontiguousarray(bound)

    def bound_from(self, node: NodeClasses) -> float:
        """A lower bound, from this node, for it and every node above it."""
        size = node.classes.rows
        if self.metric is Metric.AECS:
            return (self.total_rows - self.limit) / (len(size) * self.k)
        squares = float(_squares(size))
        if self.metric is Metric.DM:
            return squares
        return squares - float(self.limit) ** 2 if self.metric is Metric.DM_KEPT else 0.0

    def at(self, levels: Sequence[int], node: NodeClasses, kept: BoolArray) -> float:
        """What the node costs when only the kept classes are released."""
        size = node.classes.rows
        if self.metric.is_additive:
            return self.of_levels(levels)
        if self.metric is Metric.NUE_SUPPRESSED:
            return self.of_levels(levels) + _entropy_of_suppressed(node, kept)
        if self.metric is Metric.AECS:
            classes = int(kept.sum())
            return float(size[kept].sum()) / (classes * self.k) if classes else np.inf
        discerned = float(_squares(size[kept]))
        suppressed = int(size[~kept].sum())
        penalty = self.total_rows * suppressed if self.metric is Metric.DM else 0
        return discerned + penalty


def _squares(size: npt.NDArray[np.int64]) -> np.float64:
    return np.float64(np.square(size.astype(np.float64)).sum())


def _by_level(
    metric: Metric,
    column: npt.NDArray[np.int32],
    rows: npt.NDArray[np.int64],
    hierarchy: Hierarchy,
    columns: int,
) -> _Floats:
    frequency = np.bincount(column, weights=rows, minlength=hierarchy.leaves)
    held = np.flatnonzero(frequency)
    costs = np.zeros(hierarchy.levels)
    if metric in {Metric.NUE, Metric.NUE_SUPPRESSED}:
        for level in range(1, hierarchy.levels):
            label = hierarchy.codes[level]
            together = np.bincount(label, weights=frequency)
            costs[level] = (
                frequency[held] * np.log2(together[label[held]] / frequency[held])
            ).sum()
    elif metric is Metric.LOSS:
        every = max(float(frequency.sum()), 1.0) * columns
        for level in range(1, hierarchy.levels):
            lost = hierarchy.loss_of_labels(level)[hierarchy.codes[level]]
            costs[level] = (frequency * lost).sum() / every
    return costs


def _entropy_of_suppressed(node: NodeClasses, kept: BoolArray) -> float:
    size = node.classes.rows[~kept]
    suppressed = float(size.sum())
    if not suppressed:
        return 0.0
    entropy = 0.0
    for column in node.codes[:, ~kept]:
        count = np.bincount(column, weights=size)
        count = count[count > 0]
        entropy += float((count * np.log2(suppressed / count)).sum())
    return entropy
