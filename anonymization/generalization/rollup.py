"""Classes of one lattice node from those of a finer one, without looking at rows again.

Where only counts of tenants and funds are asked for, a class keeps no more of its tenants than
decide them: K + 1 funds, K tenants of each, and K + 1 tenants without a fund (or K tenants, where
funds do not matter). A class with fewer keeps them all, one with more satisfies "at least K" either
way, and both stay true when classes merge. So the answer to "at least K" is exact, and memory is
bounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from anonymization.generalization.combinations import Combinations
from expectations.disclosure import grouped
from expectations.disclosure.classes import Classes, Contributors, IntArray, SensitiveValues
from expectations.disclosure.concentration import Dominance, Held, PPercent
from expectations.disclosure.counting import KFunds, KRows, KTenants, KTenantsWithoutAnyFund
from expectations.disclosure.models import Model

__all__ = ["Evidence", "NodeClasses", "bottom", "class_numbers", "evidence_for", "rolled_up"]

_WIDEST_KEY = 2**62
_DENSE = 1 << 20


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the models look at; everything else is dropped before the search begins.

    ``tenants``: how many tenants decide; None: every one, with what it holds.
    """

    tenants: int | None = 0
    funds: bool = False
    amounts: bool = False
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class NodeClasses:
    """The classes of a node, and the label code of each column in each class."""

    codes: npt.NDArray[np.int32]  # (columns, classes)
    classes: Classes

    def __len__(self) -> int:
        return len(self.classes)


def evidence_for(models: Sequence[Model]) -> Evidence:
    """The least that decides these models."""
    concentration = [model for model in models if isinstance(model, Dominance | PPercent)]
    counting = [m for m in models if isinstance(m, KTenants | KTenantsWithoutAnyFund | KFunds)]
    known = {*map(id, concentration), *map(id, counting)}
    others = [model for model in models if id(model) not in known and not isinstance(model, KRows)]
    return Evidence(
        tenants=None if concentration else max((model.k for model in counting), default=0),
        funds=any(isinstance(model, KTenantsWithoutAnyFund | KFunds) for model in counting),
        amounts=any(model.of is Held.AMOUNTS for model in concentration),
        sensitive=bool(others),
    )


def bottom(combinations: Combinations, evidence: Evidence) -> NodeClasses:
    """The finest node: every combination is a class."""
    classes = combinations.classes
    who = classes.contributors if evidence.tenants != 0 else None
    if who is not None and not evidence.amounts:
        who = Contributors(who.class_of, who.tenant, who.rows, None, who.fund_of_tenant)
    if who is not None and evidence.tenants is not None:
        who = _deciding(who, evidence.tenants, funds=evidence.funds)
    kept = Classes(classes.rows, who, classes.sensitive if evidence.sensitive else None)
    return NodeClasses(combinations.codes, kept)


def rolled_up(
    finer: NodeClasses,
    coarser: Sequence[npt.NDArray[np.int32] | None],
    sizes: Sequence[int],
    evidence: Evidence,
) -> NodeClasses:
    """The classes of a node above ``finer``.

    ``coarser[c]`` maps column c's label codes to the node's, None where its level stays;
    ``sizes[c]`` counts the labels of column c at the node.
    """
    codes = np.stack(
        [
            column if becomes is None else becomes[column]
            for column, becomes in zip(finer.codes, coarser, strict=True)
        ]
    )
    number, first = class_numbers(codes, sizes)
    classes = Classes(
        _added(number, finer.classes.rows, len(first)),
        _contributors(finer.classes.contributors, number, evidence),
        _sensitive(finer.classes.sensitive, number),
    )
    return NodeClasses(codes[:, first], classes)


