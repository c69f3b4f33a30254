"""Each model measures what its definition says, and decides like arithmetic on single rows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.disclosure.classes import Classes, Contributors, SensitiveValues
from expectations.disclosure.closeness import Distance, TCloseness
from expectations.disclosure.concentration import Dominance, Held, PPercent
from expectations.disclosure.counting import KFunds, KRows, KTenants, KTenantsWithoutAnyFund
from expectations.disclosure.diversity import (
    DistinctDiversity,
    EntropyDiversity,
    RecursiveDiversity,
)
from expectations.disclosure.models import Model, satisfied_by
from expectations.errors import UnmeasurableContribution, UnmeasurableModel

FUNDS = [0, 0, 1, 1, 2, -1, -2]
LEVELS = np.array([[0, 1, 2, 3, 4], [0, 0, 1, 1, 2], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]])

# A row: class, tenant, sensitive value, amount.
rows_of_a_table = st.lists(
    st.tuples(
        st.integers(0, 3), st.integers(0, len(FUNDS) - 1), st.integers(0, 4), st.integers(0, 9)
    ),
    min_size=1,
    max_size=40,
)


_Row = tuple[int, int, int, int]


def classes_of(rows: list[_Row]) -> Classes:
    """The table's classes in columns; a class nobody is in is left out."""
    numbers = {number: place for place, number in enumerate(sorted({row[0] for row in rows}))}
    rows = [(numbers[row[0]], *row[1:]) for row in rows]
    held = Counter()
    counted = Counter()
    for number, tenant, _, amount in rows:
        held[number, tenant] += amount
        counted[number, tenant] += 1
    pairs = sorted(counted)
    values = Counter((row[0], row[2]) for row in rows)
    value_pairs = sorted(values)
    return Classes(
        rows=np.bincount([row[0] for row in rows]).astype(np.int64),
        contributors=Contributors(
            class_of=np.array([pair[0] for pair in pairs]),
            tenant=np.array([pair[1] for pair in pairs]),
            rows=np.array([counted[pair] for pair in pairs]),
            amounts=np.array([held[pair] for pair in pairs]),
            fund_of_tenant=np.array(FUNDS),
        ),
        sensitive=SensitiveValues(
            column="diagnosis",
            class_of=np.array([pair[0] for pair in value_pairs]),
            value=np.array([pair[1] for pair in value_pairs]),
            rows=np.array([values[pair] for pair in value_pairs]),
            overall=np.bincount([row[2] for row in rows], minlength=5).astype(np.int64),
        ),
    )


def by_class(rows: list[_Row]) -> list[list[_Row]]:
    grouped = {}
    for row in rows:
        grouped.setdefault(row[0], []).append(row)
    return [grouped[number] for number in sorted(grouped)]


def totals(rows: list[_Row], of: Held = Held.AMOUNTS) -> list[int]:
    held = Counter()
    for _, tenant, _, amount in rows:
        held[tenant] += amount if of is Held.AMOUNTS else 1
    return sorted(held.values(), reverse=True)


def left_without_a_fund(rows: list[_Row]) -> int:
    tenants = {row[1] for row in rows}
    return min(
        len([tenant for tenant in tenants if FUNDS[tenant] != fund])
        for fund in {FUNDS[tenant] for tenant in tenants}
    )


def entropy(rows: list[_Row]) -> float:
    counts = Counter(row[2] for row in rows)
    return -sum(n / len(rows) * math.log(n / len(rows)) for n in counts.values())


@given(rows_of_a_table)
def test_counts_are_those_of_the_rows(rows: list[_Row]) -> None:
    """Every count of a class must be what one finds by looking at its rows."""
    classes = classes_of(rows)
    each = by_class(rows)
    assert list(KRows(1).measured(classes)) == [len(group) for group in each]
    assert list(KTenants(1).measured(classes)) == [len({row[1] for row in g}) for g in each]
    assert list(KTenantsWithoutAnyFund(1).measured(classes)) == [
        left_without_a_fund(g) for g in each
    ]
    assert list(KFunds(1).measured(classes)) == [
        len({FUNDS[row[1]] for row in group if FUNDS[row[1]] >= 0}) for group in each
    ]
    assert list(DistinctDiversity(1).measured(classes)) == [
        len({row[2] for row in group}) for group in each
    ]


