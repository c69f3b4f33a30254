"""Amounts are summed in whole units: exact, or refused by count."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest

from anonymization.engines.combining import read_combinations
from anonymization.engines.duckdb_engine import DuckDBEngine
from anonymization.engines.errors import SumOverflow, UnusableColumn
from anonymization.engines.sources import Table
from expectations.errors import UnmeasurableContribution
from tests.anonymization.engines.table_files import TableFiles

LARGEST = 10**18 - 1


def summed(duck: DuckDBEngine, table: Table) -> tuple[int, int]:
    """The sum of a table's amounts in units, and how many places a unit has."""
    found = read_combinations(
        duck, table, quasi_identifiers=["q"], tenant="tenant", amount="amount"
    )
    who = found.classes.contributors
    assert who is not None
    assert who.amounts is not None
    return int(who.amounts.sum()), found.amount_scale


def a_table(files: TableFiles, amounts: pa.Array) -> Table:
    same = ["a"] * len(amounts)
    return files.parquet({"q": same, "tenant": same, "amount": amounts})


@pytest.mark.parametrize("scale", [0, 2, 6, 18])
def test_decimals_keep_every_digit(duck: DuckDBEngine, files: TableFiles, scale: int) -> None:
    """The largest of 18 digits, at any scale, in a wider column: not one unit is lost."""
    amounts = [Decimal(LARGEST).scaleb(-scale), Decimal(1).scaleb(-scale), None, Decimal(0)]
    table = a_table(files, pa.array(amounts, pa.decimal128(38, scale)))
    assert summed(duck, table) == (10**18, scale)


@pytest.mark.parametrize(
    ("written", "units"),
    [
        ("1000000", 10**12),
        ("999999999999.999999", LARGEST),
        ("0.0000005", 1),
        ("0.0000004", 0),
        ("+.5", 500_000),
        ("007", 7_000_000),
        ("", 0),
    ],
)
def test_text_is_read_to_six_places(
    duck: DuckDBEngine, files: TableFiles, written: str, units: int
) -> None:
    """A CSV file has nothing but text; half a unit goes away from zero, empty adds nothing."""
    table = files.csv(f"q,tenant,amount\na,t,{written}\n")
    assert summed(duck, table) == (units, 6)


def test_floating_point_amounts_are_summed_in_any_order(
    duck: DuckDBEngine, files: TableFiles
) -> None:
    """0.1 ten times is 1: what is summed are whole units, so no order changes a digit."""
    table = a_table(files, pa.array([0.1] * 10 + [1e11]))
    assert summed(duck, table) == (10**17 + 10**6, 6)


def test_whole_numbers_of_64_bits_are_summed(duck: DuckDBEngine, files: TableFiles) -> None:
    """A column of whole numbers has no places to lose."""
    table = a_table(files, pa.array([2**61, 2**61, 0]))
    assert summed(duck, table) == (2**62, 0)


@pytest.mark.parametrize(
    "amounts",
    [
        pa.array(["1", "x1"]),
        pa.array(["1", "1e3"]),
        pa.array(["1", " 1"]),
        pa.array(["1", "1,5"]),
        pa.array(["1", "-"]),
        pa.array(["1", "NaN"]),
        pa.array(["1", "1000000000000"]),
        pa.array([1.0, float("nan")]),
        pa.array([1.0, float("inf")]),
        pa.array([1.0, float("-inf")]),
        pa.array([1.0, 1e12]),
        pa.array([1, 2**64 - 1], pa.uint64()),
        pa.array([Decimal(1), Decimal(10) ** 16], pa.decimal128(38, 2)),
    ],
)
def test_what_is_no_amount_is_refused_by_count(
    duck: DuckDBEngine, files: TableFiles, amounts: pa.Array
) -> None:
    """The message says how many, and not one of the values."""
    with pytest.raises(UnusableColumn, match="column amount: 1 amounts are no number"):
        summed(duck, a_table(files, amounts))


@pytest.mark.parametrize(
    "amounts",
    [
        pa.array([True]),
        pa.array([0], pa.date32()),
        pa.array([Decimal(1).scaleb(-19)], pa.decimal128(38, 19)),
    ],
)
def test_a_column_of_another_kind_is_no_amount(
    duck: DuckDBEngine, files: TableFiles, amounts: pa.Array
) -> None:
    """A date or a yes has no sum, and 19 places have no room."""
    with pytest.raises(UnusableColumn, match="which is no amount"):
        summed(duck, a_table(files, amounts))


def test_a_sum_of_more_than_64_bits_is_refused(duck: DuckDBEngine, files: TableFiles) -> None:
    """A sum that wrapped around would be a small, safe-looking number."""
    with pytest.raises(SumOverflow, match="more than 64 bits"):
        summed(duck, a_table(files, pa.array([2**62, 2**62])))


def test_a_negative_amount_is_refused_where_shares_are_decided(
    duck: DuckDBEngine, files: TableFiles
) -> None:
    """Dominance over a negative amount says nothing; the count of them is told, no value."""
    with pytest.raises(UnmeasurableContribution, match="1 contributions are negative"):
        summed(duck, a_table(files, pa.array([-5, 3])))
