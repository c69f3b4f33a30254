"""No raw measure can be declared."""

from __future__ import annotations

import pyarrow as pa
import pytest

from anonymization.engines.errors import UnsafeMeasure
from anonymization.engines.measured_columns import aliases_of
from anonymization.engines.measures import Count, Measure, Quantile, Rate, Sum, measure_called
from tests.anonymization.engines.table_files import TableFiles


@pytest.mark.parametrize(
    "function",
    ["min", "max", "first", "last", "any_value", "list", "avg", "SUM", "sum; DROP TABLE x", ""],
)
def test_what_would_hand_out_a_raw_value_is_not_offered(function: str) -> None:
    """An allow-list: what is not one of four is refused, whatever it would do."""
    with pytest.raises(UnsafeMeasure, match="count, sum, rate and quantile are"):
        measure_called(function, column="x", of="v")


@pytest.mark.parametrize(
    ("function", "declared", "said"),
    [
        ("sum", {}, "either significant_digits or decimals"),
        ("sum", {"decimals": 1, "significant_digits": 1}, "either significant_digits or decimals"),
        ("sum", {"significant_digits": 5}, "1 to 4 may leave"),
        ("sum", {"significant_digits": 0}, "1 to 4 may leave"),
        ("quantile", {}, "either significant_digits or decimals"),
        ("quantile", {"significant_digits": 3}, "1 to 2 may leave"),
        ("quantile", {"significant_digits": 1, "q": "0"}, "raw values"),
        ("quantile", {"significant_digits": 1, "q": "1"}, "raw values"),
        ("rate", {"equals": "x", "decimals": 5}, "1 to 4 decimals"),
        ("rate", {"equals": "x", "decimals": 0}, "1 to 4 decimals"),
        ("count", {"equals": "x"}, "cannot be declared so"),
    ],
)
def test_a_measure_that_is_not_rounded_enough_is_refused(
    function: str, declared: dict[str, str | int], said: str
) -> None:
    """Unrounded, a sum of one more tenant minus the last is that tenant's amount."""
    of = {} if function == "count" else {"of": "v"}
    with pytest.raises(UnsafeMeasure, match=said):
        measure_called(function, column="m", **of, **declared)


def test_the_four_are_declared_by_name() -> None:
    """As a policy file would."""
    assert measure_called("count", column="rows") == Count("rows")
    assert measure_called("sum", column="s", of="v", decimals=-3) == Sum("s", "v", decimals=-3)
    assert measure_called("rate", column="r", of="v", equals="x") == Rate("r", "v", "x")
    assert measure_called("quantile", column="m", of="v", significant_digits=2) == Quantile(
        "m", "v", significant_digits=2
    )


@pytest.mark.parametrize(
    "measure",
    [
        Sum("m", "whole", decimals=0),
        Sum("m", "whole", decimals=2),
        Sum("m", "money", decimals=2),
        Quantile("m", "money", decimals=3),
        Quantile("m", "text", decimals=0),
    ],
)
def test_a_rounding_that_rounds_nothing_is_refused(files: TableFiles, measure: Measure) -> None:
    """Two places of a column with two places are the raw value; text may have none."""
    table = files.parquet(
        {"whole": [1], "money": pa.array(["1.25"]).cast(pa.decimal128(9, 2)), "text": ["1"]}
    )
    with pytest.raises(UnsafeMeasure, match="round nothing"):
        aliases_of(table, [measure])
