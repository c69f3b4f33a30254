"""How much of a class one tenant holds: (n,k)-dominance and the p% rule.

Hundepool et al., Statistical Disclosure Control (2012), chapter 4; Federal Committee on
Statistical Methodology, working paper 22 (2005), chapter 4. Everything is decided in whole
numbers; a class whose total is 0 holds nothing that could be told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from expectations.disclosure import grouped
from expectations.disclosure.classes import Classes, IntArray
from expectations.disclosure.counting import contributors_of
from expectations.disclosure.models import BoolArray, Model
from expectations.errors import UnmeasurableModel

__all__ = ["Dominance", "Held", "PPercent"]

_LARGEST_WHOLE = 2**62


class Held(StrEnum):
    """What a tenant holds of a class: its part of the summed amount, or its rows."""

    AMOUNTS = "amounts"
    ROWS = "rows"


@dataclass(frozen=True, slots=True)
class Dominance(Model):
    """The n largest tenants hold no more than ``share`` of any class, 0 < share <= 1."""

    share: Fraction
    n: int = 1
    of: Held = Held.AMOUNTS
    name: ClassVar[str] = "dominance"
    absorbing: ClassVar[bool] = False
    higher_is_safer: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1 or self.n < 1:
            message = (
                f"dominance: n is {self.n} and the share {self.share}: refused; n is at least 1, "
                "the share above 0 and at most 1"
            )
            raise UnmeasurableModel(message)

    def measured(self, classes: Classes) -> npt.NDArray[np.float64]:
        """The share that the n largest tenants hold of each class."""
        top, total = self._top_and_total(classes)
        share = np.zeros(len(classes))
        np.divide(top, total, out=share, where=total > 0)
        return share

    def satisfied(self, classes: Classes) -> BoolArray:
        """Whether the n largest tenants stay within their share, exactly."""
        top, total = self._top_and_total(classes)
        share = Fraction(self.share)
        return _at_most(top, share.denominator, total, share.numerator)

    def _top_and_total(self, classes: Classes) -> tuple[IntArray, IntArray]:
        class_of, held = _held(classes, self.of, self.name)
        first = grouped.starts(class_of)
        total = grouped.sums(class_of, held, len(classes), first)
        if self.n == 1:
            return grouped.maxima(class_of, held, len(classes), first), total
        order = grouped.largest_first(class_of, held)
        class_of, held = class_of[order], held[order]
        top = np.where(grouped.ranks(class_of) < self.n, held, 0)
        return grouped.sums(class_of, top, len(classes)), total


@dataclass(frozen=True, slots=True)
class PPercent(Model):
    """No tenant can estimate the largest one's amount to within p percent of it.

    The best placed is the second largest, who subtracts its own: the total less the two largest
    must reach p % of the largest. Measured as that remainder in percent of the largest.
    """

    p: Fraction
    of: Held = Held.AMOUNTS
    name: ClassVar[str] = "p_percent"
    absorbing: ClassVar[bool] = False
    higher_is_safer: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.p < 0:
            message = f"p_percent: p is {self.p}: refused, it must be 0 or more"
            raise UnmeasurableModel(message)

    def measured(self, classes: Classes) -> npt.NDArray[np.float64]:
        """The remainder in percent of the largest; infinite where every amount is 0."""
        largest, remainder = self._largest_and_remainder(classes)
        unlimited = np.full(len(classes), np.inf)
        np.divide(100.0 * remainder, largest, out=unlimited, where=largest > 0)
        return unlimited

    def satisfied(self, classes: Classes) -> BoolArray:
        """Whether the remainder reaches p percent of the largest, exactly."""
        largest, remainder = self._largest_and_remainder(classes)
        p = Fraction(self.p)
        return _at_most(largest, p.numerator, remainder, 100 * p.denominator)

    def _largest_and_remainder(self, classes: Classes) -> tuple[IntArray, IntArray]:
        class_of, held = _held(classes, self.of, self.name)
        first = grouped.starts(class_of)
        largest = grouped.maxima(class_of, held, len(classes), first)
        # The first entry of each class that holds its largest; what is left holds the second.
        holds = np.flatnonzero(held == largest[class_of])
        rest = held.copy()
        rest[holds[grouped.starts(class_of[holds])]] = 0
        second = grouped.maxima(class_of, rest, len(classes), first)
        return largest, grouped.sums(class_of, rest, len(classes), first) - second


def _held(classes: Classes, of: Held, model: str) -> tuple[IntArray, IntArray]:
    who = contributors_of(classes, model)
    if of is Held.ROWS:
        return who.class_of, who.rows
    if who.amounts is None:
        message = f"{model} looks at amounts, and none are summed: refused; name the measure"
        raise UnmeasurableModel(message)
    return who.class_of, who.amounts


def _at_most(left: IntArray, times: int, right: IntArray, by: int) -> BoolArray:
    """Decide left * times <= right * by, in Python's whole numbers where 64 bits are too few."""
    largest = max(int(left.max(initial=0)) * times, int(right.max(initial=0)) * by)
    if largest < _LARGEST_WHOLE:
        small: BoolArray = left * times <= right * by
        return small
    exact: npt.NDArray[Any] = left.astype(object) * times <= right.astype(object) * by
    return exact.astype(np.bool_)
