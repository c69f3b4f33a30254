"""Spark and DuckDB run the same texts and must yield the same bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("pyspark", reason="pyspark is an extra: `make test-spark` installs it")

from anonymization.engines.cells import aggregate_cells, write_cells
from anonymization.engines.combining import read_combinations
from anonymization.engines.duckdb_engine import duckdb_engine
from anonymization.engines.engine import Engine
from anonymization.engines.errors import EngineError
from anonymization.engines.measures import Count, Measure, Quantile, Rate, Sum
from anonymization.engines.sources import Table, table_of
from anonymization.engines.spark_engine import spark_engine
from anonymization.generalization.combinations import Combinations
from expectations.disclosure.counting import KTenants

pytestmark = pytest.mark.integration

SLOW = settings(
    max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@pytest.fixture(scope="module")
def spark() -> Iterator[Engine]:
    with spark_engine("local[2]") as engine:
        yield engine


def released(
    engine: Engine,
    table: Table,
    parts: dict[str, Any],
    measures: Sequence[Measure],
    folder: Path,
) -> tuple[Combinations, bytes, bytes]:
    found = read_combinations(engine, table, **parts)
    cell_of = found.codes[0].astype(np.int64)
    labels = {"first": list(found.domains[0])}
    cells = aggregate_cells(
        engine,
        table,
        found,
        cell_of,
        measures,
        policy=[KTenants(2)] if parts.get("tenant") else None,
        tenant=parts.get("tenant"),
        labels=labels,
    )
    write_cells(cells, folder / "cells.csv")
    write_cells(cells, folder / "cells.parquet")
    return (
        found,
        (folder / "cells.csv").read_bytes(),
        (folder / "cells.parquet").read_bytes(),
    )


def assert_same(
    spark: Engine, table: Table, parts: dict[str, Any], measures: Sequence[Measure]
) -> None:
    with tempfile.TemporaryDirectory() as folder, duckdb_engine(memory_mb=500) as duck:
        on_duck = released(duck, table, parts, measures, Path(folder))
        on_spark = released(spark, table, parts, measures, Path(folder))
    assert said(on_duck[0]) == said(on_spark[0])
    assert on_duck[1:] == on_spark[1:]


def said(value: object) -> str:
    """Everything in a value of arrays and dataclasses, as text."""
    if isinstance(value, Combinations):
        return said(astuple(value))
    if isinstance(value, np.ndarray):
        return repr(value.tolist())
    if isinstance(value, tuple | list):
        return "(" + ", ".join(map(said, value)) + ")"
    return repr(value)


def test_adult_is_the_same_bytes_on_both(spark: Engine, adult: Table) -> None:
    """The real data, from CSV, with a sensitive value and every kind of measure."""
    parts = {
        "quasi_identifiers": ("education", "age", "sex", "native-country", "race"),
        "tenant": "workclass",
        "sensitive": "occupation",
        "amount": "age",
    }
    measures = [
        Count(),
        Sum("years", "age", significant_digits=3),
        Rate("well_paid", "salary-class", ">50K", decimals=3),
        Quantile("median_age", "age", significant_digits=1),
        Quantile("old_age", "age", "0.9", decimals=-1),
    ]
    assert_same(spark, adult, parts, measures)


texts = (
    st.none()
    | st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=6)
    | st.sampled_from(
        [
            "",
            " ",
            " a",
            "é",
            "é",
            "ß",
            "ss",
            "\N{MATHEMATICAL ITALIC SMALL ALPHA}",
            "\U0001f600",
            'q"',
            "a,b",
            "0",
        ]
    )
)
numbers = st.none() | st.integers(-(2**40), 2**40)
money = st.none() | st.decimals(-(10**9), 10**9, places=4)
floats = st.none() | st.floats(-1e11, 1e11, allow_subnormal=True) | st.sampled_from([-0.0, 0.0])
any_floats = st.none() | st.floats(width=64)
row = st.tuples(
    texts,
    st.none() | st.integers(-9, 9),
    any_floats,
    st.none() | st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    st.none()
    | st.datetimes(datetime.fromisoformat("1901-01-01"), datetime.fromisoformat("2100-01-01")),
    st.none() | st.booleans(),
    st.text(alphabet="tuvwé", min_size=1, max_size=2),
    numbers,
    money,
    floats,
)


@SLOW
@given(st.lists(row, min_size=1, max_size=30), st.integers(1, 9))
def test_any_small_parquet_table_is_the_same_bytes_on_both(
    spark: Engine, rows: list[tuple[Any, ...]], tenths: int
) -> None:
    """Nulls, unicode, NaN, both zeros, dates, negative and decimal amounts: nothing may differ."""
    columns = list(zip(*rows, strict=True))
    schema = pa.schema(
        [
            ("text", pa.string()),
            ("small int", pa.int32()),
            ("double", pa.float64()),
            ("a.day", pa.date32()),
            ("time`", pa.timestamp("us")),
            ('yes"no', pa.bool_()),
            ("tenant", pa.string()),
            ("n", pa.int64()),
            ("money", pa.decimal128(14, 4)),
            ("score", pa.float64()),
        ]
    )
    arrays = [pa.array(values, kind) for values, kind in zip(columns, schema.types, strict=True)]
    measures = [
        Count(),
        Sum("sum_n", "n", significant_digits=4),
        Sum("sum_money", "money", decimals=2),
        Sum("sum_score", "score", decimals=-1),
        Quantile("q_n", "n", f"0.{tenths}", significant_digits=2),
        Quantile("q_money", "money", f"0.{tenths}", decimals=3),
        Quantile("q_score", "score", f"0.{tenths}", significant_digits=2),
        Rate("first_tenant", "tenant", columns[6][0], decimals=4),
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.parquet"
        pq.write_table(pa.table(arrays, schema=schema), path)
        parts = {"quasi_identifiers": schema.names[:6], "tenant": "tenant", "sensitive": "double"}
        assert_same(spark, table_of(path), parts, measures)


def quoted(field: object) -> str:
    return "" if field is None else '"' + str(field).replace('"', '""') + '"'


@SLOW
@given(
    st.lists(
        st.tuples(
            texts | st.sampled_from(["two\nlines", "tab\there", "\\", '\\"', "'"]),
            texts,
            st.sampled_from(["t", "u"]),
            st.none() | st.decimals(-(10**11), 10**11, places=8).map(lambda d: format(d, "f")),
        ),
        min_size=1,
        max_size=30,
    ),
    st.sampled_from([",", ";", "\t", "|"]),
)
def test_any_small_csv_file_is_the_same_bytes_on_both(
    spark: Engine, rows: list[tuple[str | None, ...]], delimiter: str
) -> None:
    """Two parsers read it: quotes, line breaks, blanks and empty fields must mean the same."""
    lines = [("first", "second", "tenant", "amount"), *rows]
    text = "".join(delimiter.join(map(quoted, line)) + "\n" for line in lines)
    measures = [
        Count(),
        Sum("sum", "amount", significant_digits=4),
        Quantile("q", "amount", significant_digits=2),
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(text.encode())
        parts = {"quasi_identifiers": ("first", "second"), "tenant": "tenant"}
        assert_same(spark, table_of(path), parts, measures)


@pytest.mark.parametrize(
    "amounts",
    [
        pa.array(["1", "x1"]),
        pa.array(["1e3", "2"]),
        pa.array([" 1", "2"]),
        pa.array([float("nan"), 1.0]),
        pa.array([float("inf"), 1.0]),
        pa.array([2**62, 2**62]),
        pa.array([Decimal(10) ** 20, Decimal(1)], pa.decimal128(38, 2)),
    ],
)
def test_both_refuse_the_same_amounts_in_the_same_words(
    spark: Engine, tmp_path: Path, amounts: pa.Array
) -> None:
    """What one engine refuses the other may not read as something."""
    pq.write_table(
        pa.table({"q": ["a", "a"], "t": ["x", "x"], "v": amounts}), tmp_path / "t.parquet"
    )
    table, told = table_of(tmp_path / "t.parquet"), []
    with duckdb_engine(memory_mb=500) as duck:
        for engine in (duck, spark):
            with pytest.raises(EngineError) as refusal:
                read_combinations(engine, table, quasi_identifiers=["q"], tenant="t", amount="v")
            told.append((type(refusal.value), str(refusal.value)))
    assert told[0] == told[1]


def test_both_refuse_a_ragged_file(spark: Engine, tmp_path: Path) -> None:
    """A short line read as nulls would count its row under other values."""
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3\n")
    table = table_of(tmp_path / "t.csv")
    with duckdb_engine(memory_mb=500) as duck:
        for engine in (duck, spark):
            with pytest.raises(EngineError, match="more or fewer fields"):
                read_combinations(engine, table, quasi_identifiers=["a"])
