"""Rows that are counted without a query are counted as the query counts them, or left to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymization.engines import combining, in_memory
from anonymization.engines.combining import read_combinations
from anonymization.engines.domains import Domain
from anonymization.engines.duckdb_engine import DuckDBEngine, duckdb_engine
from anonymization.engines.errors import ChangedTable, UnusableColumn
from anonymization.engines.presumed_columns import (
    NotAsPresumed,
    PresumedAmounts,
    PresumedColumn,
)
from anonymization.engines.roles import Roles
from anonymization.engines.sources import Column, ColumnKind, Table, table_of
from anonymization.generalization.combinations import Combinations
from expectations.errors import UnmeasurableContribution
from tests.anonymization.engines.table_files import TableFiles

ROWS = 5_000
DRAW = np.random.default_rng(11)
DAY = date(2024, 2, 27)


def columns() -> dict[str, pa.Array]:
    """A column of each type that is counted here, nulls in most of them."""
    tenant = DRAW.integers(0, 30, ROWS)
    some = DRAW.random(ROWS) < 0.1
    return {
        "city": pa.array([f"c{n % 13}" for n in DRAW.integers(0, 99, ROWS)], mask=some),
        "number": pa.array([str(n) for n in DRAW.integers(-5, 12, ROWS)]),
        "age": pa.array(DRAW.integers(-3, 90, ROWS) * 2, pa.int16(), mask=some[::-1]),
        "year": pa.array(DRAW.integers(1990, 1995, ROWS), pa.int64()),
        "day": pa.array(DRAW.integers(19_700, 19_760, ROWS).astype("int32"), mask=some).cast(
            pa.date32()
        ),
        "tenant": pa.array([f"t{n}" for n in tenant]),
        "fund": pa.array([f"f{n % 4}" if n % 5 else None for n in tenant]),
        "kind": pa.array([f"k{n}" for n in DRAW.integers(0, 7, ROWS)], mask=some),
        "grade": pa.array(DRAW.integers(0, 4, ROWS), pa.int8()),
        "whole": pa.array(DRAW.integers(0, 10_000, ROWS), pa.int32(), mask=some),
        "exact": pa.array(
            [Decimal(int(n)).scaleb(-2) for n in DRAW.integers(0, 10**6, ROWS)],
            pa.decimal128(12, 2),
            mask=some,
        ),
    }


COLUMNS = columns()
ROLES: Sequence[dict[str, Any]] = (
    {"quasi_identifiers": ["city"]},
    {"quasi_identifiers": ["day", "age", "city", "number", "year"]},
    {"quasi_identifiers": ["city", "age"], "tenant": "tenant"},
    {"quasi_identifiers": ["city", "age"], "sensitive": "kind"},
    {"quasi_identifiers": ["city"], "tenant": "tenant", "fund": "fund", "sensitive": "grade"},
    {"quasi_identifiers": ["year"], "tenant": "tenant", "amount": "whole", "sensitive": "kind"},
    {"quasi_identifiers": ["number"], "tenant": "tenant", "fund": "fund", "amount": "exact"},
    {"quasi_identifiers": ["city"], "tenant": "city_code", "amount": "whole"},
    {"quasi_identifiers": ["kind"], "sensitive": "kind"},
)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each table was counted in this process."""
    found: list[bool] = []

    def noting(table: Table, roles: Roles, known: Any, row_bytes: int) -> object:
        counted = in_memory.count_in_memory(table, roles, known, row_bytes)
        if row_bytes:
            found.append(counted is not None)
        return counted

    monkeypatch.setattr(combining, "count_in_memory", noting)
    return found


def by_query(table: Table, **roles: Any) -> Combinations:
    with duckdb_engine(memory_mb=500, threads=1) as engine:
        engine.row_bytes = 0
        return read_combinations(engine, table, **roles)


def leaves(found: object, name: str = "") -> Iterator[tuple[str, object]]:
    """Every array and value in a dataclass, by name."""
    if is_dataclass(found):
        for each in fields(found):
            yield from leaves(getattr(found, each.name), f"{name}.{each.name}")
    else:
        yield name, found


