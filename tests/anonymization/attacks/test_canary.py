"""Plants one tenant in a town of its own making: found as soon as one guard is taken away.

Each guard has a scene that every other guard lets pass, so a guard that no longer works fails here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anonymization.kanon import release as releasing
from anonymization.kanon.errors import KanonError
from anonymization.kanon.grouping import Grouping, PartitionGrouper
from tests.anonymization.attacks.released_files import (
    Line,
    Row,
    a_hierarchy,
    a_source,
    released,
)

CANARY, VALUE = "canary", 1_234_567
Finds = Callable[[Line], bool]


def a_row(tenant: str, value: object, *, fund: str = "", town: str = "Here") -> Row:
    return {"town": town, "tenant": tenant, "fund": fund or f"f-{tenant}", "value": str(value)}


def others(count: int, value: object, *, fund: str = "") -> list[Row]:
    return [a_row(f"t{n}", value, fund=fund) for n in range(count)]


def without(known: int) -> Finds:
    """So many of the others pool what they know: what is left of the sum is the canary's."""

    def finds(line: Line) -> bool:
        held = [amount for tenant, amount in line.amounts().items() if amount and tenant != CANARY]
        return is_near(line.seen["sum_value"], sum(held[:known]), 0.02) and len(held) == known

    return finds


def a_stranger(line: Line) -> bool:
    """The sum itself is nearly the canary's."""
    return is_near(line.seen["sum_value"], 0, 0.25)


def the_second(line: Line) -> bool:
    """The second largest takes its own away."""
    return is_near(line.seen["sum_value"], line.amounts().most_common(2)[1][1], 0.09)


def a_join(line: Line) -> bool:
    """A published number is the canary's own."""
    return any(line.seen[name] == VALUE for name in line.seen if name.endswith("_value"))


def by_name(line: Line) -> bool:
    """Most rows of the cell are the canary's: whoever guesses a row is right."""
    return sum(row["tenant"] == CANARY for row in line.rows) > 0.6 * len(line.rows)


def is_near(total: Decimal | None, known: int, within: float) -> bool:
    return total is not None and abs(float(total) - known - VALUE) <= within * VALUE


def keep_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Withhold nothing, whoever contributes."""
    monkeypatch.setattr(
        "anonymization.engines.released_cells.may_stand",
        lambda own, cells, _: np.bincount(own.cell, own.rows, cells) > 0,
    )


def round_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let measures leave as they were found."""
    module = "anonymization.engines.released_cells"
    monkeypatch.setattr(f"{module}.rounded", lambda _, value: Decimal(value.numerator))
    monkeypatch.setattr(
        f"{module}.rounded_units", lambda _, units, scale: Decimal(units).scaleb(-scale)
    )
    monkeypatch.setattr(f"{module}._released_type", lambda *_: None)


@dataclass(frozen=True)
class Scene:
    """Who stands in the canary's town, the guard without which it is found, and how."""

    rows: Sequence[Row]
    finds: Finds
    flags: Mapping[str, Any] = field(default_factory=dict)
    taken_away: Callable[[pytest.MonkeyPatch], None] = lambda _: None


CANARY_ROW = a_row(CANARY, VALUE)
SCENES = {
    "distinct tenants": Scene(
        [CANARY_ROW, *others(3, 1_100_000)], without(3), {"k": 1, "k_without_fund": 1}
    ),
    "leaving out a fund": Scene(
        [CANARY_ROW, *others(5, 1_100_000, fund="one")], without(5), {"k_without_fund": 1}
    ),
    "dominance": Scene(
        [CANARY_ROW, *others(18, VALUE // 82)], a_stranger, {"dominance": "1"}
    ),
    "dominance of rows": Scene(
        [a_row(CANARY, VALUE // 20)] * 20 + others(6, 1_100_000), by_name, {"dominance": "1"}
    ),
    "p%": Scene(
        [CANARY_ROW, a_row("second", 950_000), *others(5, 14_000)],
        the_second,
        {"p_percent": "0"},
    ),
    "rounding": Scene(
        [CANARY_ROW, *(a_row(f"t{n}", VALUE + n * 1_003) for n in range(-6, 7) if n)],
        a_join,
        taken_away=round_nothing,
    ),
    "withholding": Scene(
        [CANARY_ROW, a_row("a", 1_100_000), a_row("b", 1_000_000), *others(5, "")],
        without(2),
        taken_away=keep_all_rows,
    ),
}  # fmt: skip


def lines_with_the_canary(scene: Scene, folder: Path, **flags: object) -> list[Line]:
    elsewhere = [a_row(f"e{n}", 1_000 + n, town="Elsewhere") for n in range(30)]
    lines = released(
        a_source(folder / "source.csv", [*scene.rows, *elsewhere]),
        out=folder / "cells.parquet",
        hierarchies=a_hierarchy(folder / "h", "town", [("Here", "*"), ("Elsewhere", "*")]),
        suppression="1", qi="town", tenant="tenant", fund="fund", measure="value", **flags,
    )  # fmt: skip
    assert lines
    return [line for line in lines if any(row["tenant"] == CANARY for row in line.rows)]


@pytest.mark.parametrize("guard", SCENES)
def test_the_canary_is_found_only_where_a_guard_is_taken_away(
    guard: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One guard less, everything else as it is, and the attack names the canary or its amount."""
    scene = SCENES[guard]
    guarded = lines_with_the_canary(scene, tmp_path)
    assert not any(scene.finds(line) for line in guarded)
    scene.taken_away(monkeypatch)
    assert any(scene.finds(line) for line in lines_with_the_canary(scene, tmp_path, **scene.flags))


def test_a_grouper_that_forgets_the_models_releases_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two checks stand behind the search, each enough: only without both is the canary out."""
    alone = Scene([CANARY_ROW] * 6, by_name)

    def careless(_: PartitionGrouper, subject: Any) -> Grouping:
        found = subject.combinations
        labels = {"town": [found.domains[0][code] for code in found.codes[0]]}
        return Grouping(np.arange(len(found)), labels, 0, 0.0, {})

    monkeypatch.setattr("anonymization.kanon.grouping.LatticeGrouper.group", careless)
    with pytest.raises(KanonError, match="do not hold what was asked"):
        lines_with_the_canary(alone, tmp_path)
    with monkeypatch.context() as first:
        first.setattr(releasing, "check_classes", lambda *_, **__: type("Any", (), {"holds": True}))
        with pytest.raises(KanonError, match="finished cells break a model"):
            lines_with_the_canary(alone, tmp_path)
        keep_all_rows(first)
        assert any(by_name(line) for line in lines_with_the_canary(alone, tmp_path))
