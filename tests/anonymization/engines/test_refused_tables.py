"""What is no table, or cannot play the part asked of it, is refused in words that quote no row."""

from __future__ import annotations

import os
from collections.abc import Callable

import pyarrow as pa
import pytest

from anonymization.engines.combining import read_combinations
from anonymization.engines.duckdb_engine import DuckDBEngine
from anonymization.engines.errors import (
    ChangedTable,
    EngineError,
    UnknownColumns,
    UnreadableTable,
    UnusableColumn,
)
from anonymization.engines.sources import spooled, table_of
from tests.anonymization.engines.table_files import TableFiles

SECRET = "Zanzibar Ltd"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"a,b\n", "has a header and no rows"),
        (b"a,b\n1,\xff\n", "is not UTF-8"),
        ("a,b\nü,1\n".encode("utf-16"), "is not UTF-8"),
        (b"1,2\n3,4\n", "is no header"),
        (b"a,\n1,2\n", "is no header"),
        (b"a,a\n1,2\n", "more than one column is called a"),
        (b"tenant,b,Tenant\n1,2,3\n", "called Tenant, tenant, capital letters aside"),
    ],
)
def test_what_is_no_csv_table_is_refused(files: TableFiles, text: bytes, said: str) -> None:
    """Read as something else, its rows would be counted under other values."""
    with pytest.raises(UnreadableTable, match=said):
        files.csv(text)


def test_what_is_not_utf8_far_into_the_file_is_refused(files: TableFiles) -> None:
    """The first lines say nothing of the last, and Spark would replace what it cannot decode."""
    with pytest.raises(UnreadableTable, match="is not UTF-8"):
        files.csv(b"a,b\n" + b"1,2\n" * 2_000_000 + b"1,\xe9\n")


@pytest.mark.parametrize("line", ["3", "3,4,5", f'3,"{SECRET}'])
def test_a_ragged_line_is_refused(duck: DuckDBEngine, files: TableFiles, line: str) -> None:
    """A short line read as nulls would count its row under other values."""
    table = files.csv(f"a,b\n1,{SECRET}\n{line}\n")
    with pytest.raises(UnreadableTable, match="more or fewer fields") as refusal:
        read_combinations(duck, table, quasi_identifiers=["a"])
    assert SECRET not in str(refusal.value)


def test_a_ragged_line_far_into_the_file_is_refused(duck: DuckDBEngine, files: TableFiles) -> None:
    """The layout is found in the first lines; the engine reads them all, used columns or not."""
    table = files.csv("a,b\n" + "1,2\n" * 50_000 + "3\n")
    with pytest.raises(UnreadableTable, match="more or fewer fields"):
        read_combinations(duck, table, quasi_identifiers=["a"])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(files: TableFiles, delimiter: str) -> None:
    """Also where quoted fields are full of another."""
    table = files.csv(f'a{delimiter}b\n"1,;|1"{delimiter}"2,;|"\n"3"{delimiter}"4,5;6|7"\n')
    assert (table.delimiter, table.column_names) == (delimiter, ("a", "b"))


def test_a_byte_order_mark_is_no_part_of_a_name(duck: DuckDBEngine, files: TableFiles) -> None:
    """Spreadsheets write one."""
    table = files.csv("\ufeffa,b\n1,2\n")
    assert read_combinations(duck, table, quasi_identifiers=["a"]).domains == (("1",),)


def test_a_parquet_file_cut_off_is_refused(files: TableFiles) -> None:
    """Its end says where everything is."""
    path = files.parquet({"a": [1]}).paths[0]
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(UnreadableTable, match="is not a Parquet file"):
        table_of(path)


def test_a_parquet_file_without_rows_is_refused(files: TableFiles) -> None:
    """Nothing can be said of it, least of all that it is safe."""
    with pytest.raises(UnreadableTable, match="has no rows"):
        files.parquet({"a": pa.array([], pa.int64())})


def test_names_that_differ_in_case_alone_are_refused(files: TableFiles) -> None:
    """DuckDB takes either for the other: another column's tenants would be counted."""
    with pytest.raises(UnreadableTable, match="called Tenant, tenant, capital letters aside"):
        files.parquet({"tenant": ["x"], "Tenant": ["1"]})


def test_parts_of_two_schemas_are_refused(files: TableFiles) -> None:
    """One value would be a number here and text there."""
    for values in ([1], [2], ["text"]):
        files.parquet({"a": values})
    with pytest.raises(UnreadableTable, match="1 of 3 files have other columns or types"):
        table_of(files.folder)


def test_a_file_that_is_not_there_is_refused(files: TableFiles) -> None:
    """A folder without Parquet, and a pattern that matches nothing, as well."""
    for missing in ("no.csv", "*.parquet", ""):
        with pytest.raises(UnreadableTable, match="there is no such file"):
            table_of(files.folder / missing)


