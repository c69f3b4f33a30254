"""A draft is the same whole or a few cells at a time: each cell is decided by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from random import Random

import pytest

from anonymization import draft
from anonymization.candidate import (
    WHOLE,
    CellsOutOfStep,
    Extract,
    Part,
    ReadCell,
    _in_step,
)
from anonymization.draft import Draft
from anonymization.workflows.agent_run_aggregates import AGENT_RUN_AGGREGATES as WORKFLOW
from expectations.disclosure.cells import Contribution
from stores.candidate_filing import CellCounts, FiledCell
from stores.sessions import Row

_AMOUNTS = [Decimal(1), Decimal("10.50"), Decimal(0), Decimal(9000), Decimal(-1), Decimal("NaN")]


def some_cells(draw: Random) -> list[ReadCell]:
    """Cells of none to nine tenants, some too few, some that cannot be measured."""
    cells = []
    for number in range(60):
        values = dict.fromkeys(WORKFLOW.dimension_names, number)
        values |= {measure.column: number for measure in WORKFLOW.measures}
        parts: dict[str, list[Part]] = {}
        for name in (WHOLE, *WORKFLOW.measured):
            tenants = draw.randint(1, 9)
            if name == WHOLE or draw.random() < 0.9:
                parts[name] = [
                    Part(
                        Contribution(
                            f"tn_{n}", f"fd_{n % 5}", draw.randint(1, 3),
                            draw.choices(_AMOUNTS, [20, 20, 2, 2, 1, 1])[0],
                        ),
                        n,
                    )
                    for n in range(tenants)
                ]  # fmt: skip
        cells.append(ReadCell(tuple(values.values()), values, parts, {}))
    return cells


@pytest.mark.parametrize("seed", range(5))
def test_how_many_at_a_time_makes_no_difference(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not to the cells, not to who is told of, not to the counts."""
    cells = some_cells(Random(seed))
    made: list[tuple[list[FiledCell], CellCounts]] = []
    for at_once, parts in ((1000, 10**6), (1, 10**6), (7, 10**6), (1000, 40)):
        monkeypatch.setattr(draft, "_CELLS_AT_ONCE", at_once)
        monkeypatch.setattr(draft, "_PARTS_AT_ONCE", parts)
        drafted = Draft(WORKFLOW, Extract(0, ("0", "0", "0"), lambda: iter(cells)))
        made.append((list(drafted.cells()), drafted.counted()))
        # A filing that was tried again counts anew.
        assert (list(drafted.cells()), drafted.counted()) == made[-1]
    assert all(each == made[0] for each in made)
    assert made[0][1].cells_in == 60
    assert 0 < len(made[0][0]) == 60 - sum(made[0][1].suppressed.values())


def rows(*keys: tuple[str, date]) -> Iterator[Row]:
    """Rows of cells, by tool and month."""
    return iter([dict(zip(WORKFLOW.dimension_names, key, strict=True)) for key in keys])


_A, _B, _C = ((name, date(2026, 1, 1)) for name in "abc")


def test_each_cell_gets_those_who_contributed_to_it() -> None:
    """Both come in one order."""
    found = [(key, len(behind)) for key, _, behind in
             _in_step(WORKFLOW, rows(_A, _B, _C), rows(_A, _A, _B, _C, _C))]  # fmt: skip
    assert found == [(_A, 2), (_B, 1), (_C, 2)]


@pytest.mark.parametrize(
    ("cells", "contributed"),
    [
        ((_A, _B), (_A,)),
        ((_A,), (_A, _B)),
        ((), (_A,)),
        ((_A,), ()),
        ((_A, _B), (_B, _A)),
        ((_A, _B, _C), (_A, _C)),
    ],
)
def test_what_comes_in_two_orders_is_refused(
    cells: tuple[tuple[str, date], ...], contributed: tuple[tuple[str, date], ...]
) -> None:
    """Nobody would know who is behind which cell; no cell is filed with others' contributions."""
    with pytest.raises(CellsOutOfStep):
        list(_in_step(WORKFLOW, rows(*cells), rows(*contributed)))
