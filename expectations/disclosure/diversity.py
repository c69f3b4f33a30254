"""How varied the sensitive values of a class are: three forms of l-diversity.

Machanavajjhala, Kifer, Gehrke, Venkitasubramaniam: l-Diversity: Privacy Beyond k-Anonymity (ACM
TKDD 1(1), 2007). A null is a value like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from expectations.disclosure import grouped
from expectations.disclosure.classes import Classes, IntArray, SensitiveValues
from expectations.disclosure.models import BoolArray, Model
from expectations.errors import UnmeasurableModel

__all__ = ["DistinctDiversity", "EntropyDiversity", "RecursiveDiversity", "sensitive_of"]

_ROUNDING = 1e-9
"""Logarithms round: a class of l values of equal size must count as l-diverse."""


@dataclass(frozen=True, slots=True)
class DistinctDiversity(Model):
    """Every class holds at least l distinct sensitive values."""

    l: int  # noqa: E741 - the model's own name
    name: ClassVar[str] = "distinct_l"
    absorbing: ClassVar[bool] = True
    higher_is_safer: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _require_at_least_one(self.name, self.l)

    def measured(self, classes: Classes) -> npt.NDArray[np.float64]:
        """Distinct sensitive values of each class."""
        values = sensitive_of(classes, self.name)
        return grouped.counts(values.class_of, len(classes)).astype(np.float64)

    def satisfied(self, classes: Classes) -> BoolArray:
        """Whether each class holds l values."""
        return self.measured(classes) >= self.l


@dataclass(frozen=True, slots=True)
class EntropyDiversity(Model):
    """The entropy of every class's sensitive values is at least log l.

    Measured as exp(entropy), so in values: n values of equal size measure n.
    """

    l: float  # noqa: E741 - the model's own name
    name: ClassVar[str] = "entropy_l"
    absorbing: ClassVar[bool] = False
    higher_is_safer: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _require_at_least_one(self.name, self.l)

    def measured(self, classes: Classes) -> npt.NDArray[np.float64]:
        """Values of equal size that would have the class's entropy."""
        values = sensitive_of(classes, self.name)
        rows = values.rows.astype(np.float64)
        weighted = grouped.sums(values.class_of, rows * np.log(rows), len(classes))
        size = np.maximum(grouped.sums(values.class_of, values.rows, len(classes)), 1)
        measured: npt.NDArray[np.float64] = np.exp(np.log(size) - weighted / size)
        return measured

    def satisfied(self, classes: Classes) -> BoolArray:
        """Whether each class's entropy reaches log l."""
        return self.measured(classes) >= self.l * (1 - _ROUNDING)


@dataclass(frozen=True, slots=True)
class RecursiveDiversity(Model):
    """Recursive (c, l)-diversity: r1 < c (r_l + ... + r_m), counts r sorted from the largest.

    Measured as r1 / (r_l + ... + r_m): the class is (c, l)-diverse for every c above it.
    """

    c: Fraction
    l: int  # noqa: E741 - the model's own name
    name: ClassVar[str] = "recursive_cl"
    absorbing: ClassVar[bool] = False
    higher_is_safer: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _require_at_least_one(self.name, self.l)
        if self.c <= 0:
            message = f"{self.name}: c is {self.c}: refused, it must be above 0"
            raise UnmeasurableModel(message)

    def measured(self, classes: Classes) -> npt.NDArray[np.float64]:
        """The largest count over the sum from the l-th largest on; infinite where that is 0."""
        largest, tail = self._largest_and_tail(classes)
        share = np.full(len(classes), np.inf)
        np.divide(largest, tail, out=share, where=tail > 0)
        return share

    def satisfied(self, classes: Classes) -> BoolArray:
        """Whether each class keeps the inequality, in whole numbers."""
        largest, tail = self._largest_and_tail(classes)
        c = Fraction(self.c)
        kept: BoolArray = largest * c.denominator < tail * c.numerator
        return kept

    def _largest_and_tail(self, classes: Classes) -> tuple[IntArray, IntArray]:
        values = sensitive_of(classes, self.name)
        order = grouped.largest_first(values.class_of, values.rows)
        class_of, rows = values.class_of[order], values.rows[order]
        in_tail = np.where(grouped.ranks(class_of) >= self.l - 1, rows, 0)
        return (
            grouped.maxima(class_of, rows, len(classes)),
            grouped.sums(class_of, in_tail, len(classes)),
        )


def sensitive_of(classes: Classes, model: str) -> SensitiveValues:
    """The sensitive values of the classes, or a refusal where none were named."""
    if classes.sensitive is None:
        message = (
            f"{model} looks at sensitive values, and none are known: refused; name the sensitive "
            "column"
        )
        raise UnmeasurableModel(message)
    return classes.sensitive


def _require_at_least_one(name: str, value: float) -> None:
    if not value >= 1:
        message = f"{name} is {value}: refused, it must be at least 1"
        raise UnmeasurableModel(message)
