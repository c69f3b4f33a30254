"""Cells decided all at once are those decided one by one, and declarations cannot lie."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymization.partition import placement
from anonymization.safe_cells import safe_cells
from anonymization.workflow import HIDDEN, IllegalWorkflow, Measure
from anonymization.workflows.pipeline_benchmark import PIPELINE_BENCHMARK
from catalog.floors import DisclosurePolicy
from expectations.disclosure.cells import Contribution, partition_cells

_FUNDS = {f"t{n}": None if n % 4 == 0 else f"f{n % 3}" for n in range(14)}


@st.composite
def a_cell(draw: st.DrawFn) -> list[Contribution]:
    tenants = draw(st.lists(st.sampled_from(sorted(_FUNDS)), min_size=1, unique=True))
    sane = st.integers(0, 40).map(lambda n: Decimal(n) / 4)
    odd = st.sampled_from([Decimal("NaN"), Decimal("Infinity"), Decimal(-1), Decimal(10) ** 30])
    some = sane if draw(st.integers(0, 9)) else odd
    return [
        Contribution(tenant, _FUNDS[tenant], draw(st.integers(1, 9)), draw(some))
        for tenant in tenants
    ]


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(st.integers(0, 50), a_cell(), max_size=8),
    st.builds(
        DisclosurePolicy,
        k_tenants=st.integers(1, 7),
        k_after_leaving_out_a_fund=st.integers(0, 6),
        k_funds=st.integers(0, 3),
        max_share=st.sampled_from([Decimal("0.3"), Decimal("0.5"), Decimal(1)]),
        p_percent=st.sampled_from([0, 10, 50]),
    ),
)
def test_all_at_once_is_one_by_one(
    cells: dict[int, list[Contribution]], policy: DisclosurePolicy
) -> None:
    """The fast way keeps what the exact one keeps, and counts the rest under the same rules."""
    assert safe_cells(cells, policy) == partition_cells(cells, policy)


def test_a_workflow_places_and_measures_as_it_declares() -> None:
    """What a family freezes is what its rows do; a measure reads what its digests cover."""
    lying = replace(PIPELINE_BENCHMARK.dimensions[0], expression="'all'")
    with pytest.raises(IllegalWorkflow, match="sector is not placed"):
        replace(PIPELINE_BENCHMARK, dimensions=(lying, *PIPELINE_BENCHMARK.dimensions[1:]))
    deals, *others = PIPELINE_BENCHMARK.measures
    assert deals == Measure("deals", "count(*)", deals.from_columns)
    with pytest.raises(IllegalWorkflow, match="deals does not read won"):
        replace(PIPELINE_BENCHMARK, measures=(replace(deals, inputs=("won",)), *others))
    changed = replace(others[-1], population="won = 1")
    with pytest.raises(IllegalWorkflow, match="in another way than its like"):
        replace(PIPELINE_BENCHMARK, measures=(deals, *others[:-1], changed))


def test_levels_become_columns() -> None:
    """Values are bound, never written into a statement; what may not be coarser stays."""
    sector, size, series, quarter = PIPELINE_BENCHMARK.dimensions
    assert (sector.levels, size.levels, series.levels, quarter.levels) == (3, 3, 2, 1)
    assert sector.label("software", 1) == "digital"
    assert size.label("up to 999", 2) == HIDDEN
    placed = placement(PIPELINE_BENCHMARK, (1, 2, 0, 0))
    assert placed.columns[2:] == ("b.product_series", "b.quarter")
    assert "software" not in "".join(placed.columns)
    assert set(placed.parameters.values()) >= {"software", "digital", HIDDEN}
