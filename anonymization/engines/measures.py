"""The measures a cell may carry, each with the rounding it leaves with.

No raw value passes: a smallest, largest, first, any or listed value, and a sum that is not rounded,
cannot be asked for. A quantile by nearest rank is some row's own value until it is rounded, so it
keeps at most two digits (or tens, hundreds...), and where its rank is a cell's first or last it is
withheld, since it would be the smallest or the largest.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import NoReturn

from anonymization.engines.errors import UnsafeMeasure

__all__ = ["Count", "Measure", "Quantile", "Rate", "Sum", "measure_called", "require_coarser_than"]

_SUM_DIGITS = 4
_QUANTILE_DIGITS = 2
_RATE_PLACES = 4


@dataclass(frozen=True, slots=True)
class Count:
    """The rows of a cell; a count may leave as it is."""

    column: str = "rows"
    decimals: int | None = None
    significant_digits: int | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of a column: 1 to 4 significant digits, or fewer places than the column has."""

    column: str
    of: str
    decimals: int | None = None
    significant_digits: int | None = None

    def __post_init__(self) -> None:
        _require_rounding(self, _SUM_DIGITS)


@dataclass(frozen=True, slots=True)
class Rate:
    """The share of rows whose column, as text, equals a value; rows of null are not counted."""

    column: str
    of: str
    equals: str
    decimals: int = 2
    significant_digits: None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if not 1 <= self.decimals <= _RATE_PLACES:
            _refuse(self.column, f"a rate is rounded to 1 to {_RATE_PLACES} decimals")


@dataclass(frozen=True, slots=True)
class Quantile:
    """A column's value at the nearest rank ceil(q * n), 0 < q < 1: 1 or 2 significant digits."""

    column: str
    of: str
    q: Fraction | str = Fraction(1, 2)
    decimals: int | None = None
    significant_digits: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.fraction < 1:
            _refuse(self.column, "the smallest and the largest value are raw values; 0 < q < 1")
        _require_rounding(self, _QUANTILE_DIGITS)

    @property
    def fraction(self) -> Fraction:
        """The part of the rows at or below it."""
        return Fraction(self.q)


Measure = Count | Sum | Rate | Quantile

_KINDS: dict[str, type[Count | Sum | Rate | Quantile]] = {
    "count": Count,
    "sum": Sum,
    "rate": Rate,
    "quantile": Quantile,
}


def measure_called(function: str, **declared: str | int | None) -> Measure:
    """The measure of that name (count, sum, rate, quantile); any other is refused."""
    kind = _KINDS.get(function)
    column = str(declared.get("column") or declared.get("of") or function)
    if kind is None:
        _refuse(column, f"`{function}` is not offered; count, sum, rate and quantile are")
    try:
        return kind(**declared)  # type: ignore[arg-type]  # a wrong argument is told below
    except TypeError as error:
        message = f"measure {column}: {function} cannot be declared so: {error}"
        raise UnsafeMeasure(message) from None


def _require_rounding(measure: Sum | Quantile, most_digits: int) -> None:
    digits = measure.significant_digits
    if (digits is None) == (measure.decimals is None):
        _refuse(measure.column, "declare either significant_digits or decimals")
    if digits is not None and not 1 <= digits <= most_digits:
        _refuse(measure.column, f"{digits} significant digits; 1 to {most_digits} may leave")


def require_coarser_than(measure: Sum | Quantile, places: int) -> None:
    """Refuse a rounding to as many places as the column has: it would change nothing."""
    if measure.decimals is not None and measure.decimals >= places:
        _refuse(
            measure.column,
            f"{measure.decimals} decimals of a column with {places} round nothing; round to fewer "
            "(below 0: tens, hundreds), or to significant_digits",
        )


def _refuse(column: str, reason: str) -> NoReturn:
    message = f"measure {column}: refused, since no raw value may pass: {reason}"
    raise UnsafeMeasure(message)
