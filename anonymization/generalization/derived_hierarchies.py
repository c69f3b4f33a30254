"""Hierarchies made from the values themselves: intervals, dates, prefixes, or nothing but `*`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise

from anonymization.generalization.errors import UnsuitableDomain
from anonymization.generalization.hierarchies import TOP, Domain, Hierarchy, hierarchy_of

__all__ = ["DatePart", "date_truncation", "intervals", "prefix_masking", "suppression_only"]

_NUMBER = re.compile(r"[+-]?(\d{1,400}(\.\d{0,400})?|\.\d{1,400})([eE][+-]?\d{1,3})?", re.ASCII)
_EXACT = Context(prec=3000, Emax=MAX_EMAX, Emin=MIN_EMIN)
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})([ T].*)?", re.ASCII)


class DatePart(StrEnum):
    """What a date may be truncated to, finest first."""

    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


def intervals(
    column: str,
    domain: Domain,
    widths: Sequence[int | Decimal] = (5, 10, 20),
    origin: int | Decimal = 0,
) -> Hierarchy:
    """Numbers in ever wider intervals, then `*`: 23 -> 20-24 -> 20-29 -> 20-39 -> *.

    Whole numbers from zero up read `20-24`, others `[20, 25)`. Each width must be a multiple of
    the one before it, or intervals would part again. Exact at any scale.
    """
    wider = [Decimal(width) for width in widths]
    _require_multiples(column, wider)
    numbers = _numbers(column, domain)
    finite = [number for number in numbers if number is not None]
    scale = max(map(_decimals, (*finite, *wider, Decimal(origin))))
    start = _units(Decimal(origin), scale)
    whole = scale == 0 and start >= 0 and all(number >= start for number in finite)
    units = [None if number is None else _units(number, scale) for number in numbers]
    levels: list[list[str | None]] = []
    for width in (_units(each, scale) for each in wider):
        lows = [None if unit is None else unit - (unit - start) % width for unit in units]
        named = {
            low: _interval(low, low + width, scale, whole=whole)
            for low in set(lows) - {None}
            if low is not None
        }
        levels.append([None if low is None else named[low] for low in lows])
    return _with_top(column, domain, levels)


def date_truncation(
    column: str,
    domain: Domain,
    parts: Sequence[DatePart] = (DatePart.MONTH, DatePart.QUARTER, DatePart.YEAR),
) -> Hierarchy:
    """Dates, or times, by ever longer periods, then `*`: 2026-07-14 -> 2026-07 -> 2026-Q3 -> 2026.

    Values begin with an ISO date; what follows it (a time) is dropped at the first level.
    """
    order = list(DatePart)
    places = [order.index(part) for part in parts]
    if not parts or places != sorted(set(places)):
        raise UnsuitableDomain(column, ["date parts must run from finer to coarser, each once"])
    days = [None if value is None else _day(value) for value in domain]
    unusable = sum(day == "" for day in days)
    if unusable:
        raise UnsuitableDomain(column, [f"{unusable:,} values do not begin with an ISO date"])
    levels = [[day and _PERIOD[part](day) for day in days] for part in parts]
    return _with_top(column, domain, levels)


def prefix_masking(column: str, domain: Domain, steps: Sequence[int] = (1, 2, 3)) -> Hierarchy:
    """Codes with ever more of their last characters hidden, then `*`: 12345 -> 1234* -> 123**.

    ``steps`` says how many characters each level hides. A masked value keeps its length.
    """
    if not steps or list(steps) != sorted(set(steps)) or steps[0] < 1:
        raise UnsuitableDomain(column, ["steps must be whole numbers from 1 that increase"])
    levels = [
        [None if value is None else _masked(value, hidden) for value in domain] for hidden in steps
    ]
    return _with_top(column, domain, levels)


def suppression_only(column: str, domain: Domain) -> Hierarchy:
    """A value as it is, or `*`."""
    return _with_top(column, domain, [])


def _with_top(column: str, domain: Domain, levels: Sequence[Sequence[str | None]]) -> Hierarchy:
    return hierarchy_of(column, domain, [*levels, [TOP] * len(domain)])


def _require_multiples(column: str, widths: Sequence[Decimal]) -> None:
    wrong = not widths or any(not width.is_finite() or width <= 0 for width in widths)
    if wrong or any(
        wide <= narrow or Fraction(wide) % Fraction(narrow) for narrow, wide in pairwise(widths)
    ):
        message = "widths must be above zero, each a larger multiple of the one before it"
        raise UnsuitableDomain(column, [message])


def _numbers(column: str, domain: Domain) -> list[Decimal | None]:
    unusable = sum(value is not None and not _NUMBER.fullmatch(value) for value in domain)
    if unusable:
        message = f"{unusable:,} values are no finite numbers, so they lie in no interval"
        raise UnsuitableDomain(column, [message])
    return [None if value is None else Decimal(value) for value in domain]


def _decimals(number: Decimal) -> int:
    """How many digits it has behind the point, trailing zeros left out."""
    exponent = number.normalize(_EXACT).as_tuple().exponent
    return max(0, -int(exponent))


def _units(number: Decimal, scale: int) -> int:
    """The number in units of 10**-scale, exactly."""
    return int(number.scaleb(scale, _EXACT))


def _interval(low: int, end: int, scale: int, *, whole: bool) -> str:
    if whole:
        return str(low) if end - low == 1 else f"{low}-{end - 1}"
    return f"[{_written(low, scale)}, {_written(end, scale)})"


def _written(units: int, scale: int) -> str:
    digits = str(abs(units)).rjust(scale + 1, "0")
    whole, part = digits[: len(digits) - scale], digits[len(digits) - scale :].rstrip("0")
    return f"{'-' if units < 0 else ''}{whole}{'.' + part if part else ''}"


def _day(value: str) -> str:
    """The ISO date that the value begins with, empty where it does not."""
    found = _DAY.fullmatch(value)
    if found is None:
        return ""
    try:
        return date.fromisoformat(found[1]).isoformat()
    except ValueError:
        return ""


def _quarter(day: str) -> str:
    return f"{day[:4]}-Q{(int(day[5:7]) + 2) // 3}"


_PERIOD: dict[DatePart, Callable[[str], str]] = {
    DatePart.DAY: lambda day: day,
    DatePart.MONTH: lambda day: day[:7],
    DatePart.QUARTER: _quarter,
    DatePart.YEAR: lambda day: day[:4],
}


def _masked(value: str, hidden: int) -> str:
    return value[:-hidden] + "*" * min(hidden, len(value))
