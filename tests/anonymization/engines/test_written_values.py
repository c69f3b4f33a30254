"""What a Parquet file's dictionaries list saves a pass, and is believed only where rows agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymization.engines.combining import read_combinations
from anonymization.engines.duckdb_engine import DuckDBEngine
from anonymization.engines.errors import ContradictoryTable, UnusableColumn
from anonymization.engines.sources import Table, table_of
from anonymization.engines.written_values import written_domains
from anonymization.generalization.combinations import Combinations
from tests.anonymization.engines.table_files import TableFiles

ROWS = 3_000
COLUMNS = {
    "q": [f"value {row % 37}" if row % 11 else None for row in range(ROWS)],
    "r": ["north" if row % 3 else "south" for row in range(ROWS)],
    "tenant": [f"tenant {row % 7}" for row in range(ROWS)],
    "fund": [f"fund {row % 7 % 2}" for row in range(ROWS)],
    "kind": [f"kind {row % 5}" for row in range(ROWS)],
}


@pytest.fixture
def duck(duck: DuckDBEngine) -> DuckDBEngine:
    """One that leaves every row to its queries."""
    duck.row_bytes = 0
    return duck


@pytest.fixture
def asked(duck: DuckDBEngine, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The columns whose distinct values a query asked for."""
    found: list[str] = []
    fetch = duck.fetch

    def noting(sql: str) -> pa.Table:
        if sql.startswith("SELECT DISTINCT") and " AS value FROM" in sql:
            found.append(sql.split()[2])
        return fetch(sql)

    monkeypatch.setattr(duck, "fetch", noting)
    return found


def combinations(engine: DuckDBEngine, table: Table) -> Combinations:
    return read_combinations(
        engine,
        table,
        quasi_identifiers=["q", "r"],
        tenant="tenant",
        fund="fund",
        sensitive="kind",
    )


def written(
    files: TableFiles, columns: Mapping[str, Sequence[Any] | pa.Array], **options: Any
) -> Table:
    path = files.path(".parquet")
    pq.write_table(pa.table(dict(columns)), path, **options)
    return table_of(path)


def assert_same(found: Combinations, expected: Combinations) -> None:
    assert found.domains == expected.domains
    assert found.sensitive_domain == expected.sensitive_domain
    assert found.tenant_count == expected.tenant_count
    assert np.array_equal(found.codes, expected.codes)
    assert np.array_equal(found.classes.rows, expected.classes.rows)
    mine, theirs = found.classes.contributors, expected.classes.contributors
    assert mine is not None
    assert theirs is not None
    for name in ("class_of", "tenant", "rows", "fund_of_tenant"):
        assert np.array_equal(getattr(mine, name), getattr(theirs, name)), name
    own, other = found.classes.sensitive, expected.classes.sensitive
    assert own is not None
    assert other is not None
    assert np.array_equal(own.value, other.value)
    assert np.array_equal(own.overall, other.overall)


@pytest.fixture
def plain(duck: DuckDBEngine, files: TableFiles) -> Combinations:
    """What the same rows say without a dictionary."""
    table = written(files, COLUMNS, use_dictionary=False)
    assert written_domains(table, COLUMNS) == {}
    return combinations(duck, table)


def test_dictionaries_of_every_row_group_are_the_values(
    duck: DuckDBEngine, files: TableFiles, plain: Combinations, asked: list[str]
) -> None:
    """Nulls too, and values that only a later row group has; no query asks for values."""
    table = written(files, COLUMNS, row_group_size=7)
    assert_same(combinations(duck, table), plain)
    assert asked == []


def test_a_value_that_no_row_has_is_not_believed(
    duck: DuckDBEngine, files: TableFiles, plain: Combinations, asked: list[str]
) -> None:
    """A table that was filtered keeps its old categories: a tenant counted, and nobody there."""
    for name, values in COLUMNS.items():
        whole = pa.array([*values, f"{name} that is gone"]).dictionary_encode()
        table = written(files, {**COLUMNS, name: whole[:-1]})
        domain = written_domains(table, [name])[name]
        assert f"{name} that is gone" in domain.values.to_pylist(), "else nothing is tried here"
        asked.clear()
        assert_same(combinations(duck, table), plain)
        assert asked, "the values are read after all"


def test_a_dictionary_given_up_half_way_is_not_believed(
    duck: DuckDBEngine, files: TableFiles, plain: Combinations, asked: list[str]
) -> None:
    """Writers stop a dictionary that grows and write values out, and the file does not say so."""
    table = written(files, COLUMNS, dictionary_pagesize_limit=64, write_batch_size=16)
    presumed = written_domains(table, ["q"])["q"]
    assert len(presumed.values) < 37, "else nothing is tried here"
    assert_same(combinations(duck, table), plain)
    assert asked


def test_nulls_that_a_file_does_not_count_are_read(
    duck: DuckDBEngine, files: TableFiles, plain: Combinations
) -> None:
    """Without statistics nobody knows whether a column has nulls."""
    table = written(files, COLUMNS, write_statistics=False)
    assert written_domains(table, COLUMNS) == {}
    assert_same(combinations(duck, table), plain)


def test_numbers_and_long_dictionaries_are_read(duck: DuckDBEngine, files: TableFiles) -> None:
    """Only short lists of text are taken from the file."""
    many = [f"value {row}" for row in range(10_001)]
    table = files.parquet({"text": many, "n": list(range(10_001))})
    assert written_domains(table, ["text", "n"]) == {}
    found = read_combinations(duck, table, quasi_identifiers=["text"])
    assert len(found) == 10_001


