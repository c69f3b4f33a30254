"""Counts the combinations of a Parquet table that fits into memory, without a query.

Text comes out of Parquet as places in lists of values, so that what identifies a row, its tenant,
its sensitive value and its amount become one whole number by looking up and adding; sorting those
groups them. It yields what `combining` gets from its query, in the same order. What is rare or
wrong (columns of other types, keys beyond 62 bits, rows without tenant, a tenant under two funds)
is left to the query.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from anonymization.engines.coding import Codes, codes_of, quasi_aliases
from anonymization.engines.domains import Domain
from anonymization.engines.entries import Entries, of_no_fund, part_width
from anonymization.engines.presumed_columns import (
    NotAsPresumed,
    PresumedAmounts,
    PresumedColumn,
    presumed_amounts,
    presumed_columns,
)
from anonymization.engines.roles import Roles
from anonymization.engines.sorted_keys import KeyLayout, entries_of
from anonymization.engines.sources import ColumnKind, Table, TableKind
from expectations.disclosure.classes import IntArray

__all__ = ["CountedRows", "count_in_memory"]

_BITS = 62
_BATCH = 1 << 16
"""Rows coded at once: few enough to stay in a processor's own cache."""
_RUN = 1 << 20
"""Rows sorted at once, while the next are read."""
_ROW_BYTES = 64
"""A key, room to merge it, and the line that comes of it if no other row is alike."""
_MOST_PAIRS = 1 << 24


@dataclass(frozen=True, slots=True)
class CountedRows:
    """The entries of each part (of none: under an empty name), and the fund of each tenant."""

    codes: Codes
    by_part: Mapping[str, Entries]
    funds: IntArray | None


@dataclass(frozen=True, slots=True)
class _Coder:
    """How rows become keys: by alias, the column and what the code of each of its values adds."""

    columns: Mapping[str, str]
    presumed: Mapping[str, PresumedColumn]
    added: Mapping[str, IntArray]
    amounts: PresumedAmounts | None

    def write(self, rows: pa.RecordBatch, room: IntArray, keys: IntArray) -> None:
        """The key of each row; ``room`` is two lines of room to work in."""
        at, looked = room[:, : len(rows)]
        keys[:] = 0
        for alias, added in self.added.items():
            lookup = self.presumed[alias].lookup(rows.column(self.columns[alias]), added)
            lookup.take(at, looked)
            keys += looked
        if self.amounts is not None:
            keys += self.amounts.units(rows.column(self.amounts.column.name))
            keys -= self.amounts.least


def count_in_memory(
    table: Table, roles: Roles, known: Mapping[tuple[Table, str], Domain], row_bytes: int
) -> CountedRows | None:
    """The table's combinations, counted in this process; None where the query is to count them."""
    if table.kind is not TableKind.PARQUET:
        return None
    try:
        rows = _row_count(table)
        if rows * _ROW_BYTES > row_bytes:
            return None
        return _count(table, roles, known, rows)
    except (NotAsPresumed, OSError, pa.ArrowException):
        return None  # whoever reads the file next says what is wrong with it


def _count(
    table: Table, roles: Roles, known: Mapping[tuple[Table, str], Domain], rows: int
) -> CountedRows:
    quasi = quasi_aliases(roles.quasi_identifiers)
    columns = {**quasi, **roles.coded}
    named = presumed_columns(table, dict.fromkeys(columns.values()), known)
    presumed = {
        alias: replace(named[name], domain=replace(named[name].domain, column=alias))
        for alias, name in columns.items()
    }
    amounts = presumed_amounts(table, roles.amount) if roles.amount else None
    codes = codes_of(
        [presumed[alias].domain for alias in quasi],
        {alias: presumed[alias].domain for alias in roles.coded},
    )
    layout = _layout(codes, amounts, rows)
    coder = _Coder(columns, presumed, _added(codes, layout), amounts)
    pairs = _FundPairs.of(coder, codes) if roles.fund else None
    keys = _sorted_keys(table, coder, pairs, rows)
    funds = None
    if roles.tenant:
        if codes.others["tenant"].has_null:
            raise NotAsPresumed
        alone = of_no_fund(len(codes.others["tenant"]))
        funds = alone if pairs is None else pairs.funds(alone)
    return CountedRows(codes, entries_of(keys, layout, roles.parts), funds)


def _row_count(table: Table) -> int:
    found = 0
    for path in table.paths:
        with pq.ParquetFile(path) as file:
            found += file.metadata.num_rows
    return found