def class_numbers(codes: npt.NDArray[np.int32], sizes: Sequence[int]) -> tuple[IntArray, IntArray]:
    """Number each entry's class by rising codes, first column first; and one entry of each class.

    ``codes`` is (columns, entries), code c of column i below ``sizes[i]``.
    """
    key = np.zeros(codes.shape[1], dtype=np.int64)
    width = 1
    for column, size in zip(codes, sizes, strict=True):
        if width * size > _WIDEST_KEY:
            distinct, key = np.unique(key, return_inverse=True)
            width = len(distinct)
        key = key * size + column
        width *= size
    if width <= max(_DENSE, 4 * len(key)):
        entry = np.full(width, -1, dtype=np.int64)
        entry[key[::-1]] = np.arange(len(key) - 1, -1, -1)
        present = np.flatnonzero(entry >= 0)
        number = np.empty(width, dtype=np.int64)
        number[present] = np.arange(len(present))
        return number[key], entry[present]
    _, first, number = np.unique(key, return_index=True, return_inverse=True)
    return number.astype(np.int64), first.astype(np.int64)


def _added(number: IntArray, values: IntArray, classes: int) -> IntArray:
    """Sums by class, exact: floats hold whole numbers below 2**53."""
    if int(values.sum()) < 2**53:
        return np.bincount(number, weights=values, minlength=classes).astype(np.int64)
    order = np.argsort(number, kind="stable")
    return grouped.sums(number[order], values[order], classes)


def _contributors(
    who: Contributors | None, number: IntArray, evidence: Evidence
) -> Contributors | None:
    if who is None:
        return None
    tenants = len(who.fund_of_tenant)
    pair = number[who.class_of] * tenants + who.tenant
    if evidence.tenants is not None:
        pair = _distinct(pair)
        merged = Contributors(
            pair // tenants, pair % tenants, np.ones(len(pair), np.int64), None, who.fund_of_tenant
        )
        return _deciding(merged, evidence.tenants, funds=evidence.funds)
    order = np.argsort(pair, kind="stable")
    pair = pair[order]
    first = grouped.starts(pair)
    rows = np.add.reduceat(who.rows[order], first)
    amounts = None if who.amounts is None else np.add.reduceat(who.amounts[order], first)
    pair = pair[first]
    return Contributors(pair // tenants, pair % tenants, rows, amounts, who.fund_of_tenant)


def _sensitive(values: SensitiveValues | None, number: IntArray) -> SensitiveValues | None:
    if values is None:
        return None
    domain = len(values.overall)
    pair = number[values.class_of] * domain + values.value
    order = np.argsort(pair, kind="stable")
    pair = pair[order]
    first = grouped.starts(pair)
    rows = np.add.reduceat(values.rows[order], first)
    pair = pair[first]
    return SensitiveValues(values.column, pair // domain, pair % domain, rows, values.overall)


def _distinct(values: IntArray) -> IntArray:
    """The distinct values, rising."""
    values = np.sort(values)
    return values[grouped.starts(values)]


def _deciding(who: Contributors, k: int, *, funds: bool) -> Contributors:
    """As many tenants of each class as decide whether it has k, of k funds, without any one."""
    if not funds:
        kept = np.flatnonzero(grouped.ranks(who.class_of) < k)
    else:
        lowest = int(who.fund_of_tenant.min(initial=0))
        width = int(who.fund_of_tenant.max(initial=0)) - lowest + 1
        of_fund = who.class_of * width + (who.fund_of_tenant[who.tenant] - lowest)
        order = np.lexsort((who.tenant, of_fund))
        in_fund = grouped.ranks(of_fund[order])
        owned = who.fund_of_tenant[who.tenant[order]] >= 0
        first = grouped.starts(who.class_of[order])
        length = np.diff(np.append(first, len(order)))
        place = np.zeros(len(order), dtype=np.int64)
        # Funds are counted apart from tenants without one, who add to no count of funds.
        for kind in (owned, ~owned):
            begun = np.cumsum((in_fund == 0) & kind)
            before = np.concatenate(([0], begun))[first]
            place[kind] = (begun - np.repeat(before, length))[kind]
        kept = np.sort(order[(in_fund < k) & (place <= k + 1)])
    return Contributors(
        who.class_of[kept], who.tenant[kept], who.rows[kept], None, who.fund_of_tenant
    )
