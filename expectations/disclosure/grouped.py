"""Sums, maxima and ranks within classes, over entries that are sorted by class."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from expectations.disclosure.classes import IntArray

__all__ = ["counts", "largest_first", "maxima", "ranks", "starts", "sums"]


_N = TypeVar("_N", np.int64, np.float64)


def starts(class_of: IntArray) -> IntArray:
    """Index of the first entry of each class that has one."""
    if not len(class_of):
        return np.zeros(0, dtype=np.int64)
    return np.concatenate(([0], np.flatnonzero(class_of[1:] != class_of[:-1]) + 1)).astype(np.int64)


def counts(class_of: IntArray, classes: int) -> IntArray:
    """How many entries each class has, (classes,)."""
    return np.bincount(class_of, minlength=classes).astype(np.int64)


def sums(
    class_of: IntArray, values: npt.NDArray[_N], classes: int, first: IntArray | None = None
) -> npt.NDArray[_N]:
    """The sum of each class, (classes,), in the values' own type: whole numbers stay exact.

    ``first`` is `starts(class_of)`, where it is known already.
    """
    total = np.zeros(classes, dtype=values.dtype)
    first = starts(class_of) if first is None else first
    if len(first):
        total[class_of[first]] = np.add.reduceat(values, first)
    return total


def maxima(
    class_of: IntArray, values: IntArray, classes: int, first: IntArray | None = None
) -> IntArray:
    """The largest value of each class, 0 for a class without entries, (classes,).

    ``first`` is `starts(class_of)`, where it is known already.
    """
    largest = np.zeros(classes, dtype=np.int64)
    first = starts(class_of) if first is None else first
    if len(first):
        largest[class_of[first]] = np.maximum.reduceat(values, first)
    return largest


def largest_first(class_of: IntArray, values: IntArray) -> IntArray:
    """The order of entries by class, then by falling value."""
    return np.lexsort((-values, class_of)).astype(np.int64)


def ranks(class_of: IntArray) -> IntArray:
    """The place of each entry in its class, from 0."""
    first = starts(class_of)
    length = np.diff(np.append(first, len(class_of)))
    return np.arange(len(class_of), dtype=np.int64) - np.repeat(first, length)
