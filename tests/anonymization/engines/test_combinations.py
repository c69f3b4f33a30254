"""The combinations that an engine reads are those a person would count row by row."""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anonymization.engines.combining import read_combinations
from anonymization.engines.duckdb_engine import DuckDBEngine
from anonymization.engines.sources import table_of
from anonymization.generalization.combinations import Combinations
from tests.anonymization.engines.table_files import TableFiles

texts = st.none() | st.sampled_from(["", " ", "a", "A", "é", "e\u0301", "ß", "ss", "\U0001f600"])
rows = st.lists(
    st.tuples(
        texts,
        st.none() | st.integers(-3, 11),
        st.sampled_from("tuvwé"),
        st.none() | st.sampled_from(["x", "y", "Z"]),
        st.none() | st.decimals(0, 10**9, places=3),
    ),
    min_size=1,
    max_size=40,
)
SCHEMA = pa.schema(
    [
        ("text", pa.string()),
        ("n", pa.int16()),
        ("tenant", pa.string()),
        ("sensitive", pa.string()),
        ("amount", pa.decimal128(14, 3)),
    ]
)


@pytest.fixture(params=["in this process", "by a query"])
def duck(request: pytest.FixtureRequest, duck: DuckDBEngine) -> DuckDBEngine:
    """Both ways of counting."""
    if request.param == "by a query":
        duck.row_bytes = 0
    return duck


def row_by_row(rows: list[tuple[Any, ...]]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """What is in each combination: rows, and by tenant name and sensitive value."""
    found: dict[tuple[Any, ...], dict[str, Any]] = defaultdict(
        lambda: {"rows": 0, "tenants": Counter(), "amounts": Counter(), "values": Counter()}
    )
    for text, n, tenant, sensitive, amount in rows:
        within = found[text, None if n is None else str(n)]
        within["rows"] += 1
        within["tenants"][tenant] += 1
        within["amounts"][tenant] += int((amount or Decimal(0)).scaleb(3))
        within["values"][sensitive] += 1
    return dict(found)


def told(found: Combinations, tenants: list[str]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The same, of what an engine read."""
    keys = [
        tuple(
            domain[code]
            for domain, code in zip(found.domains, found.codes[:, at].tolist(), strict=True)
        )
        for at in range(len(found))
    ]
    who, values = found.classes.contributors, found.classes.sensitive
    assert who is not None
    assert who.amounts is not None
    assert values is not None
    said: dict[tuple[Any, ...], dict[str, Any]] = {
        key: {"rows": rows, "tenants": Counter(), "amounts": Counter(), "values": Counter()}
        for key, rows in zip(keys, found.classes.rows.tolist(), strict=True)
    }
    for at, tenant, count, amount in zip(
        who.class_of, who.tenant, who.rows, who.amounts, strict=True
    ):
        said[keys[at]]["tenants"][tenants[tenant]] = count
        said[keys[at]]["amounts"][tenants[tenant]] = amount
    for at, value, count in zip(values.class_of, values.value, values.rows, strict=True):
        said[keys[at]]["values"][found.sensitive_domain[value]] = count
    return said


@settings(deadline=None, max_examples=20, suppress_health_check=list(HealthCheck))
@given(rows)
def test_every_combination_is_counted_as_row_by_row(
    duck: DuckDBEngine, rows: list[tuple[Any, ...]]
) -> None:
    """One miscounted row is a cell that is thought safe: rows, tenants, sums, values, exactly."""
    arrays = [
        pa.array(values, kind)
        for values, kind in zip(zip(*rows, strict=True), SCHEMA.types, strict=True)
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.parquet"
        pq.write_table(pa.table(arrays, schema=SCHEMA), path)
        found = read_combinations(
            duck,
            table_of(path),
            quasi_identifiers=["text", "n"],
            tenant="tenant",
            sensitive="sensitive",
            amount="amount",
        )
    names = sorted({row[2] for row in rows})
    assert told(found, names) == row_by_row(rows)
    assert found.amount_scale == 3
    assert found.tenant_count == len(names)
    columns = found.codes.T.tolist()
    assert columns == sorted(columns), "combinations come sorted by their codes"


def test_values_are_ordered_by_value_and_null_comes_last(
    duck: DuckDBEngine, files: TableFiles
) -> None:
    """Codes are what generalization and the published order rest on: 9 before 10, A before a."""
    table = files.csv("n,t\n10,b\n9,a\n,B\n-1,é\n2.5,\n")
    found = read_combinations(duck, table, quasi_identifiers=["n", "t"])
    assert found.domains == (("-1", "2.5", "9", "10", None), ("B", "a", "b", "é", None))


def test_null_is_a_value_of_its_own(duck: DuckDBEngine, files: TableFiles) -> None:
    """Rows without a value are alike, and unlike those that have the word null."""
    table = files.parquet({"q": pa.array([None, None, "None", "null", ""], pa.string())})
    found = read_combinations(duck, table, quasi_identifiers=["q"])
    counted = dict(zip(found.domains[0], found.classes.rows.tolist(), strict=True))
    assert counted == {None: 2, "None": 1, "null": 1, "": 1}


def test_nan_and_both_zeros_are_one_value_each(duck: DuckDBEngine, files: TableFiles) -> None:
    """A value that differs from itself would split one person's class in two."""
    nan = float("nan")
    table = files.parquet({"q": pa.array([nan, nan, 0.0, -0.0, float("inf"), None])})
    found = read_combinations(duck, table, quasi_identifiers=["q"])
    assert found.domains == (("0.0", "inf", "nan", None),)
    assert found.classes.rows.tolist() == [2, 1, 2, 1]


def test_names_are_taken_as_they_are_written(duck: DuckDBEngine, files: TableFiles) -> None:
    """A column's name reaches no SQL text: quotes, blanks and keywords are names like others."""
    names = ['a"b', "x.y", "select", "it's", "`", "naïve ; DROP TABLE x"]
    table = files.parquet({name: [name, name] for name in names})
    found = read_combinations(duck, table, quasi_identifiers=names)
    assert found.domains == tuple((name,) for name in names)
    assert found.classes.rows.tolist() == [2]


def test_twenty_columns_need_several_keys_and_lose_nothing(
    duck: DuckDBEngine, files: TableFiles
) -> None:
    """Twenty columns of 50 values are 113 bits: more than one whole number holds."""
    columns = {f"c{at}": [(row * (at + 3) + at) % 50 for row in range(2_000)] for at in range(20)}
    found = read_combinations(duck, files.parquet(columns), quasi_identifiers=list(columns))
    expected = Counter(zip(*columns.values(), strict=True))
    said = {
        tuple(int(found.domains[at][code]) for at, code in enumerate(codes)): rows
        for codes, rows in zip(found.codes.T.tolist(), found.classes.rows.tolist(), strict=True)
    }
    assert said == dict(expected)


def test_a_folder_of_parts_is_read_as_one_table(duck: DuckDBEngine, files: TableFiles) -> None:
    """Spark writes a folder, with marks beside the parts that are no data."""
    folder = files.folder / "parts"
    folder.mkdir()
    for part in range(3):
        pq.write_table(pa.table({"q": ["a", str(part)]}), folder / f"part-{part}.parquet")
    (folder / "_SUCCESS").write_text("")
    (folder / "_part.parquet").write_text("no table")
    found = read_combinations(duck, table_of(folder), quasi_identifiers=["q"])
    counted = dict(zip(found.domains[0], found.classes.rows.tolist(), strict=True))
    assert counted == {"0": 1, "1": 1, "2": 1, "a": 3}
