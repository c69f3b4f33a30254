"""Decides of all cells at once which may be released; exact, and the same as one cell at a time.

`expectations.disclosure.cells` says what the rules mean; this asks the models that measure every
class of a table in whole numbers. What those cannot hold goes the long way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np

from catalog.floors import DisclosurePolicy
from expectations.disclosure.cells import (
    Contribution,
    DisclosureRule,
    PartitionedCells,
    partition_cells,
)
from expectations.disclosure.classes import Classes, Contributors
from expectations.disclosure.concentration import Dominance, Held, PPercent
from expectations.disclosure.counting import KFunds, KTenants, KTenantsWithoutAnyFund
from expectations.disclosure.models import Model

__all__ = ["classes_of", "models_of", "safe_cells"]

_LARGEST_SUM = 2**62


def models_of(policy: DisclosurePolicy) -> tuple[tuple[DisclosureRule, Model], ...]:
    """The policy as models, in the order in which broken rules are reported."""
    asked: list[tuple[DisclosureRule, Model]] = [
        (DisclosureRule.K_TENANTS, KTenants(policy.k_tenants))
    ]
    if policy.k_after_leaving_out_a_fund:
        asked.append(
            (
                DisclosureRule.K_AFTER_LEAVING_OUT_A_FUND,
                KTenantsWithoutAnyFund(policy.k_after_leaving_out_a_fund),
            )
        )
    if policy.k_funds:
        asked.append((DisclosureRule.K_FUNDS, KFunds(policy.k_funds)))
    share = Fraction(policy.max_share)
    asked += [(DisclosureRule.DOMINANCE, Dominance(share, of=held)) for held in Held]
    if policy.p_percent:
        asked.append((DisclosureRule.P_PERCENT, PPercent(Fraction(policy.p_percent))))
    return tuple(asked)


def safe_cells(
    cells: Mapping[int, Sequence[Contribution]], policy: DisclosurePolicy
) -> PartitionedCells:
    """Split cells, by number, into those that may be released and those that may not.

    A cell that cannot be measured is suppressed like one below the floors: what one tenant writes
    must not keep everybody's release back.
    """
    measurable = {number: cell for number, cell in cells.items() if _measurable(cell)}
    classes = classes_of(list(measurable.values()))
    if classes is None:
        return partition_cells(cells, policy)
    broken = np.zeros(len(classes), dtype=np.int64)
    rules = list(models_of(policy))
    for place, (_, model) in reversed(list(enumerate(rules, start=1))):
        broken[~model.satisfied(classes)] = place
    suppressed = Counter(rules[place - 1][0] for place in broken[broken > 0].tolist())
    suppressed[DisclosureRule.UNMEASURABLE] = len(cells) - len(measurable)
    return PartitionedCells(
        kept=frozenset(
            number for number, place in zip(measurable, broken.tolist(), strict=True) if not place
        ),
        suppressed={rule: suppressed[rule] for rule in DisclosureRule if suppressed[rule]},
    )


def classes_of(cells: Sequence[Sequence[Contribution]]) -> Classes | None:
    """The cells as classes, amounts in whole units; None where these would not fit 64 bits."""
    entries = [(number, each) for number, cell in enumerate(cells) for each in cell]
    funds: dict[str, str | None] = {each.tenant_id: each.fund_id for _, each in entries}
    numbers = [number for number, _ in entries]
    if any(funds[each.tenant_id] != each.fund_id for _, each in entries) or len(
        {(number, each.tenant_id) for number, each in entries}
    ) != len(entries):
        return None
    tenants = {tenant: code for code, tenant in enumerate(sorted(funds))}
    named = sorted({fund for fund in funds.values() if fund is not None})
    fund_codes = {fund: code for code, fund in enumerate(named)}
    scale = max((_decimals(each) for _, each in entries), default=0)
    amounts = [int(each.amount.scaleb(scale)) for _, each in entries]
    if sum(amounts) >= _LARGEST_SUM or sum(each.row_count for _, each in entries) >= _LARGEST_SUM:
        return None
    order = sorted(
        range(len(entries)), key=lambda n: (entries[n][0], tenants[entries[n][1].tenant_id])
    )
    rows = np.array([entries[n][1].row_count for n in order], dtype=np.int64)
    class_of = np.array([numbers[n] for n in order], dtype=np.int64)
    per_class = np.zeros(len(cells), dtype=np.int64)
    np.add.at(per_class, class_of, rows)
    return Classes(
        rows=per_class,
        contributors=Contributors(
            class_of=class_of,
            tenant=np.array([tenants[entries[n][1].tenant_id] for n in order], dtype=np.int64),
            rows=rows,
            amounts=np.array([amounts[n] for n in order], dtype=np.int64),
            fund_of_tenant=np.array(
                [
                    -code - 1 if (fund := funds[tenant]) is None else fund_codes[fund]
                    for tenant, code in tenants.items()
                ],
                dtype=np.int64,
            ),
        ),
    )


def _measurable(cell: Sequence[Contribution]) -> bool:
    return all(each.amount.is_finite() and each.amount >= 0 and each.row_count > 0 for each in cell)


def _decimals(each: Contribution) -> int:
    exponent = each.amount.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
