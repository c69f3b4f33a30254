"""Measures every model on the classes of a table as it is: worst values and counts, no cell's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np
import numpy.typing as npt

from anonymization.generalization.combinations import Combinations
from expectations.disclosure.classes import Classes
from expectations.disclosure.models import Model

__all__ = ["CheckReport", "Finding", "WorstCells", "check", "check_classes"]

_WORST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class WorstCells:
    """The cells that share one of the worst values of a model: how many, of how many rows."""

    value: float | None
    cells: int
    fewest_rows: int
    most_rows: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One model on all cells. A value is None where it has no bound (a sum of zero)."""

    value: float | None
    holds: bool
    cells_breaking: int
    rows_breaking: int
    worst_cells: tuple[WorstCells, ...]


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What the check of a table found."""

    rows: int
    cells: int
    tenants: int
    models: Mapping[str, Finding]

    @property
    def holds(self) -> bool:
        """Whether every model holds on every cell."""
        return all(finding.holds for finding in self.models.values())

    def as_fields(self, asked: Mapping[str, object]) -> dict[str, object]:
        """The report as one JSON document; ``asked`` is the limit of each model."""
        fields = asdict(self)
        for name, finding in fields["models"].items():
            finding["asked"] = asked[name]
        return {"holds": self.holds, **fields}


def check(combinations: Combinations, models: Mapping[str, Model]) -> CheckReport:
    """Measure each model on the table's own combinations."""
    report = check_classes(combinations.classes, models, counted=len(combinations))
    return replace(report, tenants=combinations.tenant_count)


def check_classes(classes: Classes, models: Mapping[str, Model], *, counted: int) -> CheckReport:
    """Measure each model on the first ``counted`` classes; what follows them is left out."""
    return CheckReport(
        rows=int(classes.rows[:counted].sum()),
        cells=counted,
        tenants=0,
        models={name: _found(model, classes, counted) for name, model in models.items()},
    )


def _found(model: Model, classes: Classes, counted: int) -> Finding:
    measured = model.measured(classes)[:counted]
    broken = ~model.satisfied(classes)[:counted]
    rows = classes.rows[:counted]
    worst_first = np.unique(measured)
    if not model.higher_is_safer:
        worst_first = worst_first[::-1]
    return Finding(
        value=_bounded(worst_first[0]) if len(worst_first) else None,
        holds=not broken.any(),
        cells_breaking=int(broken.sum()),
        rows_breaking=int(rows[broken].sum()),
        worst_cells=tuple(_cells(value, measured, rows) for value in worst_first[:_WORST_SHOWN]),
    )


def _cells(
    value: np.float64, measured: npt.NDArray[np.float64], rows: npt.NDArray[np.int64]
) -> WorstCells:
    sizes = rows[measured == value]
    return WorstCells(_bounded(value), len(sizes), int(sizes.min()), int(sizes.max()))


def _bounded(value: np.float64) -> float | None:
    return float(value) if np.isfinite(value) else None
