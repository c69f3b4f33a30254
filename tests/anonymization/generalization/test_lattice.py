"""The search finds the optimum that trying every node finds, and says so when it cannot."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymization.generalization.combinations import Combinations
from anonymization.generalization.errors import NoSafeNode, UnsuitableSearch
from anonymization.generalization.hierarchies import Hierarchy, hierarchy_of
from anonymization.generalization.lattice import search
from anonymization.generalization.metrics import Metric
from expectations.disclosure.closeness import TCloseness
from expectations.disclosure.concentration import Dominance, PPercent
from expectations.disclosure.counting import KFunds, KRows, KTenants, KTenantsWithoutAnyFund
from expectations.disclosure.diversity import (
    DistinctDiversity,
    EntropyDiversity,
    RecursiveDiversity,
)
from expectations.disclosure.models import Model
from tests.anonymization.generalization.tables import FUND_OF_TENANT, Row, combinations_of

HIERARCHIES = (
    hierarchy_of("size", ["1", "2", "3", "4"], [["1-2", "1-2", "3-4", "3-4"], ["*"] * 4]),
    hierarchy_of("place", ["a", "b", "c"], [["ab", "ab", "c"], ["*"] * 3]),
    hierarchy_of("sector", ["x", "y"], [["*"] * 2]),
)
LEAVES = [h.labels[0] for h in HIERARCHIES]

rows_of_a_table = st.lists(
    st.builds(
        Row,
        st.tuples(*(st.sampled_from(leaves) for leaves in LEAVES)),
        tenant=st.integers(0, len(FUND_OF_TENANT) - 1),
        value=st.integers(0, 2),
        amount=st.integers(0, 5),
    ),
    min_size=1,
    max_size=30,
)
any_models = st.lists(
    st.sampled_from(
        [
            KRows(2),
            KRows(4),
            KTenants(2),
            KTenants(3),
            KTenantsWithoutAnyFund(1),
            KTenantsWithoutAnyFund(2),
            KFunds(2),
            DistinctDiversity(2),
            EntropyDiversity(1.6),
            RecursiveDiversity(Fraction(2), 2),
            TCloseness(0.3),
            Dominance(Fraction(3, 5)),
            PPercent(Fraction(10)),
        ]
    ),
    min_size=1,
    max_size=3,
    unique_by=id,
)


def label(row: Row, node: Sequence[int]) -> tuple[str | None, ...]:
    return tuple(
        h.labels[level][h.codes[level][h.labels[0].index(value)]]
        for h, level, value in zip(HIERARCHIES, node, row.values, strict=True)
    )


def every_safe_node(
    rows: list[Row], models: list[Model], limit: int, metric: Metric
) -> list[tuple[float, tuple[int, ...], int]]:
    """Cost, node and suppressed rows of every safe node, found by trying each on the rows."""
    found = []
    for node in itertools.product(*(range(h.levels) for h in HIERARCHIES)):
        groups: dict[tuple[str | None, ...], list[Row]] = {}
        for row in rows:
            groups.setdefault(label(row, node), []).append(row)
        classes = combinations_of(rows, groups_of=[label(row, node) for row in rows]).classes
        held = np.ones(len(groups), dtype=bool)
        for model in models:
            held &= model.satisfied(classes)
        ordered = [groups[key] for key in sorted(groups, key=str)]
        kept = [group for group, safe in zip(ordered, held, strict=True) if safe]
        gone = [group for group, safe in zip(ordered, held, strict=True) if not safe]
        suppressed = sum(map(len, gone))
        if suppressed <= limit and kept:
            found.append((cost_of(metric, rows, node, kept, gone, models), node, suppressed))
    return sorted(found)


def cost_of(
    metric: Metric,
    rows: list[Row],
    node: tuple[int, ...],
    kept: list[list[Row]],
    gone: list[list[Row]],
    models: list[Model],
) -> float:
    """The metric by its definition, row by row."""
    if metric is Metric.LOSS:
        lost = 0.0
        for row in rows:
            for h, level, value in zip(HIERARCHIES, node, row.values, strict=True):
                code = h.codes[level][h.labels[0].index(value)]
                lost += (int((h.codes[level] == code).sum()) - 1) / (h.leaves - 1)
        return lost / len(rows) / len(HIERARCHIES)
    if metric in {Metric.NUE, Metric.NUE_SUPPRESSED}:
        bits = 0.0
        for column in range(len(HIERARCHIES)):
            before = Counter(row.values[column] for row in rows)
            after = Counter(label(row, node)[column] for row in rows)
            for row in rows:
                bits -= math.log2(before[row.values[column]] / after[label(row, node)[column]])
            if metric is Metric.NUE_SUPPRESSED:
                out = Counter(label(row, node)[column] for group in gone for row in group)
                bits -= sum(n * math.log2(n / out.total()) for n in out.values())
        return bits
    if metric is Metric.AECS:
        k = max((m.k for m in models if isinstance(m, KRows | KTenants)), default=1)
        return sum(map(len, kept)) / len(kept) / k
    squares = sum(len(group) ** 2 for group in kept)
    return squares + (len(rows) * sum(map(len, gone)) if metric is Metric.DM else 0)


@settings(max_examples=200, deadline=None)
@given(
    rows_of_a_table,
    any_models,
    st.sampled_from([0.0, 0.1, 0.25, 0.5]),
    st.sampled_from(list(Metric)),
)
def test_the_result_is_the_optimum_of_all_nodes(
    rows: list[Row], models: list[Model], suppression: float, metric: Metric
) -> None:
    """Pruning must never cost the optimum, whatever the models and the metric."""
    limit = int(Fraction(str(suppression)) * len(rows))
    safe = every_safe_node(rows, models, limit, metric)
    table = combinations_of(rows)
    hierarchies = _over(table)
    if not safe:
        with pytest.raises(NoSafeNode, match="nothing may be released"):
            search(table, hierarchies, models, suppression=suppression, metric=metric)
        return
    found = search(table, hierarchies, models, suppression=suppression, metric=metric)
    assert found.proven_optimal
    assert found.loss == pytest.approx(safe[0][0], abs=1e-9)
    cheapest = {node: suppressed for cost, node, suppressed in safe if cost <= safe[0][0] + 1e-9}
    assert found.node in cheapest
    assert found.suppressed_rows == cheapest[found.node]


def _over(table: Combinations) -> list[Hierarchy]:
    """The hierarchies with the table's own values first, as a table's hierarchies are built."""
    ordered = []
    for h, domain in zip(HIERARCHIES, table.domains, strict=True):
        leaves = [*domain, *(leaf for leaf in h.labels[0] if leaf not in domain)]
        at = [h.labels[0].index(leaf) for leaf in leaves]
        levels = [[h.labels[n][h.codes[n][i]] for i in at] for n in range(1, h.levels)]
        ordered.append(hierarchy_of(h.column, leaves, levels))
    return ordered


@given(rows_of_a_table, any_models)
@settings(max_examples=50, deadline=None)
def test_every_released_cell_is_safe_and_every_row_in_one_cell(
    rows: list[Row], models: list[Model]
) -> None:
    """What is released is judged again from the rows, not from the search's own classes."""
    table = combinations_of(rows)
    try:
        found = search(table, _over(table), models, suppression=0.3)
    except NoSafeNode:
        return
    cell_of_row = {
        values: int(cell) for values, cell in zip(_values_of(table), found.cell_of, strict=True)
    }
    out = [row for row in rows if cell_of_row[row.values] < 0]
    assert len(out) == found.suppressed_rows <= 0.3 * len(rows)
    kept = [row for row in rows if cell_of_row[row.values] >= 0]
    for row in kept:
        cell = cell_of_row[row.values]
        assert tuple(column[cell] for column in found.labels) == label(row, found.node)
    whole = combinations_of(rows).classes.sensitive
    assert whole is not None
    classes = combinations_of(
        kept, groups_of=[label(row, found.node) for row in kept], overall=whole.overall
    ).classes
    for model in models:
        assert model.satisfied(classes).all()


