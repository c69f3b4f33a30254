"""Packs the codes of many columns into as few whole numbers of 62 bits as they need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Packing", "packing_of"]

_KEY_LIMIT = 2**62


@dataclass(frozen=True, slots=True)
class Packing:
    """Which columns each key holds, and the number of codes of each column.

    Keys compare like the codes in them: the first column is the most significant. Most tables need
    one key; twenty columns, or a million distinct values in several, need more.
    """

    sizes: tuple[int, ...]
    keys: tuple[tuple[int, ...], ...]

    def stride(self, column: int) -> int:
        """What one code of the column adds to its key."""
        key = next(each for each in self.keys if column in each)
        stride = 1
        for later in key[key.index(column) + 1 :]:
            stride *= self.sizes[later]
        return stride

    @property
    def span(self) -> int:
        """What lies above every value of the last key."""
        first = self.keys[-1][0]
        return self.stride(first) * self.sizes[first]

    def pack(self, codes: npt.NDArray[np.int32]) -> list[npt.NDArray[np.int64]]:
        """The keys of codes (columns, combinations)."""
        packed = []
        for key in self.keys:
            total = np.zeros(codes.shape[1], dtype=np.int64)
            for column in key:
                total += codes[column].astype(np.int64) * self.stride(column)
            packed.append(total)
        return packed

    def unpack(self, keys: Sequence[npt.NDArray[np.int64]]) -> npt.NDArray[np.int32]:
        """The codes (columns, combinations) of keys."""
        codes = np.empty((len(self.sizes), len(keys[0])), dtype=np.int32)
        for columns, values in zip(self.keys, keys, strict=True):
            for column in columns:
                codes[column] = values // self.stride(column) % self.sizes[column]
        return codes


def packing_of(sizes: Sequence[int], spare: int = 1) -> Packing:
    """Fill one key after the other with the columns, in their order.

    Each key leaves room for one more column, of ``spare`` codes.
    """
    limit = _KEY_LIMIT // max(spare, 1)
    keys: list[list[int]] = [[]]
    room = limit
    for column, size in enumerate(sizes):
        if keys[-1] and room < size:
            keys.append([])
            room = limit
        keys[-1].append(column)
        room //= max(size, 1)
    return Packing(tuple(sizes), tuple(map(tuple, keys)))
