"""Estimates the largest tenant's amount from a published sum: as a stranger, and as the second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.anonymization.attacks import worlds
from tests.anonymization.attacks.released_files import Line, released

_STRANGER, _SECOND = 0.25, 0.09
"""An estimate so close is a success; at p = 10 and a share of 0.60 neither can be."""


def by_a_stranger(lines: Sequence[Line]) -> int:
    """Cells whose sum alone is nearly their largest tenant's amount."""
    return sum(_close(float(line.seen["sum_value"]), _largest(line)[0], _STRANGER)
               for line in lines if line.seen["sum_value"] is not None)  # fmt: skip


def by_the_second(lines: Sequence[Line]) -> int:
    """Cells in which the second largest takes its own away, and nearly the largest is left."""
    found = 0
    for line in lines:
        largest, second = _largest(line)
        if line.seen["sum_value"] is not None:
            found += _close(float(line.seen["sum_value"]) - second, largest, _SECOND)
    return found


def by_rows(lines: Sequence[Line]) -> int:
    """Cells in which one name fits most rows: more than the policy's 60 in 100."""
    shares = (Counter(row["tenant"] for row in line.rows).most_common(1)[0][1] / len(line.rows)
              for line in lines)  # fmt: skip
    return sum(share > 0.6 for share in shares)


def _largest(line: Line) -> tuple[int, int]:
    held = [*line.amounts().values(), 0]
    return held[0], held[1]


def _close(estimate: float, amount: int, within: float) -> bool:
    return abs(estimate - amount) <= within * amount


@pytest.mark.parametrize("name", ["deals", pytest.param("Adult", marks=pytest.mark.integration)])
def test_no_sum_is_nearly_its_largest_tenant(name: str, tmp_path: Path) -> None:
    """With k tenants alone many sums are; with dominance and the p% rule none is."""
    if name == "Adult":
        source = worlds.adult_with_tenants(tmp_path / "source.csv", spread=2.5)
        qi = worlds.ADULT_QI
    else:
        source = worlds.a_file_of_deals(tmp_path / "source.csv", spread=2.5)
        qi = worlds.DEALS_QI
    asked = {"qi": qi, "tenant": "tenant", "measure": "value"}
    kept = released(source, out=tmp_path / "kept.csv", **asked)
    open_ = released(source, out=tmp_path / "open.csv", dominance="1", p_percent="0", **asked)
    succeeded = {}
    for attack in (by_a_stranger, by_the_second, by_rows):
        found = attack(kept), attack(open_)
        succeeded[attack] = found[1]
        print(
            f"{name}, {attack.__name__}: {found[1]} of {len(open_)} cells without the rules, "
            f"{found[0]} of {len(kept)} with them"
        )
        assert found[0] == 0
    assert min(succeeded[by_a_stranger], succeeded[by_the_second]) > 0.05 * len(open_)
    assert succeeded[by_rows] > 0 or name == "Adult"