@given(rows_of_a_table)
def test_entropy_and_recursive_diversity_follow_their_definitions(rows: list[_Row]) -> None:
    """exp(entropy), and the largest count over the tail, computed here value by value."""
    classes = classes_of(rows)
    each = by_class(rows)
    assert EntropyDiversity(1).measured(classes) == pytest.approx(
        [math.exp(entropy(group)) for group in each]
    )
    for l in (1, 2, 3):  # noqa: E741
        counts = [sorted(Counter(r[2] for r in g).values(), reverse=True) for g in each]
        tails = [sum(count[l - 1 :]) for count in counts]
        kept = [3 * tail > 2 * count[0] for tail, count in zip(tails, counts, strict=True)]
        assert list(RecursiveDiversity(Fraction(3, 2), l).satisfied(classes)) == kept


@given(rows_of_a_table)
def test_closeness_is_the_earth_movers_distance(rows: list[_Row]) -> None:
    """The three ground distances, by their formulas over the whole domain."""
    classes = classes_of(rows)
    overall = np.bincount([row[2] for row in rows], minlength=5) / len(rows)
    gaps = [
        np.bincount([row[2] for row in group], minlength=5) / len(group) - overall
        for group in by_class(rows)
    ]
    assert TCloseness(1).measured(classes) == pytest.approx(
        [np.abs(gap).sum() / 2 for gap in gaps], abs=1e-12
    )
    assert TCloseness(1, Distance.ORDERED).measured(classes) == pytest.approx(
        [np.abs(np.cumsum(gap)).sum() / 4 for gap in gaps], abs=1e-12
    )
    hierarchical = TCloseness(1, Distance.HIERARCHICAL, LEVELS)
    assert hierarchical.measured(classes) == pytest.approx(
        [_hierarchical_distance(gap) for gap in gaps], abs=1e-12
    )


def _hierarchical_distance(gap: np.ndarray) -> float:
    """Li et al., section 4.3: the cost of every inner node, on all of the domain's leaves."""
    cost = 0.0
    for level in (1, 2, 3):
        for node in set(LEVELS[level]):
            children = {
                int(child): gap[(LEVELS[level - 1] == child) & (LEVELS[level] == node)].sum()
                for child in set(LEVELS[level - 1][LEVELS[level] == node])
            }
            above = sum(extra for extra in children.values() if extra > 0)
            below = -sum(extra for extra in children.values() if extra < 0)
            cost += level / 3 * min(above, below)
    return cost


@given(rows_of_a_table, st.integers(1, 3), st.fractions(Fraction(1, 10), 1), st.integers(0, 90))
def test_dominance_and_p_percent_are_decided_exactly(
    rows: list[_Row], n: int, share: Fraction, p: int
) -> None:
    """No rounding may let a dominant tenant through, on amounts and on rows."""
    classes = classes_of(rows)
    for of in Held:
        held = [totals(group, of) for group in by_class(rows)]
        assert list(Dominance(share, n, of).satisfied(classes)) == [
            sum(each[:n]) <= share * sum(each) for each in held
        ]
        assert list(PPercent(Fraction(p), of).satisfied(classes)) == [
            100 * sum(each[2:]) >= p * each[0] for each in held
        ]