def test_unknown_columns_are_all_told_at_once(duck: DuckDBEngine, files: TableFiles) -> None:
    """Nobody fixes them one per run."""
    table = files.csv("a,b\n1,2\n")
    with pytest.raises(UnknownColumns, match=r"no column u, v, w; its columns are a, b"):
        read_combinations(duck, table, quasi_identifiers=["w", "a", "v"], tenant="u")


def test_parts_that_no_column_can_play_are_refused(duck: DuckDBEngine, files: TableFiles) -> None:
    """No quasi-identifier, one named twice, an amount without tenants, a column of lists."""
    table = files.parquet({"a": ["1"], "b": [1], "lists": [[1]]})
    for parts, said in (
        ({"quasi_identifiers": []}, "no quasi-identifier is named"),
        ({"quasi_identifiers": ["a", "b", "a"]}, "a is named more than once"),
        ({"quasi_identifiers": ["a"], "amount": "b"}, "name the tenant column too"),
        ({"quasi_identifiers": ["a"], "fund": "b"}, "name the tenant column too"),
        ({"quasi_identifiers": ["a", "lists"]}, "lists: holds lists, bytes or the like"),
    ):
        with pytest.raises(UnusableColumn, match=said):
            read_combinations(duck, table, **parts)


@pytest.mark.parametrize("nobody", [None, ""])
def test_rows_without_a_tenant_are_refused(
    duck: DuckDBEngine, files: TableFiles, nobody: str | None
) -> None:
    """Counted as one tenant they would be k's fifth; left out they would be in no one's count."""
    if nobody is None:
        table = files.parquet({"q": ["a", "a", "b"], "t": ["x", None, None]})
    else:
        table = files.csv('q,t\na,x\na,\nb,""\n')
    with pytest.raises(UnusableColumn, match="column t: 2 rows name no tenant"):
        read_combinations(duck, table, quasi_identifiers=["q"], tenant="t")


def test_a_tenant_under_two_funds_is_refused(duck: DuckDBEngine, files: TableFiles) -> None:
    """Leaving out one of its funds would leave it in; none and one are two as well."""
    table = files.csv("q,t,f\na,x,f1\na,x,f2\na,y,\nb,y,f1\na,z,f2\n")
    with pytest.raises(UnusableColumn, match="column f: 2 tenants stand under two funds"):
        read_combinations(duck, table, quasi_identifiers=["q"], tenant="t", fund="f")


def test_each_tenant_without_a_fund_is_a_fund_of_its_own(
    duck: DuckDBEngine, files: TableFiles
) -> None:
    """Under one fund called null they would all leave together."""
    table = files.csv("q,t,f\na,x,f1\na,y,\nb,z,\nb,u,f1\n")
    found = read_combinations(duck, table, quasi_identifiers=["q"], tenant="t", fund="f")
    who = found.classes.contributors
    assert who is not None
    u, x, y, z = who.fund_of_tenant.tolist()
    assert u == x
    assert len({x, y, z}) == 3
    assert y < 0 > z


def test_a_file_that_changes_while_it_is_read_is_refused(
    duck: DuckDBEngine, files: TableFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Codes of one file and counts of another do not hold together."""
    table = files.csv("q\na\nb\n")
    fetch: Callable[[str], pa.Table] = duck.fetch

    def rewritten(sql: str) -> pa.Table:
        table.paths[0].write_text("q\na\nc\nc\n")
        return fetch(sql)

    monkeypatch.setattr(duck, "fetch", rewritten)
    with pytest.raises(ChangedTable, match="changed while it was read"):
        read_combinations(duck, table, quasi_identifiers=["q"])


def test_rows_of_a_database_are_read_like_a_file_and_leave_no_trace(duck: DuckDBEngine) -> None:
    """`stores` hands in batches; no file of them may stay, and nobody else may read it."""
    schema = pa.schema([("q", pa.string()), ("t", pa.int64())])
    batches = [pa.record_batch([["a", "b"], [1, 2]], schema), pa.record_batch([["a"], [3]], schema)]
    with spooled(schema, batches) as table:
        found = read_combinations(duck, table, quasi_identifiers=["q"], tenant="t")
        folder = table.paths[0].parent
        assert folder.stat().st_mode & 0o077 == 0
    assert found.classes.rows.tolist() == [2, 1]
    assert not folder.exists()


def test_no_refusal_quotes_a_value(duck: DuckDBEngine, files: TableFiles) -> None:
    """Engines put rows into their messages; ours go to logs that others read."""
    table = files.csv(f"q,t,v\na,x,{SECRET}\n")
    with pytest.raises(EngineError) as refusal:
        read_combinations(duck, table, quasi_identifiers=["q"], tenant="t", amount="v")
    assert SECRET not in str(refusal.value)
    assert refusal.value.__cause__ is None
    os.truncate(table.paths[0], 0)
    with pytest.raises(EngineError) as refusal:
        read_combinations(duck, table, quasi_identifiers=["q"])
    assert SECRET not in str(refusal.value)
