"""One tenant joins, on the real Adult data: what a periodic benchmark reveals of it."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from decimal import Decimal
from random import Random

import pytest

from catalog.floors import DisclosurePolicy
from tests.anonymization.released_family import ReleasedFamily, a_state
from tests.conftest import SHARED_DATA

_CELL = ("sex", "age", "marital-status", "education")
_TENANTS = 200
_K = DisclosurePolicy(k_tenants=5, max_share=Decimal("0.60"), p_percent=10)


def cells_by_tenant() -> tuple[dict[object, Counter[str]], list[str]]:
    """Rows of 200 Zipf tenants by cell, and the tenants from the largest down."""
    file = SHARED_DATA / "adult" / "adult.csv"
    if not file.is_file():
        pytest.skip(f"the Adult data is not on this machine ({file})")
    draw = Random(11)
    names = [f"t{n:03}" for n in range(_TENANTS)]
    weights = [1 / (n + 1) for n in range(_TENANTS)]
    cells: dict[object, Counter[str]] = defaultdict(Counter)
    with file.open() as lines:
        for row in csv.DictReader(lines, delimiter=";"):
            (tenant,) = draw.choices(names, weights)
            cells[tuple(row[name] for name in _CELL)][tenant] += 1
    return cells, names


@pytest.mark.parametrize(("size", "place"), [("large", 0), ("middle", 50), ("small", 199)])
def test_a_tenant_that_joins_adult_is_revealed_only_without_the_guard(
    size: str, place: int
) -> None:
    """Two releases of the same cells, with and without one tenant."""
    cells, names = cells_by_tenant()
    joiner = names[place]
    before = {key: {t: n for t, n in cell.items() if t != joiner} for key, cell in cells.items()}
    joined = sum(joiner in cell for cell in cells.values())
    found = {}
    for guarded in (True, False):
        family = ReleasedFamily(guarded=guarded, policy=_K)
        for release in (before, cells):
            family.release({key: a_state(cell) for key, cell in release.items() if cell})
        found[guarded] = len(family.revealed()), len(family.published)
    print(
        f"Adult, a {size} tenant joins {joined} of {len(cells)} cells: without the guard "
        f"{found[False][0]} of {found[False][1]} released cells reveal it, with the guard "
        f"{found[True][0]} of {found[True][1]}"
    )
    assert found[True][0] == 0
    assert found[False][0] > 0 or size == "small"
