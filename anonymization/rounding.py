"""Rounds measures before they leave: a rounded aggregate does not join to a source value."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from anonymization.workflow import Measure

__all__ = ["UnroundedMeasure", "rounded", "to_significant_digits"]


class UnroundedMeasure(ValueError):
    """A measure that is no whole number has no rounding declared."""


def rounded(measure: Measure, value: object) -> Decimal | int | None:
    """The value as it may be released: a count as it is, anything else rounded as declared."""
    if value is None:
        return None
    number = Decimal(str(value))
    if not number.is_finite():
        message = f"measure {measure.column}: not a finite number, so it is not released"
        raise UnroundedMeasure(message)
    if measure.significant_digits is not None:
        return to_significant_digits(number, measure.significant_digits)
    if measure.decimals is not None:
        exponent = Decimal(1).scaleb(-measure.decimals)
        return number.quantize(exponent, rounding=ROUND_HALF_EVEN)
    if number != number.to_integral_value():
        message = (
            f"measure {measure.column} is no count and declares no rounding: refused, since an "
            "exact aggregate can join to its source; declare decimals or significant_digits"
        )
        raise UnroundedMeasure(message)
    return int(number)


def to_significant_digits(number: Decimal, digits: int) -> Decimal:
    """The number with so many digits, the rest rounded half to even."""
    if not number:
        return Decimal(0)
    exponent = number.adjusted() - digits + 1
    quantized = number.quantize(Decimal(1).scaleb(exponent), rounding=ROUND_HALF_EVEN)
    return quantized.quantize(Decimal(1)) if exponent > 0 else quantized
