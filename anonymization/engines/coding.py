"""Scans a table under plain names and replaces its quasi-identifiers by codes, in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from anonymization.engines.domains import Domain, read_domain
from anonymization.engines.engine import Engine
from anonymization.engines.packing import Packing, packing_of
from anonymization.engines.sources import Table
from expectations.disclosure.classes import IntArray

__all__ = ["CodedTable", "coded_rows", "int_column", "open_coded", "quasi_aliases"]

SOURCE = "source_rows"


@dataclass(frozen=True, slots=True)
class CodedTable:
    """A scanned table, the domains of its coded columns by alias, and how its keys are packed."""

    source: str
    quasi: tuple[Domain, ...]
    others: Mapping[str, Domain]
    packing: Packing

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the packed keys."""
        return tuple(f"k{number}" for number in range(len(self.packing.keys)))


def quasi_aliases(columns: Sequence[str]) -> dict[str, str]:
    """The plain name of each quasi-identifier."""
    return {f"q{number}": column for number, column in enumerate(columns)}


def open_coded(
    engine: Engine,
    table: Table,
    quasi: Sequence[str],
    coded: Mapping[str, str],
    plain: Mapping[str, str],
) -> CodedTable:
    """Scan the table, read the domains and hand the engine a dictionary of each coded column.

    ``coded`` and ``plain`` map a plain name to a further column: coded, or passed on as it is.
    """
    aliases = quasi_aliases(quasi)
    engine.scan(SOURCE, table, {**aliases, **coded, **plain})
    domains = [read_domain(engine, SOURCE, alias) for alias in aliases]
    others = {alias: read_domain(engine, SOURCE, alias) for alias in coded}
    for domain in [*domains, *others.values()]:
        engine.register(f"d_{domain.column}", domain.dictionary())
    spare = max((domain.null_code + 1 for domain in others.values()), default=1)
    packing = packing_of([len(each) for each in domains], spare)
    return CodedTable(SOURCE, tuple(domains), others, packing)


def coded_rows(table: CodedTable, plain: Sequence[str] = ()) -> str:
    """A SELECT of the rows: packed keys, codes of the other columns, and plain expressions."""
    keys = [
        f"{_key(table, columns)} AS {name}"
        for name, columns in zip(table.keys, table.packing.keys, strict=True)
    ]
    others = [f"{_code(domain)} AS {alias}_code" for alias, domain in table.others.items()]
    joins = " ".join(
        f"LEFT JOIN d_{domain.column} ON s.{domain.column} = d_{domain.column}.value"
        for domain in [*table.quasi, *table.others.values()]
    )
    return f"SELECT {', '.join([*keys, *others, *plain])} FROM {table.source} s {joins}"


def int_column(lines: pa.Table, name: str) -> IntArray:
    """A column of whole numbers; null becomes 0."""
    return np.asarray(lines[name].fill_null(0).to_numpy(), dtype=np.int64)


def _key(table: CodedTable, columns: Sequence[int]) -> str:
    terms = [f"{_code(table.quasi[each])} * {table.packing.stride(each)}" for each in columns]
    return f"CAST({' + '.join(terms)} AS BIGINT)"


def _code(domain: Domain) -> str:
    return f"COALESCE(d_{domain.column}.code, {domain.null_code})"