@given(rows_of_a_table)
def test_merging_classes_that_are_safe_keeps_them_safe(rows: list[_Row]) -> None:
    """The search relies on it: what two classes satisfy, they satisfy together."""
    models = (
        KTenants(2),
        EntropyDiversity(1.5),
        RecursiveDiversity(Fraction(2), 2),
        TCloseness(0.4),
        TCloseness(0.4, Distance.ORDERED),
        TCloseness(0.4, Distance.HIERARCHICAL, LEVELS),
        Dominance(Fraction(7, 10)),
        PPercent(Fraction(10)),
    )
    classes = classes_of(rows)
    merged = classes_of([(row[0] // 2, *row[1:]) for row in rows])
    numbers = sorted({row[0] for row in rows})
    halves = sorted({number // 2 for number in numbers})
    for model in models:
        apart, together = model.satisfied(classes), model.satisfied(merged)
        for place, half in enumerate(halves):
            parts = [apart[i] for i, number in enumerate(numbers) if number // 2 == half]
            assert together[place] or not all(parts)


def test_amounts_too_large_for_64_bits_are_still_compared_exactly() -> None:
    """A tenant one unit above its share must not hide behind an overflow."""
    amounts = np.array([6 * 10**17 + 1, 4 * 10**17 - 1])
    who = Contributors(
        np.array([0, 0]), np.array([0, 1]), np.array([1, 1]), amounts, np.array([0, 1])
    )
    classes = Classes(np.array([2]), who)
    assert not Dominance(Fraction(600_000_000, 1_000_000_000)).satisfied(classes)[0]
    assert Dominance(Fraction(600_000_001, 1_000_000_000)).satisfied(classes)[0]


def test_a_uniform_class_is_as_diverse_as_it_has_values() -> None:
    """Logarithms round; five values of equal size are 5-diverse."""
    for values in range(2, 200):
        sensitive = SensitiveValues(
            "s",
            np.zeros(values, dtype=np.int64),
            np.arange(values),
            np.full(values, 7),
            np.full(values, 7),
        )
        assert EntropyDiversity(values).satisfied(Classes(np.array([7 * values]), None, sensitive))[
            0
        ]


def test_negative_amounts_are_refused_by_count() -> None:
    """Dominance on sums that cancel would call a dominant tenant safe."""
    with pytest.raises(UnmeasurableContribution, match="1 contributions are negative"):
        Contributors(
            np.array([0, 0]),
            np.array([0, 1]),
            np.array([1, 1]),
            np.array([-3, 5]),
            np.array([0, 1]),
        )


@pytest.mark.parametrize(
    "model",
    [
        KTenants(5),
        KFunds(2),
        KTenantsWithoutAnyFund(5),
        Dominance(Fraction(1, 2)),
        PPercent(Fraction(10)),
        DistinctDiversity(2),
        EntropyDiversity(2),
        RecursiveDiversity(Fraction(3), 2),
        TCloseness(0.2),
    ],
    ids=lambda model: model.name,
)
def test_a_model_that_cannot_look_refuses(model: Model) -> None:
    """Unknown tenants or values are no proof of safety."""
    with pytest.raises(UnmeasurableModel, match="refused"):
        model.satisfied(Classes(np.array([100])))


@pytest.mark.parametrize(
    "absurd",
    [
        lambda: KTenants(0),
        lambda: KRows(-1),
        lambda: DistinctDiversity(0),
        lambda: EntropyDiversity(float("nan")),
        lambda: RecursiveDiversity(Fraction(0), 2),
        lambda: TCloseness(1.5),
        lambda: TCloseness(float("nan")),
        lambda: TCloseness(0.2, Distance.HIERARCHICAL),
        lambda: TCloseness(0.2, Distance.EQUAL, LEVELS),
        lambda: Dominance(Fraction(0)),
        lambda: Dominance(Fraction(3, 2)),
        lambda: Dominance(Fraction(1, 2), 0),
        lambda: PPercent(Fraction(-1)),
    ],
)
def test_absurd_parameters_are_refused(absurd: Callable[[], Model]) -> None:
    """A typing mistake must not switch a rule off."""
    with pytest.raises(UnmeasurableModel, match="refused"):
        absurd()


def test_several_models_hold_together_or_not_at_all() -> None:
    """One broken rule is enough to hold a class back."""
    classes = classes_of([(0, 0, 0, 1), (0, 1, 1, 1), (1, 0, 0, 1), (1, 1, 0, 9)])
    models = (KTenants(2), DistinctDiversity(2), Dominance(Fraction(3, 5)))
    assert list(satisfied_by(models, classes)) == [True, False]
