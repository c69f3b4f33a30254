"""Columns of a Parquet table as its footers and dictionaries describe them, before a row is read.

What they say is only presumed: whoever reads the rows leaves the table to a query where a row is
not as was said (`NotAsPresumed`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from anonymization.engines.domains import Domain
from anonymization.engines.entries import whole_numbers
from anonymization.engines.sources import Column, ColumnKind, Table
from anonymization.engines.written_values import written_domains
from expectations.disclosure.classes import IntArray

__all__ = [
    "Lookup",
    "NotAsPresumed",
    "PresumedAmounts",
    "PresumedColumn",
    "presumed_amounts",
    "presumed_columns",
]

_Bounds = tuple[object, object, bool]
"""The least and the largest value, and whether there are nulls."""
_WIDEST = 65_536
_AMOUNT_DIGITS = 18


class NotAsPresumed(Exception):
    """A table cannot be counted by what it says of itself."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """What some rows add to their keys: row by row ``added[places - first]``."""

    places: npt.NDArray[np.signedinteger]
    added: IntArray
    first: int

    def take(self, at: npt.NDArray[np.intp], out: IntArray) -> None:
        """Into ``out``; ``at`` is room to work in."""
        np.copyto(at, self.places)
        if self.first:
            at -= self.first
        np.take(self.added, at, out=out, mode="clip")


@dataclass(frozen=True, slots=True)
class PresumedColumn:
    """Every value that a column may have. Whole numbers and dates: all from the least on."""

    domain: Domain
    least: int | None

    def lookup(self, rows: pa.Array, added: IntArray) -> Lookup:
        """Where rows find what the codes of their values, and last that of null, add."""
        if rows.null_count and not self.domain.has_null:
            raise NotAsPresumed
        if self.least is not None:
            return self._numbers(rows, added, self.least)
        if not isinstance(rows, pa.DictionaryArray) or rows.dictionary.null_count:
            raise NotAsPresumed
        rows.validate(full=True)  # no place beyond its list, no text that is not UTF-8
        codes = pc.index_in(rows.dictionary.cast(pa.string()), value_set=self.domain.values)
        if codes.null_count:
            raise NotAsPresumed
        places = rows.indices.fill_null(len(codes)) if rows.null_count else rows.indices
        of_places = added[np.append(codes.to_numpy(), self.domain.null_code)]
        return Lookup(places.to_numpy(), of_places, 0)

    def _numbers(self, rows: pa.Array, added: IntArray, least: int) -> Lookup:
        if rows.type != self.domain.values.type:
            raise NotAsPresumed
        whole = rows.view(pa.int32()) if pa.types.is_date32(rows.type) else rows
        null_place = least + self.domain.null_code
        if rows.null_count < len(rows):
            bounds = pc.min_max(whole)  # of what is not null: its place lies above the largest
            if bounds["min"].as_py() < least or bounds["max"].as_py() >= null_place:
                raise NotAsPresumed
        places = (whole.fill_null(null_place) if rows.null_count else whole).to_numpy()
        return Lookup(places, added, least)


@dataclass(frozen=True, slots=True)
class PresumedAmounts:
    """The least and the largest amount, in units; null, which adds nothing, is 0."""

    column: Column
    least: int
    largest: int

    def units(self, rows: pa.Array) -> IntArray:
        """The amounts of rows, each between the least and the largest."""
        if pa.types.is_signed_integer(rows.type):
            found = whole_numbers(rows.fill_null(0))
        elif pa.types.is_decimal128(rows.type) and rows.type.precision <= _AMOUNT_DIGITS:
            found = _unscaled(rows)
        else:
            raise NotAsPresumed
        if int(found.min()) < self.least or int(found.max()) > self.largest:
            raise NotAsPresumed
        return found


def presumed_columns(
    table: Table, columns: Iterable[str], known: Mapping[tuple[Table, str], Domain]
) -> dict[str, PresumedColumn]:
    """What each column may hold: text by its dictionaries, numbers and dates by their bounds.

    Raises:
        NotAsPresumed: if the file does not say so of one of them
    """
    kinds = {name: table.column(name).kind for name in columns}
    texts = [name for name, kind in kinds.items() if kind is ColumnKind.TEXT]
    listed = {name: known[table, name] for name in texts if (table, name) in known}
    listed |= written_domains(table, [name for name in texts if name not in listed])
    if len(listed) < len(texts):
        raise NotAsPresumed
    found = {name: PresumedColumn(domain, None) for name, domain in listed.items()}
    numbers = [
        name for name, kind in kinds.items() if kind in {ColumnKind.INTEGER, ColumnKind.DATE}
    ]
    if len(texts) + len(numbers) < len(kinds):
        raise NotAsPresumed
    types = pq.read_schema(table.paths[0])
    return found | {
        name: _range_of(name, types.field(name).type, bounds)
        for name, bounds in _bounds(table, numbers).items()
    }


def presumed_amounts(table: Table, column: str) -> PresumedAmounts:
    """The bounds of a column of whole numbers, or of decimals of at most 18 digits.

    Raises:
        NotAsPresumed: if it is of another kind, or the file says no bounds
    """
    found = table.column(column)
    least, largest, _ = _bounds(table, [column])[column]
    if (
        found.kind is ColumnKind.DECIMAL
        and isinstance(least, Decimal)
        and isinstance(largest, Decimal)
    ):
        low, high = (int(each.scaleb(found.scale)) for each in (least, largest))
    elif found.kind is ColumnKind.INTEGER and isinstance(least, int) and isinstance(largest, int):
        low, high = least, largest
    else:
        raise NotAsPresumed
    return PresumedAmounts(found, min(low, 0), max(high, 0))


def _range_of(name: str, kind: pa.DataType, said: _Bounds) -> PresumedColumn:
    least, largest, has_null = said
    if pa.types.is_date32(kind):
        bounds = pa.array([least, largest], kind).view(pa.int32())
    elif pa.types.is_signed_integer(kind):
        bounds = pa.array([least, largest], kind)
    else:
        raise NotAsPresumed
    low, high = bounds.to_pylist()
    # One above the largest stands for null, and is of the same type.
    if not 0 <= high - low < _WIDEST or high >= np.iinfo(bounds.to_numpy().dtype).max:
        raise NotAsPresumed
    values = pa.array(np.arange(low, high + 1), bounds.type).view(kind)
    return PresumedColumn(Domain(name, values, has_null), low)


def _bounds(table: Table, names: Sequence[str]) -> dict[str, _Bounds]:
    """The least and largest value of columns, and whether they have nulls, as row groups say."""
    groups: dict[str, list[pq.Statistics]] = {name: [] for name in names}
    for path in table.paths if names else ():
        with pq.ParquetFile(path) as file:
            for number in range(file.num_row_groups):
                group = file.metadata.row_group(number)
                chunks = map(group.column, range(group.num_columns))
                said = {
                    each.path_in_schema: each.statistics
                    for each in chunks
                    if each.path_in_schema in groups
                }
                for name, every in groups.items():
                    every.append(said.get(name))
    if any(
        said is None or not (said.has_min_max and said.has_null_count)
        for every in groups.values()
        for said in every
    ):
        raise NotAsPresumed
    return {
        name: (
            min(said.min for said in every),
            max(said.max for said in every),
            any(said.null_count for said in every),
        )
        for name, every in groups.items()
    }


def _unscaled(array: pa.Array) -> IntArray:
    """The whole numbers of a decimal's units: 18 digits are in the lower half of its 128 bits."""
    _, values = array.buffers()
    pairs = np.frombuffer(values, dtype="<i8").reshape(-1, 2)
    lower: IntArray
    lower, upper = pairs[array.offset : array.offset + len(array)].T.copy()
    if array.null_count:
        nulls = array.is_null().to_numpy(zero_copy_only=False)
        lower[nulls] = upper[nulls] = 0
    if not np.array_equal(upper, lower >> 63):  # more digits than the column is declared to have
        raise NotAsPresumed
    return lower
