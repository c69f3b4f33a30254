"""Leaves a cell out of what the attacker knows, and asks which tenant stands in it.

The victim is drawn evenly from the tenants of a released cell. A profiler knows the rows of every
tenant in all other cells, names included, and takes the tenant whose rows fit the cell's labels
best; an insider knows who stands in the cell, and takes one of them. Neither may be right more
often than once in k, but for chance.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from tests.anonymization.attacks import worlds
from tests.anonymization.attacks.released_files import Line, released

K = 5
_VICTIMS = 20_000


@dataclass
class Profiler:
    """Naive Bayes over the columns' labels, trained on every cell but the one attacked."""

    lines: Sequence[Line]
    columns: Sequence[str]

    def __post_init__(self) -> None:
        self.rows: Counter[str] = Counter()
        self.labelled: dict[tuple[str, object], Counter[str]] = defaultdict(Counter)
        for line in self.lines:
            held = Counter(row["tenant"] for row in line.rows)
            self.rows.update(held)
            for column in self.columns:
                self.labelled[column, line.seen[column]].update(held)

    def guess(self, line: Line) -> str:
        """The tenant that fits the cell's labels best, judged by its rows elsewhere."""
        here = Counter(row["tenant"] for row in line.rows)
        with_labels = [self.labelled[column, line.seen[column]] for column in self.columns]

        def fit(tenant: str) -> float:
            left = self.rows[tenant] - here[tenant]
            return math.log(left + 1) + sum(
                math.log((counted[tenant] - here[tenant] + 0.1) / (left + 1))
                for counted in with_labels
            )

        return max(sorted(self.rows), key=fit)


def top_1(lines: Sequence[Line], columns: Sequence[str]) -> tuple[float, float]:
    """How often the profiler and the insider name the victim."""
    draw = Random(31)
    profiler = Profiler(lines, columns)
    guesses = [profiler.guess(line) for line in lines]
    by_profile = by_insider = 0
    for _ in range(_VICTIMS):
        place = draw.randrange(len(lines))
        tenants = lines[place].tenants
        victim = draw.choice(tenants)
        by_profile += guesses[place] == victim
        by_insider += draw.choice(tenants) == victim
    return by_profile / _VICTIMS, by_insider / _VICTIMS


def upper(share: float) -> float:
    """The bound and the 99.9 % confidence interval of so many draws above it."""
    return share + 3.1 * math.sqrt(share * (1 - share) / _VICTIMS)


@pytest.mark.parametrize(
    "name", ["deals", "deals by levels", pytest.param("Adult", marks=pytest.mark.integration)]
)
def test_nobody_names_the_tenant_of_a_cell(name: str, tmp_path: Path) -> None:
    """At most once in k, whoever guesses; where only rows are counted, far more often."""
    hierarchies, suppression = None, "0"
    if name == "Adult":
        source, qi = worlds.adult_with_tenants(tmp_path / "source.csv"), worlds.ADULT_QI
    else:
        source, qi = worlds.a_file_of_deals(tmp_path / "source.csv"), worlds.DEALS_QI
    if name == "deals by levels":
        hierarchies, suppression = worlds.hierarchies_of_deals(tmp_path / "h"), "0.1"
    found = {}
    for k in (K, 1):
        lines = released(source, out=tmp_path / "cells.csv", hierarchies=hierarchies,
                         suppression=suppression, qi=qi, tenant="tenant", k=k)  # fmt: skip
        found[k] = top_1(lines, qi.split(","))
    print(
        f"{name}: a profiler names the tenant in {found[K][0]:.1%} and an insider in "
        f"{found[K][1]:.1%}, of at most {1 / K:.0%}; without the model in {found[1][0]:.1%} and "
        f"{found[1][1]:.1%}"
    )
    assert max(found[K]) <= upper(1 / K)
    assert found[1][1] > 2 / K
    assert found[1][0] > found[K][0]


def test_rows_alone_do_not_hide_a_tenant(tmp_path: Path) -> None:
    """Five rows may be one tenant's: that is why distinct tenants are counted."""
    source = worlds.a_file_of_deals(tmp_path / "source.csv")
    lines = {
        tenant: released(source, out=tmp_path / "cells.csv", qi=worlds.DEALS_QI, tenant=tenant, k=K)
        for tenant in (None, "tenant")
    }
    alone = {tenant: sum(len(line.tenants) < K for line in lines[tenant]) for tenant in lines}
    print(
        f"k of rows leaves {alone[None]} of {len(lines[None])} cells with fewer than {K} tenants, "
        f"k of tenants {alone['tenant']} of {len(lines['tenant'])}"
    )
    assert alone["tenant"] == 0
    assert alone[None] > 0.3 * len(lines[None])
