"""Groups sorted keys of rows: combination, tenant, sensitive value and amount in one number each.

Keys are gone through in blocks that end where a combination does, since memory that is new to the
process costs more than what is done in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from anonymization.engines.entries import Entries
from expectations.disclosure.classes import IntArray

__all__ = ["KeyLayout", "entries_of"]

_BLOCK = 1 << 17
_MOST_EMPTY = 8


@dataclass(frozen=True, slots=True)
class KeyLayout:
    """How many bits of a key hold a tenant, below it a sensitive value, below it an amount.

    ``least`` is what 0 stands for among the amounts, None where there are none. The bits above
    hold the combination.
    """

    tenant_bits: int
    value_bits: int
    amount_bits: int
    least: int | None

    @property
    def combination_shift(self) -> int:
        """How many bits lie below the combination."""
        return self.tenant_bits + self.value_bits + self.amount_bits

    @property
    def tenant_shift(self) -> int:
        """How many bits lie below the tenant."""
        return self.value_bits + self.amount_bits


class _Lines:
    """The lines of one part as they come; room is taken for as many as there may be."""

    def __init__(self, most: int, *, amounts: bool) -> None:
        self._columns = [np.empty(most, dtype=np.int64) for _ in range(4 if amounts else 3)]
        self._size = 0

    def add(self, *columns: IntArray) -> None:
        """Key, code, rows and, where there are any, amounts."""
        stop = self._size + len(columns[0])
        for kept, new in zip(self._columns, columns, strict=True):
            kept[self._size : stop] = new
        self._size = stop

    def entries(self, *, coded: bool) -> Entries:
        """All of them."""
        key, code, rows, *amounts = (each[: self._size] for each in self._columns)
        return Entries([key], code if coded else code[:0], rows, amounts[0] if amounts else None)


def entries_of(keys: IntArray, layout: KeyLayout, parts: Sequence[str]) -> dict[str, Entries]:
    """The entries of each part (of none: under an empty name) of sorted keys."""
    lines = {
        part: _Lines(len(keys), amounts=part == "tenant" and layout.least is not None)
        for part in parts or [""]
    }
    for block in _blocks(keys, layout.combination_shift):
        if "sensitive" in lines:
            lines["sensitive"].add(*_by_value(block, layout))
        for part in lines.keys() - {"sensitive"}:
            lines[part].add(*_by_tenant(block, layout))
    return {part: found.entries(coded=bool(part)) for part, found in lines.items()}


def _blocks(keys: IntArray, shift: int) -> Iterator[IntArray]:
    start = 0
    while start < len(keys):
        last = keys[min(start + _BLOCK, len(keys)) - 1]
        stop = int(np.searchsorted(keys, last | ((1 << shift) - 1), side="right"))
        yield keys[start:stop]
        start = stop


def _by_tenant(block: IntArray, layout: KeyLayout) -> list[IntArray]:
    """A line for each combination and tenant; for each combination where there are no tenants."""
    line = block >> layout.tenant_shift
    first = _starts(line)
    line, rows = line[first], np.diff(first, append=len(block))
    found = [line >> layout.tenant_bits, line & ((1 << layout.tenant_bits) - 1), rows]
    if layout.least is not None:
        above = np.add.reduceat(block & ((1 << layout.amount_bits) - 1), first)
        found.append(above + rows * layout.least)
    return found


def _by_value(block: IntArray, layout: KeyLayout) -> list[IntArray]:
    """A line for each combination and sensitive value."""
    combination = block >> layout.combination_shift
    first = _starts(combination)
    width = 1 << layout.value_bits
    place = np.zeros(len(block), dtype=np.int64)
    place[first[1:]] = width
    np.cumsum(place, out=place)
    place += (block >> layout.amount_bits) & (width - 1)
    if len(first) * width <= _MOST_EMPTY * len(block):
        counted = np.bincount(place)
        found = np.flatnonzero(counted)
        rows = counted[found]
    else:
        place.sort()
        at = _starts(place)
        found, rows = place[at], np.diff(at, append=len(place))
    return [combination[first][found >> layout.value_bits], found & (width - 1), rows]


def _starts(sorted_: IntArray) -> npt.NDArray[np.intp]:
    """Where each run of equal numbers begins."""
    return np.flatnonzero(np.concatenate(([True], sorted_[1:] != sorted_[:-1])))
