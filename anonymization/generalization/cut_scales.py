"""The order in which a column's values may be cut, and how wide a set of them is.

A column of numbers or dates is cut by value and measured by range. A category is cut in the order
of its domain or, where a hierarchy is given, of the hierarchy's leaves, so that values which mean
nearly the same stay together; it is measured by how many values are present.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite, nan

import numpy as np
import numpy.typing as npt

from anonymization.generalization.combinations import Combinations
from anonymization.generalization.errors import UnknownColumn, UnsoundHierarchy
from anonymization.generalization.hierarchies import Hierarchy
from expectations.disclosure.classes import IntArray

__all__ = ["CutScale", "FloatArray", "cut_scales"]

FloatArray = npt.NDArray[np.float64]

_FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CutScale:
    """One column's values in cut order; ``rank_of_code`` and ``code_of_rank`` are inverses.

    ``positions`` are the numbers on the line in cut order, None for a category. Null, infinite and
    undefined numbers have no position: they come last, and are as far as can be from any number.
    """

    column: str
    rank_of_code: IntArray  # (domain,)
    code_of_rank: IntArray  # (domain,)
    positions: FloatArray | None  # (domain,)

    def __len__(self) -> int:
        return len(self.rank_of_code)

    def widths(self, low: IntArray, high: IntArray, distinct: IntArray) -> FloatArray:
        """The normalized width, 0 to 1, of parts from rank ``low`` to ``high``.

        The normalized certainty penalty NCP (Xu et al., Utility-based anonymization using local
        recoding, KDD 2006): of numbers, the part's range over the whole range; of categories, the
        distinct values present over the size of the domain. One value has width 0; a part that
        holds null beside another value has width 1 on a column of numbers.
        """
        if self.positions is None:
            return np.where(distinct > 1, distinct / max(len(self), 1), 0.0)
        whole = np.nanmax(self.positions) - np.nanmin(self.positions)
        spread = self.positions[high] - self.positions[low]
        widths = spread / whole if whole else np.zeros(len(low))
        widths = np.where(np.isnan(spread), 1.0, widths)
        return np.where(distinct > 1, widths, 0.0)


def cut_scales(
    combinations: Combinations,
    hierarchies: Mapping[str, Hierarchy] | None = None,
    categories: Collection[str] = (),
) -> tuple[CutScale, ...]:
    """The scale of each column, in the order of the columns.

    A column is a category if it has a hierarchy, is named in ``categories`` (a postal code looks
    like a number and is none), or has any value that is neither a number nor an ISO date.
    """
    hierarchies = hierarchies or {}
    unknown = sorted({*hierarchies, *categories} - {*combinations.columns})
    if unknown:
        raise UnknownColumn(unknown, combinations.columns)
    scales = []
    for column, domain in zip(combinations.columns, combinations.domains, strict=True):
        if column in hierarchies:
            scales.append(_leaf_scale(column, domain, hierarchies[column]))
        elif column in categories or (positions := _positions(domain)) is None:
            scales.append(_scale(column, np.arange(len(domain)), None))
        else:
            scales.append(_scale(column, np.argsort(positions, kind="stable"), positions))
    return tuple(scales)


def _scale(
    column: str, code_of_rank: npt.NDArray[np.int64], positions: FloatArray | None
) -> CutScale:
    rank_of_code = np.empty(len(code_of_rank), dtype=np.int64)
    rank_of_code[code_of_rank] = np.arange(len(code_of_rank))
    ordered = None if positions is None else positions[code_of_rank]
    return CutScale(column, rank_of_code, code_of_rank.astype(np.int64), ordered)


def _leaf_scale(column: str, domain: tuple[str | None, ...], hierarchy: Hierarchy) -> CutScale:
    """Leaves by the number of their label at the top, then at each level below."""
    leaf_of = {value: leaf for leaf, value in enumerate(hierarchy.labels[0])}
    missed = sum(value is not None and value not in leaf_of for value in domain)
    if missed:
        message = f"{missed:,} of the column's {len(domain):,} values are no leaf of it"
        raise UnsoundHierarchy(column, [message])
    # Null comes last where the hierarchy does not place it.
    labels = hierarchy.codes[:, np.argsort(hierarchy.codes[0])]
    labels = np.column_stack((labels, np.full(hierarchy.levels, labels.max(initial=0) + 1)))
    place = labels[:, [leaf_of.get(value, labels.shape[1] - 1) for value in domain]]
    return _scale(column, np.lexsort(place), None)


def _positions(domain: tuple[str | None, ...]) -> FloatArray | None:
    """Each value's place on the line, or None where a value has none and is no null either."""
    for read in (_number, _day):
        try:
            numbers = [nan if value is None else read(value) for value in domain]
        except ValueError:
            continue
        if any(map(isfinite, numbers)):
            finite = np.array(numbers)
            finite[~np.isfinite(finite)] = nan
            return finite
    return None


def _number(text: str) -> float:
    if "_" in text:  # Python reads 1_000 as a number; a person who wrote it meant a name
        message = "no number"
        raise ValueError(message)
    return float(text)


def _day(text: str) -> float:
    """Days since 1970; an instant that names no offset is one in UTC."""
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - _FIRST_DAY).total_seconds() / 86_400