def _layout(codes: Codes, amounts: PresumedAmounts | None, rows: int) -> KeyLayout:
    if len(codes.keys) > 1:
        raise NotAsPresumed
    spread = 0
    if amounts is not None:
        spread = amounts.largest - amounts.least
        if spread * rows > np.iinfo(np.int64).max:
            raise NotAsPresumed
    tenant_bits, value_bits = (
        codes.others[part].null_code.bit_length() if part in codes.others else 0
        for part in ("tenant", "sensitive")
    )
    layout = KeyLayout(
        tenant_bits, value_bits, spread.bit_length(), None if amounts is None else amounts.least
    )
    if (codes.packing.span - 1).bit_length() + layout.combination_shift > _BITS:
        raise NotAsPresumed
    return layout


def _added(codes: Codes, layout: KeyLayout) -> dict[str, IntArray]:
    """What each code of each column adds to a key, null's last."""
    found = {
        domain.column: np.arange(len(domain.values) + 1, dtype=np.int64)
        * (codes.packing.stride(number) << layout.combination_shift)
        for number, domain in enumerate(codes.quasi)
    }
    for part, shift in (("tenant", layout.tenant_shift), ("sensitive", layout.amount_bits)):
        if part in codes.others:
            found[part] = np.arange(part_width(codes, part), dtype=np.int64) << shift
    return found


@dataclass(frozen=True, slots=True)
class _FundPairs:
    """Which tenants stand under which funds: a mark at tenant times funds, plus fund."""

    coder: _Coder
    fund: Domain
    marks: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, coder: _Coder, codes: Codes) -> _FundPairs:
        tenants, funds = part_width(codes, "tenant"), part_width(codes, "fund")
        if tenants * funds > _MOST_PAIRS:
            raise NotAsPresumed
        added = {
            "tenant": np.arange(tenants, dtype=np.int64) * funds,
            "fund": np.arange(funds, dtype=np.int64),
        }
        marks = np.zeros(tenants * funds, dtype=np.bool_)
        return cls(replace(coder, added=added, amounts=None), codes.others["fund"], marks)

    def note(self, rows: pa.RecordBatch, room: IntArray) -> None:
        """Mark the pairs of some rows; ``room`` is three lines of room to work in."""
        pairs = room[2, : len(rows)]
        self.coder.write(rows, room[:2], pairs)
        self.marks[pairs] = True

    def funds(self, alone: IntArray) -> IntArray:
        """The fund code of each tenant; that of none where it has no fund."""
        marks = self.marks.reshape(-1, self.fund.null_code + 1)[: len(alone)]
        of_tenant, found = np.nonzero(marks)
        used = np.bincount(found, minlength=len(self.fund))
        if (of_tenant[1:] == of_tenant[:-1]).any() or not used[: len(self.fund)].all():
            raise NotAsPresumed
        funds = alone.copy()
        owned = found != self.fund.null_code
        funds[of_tenant[owned]] = found[owned]
        return funds


def _sorted_keys(table: Table, coder: _Coder, pairs: _FundPairs | None, rows: int) -> IntArray:
    """The keys of all rows; runs of them are sorted while the next are read, and then merged."""
    keys = np.empty(rows, dtype=np.int64)
    room = np.empty((3, _BATCH), dtype=np.int64)
    written = run = 0
    sorting: list[Future[None]] = []
    with ThreadPoolExecutor(2) as threads:
        for batch in _read_ahead(_batches(table, coder), threads):
            stop = written + len(batch)
            if stop > rows:
                raise NotAsPresumed
            coder.write(batch, room[:2], keys[written:stop])
            if pairs is not None:
                pairs.note(batch, room)
            written = stop
            if written - run >= _RUN:
                sorting.append(threads.submit(keys[run:written].sort))
                run = written
        sorting.append(threads.submit(keys[run:written].sort))
    for each in sorting:
        each.result()
    if written < rows:
        raise NotAsPresumed
    if len(sorting) > 1:
        keys.sort(kind="stable")  # finds the runs, and merges them
    return keys


def _read_ahead(
    batches: Iterator[pa.RecordBatch], threads: ThreadPoolExecutor
) -> Iterator[pa.RecordBatch]:
    """The batches, each read while the one before is at work."""
    following = threads.submit(next, batches, None)
    while (batch := following.result()) is not None:
        following = threads.submit(next, batches, None)
        yield batch


def _batches(table: Table, coder: _Coder) -> Iterator[pa.RecordBatch]:
    names = set(coder.columns.values())
    texts = [name for name in names if table.column(name).kind is ColumnKind.TEXT]
    if coder.amounts is not None:
        names.add(coder.amounts.column.name)
    for path in table.paths:
        with pq.ParquetFile(path, read_dictionary=texts) as file:
            for batch in file.iter_batches(_BATCH, columns=sorted(names)):
                if not names <= set(batch.schema.names):
                    raise NotAsPresumed
                yield batch