def test_rows_without_a_tenant_are_still_refused(duck: DuckDBEngine, files: TableFiles) -> None:
    """Their number comes from the rows, not from what the file says of itself."""
    tenants = [None, *COLUMNS["tenant"][1:]]
    table = written(files, {**COLUMNS, "tenant": tenants})
    with pytest.raises(UnusableColumn, match="column tenant: 1 rows name no tenant"):
        combinations(duck, table)


def saying_nulls(table: Table, column: str) -> Table:
    """The file, its footer changed so that one of the columns without nulls says it has five."""
    (path,) = table.paths
    content = path.read_bytes()
    start = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    none, five = b"\x36\x00", b"\x36\x0a"  # Thrift's compact protocol: the third field, zigzag
    before, *parts = content[start:].split(none)
    whole = [name for name in COLUMNS if None not in COLUMNS[name]]
    assert len(parts) == len(whole)
    footer = before + b"".join(
        (five if name == column else none) + part for name, part in zip(whole, parts, strict=True)
    )
    path.write_bytes(content[:start] + footer)
    return table_of(path)


@pytest.mark.parametrize("column", ["r", "tenant", "fund", "kind"])
def test_nulls_that_a_file_counts_wrongly_are_not_believed(
    duck: DuckDBEngine, files: TableFiles, plain: Combinations, column: str
) -> None:
    """Nor kept for who asks next: a fund is only looked up, and nobody would miss its nulls."""
    table = saying_nulls(written(files, COLUMNS), column)
    assert written_domains(table, [column])[column].has_null
    assert_same(combinations(duck, table), plain)
    found = read_combinations(duck, table, quasi_identifiers=[column])
    assert found.domains == (tuple(sorted(set(map(str, COLUMNS[column])))),)


def saying_no_nulls(table: Table) -> Table:
    """The file, its footer changed so that its columns with 23 nulls say they have none."""
    (path,) = table.paths
    content = path.read_bytes()
    start = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    path.write_bytes(content[:start] + content[start:].replace(b"\x36\x2e", b"\x36\x00"))
    return table_of(path)


@pytest.mark.parametrize("dictionary", [True, False])
@pytest.mark.parametrize("role", ["quasi_identifiers", "tenant", "sensitive"])
def test_a_file_that_denies_its_nulls_is_refused_for_what_it_is(
    duck: DuckDBEngine, files: TableFiles, role: str, *, dictionary: bool
) -> None:
    """The engine believes it and finds no null: to read it again would not help."""
    column = [None] * 23 + [f"value {row % 5}" for row in range(23, 300)]
    plain = {"q": ["a", "b"] * 150, "t": [f"tenant {row}" for row in range(300)]}
    lying = saying_no_nulls(
        written(files, {**plain, "x": column}, use_dictionary=["x"] if dictionary else False)
    )
    roles: dict[str, Any] = {"quasi_identifiers": ["q"], "tenant": "t"}
    roles[role] = ["q", "x"] if role == "quasi_identifiers" else "x"
    with pytest.raises(ContradictoryTable, match="statistics do not agree with its rows") as said:
        read_combinations(duck, lying, **roles)
    assert "write it again" in str(said.value)
    assert "value" not in str(said.value)


@pytest.mark.parametrize("dictionary", [True, False])
def test_funds_are_read_whatever_a_file_says_of_its_nulls(
    duck: DuckDBEngine, files: TableFiles, *, dictionary: bool
) -> None:
    """They come as values and not as codes."""
    honest = written(
        files,
        {
            "q": ["a", "b"] * 150,
            "t": [f"tenant {row}" for row in range(300)],
            "x": [None] * 23 + [f"value {row % 5}" for row in range(23, 300)],
        },
        use_dictionary=["x"] if dictionary else False,
    )
    roles: dict[str, Any] = {"quasi_identifiers": ["q"], "tenant": "t", "fund": "x"}
    expected = read_combinations(duck, honest, **roles).classes.contributors
    found = read_combinations(duck, saying_no_nulls(honest), **roles).classes.contributors
    assert expected is not None
    assert found is not None
    assert (expected.fund_of_tenant < 0).sum() == 23
    assert np.array_equal(found.fund_of_tenant, expected.fund_of_tenant)


def test_broken_text_is_no_domain(files: TableFiles) -> None:
    """Bytes that are no UTF-8 are left to the engine, which refuses them."""
    broken = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(np.array([0, 2], "int32")), pa.py_buffer(b"\xff\xfe")]
    )
    assert written_domains(written(files, {"q": broken}), ["q"]) == {}


def test_several_keys_and_both_parts_lose_nothing(duck: DuckDBEngine, files: TableFiles) -> None:
    """Twelve columns of 50 values take two keys; tenants and kinds ride in the last."""
    rows = 1_500
    wide = {f"c{at}": [f"{(row * (at + 3) + at) % 50}" for row in range(rows)] for at in range(12)}
    columns = {**wide, "tenant": COLUMNS["tenant"][:rows], "kind": COLUMNS["kind"][:rows]}
    found = read_combinations(
        duck,
        files.parquet(columns),
        quasi_identifiers=list(wide),
        tenant="tenant",
        sensitive="kind",
    )
    assert found.classes.contributors is not None
    assert found.classes.sensitive is not None
    key = list(zip(*wide.values(), strict=True))
    names = [
        tuple(found.domains[at][code] for at, code in enumerate(codes))
        for codes in found.codes.T.tolist()
    ]
    who, values = found.classes.contributors, found.classes.sensitive
    tenants = {
        (names[c], f"tenant {t}"): n
        for c, t, n in zip(who.class_of, who.tenant, who.rows, strict=True)
    }
    kinds = {
        (names[c], f"kind {v}"): n
        for c, v, n in zip(values.class_of, values.value, values.rows, strict=True)
    }
    assert tenants == Counter(zip(key, columns["tenant"], strict=True))
    assert kinds == Counter(zip(key, columns["kind"], strict=True))
