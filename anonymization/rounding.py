"""Rounds measures before they leave: a rounded aggregate does not join to a source value.

Half way rounds to even, on exact numbers of any length.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Protocol

__all__ = ["RoundedMeasure", "UnroundedMeasure", "rounded", "rounded_units"]


class UnroundedMeasure(ValueError):
    """A measure that is no whole number has no rounding declared."""


class RoundedMeasure(Protocol):
    """A measure and how it is rounded."""

    @property
    def column(self) -> str:
        """The released column."""
        ...

    @property
    def decimals(self) -> int | None:
        """Places to round to; below zero, to tens, hundreds..."""
        ...

    @property
    def significant_digits(self) -> int | None:
        """Digits to round to."""
        ...


def rounded(measure: RoundedMeasure, value: object) -> Decimal | int | None:
    """The value as it may be released: a count as it is, anything else rounded as declared."""
    if value is None:
        return None
    number = _exact(measure, value)
    if measure.significant_digits is not None:
        if not number:
            return Decimal(0)
        return _to_places(number, measure.significant_digits - 1 - _magnitude(abs(number)))
    if measure.decimals is not None:
        return _to_places(number, measure.decimals)
    if number.denominator != 1:
        message = (
            f"measure {measure.column} is no count and declares no rounding: refused, since an "
            "exact aggregate can join to its source; declare decimals or significant_digits"
        )
        raise UnroundedMeasure(message)
    return int(number)


def rounded_units(measure: RoundedMeasure, units: int, scale: int) -> Decimal | int | None:
    """The same for units * 10**-scale, in whole numbers alone."""
    if measure.significant_digits is not None:
        if not units:
            return Decimal(0)
        places = measure.significant_digits - len(str(abs(units))) + scale
    elif measure.decimals is not None:
        places = measure.decimals
    else:
        return rounded(measure, Fraction(units, 10**scale)) if scale else units
    if places < scale:
        return _decimal(round(units, places - scale) // 10 ** (scale - places), places)
    return _decimal(units * 10 ** (places - scale), places)


def _exact(measure: RoundedMeasure, value: object) -> Fraction:
    if isinstance(value, Fraction):
        return value
    number = Decimal(str(value))
    if not number.is_finite():
        message = f"measure {measure.column}: not a finite number, so it is not released"
        raise UnroundedMeasure(message)
    return Fraction(number)


def _to_places(number: Fraction, places: int) -> Decimal:
    return _decimal(round(number * Fraction(10) ** places), places)


def _decimal(units: int, places: int) -> Decimal:
    """Units of 10**-places as they are written: with so many decimals, none below zero."""
    if places <= 0:
        return Decimal(units * 10**-places)
    return Decimal((int(units < 0), tuple(map(int, str(abs(units)))), -places))


def _magnitude(number: Fraction) -> int:
    """The power of ten of the first digit of a number above zero."""
    power = len(str(number.numerator)) - len(str(number.denominator))
    return power if number >= Fraction(10) ** power else power - 1
