"""Cells carry what a person would work out row by row, rounded, and withheld where policy says."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anonymization.engines.cells import Cells, aggregate_cells
from anonymization.engines.combining import read_combinations
from anonymization.engines.duckdb_engine import DuckDBEngine
from anonymization.engines.errors import (
    ChangedTable,
    MisnumberedCells,
    UnknownColumns,
    UnusableColumn,
)
from anonymization.engines.measures import Count, Measure, Quantile, Rate, Sum
from anonymization.engines.sources import Table, table_of
from expectations.disclosure.concentration import Dominance, PPercent
from expectations.disclosure.counting import KRows, KTenants, KTenantsWithoutAnyFund
from expectations.disclosure.models import Model
from tests.anonymization.engines.table_files import TableFiles


def cells_of(
    duck: DuckDBEngine,
    table: Table,
    measures: Sequence[Measure],
    policy: Sequence[Model] | None = None,
    fund: str | None = None,
) -> Cells:
    """One cell for each value of the column q."""
    who = {"tenant": "t", "fund": fund} if "t" in table.column_names else {}
    found = read_combinations(duck, table, quasi_identifiers=["q"], **who)
    return aggregate_cells(
        duck,
        table,
        found,
        found.codes[0].astype(np.int64),
        measures,
        policy=policy,
        labels={"q": list(found.domains[0])},
        **who,
    )


def by_label(cells: Cells) -> dict[Any, dict[str, Any]]:
    """What was released, by the cell's label."""
    return {line.pop("q"): line for line in cells.lines.to_pylist()}


def a_table(files: TableFiles, rows: Mapping[tuple[str, str], Sequence[int | None]]) -> Table:
    """A table of amounts by cell and tenant."""
    flat = [(q, t, amount) for (q, t), amounts in rows.items() for amount in amounts]
    q, t, amounts = zip(*flat, strict=True)
    return files.parquet({"q": list(q), "t": list(t), "v": pa.array(amounts, pa.int64())})


