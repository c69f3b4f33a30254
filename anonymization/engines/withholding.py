"""Decides of each measure in which cells it may stand: by its own contributing rows alone.

A model on amounts (dominance, the p% rule) is applied to the amounts of a sum. Rows can dominate
too, so dominance holds on every measure's rows as well. A cell in which a tenant's amount is
negative has no share to speak of: its sum is withheld, not everybody's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from anonymization.engines.errors import SumOverflow
from expectations.disclosure import grouped
from expectations.disclosure.classes import Classes, Contributors, IntArray
from expectations.disclosure.concentration import Dominance, Held, PPercent
from expectations.disclosure.models import BoolArray, Model, satisfied_by

__all__ = ["OwnRows", "exact_sums", "may_stand"]

_LARGEST_TOTAL = 2**62


@dataclass(frozen=True, slots=True)
class OwnRows:
    """The rows behind one measure: one entry a cell and tenant, sorted so; ``rows`` may be 0."""

    cell: IntArray
    tenant: IntArray | None
    rows: IntArray
    amounts: IntArray | None
    fund_of_tenant: IntArray


def may_stand(own: OwnRows, cells: int, policy: Sequence[Model]) -> BoolArray:
    """Whether the measure may stand in each cell, (cells,); one without rows may not."""
    on_amounts = tuple(model for model in policy if _looks_at_amounts(model))
    on_rows = tuple(model for model in policy if not _looks_at_amounts(model))
    on_rows += tuple(
        replace(model, of=Held.ROWS) for model in on_amounts if isinstance(model, Dominance)
    )
    held = grouped.sums(own.cell, own.rows, cells) > 0
    if on_rows:
        held &= satisfied_by(on_rows, _classes(own, cells, None))
    if on_amounts and own.amounts is not None:
        held &= _amounts_hold(own, own.amounts, cells, on_amounts)
    return held


def exact_sums(class_of: IntArray, values: IntArray, classes: int) -> list[int]:
    """The sum of each class in whole numbers of any length."""
    high = grouped.sums(class_of, values >> 32, classes).tolist()
    low = grouped.sums(class_of, values & 0xFFFFFFFF, classes).tolist()
    return [(upper << 32) + lower for upper, lower in zip(high, low, strict=True)]


def _looks_at_amounts(model: Model) -> bool:
    return isinstance(model, Dominance | PPercent) and model.of is Held.AMOUNTS


def _amounts_hold(
    own: OwnRows, amounts: IntArray, cells: int, models: tuple[Model, ...]
) -> BoolArray:
    negative = np.zeros(cells, dtype=np.bool_)
    negative[own.cell[amounts < 0]] = True
    usable = np.where(negative[own.cell], 0, amounts)
    if max(exact_sums(own.cell, usable, cells), default=0) >= _LARGEST_TOTAL:
        message = (
            "a cell's sum needs more than 62 bits, so dominance cannot be decided on it: refused; "
            "give the amount in a coarser unit"
        )
        raise SumOverflow(message)
    held: BoolArray = satisfied_by(models, _classes(own, cells, usable)) & ~negative
    return held


def _classes(own: OwnRows, cells: int, amounts: npt.NDArray[np.int64] | None) -> Classes:
    """The cells as classes of the rows that contribute."""
    rows = grouped.sums(own.cell, own.rows, cells)
    if own.tenant is None:
        return Classes(rows)
    there = own.rows > 0
    contributors = Contributors(
        own.cell[there],
        own.tenant[there],
        own.rows[there],
        None if amounts is None else amounts[there],
        own.fund_of_tenant,
    )
    return Classes(rows, contributors)
