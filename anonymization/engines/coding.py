"""Scans a table under plain names and replaces its quasi-identifiers by codes, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from anonymization.engines.domains import Domain, read_domain
from anonymization.engines.engine import Engine
from anonymization.engines.packing import Packing, packing_of
from anonymization.engines.sources import Table
from expectations.disclosure.classes import IntArray

__all__ = [
    "CodedTable",
    "Codes",
    "coded_rows",
    "codes_of",
    "int_column",
    "open_coded",
    "quasi_aliases",
]

SOURCE = "source_rows"


@dataclass(frozen=True, slots=True)
class Codes:
    """The domains of a table's coded columns, others by alias, and how its keys are packed."""

    quasi: tuple[Domain, ...]
    others: Mapping[str, Domain]
    packing: Packing

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the packed keys."""
        return tuple(f"k{number}" for number in range(len(self.packing.keys)))


@dataclass(frozen=True, slots=True)
class CodedTable(Codes):
    """The codes of a table that an engine has scanned."""

    source: str


def codes_of(quasi: Sequence[Domain], others: Mapping[str, Domain]) -> Codes:
    """Codes whose keys leave room for the code of any of the others."""
    spare = max((domain.null_code + 1 for domain in others.values()), default=1)
    return Codes(tuple(quasi), others, packing_of([len(each) for each in quasi], spare))


def quasi_aliases(columns: Sequence[str]) -> dict[str, str]:
    """The plain name of each quasi-identifier."""
    return {f"q{number}": column for number, column in enumerate(columns)}


def open_coded(
    engine: Engine,
    table: Table,
    quasi: Sequence[str],
    coded: Mapping[str, str],
    plain: Mapping[str, str],
    presumed: Mapping[str, Domain] = MappingProxyType({}),
) -> CodedTable:
    """Scan the table, read the domains and hand the engine a dictionary of each coded column.

    ``coded`` and ``plain`` map a plain name to a further column: coded, or passed on as it is.
    The domains of columns that are ``presumed`` are not read.
    """
    aliases = quasi_aliases(quasi)
    engine.scan(SOURCE, table, {**aliases, **coded, **plain})
    every = {
        alias: _domain(engine, table, alias, column, presumed)
        for alias, column in {**aliases, **coded}.items()
    }
    domains = [every[alias] for alias in aliases]
    others = {alias: every[alias] for alias in coded}
    codes = codes_of(domains, others)
    for number, domain in enumerate(domains):
        engine.register(f"d_{domain.column}", domain.dictionary(codes.packing.stride(number)))
    for domain in others.values():
        engine.register(f"d_{domain.column}", domain.dictionary())
    return CodedTable(codes.quasi, others, codes.packing, SOURCE)


def _domain(
    engine: Engine, table: Table, alias: str, column: str, presumed: Mapping[str, Domain]
) -> Domain:
    known = engine.domains.get((table, column)) or presumed.get(column)
    if known is None:
        known = engine.domains[table, column] = read_domain(engine, SOURCE, alias)
    return replace(known, column=alias)


def coded_rows(table: CodedTable, others: Collection[str], plain: Sequence[str] = ()) -> str:
    """A SELECT of the rows: packed keys, codes of the named ``others``, and plain expressions.

    A key is NULL where a value has come into the table since its domain was read.
    """
    asked = [domain for alias, domain in table.others.items() if alias in others]
    keys = [
        f"{_key(table, columns)} AS {name}"
        for name, columns in zip(table.keys, table.packing.keys, strict=True)
    ]
    codes = [f"{_code(domain)} AS {domain.column}_code" for domain in asked]
    joins = " ".join(
        f"LEFT JOIN d_{domain.column} ON s.{domain.column} = d_{domain.column}.value"
        for domain in [*table.quasi, *asked]
    )
    return f"SELECT {', '.join([*keys, *codes, *plain])} FROM {table.source} s {joins}"


def int_column(lines: pa.Table, name: str) -> IntArray:
    """A column of whole numbers; null becomes 0."""
    return np.asarray(lines[name].fill_null(0).to_numpy(), dtype=np.int64)


def _key(table: CodedTable, columns: Sequence[int]) -> str:
    """The sum of what each column adds; the dictionaries hold codes times the stride."""
    terms = [_code(table.quasi[each], table.packing.stride(each)) for each in columns]
    return f"CAST({' + '.join(terms)} AS BIGINT)"


def _code(domain: Domain, stride: int = 1) -> str:
    """A value that the domain does not have is NULL, and not the code of null."""
    code = f"d_{domain.column}.code"
    if not domain.has_null:
        return code
    return f"CASE WHEN s.{domain.column} IS NULL THEN {domain.null_code * stride} ELSE {code} END"
