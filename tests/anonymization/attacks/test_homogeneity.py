"""Reads a sensitive value off a cell whose rows all have the same one, or nearly all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.anonymization.attacks import worlds
from tests.anonymization.attacks.released_files import Line, released

_SURE = 0.9
_MODELS = {
    "distinct l": {"l": 2},
    "entropy l": {"entropy_l": "1.5"},
    "recursive (c,l)": {"recursive_cl": "4,2"},
    "t-closeness": {"t_equal": "0.14"},
}


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


def a_world(name: str, path: Path) -> tuple[Path, str, str, str]:
    """The source, its quasi-identifiers, the sensitive column and the value that is asked for."""
    if name == "Adult":
        return worlds.adult_with_tenants(path), worlds.ADULT_QI, "salary-class", "<=50K"
    return worlds.a_file_of_deals(path), worlds.DEALS_QI, "stage", "won"


@pytest.mark.parametrize("name", ["deals", pytest.param("Adult", marks=pytest.mark.integration)])
def test_no_cell_of_one_value_is_released(name: str, tmp_path: Path) -> None:
    """Five tenants that all won have told that they won; with a model no cell is like that."""
    source, qi, column, value = a_world(name, tmp_path / "source.csv")
    same = {"qi": qi, "tenant": "tenant", "rates": [f"{column}={value}"]}
    open_ = released(source, out=tmp_path / "open.csv", **same)
    certain, rows = told(open_, column, value)
    sure = nearly_told(open_, column)
    print(f"{name}: {certain:,} of {rows:,} rows are told for certain without a model, and 9 in 10")
    print(f"  sure of {sure} of {len(open_)} cells")
    assert certain > 0.05 * rows
    assert sure > 0.05 * len(open_)
    for model, asked in _MODELS.items():
        kept = released(source, out=tmp_path / "kept.csv", sensitive=column, **same, **asked)
        left = told(kept, column, value)[0], nearly_told(kept, column)
        print(f"  {model}: {left[0]} rows, {left[1]} of {len(kept)} cells")
        assert left[0] == 0
        assert left[1] == 0 or model == "distinct l"
        assert left[1] < sure
