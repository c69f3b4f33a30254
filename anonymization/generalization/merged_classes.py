"""Classes made of smaller ones: the cells of a partition, or the two halves of many cuts."""

from __future__ import annotations

import numpy as np

from expectations.disclosure import grouped
from expectations.disclosure.classes import Classes, Contributors, IntArray, SensitiveValues

__all__ = ["merged_classes", "summed"]


_LARGEST_TABLE = 4
"""Pairs are added up in a table of all of them up to so many times the entries, else sorted."""


def merged_classes(classes: Classes, merged_into: IntArray, count: int) -> Classes:
    """The classes that arise when class i becomes part of class ``merged_into[i]``."""
    rows = np.zeros(count, dtype=np.int64)
    np.add.at(rows, merged_into, classes.rows)
    who, contributors = classes.contributors, None
    if who is not None:
        class_of, tenant, held, *amounts = _added_up(
            merged_into[who.class_of],
            who.tenant,
            [who.rows] if who.amounts is None else [who.rows, who.amounts],
            count,
        )
        contributors = Contributors(
            class_of, tenant, held, amounts[0] if amounts else None, who.fund_of_tenant
        )
    values, sensitive = classes.sensitive, None
    if values is not None:
        class_of, value, held = _added_up(
            merged_into[values.class_of], values.value, [values.rows], count
        )
        sensitive = SensitiveValues(values.column, class_of, value, held, values.overall)
    return Classes(rows, contributors, sensitive)


def summed(amounts: IntArray, first: IntArray) -> IntArray:
    """Sums of the runs that begin at ``first``."""
    return np.add.reduceat(amounts, first) if len(first) else amounts[:0]


def _added_up(
    class_of: IntArray, whose: IntArray, measures: list[IntArray], classes: int
) -> list[IntArray]:
    """Class, whose, and the sum of each measure, of every distinct pair, sorted; exact."""
    width = int(whose.max(initial=0)) + 1
    pair = class_of * width + whose
    if classes * width <= _LARGEST_TABLE * len(pair):
        present = np.zeros(classes * width, dtype=np.bool_)
        present[pair] = True
        distinct = np.flatnonzero(present)
        sums = []
        for measure in measures:
            table = np.zeros(classes * width, dtype=np.int64)
            np.add.at(table, pair, measure)
            sums.append(table[distinct])
    else:
        order = np.argsort(pair, kind="stable")
        first = grouped.starts(pair[order])
        distinct = pair[order][first]
        sums = [summed(measure[order], first) for measure in measures]
    return [*np.divmod(distinct, width), *sums]