def _values_of(table: Combinations) -> list[tuple[str | None, ...]]:
    return [
        tuple(domain[code] for domain, code in zip(table.domains, codes, strict=True))
        for codes in table.codes.T
    ]


def test_of_nodes_that_cost_the_same_the_first_in_order_wins() -> None:
    """A result that depends on anything but the input could not be audited."""
    rows = [Row((str(n % 4 + 1), "a", "x"), n % 5, 0, 1) for n in range(4)] * 2
    table = combinations_of(rows)
    same = [search(table, _over(table), [KRows(8)], metric=Metric.DM) for _ in range(3)]
    assert len({result.node for result in same}) == 1
    # Levels of columns with one value cost nothing and change nothing: they stay at the bottom.
    assert same[0].node == (2, 0, 0)


def test_fewer_tenants_than_k_releases_nothing_and_says_so() -> None:
    """No generalization makes tenants out of rows."""
    rows = [Row((size, "a", "x"), tenant, 0, 1) for size in "1234" for tenant in (0, 1)]
    table = combinations_of(rows)
    with pytest.raises(NoSafeNode, match=r"k_tenants by 8 rows; it has 2 tenants in all"):
        search(table, _over(table), [KTenants(5)])


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_suppression_limit_that_is_no_share_is_refused(share: float) -> None:
    """A typing mistake must not release or suppress everything."""
    table = combinations_of([Row(("1", "a", "x"), 0, 0, 1)])
    with pytest.raises(UnsuitableSearch, match="a share from 0 to 1"):
        search(table, _over(table), [KRows(1)], suppression=share)


def test_hierarchies_that_are_not_the_tables_are_refused_all_at_once() -> None:
    """Codes of another domain would generalize one value as another."""
    table = combinations_of([Row(("1", "a", "x"), 0, 0, 1), Row(("2", "b", "y"), 0, 0, 1)])
    place, size, sector = HIERARCHIES[1], HIERARCHIES[0], HIERARCHIES[2]
    with pytest.raises(UnsuitableSearch, match="hierarchies are for place, size, sector"):
        search(table, [place, size, sector], [KRows(1)])
    other = hierarchy_of("size", ["2", "1"], [["*", "*"]])
    with pytest.raises(UnsuitableSearch, match="the hierarchy of size does not begin"):
        search(table, [other, *_over(table)[1:]], [])


def test_twenty_columns_give_the_best_node_found_and_do_not_call_it_proven() -> None:
    """Ten billion nodes cannot be looked at; the honest answer is a safe node without a proof."""
    rng = np.random.default_rng(3)
    columns = tuple(f"c{n}" for n in range(20))
    values = [tuple(str(v) for v in rng.integers(0, 4, 20)) for _ in range(300)]
    rows = [Row(row, int(rng.integers(0, len(FUND_OF_TENANT))), 0, 1) for row in values]
    table = combinations_of(rows, columns=columns)
    hierarchies = [
        hierarchy_of(
            column,
            domain,
            [[f"{v}"[:0] + str(int(v or 0) // 2) for v in domain], ["*"] * len(domain)],
        )
        for column, domain in zip(columns, table.domains, strict=True)
    ]
    found = search(table, hierarchies, [KTenants(3)], suppression=0.05, seconds=2)
    assert not found.proven_optimal
    assert found.lattice_size == 3**20
    assert found.suppressed_rows <= 15
    assert found.loss < 1
