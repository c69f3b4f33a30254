"""What may leave of the cells that an engine totalled: rounded values, null where withheld."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa

from anonymization.engines.coding import int_column
from anonymization.engines.measured_columns import MeasuredAliases, places_of
from anonymization.engines.measures import Count, Measure, Quantile, Rate, Sum
from anonymization.engines.sources import Table
from anonymization.engines.withholding import OwnRows, exact_sums, may_stand
from anonymization.generalization.combinations import Combinations
from anonymization.rounding import rounded, rounded_units
from expectations.disclosure import grouped
from expectations.disclosure.classes import IntArray
from expectations.disclosure.models import BoolArray, Model

__all__ = ["CellTotals", "Cells", "Labels", "released_cells"]

Labels = Mapping[str, Sequence[str | None]]
"""Label columns: a text for each cell, by cell number."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Released cells, sorted by label: label columns, then measures, null where withheld.

    ``numbers`` is the caller's number of each line. ``withheld`` counts, for each measure, the
    cells in which it is null. A cell whose rows break the policy is ``left_out`` altogether.
    """

    lines: pa.Table
    numbers: IntArray
    withheld: Mapping[str, int]
    left_out: int
    released_rows: int
    suppressed_rows: int

    def __len__(self) -> int:
        return len(self.numbers)


@dataclass(frozen=True, slots=True)
class CellTotals:
    """What the engine found: the totals of each cell and tenant, and the units at the ranks."""

    aliases: MeasuredAliases
    totals: pa.Table
    fund_of_tenant: IntArray
    by_tenant: bool
    cells: int
    quantiles: Mapping[str, Mapping[int, int]]

    @property
    def cell(self) -> IntArray:
        """The cell of each entry."""
        return self.entries("cell")

    def entries(self, name: str) -> IntArray:
        """What the engine found under a name."""
        return int_column(self.totals, name)

    def per_cell(self, name: str) -> list[int]:
        """The same, summed over the tenants of each cell."""
        return exact_sums(self.cell, self.entries(name), self.cells)

    def own_rows(self, measure: Measure) -> OwnRows:
        """The rows that contribute to a measure."""
        tenant = self.entries("tenant_code") if self.by_tenant else None
        rows = self.entries(self.rows_name(measure))
        amounts = None
        if isinstance(measure, Sum):
            amounts = self.entries(f"{self.aliases.of(measure)}_sum")
        return OwnRows(self.cell, tenant, rows, amounts, self.fund_of_tenant)

    def rows_name(self, measure: Measure) -> str:
        """Under which name the rows stand that contribute to a measure."""
        if isinstance(measure, Count):
            return "row_count"
        return f"{self.aliases.of(measure)}_rows"


def released_cells(
    table: Table,
    found: CellTotals,
    measures: Sequence[Measure],
    policy: Sequence[Model] | None,
    labels: Labels,
    combinations: Combinations,
) -> Cells:
    """Every measure of every cell that may leave, rounded; null where it may not stand."""
    kept = may_stand(found.own_rows(Count()), found.cells, policy or ())
    numbers = _sorted_by_label(np.flatnonzero(kept), labels)
    columns: dict[str, pa.Array] = {
        name: pa.array([texts[cell] for cell in numbers], pa.string())
        for name, texts in labels.items()
    }
    if not labels:
        columns["cell"] = pa.array(numbers, pa.int64())
    withheld = {}
    for measure in measures:
        stands = may_stand(found.own_rows(measure), found.cells, policy or ())
        values = _values(table, found, measure, stands)
        chosen = [values[cell] for cell in numbers]
        columns[measure.column] = pa.array(chosen, _released_type(table, measure))
        withheld[measure.column] = chosen.count(None)
    rows = grouped.sums(found.cell, found.entries("row_count"), found.cells)
    released_rows = int(rows[numbers].sum())
    return Cells(
        lines=pa.table(columns),
        numbers=numbers,
        withheld=withheld,
        left_out=found.cells - len(numbers),
        released_rows=released_rows,
        suppressed_rows=combinations.classes.total_rows - released_rows,
    )


def _sorted_by_label(numbers: IntArray, labels: Labels) -> IntArray:
    def by_label(cell: int) -> list[tuple[bool, str]]:
        return [(texts[cell] is None, texts[cell] or "") for texts in labels.values()]

    return np.array(sorted(numbers.tolist(), key=by_label), dtype=np.int64)


def _values(
    table: Table,
    found: CellTotals,
    measure: Measure,
    stands: BoolArray,
) -> list[Decimal | int | None]:
    rows = found.per_cell(found.rows_name(measure))
    held = stands.tolist()
    if isinstance(measure, Rate):
        hits = found.per_cell(f"{found.aliases.of(measure)}_hits")
        return [
            rounded(measure, Fraction(hit, n)) if holds else None
            for hit, n, holds in zip(hits, rows, held, strict=True)
        ]
    units, scale = rows, 0
    if isinstance(measure, Sum):
        units = found.per_cell(f"{found.aliases.of(measure)}_sum")
    elif isinstance(measure, Quantile):
        at_rank = found.quantiles[measure.column]
        units = [at_rank.get(cell, 0) for cell in range(found.cells)]
        fraction = measure.fraction
        held = [holds and _is_within(fraction, n) for holds, n in zip(held, rows, strict=True)]
    if not isinstance(measure, Count):
        scale = places_of(table, measure)
    return [
        rounded_units(measure, each, scale) if holds else None
        for each, holds in zip(units, held, strict=True)
    ]


def _is_within(fraction: Fraction, rows: int) -> bool:
    """Whether the nearest rank is neither the first nor the last: those are raw extremes."""
    rank = -(-fraction.numerator * rows // fraction.denominator)
    return 1 < rank < rows


def _released_type(table: Table, measure: Measure) -> pa.DataType:
    match measure:
        case Count():
            return pa.int64()
        case Rate():
            return pa.decimal128(38, measure.decimals)
        case Sum() | Quantile():
            places = places_of(table, measure)
            return pa.decimal128(
                38, places if measure.decimals is None else max(measure.decimals, 0)
            )
