"""`classline kanon check` says each model's worst value, and never a value of the file."""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import SHARED_DATA
from tests.kanon_files import HEADER, a_file, a_table_of_deals, hierarchies_of_deals
from tests.steward.conftest import Call


def test_each_model_is_measured(kanon: Call, tmp_path: Path) -> None:
    """All of them at once, from one pass over the file; k counts tenants where they are named."""
    table = a_table_of_deals(tmp_path / "deals.csv")
    folder = hierarchies_of_deals(tmp_path / "h")
    said = kanon(
        "check", table, "--qi", "town", "--tenant", "tenant", "--fund", "fund", "--measure",
        "value", "--sensitive", "stage", "--k", 12, "--k-rows", 50, "--k-without-fund", 8,
        "--k-funds", 3, "--l", 3, "--entropy-l", 2.5, "--recursive-cl", "4,3", "--t", 0.3,
        "--t-ordered", 0.3, "--t-hierarchical", 0.3, "--hierarchies", folder, "--dominance",
        "2,0.6", "--p-percent", 10, "--json",
    )  # fmt: skip
    assert said.code == 0, said.err
    report = said.json
    assert (report["rows"], report["cells"], report["tenants"]) == (400, 4, 12)
    assert report["holds"]
    models = report["models"]
    assert {name: models[name]["value"] for name in ("k_tenants", "k_without_fund", "k_funds")} == {
        "k_tenants": 12, "k_without_fund": 8, "k_funds": 3,
    }  # fmt: skip
    assert set(models) == {
        "k_tenants", "k_rows", "k_without_fund", "k_funds", "distinct_l", "entropy_l",
        "recursive_cl", "t_equal", "t_ordered", "t_hierarchical", "dominance", "p_percent",
    }  # fmt: skip
    assert models["k_tenants"]["asked"] == 12
    assert models["dominance"]["asked"] == "2,0.6"


def test_a_check_that_fails_exits_with_1_and_counts_cells(kanon: Call, tmp_path: Path) -> None:
    """Worst cells are told by number and size: a value would be a disclosure of its own."""
    rows = [("Secretville", 30, "t1", "f1", "won", 5)] + [
        ("Ulm", 30, f"t{n}", "f1", "won", 5) for n in range(8)
    ]
    table = a_file(tmp_path / "deals.csv", HEADER, rows, ";")
    said = kanon("check", table, "--qi", "town,age", "--k", 2, "--json")
    assert said.code == 1
    found = said.json["models"]["k_rows"]
    assert (found["value"], found["holds"]) == (1, False)
    assert (found["cells_breaking"], found["rows_breaking"]) == (1, 1)
    assert found["worst_cells"] == [
        {"value": 1, "cells": 1, "fewest_rows": 1, "most_rows": 1},
        {"value": 8, "cells": 1, "fewest_rows": 8, "most_rows": 8},
    ]
    shown = kanon("check", table, "--qi", "town,age", "--k", 2)
    assert shown.code == 1
    assert "Secretville" not in said.out + said.err + shown.out + shown.err


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_detected(kanon: Call, tmp_path: Path, mark: str) -> None:
    """Exports come with all four."""
    table = a_table_of_deals(tmp_path / "deals.csv", mark=mark)
    assert kanon("check", table, "--qi", "town", "--json").json["cells"] == 4