def places(value: Fraction, decimals: int) -> Decimal:
    """Rounded to so many places, half to even."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)


rows = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]) | st.none(),
        st.sampled_from("tuvw"),
        st.none() | st.decimals(-(10**6), 10**6, places=2),
        st.none() | st.sampled_from(["yes", "no"]),
    ),
    min_size=1,
    max_size=40,
)


@settings(deadline=None, max_examples=20, suppress_health_check=list(HealthCheck))
@given(rows, st.integers(1, 19), st.integers(1, 3))
def test_every_measure_is_what_it_is_row_by_row(
    duck: DuckDBEngine, rows: list[tuple[Any, ...]], twentieths: int, k: int
) -> None:
    """Counts, sums, rates and nearest ranks, each withheld by its own rows' tenants."""
    q = Fraction(twentieths, 20)
    schema = pa.schema(
        [("q", pa.string()), ("t", pa.string()), ("v", pa.decimal128(12, 2)), ("w", pa.string())]
    )
    rows = [*rows, ("a", "t", None, "yes")]
    arrays = [
        pa.array(values, kind)
        for values, kind in zip(zip(*rows, strict=True), schema.types, strict=True)
    ]
    measures = [
        Count(),
        Sum("sum", "v", decimals=1),
        Rate("rate", "w", "yes", decimals=3),
        Quantile("quantile", "v", q, decimals=1),
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.parquet"
        pq.write_table(pa.table(arrays, schema=schema), path)
        cells = cells_of(duck, table_of(path), measures, [KTenants(k)])
    released = by_label(cells)
    for label in {row[0] for row in rows}:
        own = [row for row in rows if row[0] == label]
        if len({row[1] for row in own}) < k:
            assert label not in released
            continue
        amounts = sorted(row[2] for row in own if row[2] is not None)
        tenants = len({row[1] for row in own if row[2] is not None})
        answers = [row[3] for row in own if row[3] is not None]
        answering = len({row[1] for row in own if row[3] is not None})
        rank = ceil(q * len(amounts))
        within = tenants >= k and 1 < rank < len(amounts)
        expected = {
            "rows": len(own),
            "sum": places(Fraction(sum(amounts)), 1) if tenants >= k else None,
            "rate": (
                places(Fraction(answers.count("yes"), len(answers)), 3) if answering >= k else None
            ),
            "quantile": places(Fraction(amounts[rank - 1]), 1) if within else None,
        }
        assert released.pop(label) == expected
    assert not released
    assert cells.released_rows + cells.suppressed_rows == len(rows)


def test_significant_digits_are_kept_and_no_more(duck: DuckDBEngine, files: TableFiles) -> None:
    """A sum of 123,456 leaves as 123,000, and half way goes to the even digit."""
    table = a_table(files, {("a", "t"): [123_456], ("b", "t"): [-12_250], ("c", "t"): [125]})
    cells = cells_of(duck, table, [Sum("sum", "v", significant_digits=3)])
    assert by_label(cells) == {
        "a": {"sum": Decimal(123_000)},
        "b": {"sum": Decimal(-12_200)},
        "c": {"sum": Decimal(125)},
    }


def test_tens_and_thousands_are_rounded_to(duck: DuckDBEngine, files: TableFiles) -> None:
    """Decimals below zero are places before the point."""
    table = a_table(files, {("a", "t"): [1_499, 1], ("b", "t"): [-2_501]})
    cells = cells_of(duck, table, [Sum("sum", "v", decimals=-3)])
    assert by_label(cells) == {"a": {"sum": Decimal(2_000)}, "b": {"sum": Decimal(-3_000)}}


def test_sums_over_tenants_may_pass_64_bits(duck: DuckDBEngine, files: TableFiles) -> None:
    """Each tenant's sum fits; theirs together is worked out in numbers of any length."""
    table = a_table(files, {("a", t): [2**62] for t in "tuvw"})
    cells = cells_of(duck, table, [Sum("sum", "v", significant_digits=4)])
    assert by_label(cells) == {"a": {"sum": Decimal(18_450_000_000_000_000_000)}}


def test_a_sum_is_withheld_where_one_tenant_dominates(
    duck: DuckDBEngine, files: TableFiles
) -> None:
    """The count may stand where the sum may not; a share of exactly the limit may."""
    table = a_table(
        files,
        {
            ("even", "t"): [50],
            ("even", "u"): [25],
            ("even", "v"): [25],
            ("one", "t"): [51],
            ("one", "u"): [25],
            ("one", "v"): [24],
        },
    )
    measures = [Count(), Sum("sum", "v", significant_digits=2)]
    cells = cells_of(duck, table, measures, [KTenants(3), Dominance(Fraction(1, 2))])
    assert by_label(cells) == {
        "even": {"rows": 3, "sum": Decimal(100)},
        "one": {"rows": 3, "sum": None},
    }
    assert (dict(cells.withheld), cells.left_out) == ({"rows": 0, "sum": 1}, 0)


def test_a_cell_is_left_out_where_one_tenants_rows_dominate(
    duck: DuckDBEngine, files: TableFiles
) -> None:
    """Dominance is of rows too: a count of which all but two are one tenant's is that tenant's."""
    table = a_table(files, {("a", "t"): [1] * 8, ("a", "u"): [40], ("a", "v"): [40]})
    cells = cells_of(duck, table, [Count()], [Dominance(Fraction(1, 2))])
    assert (len(cells), cells.left_out, cells.suppressed_rows) == (0, 1, 10)


def test_a_sum_is_withheld_where_the_second_largest_could_subtract(
    duck: DuckDBEngine, files: TableFiles
) -> None:
    """The p% rule: what is left beside the two largest must hide the largest."""
    rows = {("a", "t"): [100], ("a", "u"): [90], ("a", "v"): [9]}
    measures, policy = [Sum("sum", "v", significant_digits=2)], [PPercent(Fraction(10))]
    assert by_label(cells_of(duck, a_table(files, rows), measures, policy))["a"]["sum"] is None
    enough = {**rows, ("a", "v"): [10]}
    assert by_label(cells_of(duck, a_table(files, enough), measures, policy))["a"]["sum"] == 200


def test_a_negative_tenant_withholds_its_cells_sum_and_no_other(
    duck: DuckDBEngine, files: TableFiles
) -> None:
    """It has no share to speak of; one tenant's loss must not keep everybody's release back."""
    rows = {("a", t): [10] for t in "tuv"} | {("b", t): [10] for t in "tu"} | {("b", "v"): [-1]}
    measures = [Count(), Sum("sum", "v", significant_digits=2)]
    cells = cells_of(duck, a_table(files, rows), measures, [Dominance(Fraction(1, 2))])
    assert by_label(cells) == {"a": {"rows": 3, "sum": 30}, "b": {"rows": 3, "sum": None}}


def test_a_measure_counts_only_tenants_that_have_a_value(
    duck: DuckDBEngine, files: TableFiles
) -> None:
    """Three tenants stand in the cell, but the sum would be two tenants'."""
    table = a_table(files, {("a", "t"): [10], ("a", "u"): [10], ("a", "v"): [None]})
    measures = [Count(), Sum("sum", "v", significant_digits=2)]
    cells = cells_of(duck, table, measures, [KTenants(3)])
    assert by_label(cells) == {"a": {"rows": 3, "sum": None}}


def test_funds_are_looked_at_where_policy_asks(duck: DuckDBEngine, files: TableFiles) -> None:
    """A fund that subtracts its own tenants must be left with enough of the others'."""
    table = files.parquet(
        {"q": ["a"] * 3 + ["b"] * 3, "t": list("tuvtuw"), "f": ["1", "1", "2", "1", "1", "3"]}
    )
    policy = [KTenants(3), KTenantsWithoutAnyFund(2)]
    assert len(cells_of(duck, table, [Count()], policy, fund="f")) == 0
    assert len(cells_of(duck, table, [Count()], policy[:1], fund="f")) == 2


def test_the_smallest_and_the_largest_never_leave_as_quantiles(
    duck: DuckDBEngine, files: TableFiles
) -> None:
    """Where the rank is a cell's first or last, the quantile is somebody's extreme: withheld."""
    table = a_table(files, {("three", "t"): [1, 2, 30], ("two", "t"): [1, 2], ("one", "t"): [7]})
    measures = [
        Quantile("low", "v", "0.01", significant_digits=1),
        Quantile("mid", "v", "0.5", significant_digits=1),
        Quantile("top", "v", "0.99", significant_digits=1),
    ]
    nothing = {"low": None, "mid": None, "top": None}
    assert by_label(cells_of(duck, table, measures)) == {
        "three": {"low": None, "mid": Decimal(2), "top": None},
        "two": nothing,
        "one": nothing,
    }


def test_a_rate_of_a_value_that_does_not_occur_is_refused(
    duck: DuckDBEngine, files: TableFiles
) -> None:
    """It would be 0 everywhere, most likely for a slip of the pen; the value is not quoted."""
    table = files.csv("q,won\na,yes\n")
    with pytest.raises(UnusableColumn, match="does not occur in column won") as refusal:
        cells_of(duck, table, [Rate("rate", "won", "Zanzibar")])
    assert "Zanzibar" not in str(refusal.value)


def test_unknown_measured_columns_are_refused(duck: DuckDBEngine, files: TableFiles) -> None:
    """All of them at once."""
    measures = [Sum("s", "x", significant_digits=1), Rate("r", "y", "1"), Count()]
    with pytest.raises(UnknownColumns, match="no column x, y"):
        cells_of(duck, files.csv("q\na\n"), measures)


def test_two_released_columns_of_one_name_are_refused(
    duck: DuckDBEngine, files: TableFiles
) -> None:
    """One would overwrite the other, or both stand under one name."""
    with pytest.raises(UnusableColumn, match="more than one released column is called q"):
        cells_of(duck, files.csv("q\na\n"), [Count("q")])


def test_suppressed_combinations_are_in_no_cell(duck: DuckDBEngine, files: TableFiles) -> None:
    """A combination without a cell is counted as suppressed, and its rows nowhere else."""
    table = files.csv("q\na\nb\nb\nc\nc\nc\n")
    found = read_combinations(duck, table, quasi_identifiers=["q"])
    cells = aggregate_cells(
        duck, table, found, np.array([0, -1, 0]), [Count()], policy=[KRows(2)], labels={"q": ["*"]}
    )
    assert by_label(cells) == {"*": {"rows": 4}}
    assert (cells.released_rows, cells.suppressed_rows) == (4, 2)


@pytest.mark.parametrize(
    ("cell_of", "said"),
    [
        ([0], "1 cell numbers for 2 combinations"),
        ([0, 2], "without gaps"),
        ([-2, 0], "without gaps"),
        ([1, 0], "labels q are not one text for each of the 2 cells"),
    ],
)
def test_cells_that_are_misnumbered_are_refused(
    duck: DuckDBEngine, files: TableFiles, cell_of: list[int], said: str
) -> None:
    """A number too many would put rows under another cell's label."""
    table = files.csv("q\na\nb\n")
    found = read_combinations(duck, table, quasi_identifiers=["q"])
    with pytest.raises(MisnumberedCells, match=said):
        aggregate_cells(duck, table, found, np.array(cell_of), [Count()], labels={"q": ["*"]})


@pytest.mark.parametrize(
    ("text", "said"),
    [("q\na\nc\n", "other values"), ("q\na\nb\nb\n", "other rows")],
)
def test_another_table_than_the_combinations_were_read_of_is_refused(
    duck: DuckDBEngine, files: TableFiles, text: str, said: str
) -> None:
    """What was decided of one table may not be published of another."""
    found = read_combinations(duck, files.csv("q\na\nb\n"), quasi_identifiers=["q"])
    with pytest.raises(ChangedTable, match=said):
        aggregate_cells(duck, files.csv(text), found, np.array([0, 1]), [Count()])
