"""Sorts the lines that a grouping yields into the entries of each class.

A line's last key holds the code of a tenant, or of a sensitive value, below the combination's own;
the keys of the second part lie above all those of the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from anonymization.engines.coding import Codes
from expectations.disclosure.classes import IntArray

__all__ = [
    "Entries",
    "classes_of",
    "entries",
    "key_offset",
    "of_no_fund",
    "part_width",
    "whole_numbers",
]

_INT64_BITS = 63


@dataclass(frozen=True, slots=True)
class Entries:
    """The lines of one grouping, sorted by key, then code; no codes where there is no part."""

    keys: list[IntArray]
    codes: IntArray
    rows: IntArray
    amounts: IntArray | None


def entries(coded: Codes, groups: pa.Table, parts: Sequence[str]) -> dict[str, Entries]:
    """The entries of each part (of none: under an empty name)."""
    above = key_offset(coded, parts) if len(parts) > 1 else None
    before = [whole_numbers(groups[each]) for each in coded.keys[:-1]]
    last, order = _sorted(
        before, np.require(whole_numbers(groups["part_key"]), requirements="W"), above
    )
    split = len(last) if above is None else int(np.searchsorted(last >= above, v=True))
    found = {}
    for part, lines in zip(parts or [""], (slice(split), slice(split, None)), strict=False):
        chosen, key = order[lines], last[lines]
        codes = np.zeros(0, dtype=np.int64)
        if part:
            if above is not None and part != parts[0]:
                key -= above
            codes = key % part_width(coded, part)
            key //= part_width(coded, part)
        amounts = None
        if part == "tenant" and "amount" in groups.column_names:
            amounts = whole_numbers(groups["amount"])[chosen]
        keys = [*(each[chosen] for each in before), key]
        found[part] = Entries(keys, codes, whole_numbers(groups["row_count"])[chosen], amounts)
    return found


def _sorted(
    before: Sequence[IntArray], last: IntArray, above: int | None
) -> tuple[IntArray, npt.NDArray[np.intp]]:
    """The last keys, those of ``above`` and more behind the others, and where each one stood.

    Keys are distinct and at least 0. Whole numbers sort several times faster than their places do,
    so a place rides in the low bits of its key while both fit into 63. ``last`` is written over:
    memory that is new to the process costs more than what is done in it.
    """
    places = len(last).bit_length()
    if before or int(last.max(initial=0)).bit_length() + places > _INT64_BITS:
        part = [] if above is None else [last >= above]
        order = np.lexsort((last, *reversed(before), *part))
        return last[order], order
    last <<= places
    last |= np.arange(len(last))
    last.sort()
    order = last & ((1 << places) - 1)
    last >>= places
    return last, order


def part_width(coded: Codes, part: str) -> int:
    """How many codes a tenant or sensitive value takes of a key."""
    return coded.others[part].null_code + 1


def of_no_fund(tenants: int) -> IntArray:
    """The fund code of tenants that have none: each a negative one of its own."""
    return -1 - np.arange(tenants, dtype=np.int64)


def key_offset(coded: Codes, parts: Sequence[str]) -> int:
    """What lies above every key of the first part."""
    return coded.packing.span * part_width(coded, parts[0])


def classes_of(keys: Sequence[IntArray]) -> tuple[IntArray, npt.NDArray[np.intp]]:
    """The class of each sorted entry, and the first entry of each class."""
    starts = np.ones(len(keys[0]), dtype=np.bool_)
    starts[1:] = False
    for key in keys:
        starts[1:] |= key[1:] != key[:-1]
    class_of = np.cumsum(starts, dtype=np.int64)
    class_of -= 1
    return class_of, np.flatnonzero(starts)


def whole_numbers(column: pa.ChunkedArray | pa.Array) -> IntArray:
    """A column without nulls as an array."""
    return np.asarray(column.to_numpy(), dtype=np.int64)