def test_null_is_a_value_of_its_own(kanon: Call, tmp_path: Path) -> None:
    """Rows without a value make one cell: nobody may assume that they are like any other."""
    rows = [(town, 30, "t", "f", "won", 1) for town in ("", "", "Ulm", "Ulm", "Ulm")]
    table = a_file(tmp_path / "deals.csv", HEADER, rows, ";")
    found = kanon("check", table, "--qi", "town,age", "--k", 2, "--json")
    assert found.code == 0
    assert (found.json["cells"], found.json["models"]["k_rows"]["value"]) == (2, 2)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--qi", "twon,agee"], "no column agee, twon"),
        (["--qi", "town,town"], "--qi names town more than once"),
        (["--qi", ""], "--qi takes the names of columns"),
        (["--qi", "town", "--k", "0"], "--k is a whole number from 1"),
        (["--qi", "town", "--l", "2"], "--l needs --sensitive COL"),
        (["--qi", "town", "--dominance", "0.6"], "--dominance needs --tenant COL"),
        (["--qi", "town", "--tenant", "tenant", "--dominance", "nan"], "--dominance is a share"),
        (["--qi", "town", "--tenant", "tenant", "--dominance", "0,0.5"], "--dominance is a share"),
        (["--qi", "town", "--sensitive", "stage", "--t", "inf"], "--t-equal is a number"),
        (["--qi", "town", "--sensitive", "stage", "--recursive-cl", "4"], "--recursive-cl is c,l"),
        (["--qi", "town", "--sensitive", "stage", "--t-hierarchical", "0.2"], "--hierarchies DIR"),
        (["--qi", "town", "--sensitive", "town", "--l", "2"], "cannot be sensitive and"),
        ([], "Missing option '--qi'"),
    ],
)
def test_what_cannot_mean_anything_is_bad_usage(
    kanon: Call, tmp_path: Path, arguments: list[str], told: str
) -> None:
    """Exit 2 tells a mistake in the call from a table that fails its check."""
    said = kanon("check", a_table_of_deals(tmp_path / "deals.csv"), *arguments)
    assert said.code == 2
    assert told in said.err


def test_all_that_is_wrong_with_a_call_is_told_at_once(kanon: Call, tmp_path: Path) -> None:
    """Nobody has to call once per mistake."""
    table = a_table_of_deals(tmp_path / "deals.csv")
    said = kanon("check", table, "--qi", "town", "--fund", "fund", "--l", 0, "--entropy-l", "x")
    assert said.code == 2
    for told in ("--fund needs", "--l needs", "--l is a whole", "--entropy-l needs", "number from"):
        assert told in said.err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"town;age\n", "no rows"),
        (b"town,age\nUlm,3\nBonn\n", "more or fewer fields"),
        (b"t\xf6wn;age\n\xff;3\n", "not UTF-8"),
    ],
)
def test_a_file_that_is_no_table_is_refused(
    kanon: Call, tmp_path: Path, content: bytes, told: str
) -> None:
    """An empty file holds nothing, so nothing of it holds."""
    path = tmp_path / "deals.csv"
    path.write_bytes(content)
    said = kanon("check", path, "--qi", "town")
    assert said.code == 1
    assert told in said.err


def test_a_missing_file_is_refused(kanon: Call, tmp_path: Path) -> None:
    """With its name."""
    said = kanon("check", tmp_path / "gone.csv", "--qi", "town")
    assert said.code == 1
    assert "gone.csv: there is no such file" in said.err


@pytest.mark.parametrize("amount", ["nan", "inf", "-Infinity", "many"])
def test_amounts_that_are_no_numbers_are_refused(kanon: Call, tmp_path: Path, amount: str) -> None:
    """No share of a sum could be told, and the value itself is not repeated."""
    rows = [("Ulm", 30, f"t{n}", "f", "won", amount if n == 3 else 1) for n in range(9)]
    table = a_file(tmp_path / "deals.csv", HEADER, rows, ";")
    said = kanon("check", table, "--qi", "town", "--tenant", "tenant", "--measure", "value",
                 "--dominance", "0.6")  # fmt: skip
    assert said.code == 1
    assert "1 amounts are no number" in said.err
    assert "many" not in said.err


@pytest.mark.parametrize("amount", ["1000000", "999999999999.25", "0.000001"])
def test_amounts_of_many_digits_are_measured(kanon: Call, tmp_path: Path, amount: str) -> None:
    """Millions with six places are everyday sums, in text as in decimals."""
    rows = [("Ulm", 30, f"t{n}", "f", "won", amount if n == 0 else "0") for n in range(5)]
    table = a_file(tmp_path / "deals.csv", HEADER, rows, ";")
    path = tmp_path / "deals.parquet"
    decimals = [Decimal(amount), *[Decimal(0)] * 4]
    of_parquet = {
        "town": ["Ulm"] * 5,
        "tenant": [f"t{n}" for n in range(5)],
        "value": pa.array(decimals, pa.decimal128(18, 6)),
    }
    pq.write_table(pa.table(of_parquet), path)
    for file in (table, path):
        said = kanon("check", file, "--qi", "town", "--tenant", "tenant", "--measure", "value",
                     "--dominance", "1", "--json")  # fmt: skip
        assert said.code == 0, said.err
        assert said.json["models"]["dominance"]["value"] == 1.0


