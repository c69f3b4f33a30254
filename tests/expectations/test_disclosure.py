"""A cell is released only if it keeps every rule of its policy, whoever tries to stretch it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.data_classes import DataClass
from catalog.floors import FLOORS, DisclosurePolicy
from expectations.disclosure import (
    Contribution,
    DisclosureRule,
    broken_rules,
    distinct_funds,
    distinct_tenants_without_any_one_fund,
    largest_share,
    p_percent_margin,
    partition_cells,
)
from expectations.errors import UnmeasurableContribution

BENCHMARK = FLOORS[DataClass.TENANT_PRIVATE, DataClass.ANONYMIZED_BENCHMARK]
ROLLUP = FLOORS[DataClass.TENANT_PRIVATE, DataClass.FUND_PRIVATE]


def a_contribution(
    tenant: str, *, fund: str | None = None, rows: int = 1, amount: str = "1"
) -> Contribution:
    return Contribution(tenant, fund, rows, Decimal(amount))


def tenants(count: int, *, fund: str | None = None, prefix: str = "t") -> list[Contribution]:
    return [a_contribution(f"{prefix}{number}", fund=fund) for number in range(count)]


AMOUNTS = st.decimals(min_value=0, max_value=1000, places=2)
OWNERS = {f"t{number}": (None, "f0", "f1", "f2")[number % 4] for number in range(9)}
CONTRIBUTIONS = st.builds(
    lambda tenant, rows, amount: Contribution(tenant, OWNERS[tenant], rows, amount),
    st.sampled_from(sorted(OWNERS)),
    st.integers(min_value=1, max_value=50),
    AMOUNTS,
)
CELLS = st.lists(CONTRIBUTIONS, max_size=14)
POLICIES = st.builds(
    DisclosurePolicy,
    k_tenants=st.integers(0, 8),
    k_after_leaving_out_a_fund=st.integers(0, 8),
    k_funds=st.integers(0, 4),
    max_share=st.decimals(min_value="0.05", max_value=1, places=2),
    p_percent=st.integers(0, 60),
)


def rules_by_brute_force(
    cell: list[Contribution], policy: DisclosurePolicy
) -> tuple[DisclosureRule, ...]:
    """The rules as the policy words them, each tenant and each fund tried one after the other."""
    cents: dict[str, int] = defaultdict(int)
    rows: dict[str, int] = defaultdict(int)
    for each in cell:
        cents[each.tenant_id] += int(each.amount * 100)
        rows[each.tenant_id] += each.row_count
    subtractors = {OWNERS[tenant] or tenant for tenant in rows}
    left = [sum((OWNERS[t] or t) != subtractor for t in rows) for subtractor in subtractors]
    dominated = any(
        value > Fraction(policy.max_share) * sum(values.values())
        for values in (cents, rows)
        for value in values.values()
    )
    largest_two = sorted(cents.values())[-2:]
    remainder = sum(cents.values()) - sum(largest_two)
    verdicts = [
        (DisclosureRule.K_TENANTS, len(rows) < policy.k_tenants),
        (
            DisclosureRule.K_AFTER_LEAVING_OUT_A_FUND,
            min(left, default=0) < policy.k_after_leaving_out_a_fund,
        ),
        (DisclosureRule.K_FUNDS, len({OWNERS[t] for t in rows} - {None}) < policy.k_funds),
        (DisclosureRule.DOMINANCE, dominated),
        (
            DisclosureRule.P_PERCENT,
            bool(cents) and 100 * remainder < policy.p_percent * max(cents.values()),
        ),
    ]
    return tuple(rule for rule, is_broken in verdicts if is_broken)


@given(CELLS, POLICIES)
def test_the_rules_agree_with_a_brute_force_reading_of_the_policy(
    cell: list[Contribution], policy: DisclosurePolicy
) -> None:
    """Every cell and policy must be decided as the words of the policy decide them."""
    assert broken_rules(cell, policy) == rules_by_brute_force(cell, policy)


@given(st.dictionaries(st.integers(), CELLS, max_size=6), POLICIES, POLICIES)
def test_a_tighter_policy_never_keeps_more(
    cells: dict[int, list[Contribution]], one: DisclosurePolicy, other: DisclosurePolicy
) -> None:
    """A workflow may tighten its floor, so tightening must only ever remove cells."""
    tighter = DisclosurePolicy(
        k_tenants=max(one.k_tenants, other.k_tenants),
        k_after_leaving_out_a_fund=max(
            one.k_after_leaving_out_a_fund, other.k_after_leaving_out_a_fund
        ),
        k_funds=max(one.k_funds, other.k_funds),
        max_share=min(one.max_share, other.max_share),
        p_percent=max(one.p_percent, other.p_percent),
    )
    both = partition_cells(cells, one).kept & partition_cells(cells, other).kept
    assert partition_cells(cells, tighter).kept == both


@given(st.dictionaries(st.integers(), CELLS, max_size=6), POLICIES)
def test_each_cell_is_kept_or_counted_once_under_its_first_broken_rule(
    cells: dict[int, list[Contribution]], policy: DisclosurePolicy
) -> None:
    """The counts must add up, or a steward could not account for the cells that are missing."""
    partitioned = partition_cells(cells, policy)
    assert len(partitioned.kept) + sum(partitioned.suppressed.values()) == len(cells)
    for rule, count in partitioned.suppressed.items():
        first = [broken_rules(cell, policy)[:1] for cell in cells.values()]
        assert count == first.count((rule,)) > 0


@given(CELLS, POLICIES, st.integers(2, 5))
def test_listing_a_tenant_several_times_changes_nothing(
    cell: list[Contribution], policy: DisclosurePolicy, parts: int
) -> None:
    """A tenant that is split over many entries must not look like many tenants."""
    split = [replace(each, amount=each.amount / 2) for each in cell for _ in range(2)]
    grown = [replace(each, row_count=each.row_count * parts) for each in split]
    reference = [replace(each, row_count=each.row_count * parts * 2) for each in cell]
    assert broken_rules(grown, policy) == broken_rules(reference, policy)


def test_five_even_tenants_of_no_fund_are_one_too_few_for_a_benchmark() -> None:
    """Any of them can subtract itself, and then four are left."""
    assert broken_rules(tenants(5), BENCHMARK) == (DisclosureRule.K_AFTER_LEAVING_OUT_A_FUND,)
    assert broken_rules(tenants(6), BENCHMARK) == ()


def test_one_portco_cannot_fill_a_cell_with_rows() -> None:
    """Rows are not tenants, however many there are."""
    alone = [a_contribution("t0", rows=1_000_000, amount="1e9")]
    assert broken_rules(alone, ROLLUP) == (
        DisclosureRule.K_TENANTS,
        DisclosureRule.DOMINANCE,
        DisclosureRule.P_PERCENT,
    )


def test_rows_dominate_even_where_amounts_are_even() -> None:
    """A count over a cell that one portco fills says what that portco did."""
    cell = [a_contribution("loud", rows=94), *tenants(6)]
    assert broken_rules(cell, BENCHMARK) == (DisclosureRule.DOMINANCE,)


def test_a_fund_cannot_subtract_its_own_portcos_from_a_cell() -> None:
    """What is left of the cell then must still hold k tenants."""
    cell = tenants(20, fund="f0") + tenants(4, prefix="other")
    assert broken_rules(cell, BENCHMARK) == (DisclosureRule.K_AFTER_LEAVING_OUT_A_FUND,)
    assert broken_rules([*cell, a_contribution("fifth")], BENCHMARK) == ()


def test_portcos_of_one_fund_alone_make_no_benchmark() -> None:
    """The fund knows all of them, so nothing is left for others to hide in."""
    cell = tenants(50, fund="f0")
    assert distinct_tenants_without_any_one_fund(cell) == 0
    assert DisclosureRule.K_AFTER_LEAVING_OUT_A_FUND in broken_rules(cell, BENCHMARK)


def test_a_tenant_listed_twice_counts_once() -> None:
    """Four tenants in eight entries are four tenants."""
    cell = tenants(4) + tenants(4)
    assert DisclosureRule.K_TENANTS in broken_rules(cell, DisclosurePolicy(k_tenants=5))
    assert broken_rules(cell, DisclosurePolicy(k_tenants=4)) == ()


def test_tenants_without_a_fund_do_not_stand_in_for_funds() -> None:
    """Three distinct funds are funds with a name, or fund data would need none."""
    cell = [*tenants(9), a_contribution("a", fund="f0"), a_contribution("b", fund="f1")]
    assert distinct_funds(cell) == 2
    assert broken_rules(cell, DisclosurePolicy(k_tenants=1, k_funds=3)) == (DisclosureRule.K_FUNDS,)


@pytest.mark.parametrize(("amount", "is_kept"), [("6", True), ("6.0000000000000000000001", False)])
def test_dominance_begins_just_above_the_share(amount: str, *, is_kept: bool) -> None:
    """Exactly 60 % is allowed and anything above is not, without rounding in between."""
    cell = [a_contribution("large", amount=amount), *tenants(4)]
    assert (DisclosureRule.DOMINANCE not in broken_rules(cell, BENCHMARK)) is is_kept


def test_shares_are_exact_beyond_the_digits_of_the_decimal_context() -> None:
    """Forty digits must not be rounded to twenty-eight, where a boundary would vanish."""
    even = Decimal(10**40)
    assert largest_share([even * 6, even * 4]) == Fraction(6, 10)
    assert largest_share([Decimal("6" + "0" * 39 + "1"), even * 4]) > Fraction(6, 10)


@pytest.mark.parametrize(("remainder", "is_kept"), [("10", True), ("9.99", False)])
def test_the_second_largest_cannot_estimate_the_largest_within_p_percent(
    remainder: str, *, is_kept: bool
) -> None:
    """The rest of the cell must blur the largest contribution by at least p % of it."""
    cell = [
        a_contribution("largest", amount="100"),
        a_contribution("second", amount="90"),
        a_contribution("third", amount=remainder),
        *[a_contribution(f"none{number}", amount="0") for number in range(4)],
    ]
    assert (DisclosureRule.P_PERCENT not in broken_rules(cell, BENCHMARK)) is is_kept
    assert p_percent_margin([each.amount for each in cell]) == Fraction(remainder)


def test_a_cell_of_zero_amounts_is_decided_by_its_tenants_and_rows() -> None:
    """Nobody dominates a sum of nothing, yet the rows of one tenant may still stand out."""
    silent = [replace(each, amount=Decimal(0)) for each in tenants(6)]
    assert largest_share([Decimal(0)] * 6) == 0
    assert p_percent_margin([Decimal(0)] * 6) is None
    assert broken_rules(silent, BENCHMARK) == ()
    loud = [replace(silent[0], row_count=100), *silent[1:]]
    assert broken_rules(loud, BENCHMARK) == (DisclosureRule.DOMINANCE,)


def test_an_empty_cell_is_never_released() -> None:
    """No tenant stands behind it, so it cannot reach any k."""
    assert broken_rules([], DisclosurePolicy(k_tenants=1)) == (DisclosureRule.K_TENANTS,)


@pytest.mark.parametrize("amount", ["-0.01", "NaN", "sNaN", "Infinity", "-Infinity"])
def test_an_amount_that_cannot_be_measured_is_refused(amount: str) -> None:
    """A negative amount could hide a dominant one, so the cell is refused and not decided."""
    cell = [*tenants(9), a_contribution("t-secret", amount=amount)]
    with pytest.raises(UnmeasurableContribution, match="1 of the cell's 10") as refusal:
        broken_rules(cell, BENCHMARK)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("rows", [0, -1])
def test_a_tenant_without_rows_does_not_fill_a_cell(rows: int) -> None:
    """Whoever contributes nothing must not be counted towards k."""
    with pytest.raises(UnmeasurableContribution):
        broken_rules([*tenants(4), a_contribution("empty", rows=rows)], BENCHMARK)


def test_a_tenant_of_two_funds_is_refused() -> None:
    """Leaving out one of its funds could then leave the tenant in."""
    cell = [a_contribution("t-secret", fund="f0"), a_contribution("t-secret", fund="f1")]
    with pytest.raises(UnmeasurableContribution, match="1 tenants") as refusal:
        broken_rules(cell, BENCHMARK)
    assert "secret" not in str(refusal.value)
