"""Decides from its contributions alone whether a cell may be released.

A contribution that cannot be measured (an amount below zero or not finite, no rows, a tenant of
two funds) raises `UnmeasurableContribution`, so a cell that cannot be decided is never kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from catalog.floors import DisclosurePolicy
from expectations.errors import UnmeasurableContribution

__all__ = [
    "Contribution",
    "DisclosureRule",
    "PartitionedCells",
    "broken_rules",
    "distinct_funds",
    "distinct_tenants",
    "distinct_tenants_without_any_one_fund",
    "largest_share",
    "p_percent_margin",
    "partition_cells",
]


class DisclosureRule(StrEnum):
    """The rules a released cell keeps, in the order in which they are reported."""

    K_TENANTS = "k_tenants"
    K_AFTER_LEAVING_OUT_A_FUND = "k_after_leaving_out_a_fund"
    K_FUNDS = "k_funds"
    DOMINANCE = "dominance"
    P_PERCENT = "p_percent"
    UNMEASURABLE = "unmeasurable"


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one tenant adds to one cell: at least one row, and an amount of zero or more."""

    tenant_id: str
    fund_id: str | None
    row_count: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class PartitionedCells:
    """Which cells may be released, and how many may not, each under its first broken rule."""

    kept: frozenset[int]
    suppressed: Mapping[DisclosureRule, int]


def broken_rules(
    contributions: Sequence[Contribution], policy: DisclosurePolicy
) -> tuple[DisclosureRule, ...]:
    """Every rule of the policy that the cell breaks, in the order of `DisclosureRule`.

    A tenant listed twice is summed first. Dominance is measured on amounts and on row counts, and
    either breaks it. Where all amounts are zero nobody can dominate their sum, so the rules on
    amounts hold and the one on row counts decides.
    """
    _require_measurable(contributions)
    amounts = _total_per_tenant((each.tenant_id, each.amount) for each in contributions)
    rows = _total_per_tenant((each.tenant_id, each.row_count) for each in contributions)
    share = max(largest_share(amounts), largest_share(rows))
    margin = p_percent_margin(amounts)
    without_a_fund = distinct_tenants_without_any_one_fund(contributions)
    broken = {
        DisclosureRule.K_TENANTS: distinct_tenants(contributions) < policy.k_tenants,
        DisclosureRule.K_AFTER_LEAVING_OUT_A_FUND: (
            without_a_fund < policy.k_after_leaving_out_a_fund
        ),
        DisclosureRule.K_FUNDS: distinct_funds(contributions) < policy.k_funds,
        DisclosureRule.DOMINANCE: share > Fraction(policy.max_share),
        DisclosureRule.P_PERCENT: margin is not None and margin < policy.p_percent,
        DisclosureRule.UNMEASURABLE: False,
    }
    return tuple(rule for rule in DisclosureRule if broken[rule])


def partition_cells(
    cells: Mapping[int, Sequence[Contribution]], policy: DisclosurePolicy
) -> PartitionedCells:
    """Split cells, by number, into those that may be released and those that may not.

    A cell that cannot be measured is suppressed like one below the floors: what one tenant writes
    must not keep everybody's release back.
    """
    found = {number: _rules_against(cell, policy) for number, cell in cells.items()}
    counts = Counter(rules[0] for rules in found.values() if rules)
    return PartitionedCells(
        kept=frozenset(number for number, rules in found.items() if not rules),
        suppressed={rule: counts[rule] for rule in DisclosureRule if counts[rule]},
    )


def _rules_against(
    contributions: Sequence[Contribution], policy: DisclosurePolicy
) -> tuple[DisclosureRule, ...]:
    try:
        return broken_rules(contributions, policy)
    except UnmeasurableContribution:
        return (DisclosureRule.UNMEASURABLE,)


def distinct_tenants(contributions: Iterable[Contribution]) -> int:
    """How many tenants stand behind the cell, however many rows each of them has."""
    return len({contribution.tenant_id for contribution in contributions})


def distinct_tenants_without_any_one_fund(contributions: Iterable[Contribution]) -> int:
    """The fewest tenants left when one fund subtracts its own portfolio companies.

    A tenant without a fund counts as a fund of its own here: it can subtract itself.
    """
    tenants_by_fund: dict[tuple[str, str], set[str]] = {}
    for each in contributions:
        tenants_by_fund.setdefault(_who_can_subtract(each), set()).add(each.tenant_id)
    everybody: set[str] = set().union(*tenants_by_fund.values())
    return len(everybody) - max(map(len, tenants_by_fund.values()), default=0)


def distinct_funds(contributions: Iterable[Contribution]) -> int:
    """How many funds stand behind the cell; tenants without a fund do not add to it."""
    return len({contribution.fund_id for contribution in contributions} - {None})


def largest_share(values: Iterable[Decimal | Fraction | int]) -> Fraction:
    """The largest part of the total that one contributor holds, 0 where the total is 0.

    (n,k)-dominance with n = 1: a cell is sensitive if its largest contribution exceeds k % of its
    total. Hundepool et al., Statistical Disclosure Control (2012), chapter 4.
    """
    exact = [Fraction(value) for value in values]
    total = sum(exact)
    return max(exact) / total if total else Fraction(0)


def p_percent_margin(values: Iterable[Decimal | Fraction | int]) -> Fraction | None:
    """The total less its two largest contributions, as a percentage of the largest.

    The second largest contributor can estimate the largest within this margin; the p% rule asks
    for at least p. Federal Committee on Statistical Methodology, working paper 22 (2005), chapter
    4. None where every value is zero: there is nothing to estimate.
    """
    exact = sorted((Fraction(value) for value in values), reverse=True)
    if not exact or not exact[0]:
        return None
    return 100 * sum(exact[2:], Fraction(0)) / exact[0]


def _require_measurable(contributions: Sequence[Contribution]) -> None:
    unusable = sum(
        not contribution.amount.is_finite() or contribution.amount < 0 or contribution.row_count < 1
        for contribution in contributions
    )
    if unusable:
        message = (
            f"{unusable} of the cell's {len(contributions)} contributions have no rows, or an "
            "amount that is negative or not finite; correct the workflow's `amount`"
        )
        raise UnmeasurableContribution(message)
    owners = {(contribution.tenant_id, contribution.fund_id) for contribution in contributions}
    in_two_funds = len(owners) - distinct_tenants(contributions)
    if in_two_funds:
        message = (
            f"{in_two_funds} tenants of the cell are listed under two funds, so leaving out a fund "
            "cannot be decided; join each tenant to the one fund that owns it"
        )
        raise UnmeasurableContribution(message)


def _total_per_tenant(values: Iterable[tuple[str, Decimal | int]]) -> list[Fraction]:
    """What each tenant adds in all; fractions, since sums of decimals round to 28 digits."""
    totals: dict[str, Fraction] = {}
    for tenant_id, value in values:
        totals[tenant_id] = totals.get(tenant_id, Fraction(0)) + Fraction(value)
    return list(totals.values())


def _who_can_subtract(contribution: Contribution) -> tuple[str, str]:
    if contribution.fund_id is None:
        return ("tenant", contribution.tenant_id)
    return ("fund", contribution.fund_id)