def assert_same(found: Combinations, expected: Combinations) -> None:
    for (name, mine), (_, theirs) in zip(leaves(found), leaves(expected), strict=True):
        if isinstance(mine, np.ndarray):
            assert isinstance(theirs, np.ndarray), name
            assert mine.dtype == theirs.dtype, name
            assert np.array_equal(mine, theirs), name
        else:
            assert mine == theirs, name


def written(files: TableFiles, table: Mapping[str, Any], **options: Any) -> Table:
    path = files.path(".parquet")
    pq.write_table(pa.table(dict(table)), path, **options)
    return table_of(path)


@pytest.mark.parametrize("roles", ROLES, ids="-".join)
def test_it_counts_what_the_query_counts(
    duck: DuckDBEngine, files: TableFiles, counted: list[bool], roles: dict[str, Any]
) -> None:
    """In the same order, with the same types: what follows cannot tell which way was taken."""
    table = written(
        files, {**COLUMNS, "city_code": pa.array(DRAW.integers(5, 25, ROWS))}, row_group_size=999
    )
    found = read_combinations(duck, table, **roles)
    assert counted == [True]
    assert_same(found, by_query(table, **roles))
    again = read_combinations(duck, table, **roles)
    assert_same(again, found)


def test_many_batches_runs_and_blocks_come_to_the_same(
    duck: DuckDBEngine, files: TableFiles, counted: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each bound is crossed: batches within row groups, sorted runs, blocks of sorted keys."""
    monkeypatch.setattr(in_memory, "_BATCH", 64)
    monkeypatch.setattr(in_memory, "_RUN", 300)
    monkeypatch.setattr("anonymization.engines.sorted_keys._BLOCK", 50)
    table = written(files, COLUMNS, row_group_size=1_001)
    for roles in ROLES:
        if roles.get("tenant") != "city_code":
            assert_same(read_combinations(duck, table, **roles), by_query(table, **roles))
    assert all(counted)


def test_a_thousand_sensitive_values_are_not_spread_out(
    duck: DuckDBEngine, files: TableFiles, counted: list[bool]
) -> None:
    """Many classes times many values would be a great many empty counts: those are sorted."""
    table = files.parquet(
        {
            "q": pa.array([f"q{n}" for n in DRAW.integers(0, 3_000, ROWS)]),
            "s": pa.array([f"s{n}" for n in DRAW.integers(0, 3_000, ROWS)]),
        }
    )
    roles = {"quasi_identifiers": ["q"], "sensitive": "s"}
    assert_same(read_combinations(duck, table, **roles), by_query(table, **roles))
    assert counted == [True]


def test_values_that_no_row_has_are_no_values(
    duck: DuckDBEngine, files: TableFiles, counted: list[bool]
) -> None:
    """A table that was filtered keeps its old categories: a tenant counted, and nobody there."""
    gone = {"city": "b gone", "tenant": "a gone", "kind": "k3 gone"}
    table = dict(COLUMNS)
    for name, value in gone.items():
        table[name] = pa.concat_arrays([pa.array([value]), COLUMNS[name]]).dictionary_encode()[1:]
    roles = {
        "quasi_identifiers": ["city", "age"],
        "tenant": "tenant",
        "fund": "fund",
        "sensitive": "kind",
    }
    kept = written(files, table)
    found = read_combinations(duck, kept, **roles)
    assert counted == [True]
    assert_same(found, by_query(written(files, COLUMNS), **roles))
    assert not {*gone.values()} & {
        value.as_py() for domain in duck.domains.values() for value in domain.values
    }


def test_numbers_that_are_left_are_ordered_as_numbers(
    duck: DuckDBEngine, files: TableFiles
) -> None:
    """Where the one text that was no number is gone, 9 comes before 10, which it did not."""
    listed = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0]), pa.array(["9", "10", "gone"]))
    for roles in ({"quasi_identifiers": ["q"]}, {"quasi_identifiers": ["r"], "sensitive": "q"}):
        table = written(files, {"q": listed, "r": ["a", "b", "b"]})
        found = read_combinations(duck, table, **roles)
        assert_same(found, by_query(table, **roles))
        assert ("9", "10") in (*found.domains, found.sensitive_domain)
        assert [each.as_py() for each in duck.domains[table, "q"].values] == ["9", "10"]


def test_parts_of_a_folder_are_one_table(
    duck: DuckDBEngine, files: TableFiles, counted: list[bool]
) -> None:
    """Each with its own lists and bounds."""
    folder = files.folder / "parts"
    folder.mkdir()
    whole = pa.table(COLUMNS)
    for part, start in enumerate(range(0, ROWS, 1_700)):
        pq.write_table(whole.slice(start, 1_700), folder / f"{part}.parquet")
    for roles in ROLES[:7]:
        expected = by_query(written(files, COLUMNS), **roles)
        assert_same(read_combinations(duck, table_of(folder), **roles), expected)
    assert all(counted)


LEFT: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]] = {
    "a floating point number": ({"q": [0.5, -0.0, 0.0]}, {}, {}),
    "a truth value": ({"q": [True, None, False]}, {}, {}),
    "numbers far from each other": ({"q": [0, 65_536, 0]}, {}, {}),
    "the largest number there is": ({"q": pa.array([127, 126, None], pa.int8())}, {}, {}),
    "numbers without a sign": ({"q": pa.array([1, 2, 2], pa.uint64())}, {}, {}),
    "nothing but nulls": ({"q": pa.array([None] * 3, pa.int32())}, {}, {}),
    "no statistics": ({"q": [1, 2, 2]}, {}, {"write_statistics": False}),
    "no dictionary": ({"q": ["a", "b", "b"]}, {}, {"use_dictionary": False}),
    "amounts that need more bits than are left": (
        {"q": ["a", "a", "b"], "t": ["x", "y", "x"], "v": [0, 2**61, 1]},
        {"tenant": "t", "amount": "v"},
        {},
    ),
    "amounts as text": (
        {"q": ["a", "a", "b"], "t": ["x", "y", "x"], "v": ["1.5", "2", "3"]},
        {"tenant": "t", "amount": "v"},
        {},
    ),
}


@pytest.mark.parametrize("case", LEFT, ids=lambda case: case.replace(" ", "-"))
def test_what_is_rare_is_left_to_the_query(
    duck: DuckDBEngine, files: TableFiles, counted: list[bool], case: str
) -> None:
    """And counted all the same."""
    table, parts, options = LEFT[case]
    kept = written(files, table, **options)
    roles = {"quasi_identifiers": ["q"], **parts}
    found = read_combinations(duck, kept, **roles)
    assert counted == [False]
    assert_same(found, by_query(kept, **roles))


def test_lists_given_up_half_way_are_left_to_the_query(
    duck: DuckDBEngine, files: TableFiles, counted: list[bool]
) -> None:
    """Writers stop a list that grows and write values out, and the file does not say so."""
    table = written(files, COLUMNS, dictionary_pagesize_limit=32, write_batch_size=16)
    roles = {"quasi_identifiers": ["city", "number"], "tenant": "tenant"}
    found = read_combinations(duck, table, **roles)
    assert counted == [False]
    assert_same(found, by_query(table, **roles))


def test_more_rows_than_there_is_memory_for_are_left_to_the_query(
    duck: DuckDBEngine, files: TableFiles, counted: list[bool]
) -> None:
    """Rows times what one takes, against what the engine allows; CSV files too."""
    duck.row_bytes = ROWS * 64 - 1
    read_combinations(duck, written(files, COLUMNS), quasi_identifiers=["city"])
    duck.row_bytes += 1
    read_combinations(duck, written(files, COLUMNS), quasi_identifiers=["city"])
    read_combinations(duck, files.csv("q\na\n"), quasi_identifiers=["q"])
    assert counted == [False, True, False]


REFUSED: Mapping[str, tuple[Mapping[str, Any], type[Exception], str]] = {
    "rows without a tenant": ({"t": ["x", None, "y"]}, UnusableColumn, "1 rows name no tenant"),
    "a tenant under two funds": ({"f": ["f", "g", "g"]}, UnusableColumn, "1 tenants stand under"),
    "a tenant under a fund and none": ({"f": ["f", None, "g"]}, UnusableColumn, "1 tenants stand"),
    "negative amounts": (
        {"v": [-4, 2, 3]}, UnmeasurableContribution, "1 contributions are negative",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.replace(" ", "-"))
def test_what_the_query_refuses_is_refused(
    duck: DuckDBEngine, files: TableFiles, case: str
) -> None:
    """With the same words, since they are the query's."""
    changed, error, words = REFUSED[case]
    rows = {"q": ["a", "a", "b"], "t": ["x", "x", "y"], "f": ["f", "f", "g"], "v": [1, 2, 3]}
    roles = {"quasi_identifiers": ["q"], "tenant": "t", "fund": "f", "amount": "v"}
    table = files.parquet({**rows, **changed})
    for count in (partial(read_combinations, duck), by_query):
        with pytest.raises(error, match=words):
            count(table, **roles)


def test_a_file_written_anew_meanwhile_is_refused(
    duck: DuckDBEngine, files: TableFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counts of half an old and half a new file hold for neither."""
    table = files.parquet({"q": ["a", "b"]})
    count = in_memory.count_in_memory

    def rewritten(*asked: Any) -> object:
        counted = count(*asked)
        pq.write_table(pa.table({"q": ["c"] * 100}), table.paths[0])
        return counted

    monkeypatch.setattr(combining, "count_in_memory", rewritten)
    with pytest.raises(ChangedTable, match="changed while it was read"):
        read_combinations(duck, table, quasi_identifiers=["q"])


TEXT = PresumedColumn(Domain("q", pa.array(["a", "b"]), has_null=False), None)
NUMBERS = PresumedColumn(Domain("q", pa.array([3, 4, 5]), has_null=False), 3)
SOME = PresumedColumn(Domain("q", pa.array([3, 4, 5]), has_null=True), 3)
DAYS = PresumedColumn(Domain("q", pa.array([DAY]), has_null=True), DAY.toordinal() - 719_163)
WHOLE = PresumedAmounts(Column("v", ColumnKind.INTEGER), 0, 9)
CENTS = PresumedAmounts(Column("v", ColumnKind.DECIMAL, 12, 2), 0, 9)
ADDED = np.arange(4, dtype=np.int64)
LIES: Mapping[str, Callable[[], object]] = {
    "text not listed": lambda: TEXT.lookup(pa.array(["a", "c"]).dictionary_encode(), ADDED),
    "text without a list": lambda: TEXT.lookup(pa.array(["a", "b"]), ADDED),
    "null not said": lambda: TEXT.lookup(pa.array(["a", None]).dictionary_encode(), ADDED),
    "null in a list": lambda: TEXT.lookup(
        pa.DictionaryArray.from_arrays(pa.array([0, 1]), pa.array(["a", None])), ADDED
    ),
    "a number below": lambda: NUMBERS.lookup(pa.array([2, 3]), ADDED),
    "a number above": lambda: NUMBERS.lookup(pa.array([3, 6]), ADDED),
    "a null number not said": lambda: NUMBERS.lookup(pa.array([3, None]), ADDED),
    "a number of another width": lambda: NUMBERS.lookup(pa.array([3], pa.int8()), ADDED),
    "a day that would be null": lambda: DAYS.lookup(
        pa.array([DAY, date(2024, 2, 29), None]), ADDED
    ),
    "a day in the place of null": lambda: DAYS.lookup(
        pa.array([DAY, date(2024, 2, 28), None]), ADDED
    ),
    "a number in the place of null": lambda: SOME.lookup(pa.array([3, 6, None]), ADDED),
    "a null number in the place of null": lambda: SOME.lookup(pa.array([6, None]), ADDED),
    "an amount below": lambda: WHOLE.units(pa.array([-1, 2])),
    "an amount above": lambda: WHOLE.units(pa.array([10, None])),
    "an amount of more digits than declared": lambda: CENTS.units(
        pa.Array.from_buffers(
            pa.decimal128(12, 2), 1, [None, pa.py_buffer((2**64 + 5).to_bytes(16, "little"))]
        )
    ),
    "an amount that is no number": lambda: WHOLE.units(pa.array(["1"])),
}


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.replace(" ", "-"))
def test_rows_are_held_against_what_the_file_said(lie: str) -> None:
    """A writer says what it likes in a footer: a row that does not agree ends the count."""
    with pytest.raises(NotAsPresumed):
        LIES[lie]()


def test_a_place_beyond_its_list_is_not_looked_up() -> None:
    """A file made so would read a value that is not there."""
    beyond = pa.DictionaryArray.from_arrays(
        pa.array([0, 7], pa.int32()), pa.array(["a", "b"]), safe=False
    )
    with pytest.raises(pa.ArrowInvalid):
        TEXT.lookup(beyond, ADDED)