@pytest.mark.parametrize("amount", [math.nan, math.inf, -math.inf])
def test_amounts_of_parquet_that_are_no_numbers_are_refused(
    kanon: Call, tmp_path: Path, amount: float
) -> None:
    """Statistics of Parquet leave NaN out, so an engine that trusts them takes it for a number."""
    path = tmp_path / "deals.parquet"
    amounts = [amount if n == 3 else 1.0 for n in range(9)]
    tenants = [f"t{n}" for n in range(9)]
    pq.write_table(pa.table({"town": ["Ulm"] * 9, "tenant": tenants, "value": amounts}), path)
    said = kanon("check", path, "--qi", "town", "--tenant", "tenant", "--measure", "value",
                 "--dominance", "0.6")  # fmt: skip
    assert said.code == 1
    assert "column value: 1 amounts are no number" in said.err


def test_nan_and_infinity_are_values_of_their_own(kanon: Call, tmp_path: Path) -> None:
    """As quasi-identifiers they are cells like others, and never equal to one another."""
    path = tmp_path / "deals.parquet"
    pq.write_table(pa.table({"size": [math.nan, math.inf, 1.0] * 6}), path)
    found = kanon("check", path, "--qi", "size", "--json")
    assert (found.code, found.json["cells"]) == (0, 3)


def test_negative_amounts_are_refused_under_dominance(kanon: Call, tmp_path: Path) -> None:
    """A refund can hide who dominates, so shares of such a sum mean nothing."""
    rows = [("Ulm", 30, f"t{n}", "f", "won", 5 - n) for n in range(9)]
    table = a_file(tmp_path / "deals.csv", HEADER, rows, ";")
    said = kanon("check", table, "--qi", "town", "--tenant", "tenant", "--measure", "value",
                 "--dominance", "0.6")  # fmt: skip
    assert said.code == 1
    assert "negative" in said.err


def test_one_tenant_and_a_k_above_all_tenants_are_said_clearly(kanon: Call, tmp_path: Path) -> None:
    """However many rows there are, one tenant hides behind nobody."""
    alone = a_table_of_deals(tmp_path / "deals.csv", tenants=1)
    said = kanon("check", alone, "--qi", "town", "--tenant", "tenant")
    assert said.code == 1
    assert "fewer tenants in all than k asks for" in said.out
    few = a_table_of_deals(tmp_path / "deals.csv", tenants=4)
    found = kanon("check", few, "--qi", "town", "--tenant", "tenant", "--json")
    assert found.code == 1
    assert (found.json["tenants"], found.json["models"]["k_tenants"]["value"]) == (4, 4)


def test_a_million_distinct_values_are_checked(kanon: Call, tmp_path: Path) -> None:
    """A column that identifies every row fails, and does so in seconds."""
    path = tmp_path / "deals.csv"
    path.write_text("id,town\n" + "".join(f"{n},Ulm\n" for n in range(1_000_000)))
    said = kanon("check", path, "--qi", "id", "--json")
    assert said.code == 1
    assert said.json["models"]["k_rows"]["cells_breaking"] == 1_000_000


def test_adult_is_as_unsafe_as_is_known(kanon: Call) -> None:
    """Of 30,162 real rows 8,841 are alone in their cell of eight quasi-identifiers."""
    table = SHARED_DATA / "adult" / "adult.csv"
    if not table.is_file():
        pytest.skip(f"the Adult data is not on this machine ({table})")
    qi = "sex,age,race,marital-status,education,native-country,workclass,salary-class"
    said = kanon("check", table, "--qi", qi, "--json")
    assert said.code == 1
    assert said.json["models"]["k_rows"]["worst_cells"][0]["cells"] == 8841
