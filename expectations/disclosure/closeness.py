"""How like the whole table a class is: t-closeness by the earth mover's distance.

Li, Li, Venkatasubramanian: t-Closeness: Privacy Beyond k-Anonymity and l-Diversity (ICDE 2007).
The distance runs from the class's distribution of sensitive values to the whole table's, all its
rows counted, suppressed ones too. Only values that occur in a class are visited.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from expectations.disclosure import grouped
from expectations.disclosure.classes import Classes, IntArray, SensitiveValues
from expectations.disclosure.diversity import sensitive_of
from expectations.disclosure.models import BoolArray, Model
from expectations.errors import UnmeasurableModel

__all__ = ["Distance", "TCloseness"]

_ROUNDING = 1e-12
_Floats = npt.NDArray[np.float64]


class Distance(StrEnum):
    """How far one sensitive value lies from another.

    ``equal``: 1 between any two. ``ordered``: their places apart, over m - 1. ``hierarchical``:
    the height of their lowest common ancestor, over the hierarchy's height.
    """

    EQUAL = "equal"
    ORDERED = "ordered"
    HIERARCHICAL = "hierarchical"


@dataclass(frozen=True, slots=True, eq=False)
class TCloseness(Model):
    """No class's distance from the whole table exceeds t, 0 <= t <= 1.

    ``levels`` is needed for the hierarchical distance: (levels, domain), the group of each value
    at each level of its hierarchy, level 0 being the values themselves.
    """

    t: float
    distance: Distance = Distance.EQUAL
    levels: IntArray | None = None
    name: ClassVar[str] = "t_closeness"
    absorbing: ClassVar[bool] = False
    higher_is_safer: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not 0 <= self.t <= 1:
            message = f"t_closeness: t is {self.t}: refused, it must lie between 0 and 1"
            raise UnmeasurableModel(message)
        if (self.levels is not None) != (self.distance is Distance.HIERARCHICAL):
            message = (
                f"t_closeness: the {self.distance} distance "
                f"{'takes no' if self.levels is not None else 'needs a'} hierarchy of the "
                "sensitive column: refused; name one with the hierarchical distance alone"
            )
            raise UnmeasurableModel(message)

    def measured(self, classes: Classes) -> _Floats:
        """The earth mover's distance of each class from the whole table, 0 to 1."""
        values = sensitive_of(classes, self.name)
        size = np.maximum(grouped.sums(values.class_of, values.rows, len(classes)), 1)
        share = values.rows / size[values.class_of]
        overall = values.overall / max(int(values.overall.sum()), 1)
        if self.levels is not None:
            return _hierarchical(values, share, overall, self.levels, len(classes))
        if self.distance is Distance.ORDERED:
            return _ordered(values, share, overall, len(classes))
        above = np.maximum(share - overall[values.value], 0.0)
        return grouped.sums(values.class_of, above, len(classes)).astype(np.float64)

    def satisfied(self, classes: Classes) -> BoolArray:
        """Whether each class lies within t."""
        return self.measured(classes) <= self.t + _ROUNDING


def _ordered(values: SensitiveValues, share: _Floats, overall: _Floats, classes: int) -> _Floats:
    """Sum over the places of |cumulated share - cumulated overall|, over m - 1.

    Between two values of a class its cumulated share stands still, and the overall one only rises:
    it crosses once, so that each stretch is two differences of prefix sums.
    """
    domain = len(overall)
    if domain < 2:  # noqa: PLR2004 - one value is no distance from itself
        return np.zeros(classes)
    cumulated = np.cumsum(overall)
    prefix = np.concatenate(([0.0], np.cumsum(cumulated)))
    first = grouped.starts(values.class_of)
    running = np.cumsum(share)
    before = np.repeat(running[first] - share[first], np.diff(np.append(first, len(share))))
    reached = running - before
    end = np.append(values.value[1:], domain)
    last = np.append(first[1:], len(share)) - 1
    end[last] = domain
    crossing = np.clip(np.searchsorted(cumulated, reached), values.value, end)
    stretch = (
        reached * (crossing - values.value)
        - (prefix[crossing] - prefix[values.value])
        + (prefix[end] - prefix[crossing])
        - reached * (end - crossing)
    )
    distance = grouped.sums(values.class_of, stretch, classes).astype(np.float64)
    distance[values.class_of[first]] += prefix[values.value[first]]
    return np.maximum(distance, 0.0) / (domain - 1)


def _hierarchical(
    values: SensitiveValues, share: _Floats, overall: _Floats, levels: IntArray, classes: int
) -> _Floats:
    """Sum over the hierarchy's nodes of height / H * min(what children have above, what below)."""
    top = np.zeros((1, levels.shape[1]), dtype=levels.dtype)
    rooted = levels if len(np.unique(levels[-1])) == 1 else np.concatenate((levels, top))
    height = len(rooted) - 1
    distance = np.zeros(classes)
    if not height:
        return distance
    class_of, held = values.class_of, share
    node = rooted[0][values.value].astype(np.int64)
    expected = np.bincount(rooted[0], weights=overall)
    for level in range(1, height + 1):
        parent_of = np.zeros(len(expected), dtype=np.int64)
        parent_of[rooted[level - 1]] = rooted[level]
        above = np.maximum(held - expected[node], 0.0)
        parents = int(rooted[level].max()) + 1
        pairs, inverse = np.unique(class_of * parents + parent_of[node], return_inverse=True)
        surplus = np.bincount(inverse, weights=above, minlength=len(pairs))
        held = np.bincount(inverse, weights=held, minlength=len(pairs)).astype(np.float64)
        class_of, node = pairs // parents, pairs % parents
        expected = np.bincount(rooted[level], weights=overall)
        shortage = np.maximum(surplus - (held - expected[node]), 0.0)
        cost = level / height * np.minimum(surplus, shortage)
        distance += np.bincount(class_of, weights=cost, minlength=classes)
    return distance
