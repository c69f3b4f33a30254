"""Small tables, row by row, and the combinations a pass over them would yield."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from anonymization.generalization.combinations import Combinations
from expectations.disclosure.classes import Classes, Contributors, IntArray, SensitiveValues

FUND_OF_TENANT = [0, 0, 1, 1, 2, -1, -2]


@dataclass(frozen=True)
class Row:
    values: tuple[str, ...]
    tenant: int
    value: int
    amount: int


def combinations_of(
    rows: Sequence[Row],
    *,
    columns: tuple[str, ...] = ("size", "place", "sector"),
    groups_of: Sequence[tuple[str | None, ...]] | None = None,
    overall: IntArray | None = None,
) -> Combinations:
    """The table's combinations; grouped by ``groups_of`` instead of its values where given."""
    keys = [row.values for row in rows] if groups_of is None else list(groups_of)
    order = sorted(set(keys), key=str)
    place = {key: number for number, key in enumerate(order)}
    held: Counter[tuple[int, int]] = Counter()
    counted: Counter[tuple[int, int]] = Counter()
    values: Counter[tuple[int, int]] = Counter()
    for row, key in zip(rows, keys, strict=True):
        held[place[key], row.tenant] += row.amount
        counted[place[key], row.tenant] += 1
        values[place[key], row.value] += 1
    pairs, value_pairs = sorted(counted), sorted(values)
    domains = tuple(tuple(sorted({key[c] for key in order}, key=str)) for c in range(len(columns)))
    return Combinations(
        columns=columns,
        domains=domains,
        codes=np.array(
            [[domains[c].index(key[c]) for key in order] for c in range(len(columns))],
            dtype=np.int32,
        ),
        classes=Classes(
            np.array([keys.count(key) for key in order], dtype=np.int64),
            Contributors(
                np.array([pair[0] for pair in pairs], dtype=np.int64),
                np.array([pair[1] for pair in pairs], dtype=np.int64),
                np.array([counted[pair] for pair in pairs], dtype=np.int64),
                np.array([held[pair] for pair in pairs], dtype=np.int64),
                np.array(FUND_OF_TENANT, dtype=np.int64),
            ),
            SensitiveValues(
                "value",
                np.array([pair[0] for pair in value_pairs], dtype=np.int64),
                np.array([pair[1] for pair in value_pairs], dtype=np.int64),
                np.array([values[pair] for pair in value_pairs], dtype=np.int64),
                np.bincount([row.value for row in rows], minlength=3).astype(np.int64)
                if overall is None
                else overall,
            ),
        ),
        tenant_count=len({row.tenant for row in rows}),
    )
