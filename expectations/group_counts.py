"""Turns counts by key codes, as a GROUP BY returns them, into the classes that models judge.

A database says how often each code occurs with each other code; no value of a row comes here.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import numpy as np
import numpy.typing as npt

from expectations.disclosure.classes import Classes, Contributors, IntArray, SensitiveValues
from expectations.errors import CouldNotCheck

__all__ = ["NOBODY", "classes_by_subject", "classes_by_value", "whole_numbers"]

NOBODY = 0
"""The code of a subject that is null: a row of nobody protects nobody."""

_LARGEST_WHOLE = 2**62
_MOST_DECIMALS = 9


def classes_by_subject(
    class_codes: Sequence[int],
    subject_codes: Sequence[int],
    rows: Sequence[int],
    amounts: Sequence[object] | None = None,
    fund_codes: Sequence[int] | None = None,
) -> Classes:
    """Classes with who stands behind them; entries come in any order, one a class and subject.

    A negative fund code is a subject without a fund. Without codes nobody has one.
    """
    class_of, subject, counts = _sorted(class_codes, subject_codes, rows)
    order = np.lexsort((_whole(subject_codes), _whole(class_codes)))
    known = subject != NOBODY
    codes, tenant = np.unique(subject[known], return_inverse=True)
    fund_of = -np.arange(1, len(codes) + 1, dtype=np.int64)
    if fund_codes is not None and len(codes):
        funds = _whole(fund_codes)[order][known]
        owned = np.zeros(len(codes), dtype=np.int64)
        owned[tenant] = funds
        fund_of = np.where(owned >= 0, owned, fund_of)
    summed = None
    if amounts is not None:
        summed = whole_numbers(amounts)[order][known]
    contributors = Contributors(
        class_of[known], tenant.astype(np.int64), counts[known], summed, fund_of
    )
    return Classes(_rows_of(class_of, counts), contributors=contributors)


def classes_by_value(
    column: str, class_codes: Sequence[int], value_codes: Sequence[int], rows: Sequence[int]
) -> Classes:
    """Classes with their sensitive values; codes follow the order of the values."""
    class_of, values, counts = _sorted(class_codes, value_codes, rows)
    _, value = np.unique(values, return_inverse=True)
    overall = np.bincount(value, weights=counts).astype(np.int64)
    sensitive = SensitiveValues(column, class_of, value.astype(np.int64), counts, overall)
    return Classes(_rows_of(class_of, counts), sensitive=sensitive)


def whole_numbers(amounts: Sequence[object]) -> IntArray:
    """Amounts as whole numbers of one common power of ten; an error where that is not exact."""
    try:
        decimals = [
            Decimal(str(amount)) if amount is not None else Decimal(0) for amount in amounts
        ]
    except InvalidOperation:
        decimals = [Decimal("NaN")]
    if not all(map(Decimal.is_finite, decimals)):
        message = "an amount is no finite number: could not check; sum a numeric column"
        raise CouldNotCheck(message)
    places = max((-int(d.normalize().as_tuple().exponent) for d in decimals), default=0)
    scale = min(max(places, 0), _MOST_DECIMALS)
    scaled = [int(d.scaleb(scale).to_integral_value()) for d in decimals]
    if sum(map(abs, scaled)) > _LARGEST_WHOLE:
        message = "amounts are too large to be summed exactly: could not check; round them first"
        raise CouldNotCheck(message)
    return np.array(scaled, dtype=np.int64)


def _sorted(
    class_codes: Sequence[int], other_codes: Sequence[int], rows: Sequence[int]
) -> tuple[IntArray, IntArray, IntArray]:
    """Class numbers from 0, other codes and counts, sorted by class and then code."""
    classes, others, counts = _whole(class_codes), _whole(other_codes), _whole(rows)
    order = np.lexsort((others, classes))
    _, numbered = np.unique(classes, return_inverse=True)
    return numbered.astype(np.int64)[order], others[order], counts[order]


def _rows_of(class_of: IntArray, counts: IntArray) -> IntArray:
    return np.bincount(class_of, weights=counts).astype(np.int64)


def _whole(codes: Sequence[int]) -> npt.NDArray[np.int64]:
    return np.asarray(codes, dtype=np.int64)
