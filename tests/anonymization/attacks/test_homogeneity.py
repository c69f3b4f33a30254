"""Reads a sensitive value off a cell whose rows all have the same one, or nearly all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.anonymization.attacks import worlds
from tests.anonymization.attacks.released_files import Line, released

_SURE = 0.9


def told(lines: Sequence[Line], column: str, value: str) -> tuple[int, int]:
    """Rows whose value a rate of 0 or 1 tells truly and for certain, and of how many."""
    rate = f"rate_{column}_{value}"
    certain = 0
    for line in lines:
        values = {row[column] for row in line.rows}
        # A rate of 0 tells the value only where there are but two.
        tells = line.seen[rate] == 1 or (line.seen[rate] == 0 and column == "salary-class")
        certain += len(line.rows) * (tells and len(values) == 1)
    return certain, sum(len(line.rows) for line in lines)


def nearly_told(lines: Sequence[Line], column: str) -> int:
    """Cells in which a guess at the commonest value is right nine times in ten."""
    return sum(
        max(Counter(row[column] for row in line.rows).values()) > _SURE * len(line.rows)
        for line in lines
    )


@pytest.mark.parametrize(
    ("model", "asked"),
    [
        ("distinct l", {"l": 2}),
        ("entropy l", {"entropy_l": "1.5"}),
        ("recursive (c,l)", {"recursive_cl": "3,2"}),
        ("t-closeness", {"t_equal": "0.35"}),
    ],
)
@pytest.mark.parametrize("name", ["deals", "Adult"])
def test_no_cell_of_one_value_is_released(
    name: str, model: str, asked: dict[str, object], tmp_path: Path
) -> None:
    """Five tenants that all won have told that they won; with the model no cell is like that."""
    if name == "Adult":
        source, qi = worlds.adult_with_tenants(tmp_path / "source.csv"), worlds.ADULT_QI
        column, value = "salary-class", "<=50K"
    else:
        source, qi = worlds.a_file_of_deals(tmp_path / "source.csv"), worlds.DEALS_QI
        column, value = "stage", "won"
    same = {"qi": qi, "tenant": "tenant", "rates": [f"{column}={value}"]}
    open_ = released(source, out=tmp_path / "open.csv", **same)
    kept = released(source, out=tmp_path / "kept.csv", sensitive=column, **same, **asked)
    certain = told(kept, column, value), told(open_, column, value)
    sure = nearly_told(kept, column), nearly_told(open_, column)
    print(
        f"{name}, {model}: {certain[1][0]:,} of {certain[1][1]:,} rows are told for certain "
        f"without it, {certain[0][0]} with it; 9 in 10 sure of {sure[1]} of {len(open_)} cells "
        f"without, {sure[0]} of {len(kept)} with"
    )
    assert certain[1][0] > 0.05 * certain[1][1]
    assert certain[0][0] == 0
    assert sure[0] < sure[1]
    if model != "distinct l":
        assert sure[0] == 0
