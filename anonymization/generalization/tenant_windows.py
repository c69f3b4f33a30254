"""Between which cuts a rule that only more contributors can satisfy holds on both sides.

If a cut leaves enough tenants below it, every higher cut does; if it leaves enough above it, every
lower cut does. So the cuts that such a rule allows are one window, found without trying any.
"""

from __future__ import annotations

import numpy as np

from expectations.disclosure import grouped
from expectations.disclosure.classes import IntArray
from expectations.disclosure.counting import KFunds, KTenants, KTenantsWithoutAnyFund

__all__ = ["CountedTenants", "first_allowed_rank"]

CountedTenants = KTenants | KTenantsWithoutAnyFund | KFunds
"""The models that these windows are exact for."""


def first_allowed_rank(
    models: tuple[CountedTenants, ...], part_of: IntArray, fund: IntArray, rank: IntArray, span: int
) -> IntArray:
    """The lowest rank at or below which each part satisfies every model; ``span`` where none is.

    One entry for each part and tenant, sorted by part: the tenant's fund, and the rank of the
    first value that the tenant has in the part.
    """
    parts = int(part_of[-1]) + 1 if len(part_of) else 0
    order = np.argsort(part_of * span + rank, kind="stable")
    rank, fund = rank[order], fund[order]
    so_far = grouped.ranks(part_of) + 1
    allowed = np.zeros(parts, dtype=np.int64)
    for model in models:
        if isinstance(model, KTenants):
            reached = so_far >= model.k
        elif isinstance(model, KTenantsWithoutAnyFund):
            reached = so_far - _largest_fund_so_far(part_of, fund) >= model.k
        else:
            reached = _funds_so_far(part_of, fund) >= model.k
        found = np.where(reached, rank, span)
        np.maximum(allowed, np.minimum.reduceat(found, grouped.starts(part_of)), out=allowed)
    return allowed


def _largest_fund_so_far(part_of: IntArray, fund: IntArray) -> IntArray:
    """How many tenants the largest fund of the part has, up to and with each entry."""
    within = _nth_of_its_fund(part_of, fund) + 1
    # The running maximum starts anew at each part: the later part's values are all larger.
    apart = int(within.max(initial=0)) + 1
    lifted = np.maximum.accumulate(within + part_of * apart)
    return np.asarray(lifted - part_of * apart, dtype=np.int64)


def _funds_so_far(part_of: IntArray, fund: IntArray) -> IntArray:
    """How many distinct funds the part has, up to and with each entry."""
    new = ((_nth_of_its_fund(part_of, fund) == 0) & (fund >= 0)).astype(np.int64)
    running = np.cumsum(new)
    first = grouped.starts(part_of)
    before = (running - new)[first]
    return np.asarray(running - np.repeat(before, np.diff(np.append(first, len(new)))))


def _nth_of_its_fund(part_of: IntArray, fund: IntArray) -> IntArray:
    """How many entries of the same part and fund come before each entry."""
    lowest = int(fund.min(initial=0))
    pair = part_of * (int(fund.max(initial=0)) - lowest + 1) + fund - lowest
    order = np.argsort(pair, kind="stable")
    nth = np.empty_like(pair)
    nth[order] = grouped.ranks(pair[order])
    return nth
