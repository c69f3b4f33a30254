"""Aggregates a table's rows into cells: counts, sums, rates and quantiles, rounded or withheld.

Without a policy nothing is withheld: the caller has then decided, or looks at its own rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from anonymization.engines.cell_files import write_cells
from anonymization.engines.cell_sql import (
    CELL_OF_KEY,
    MeasuredColumns,
    quantiles_sql,
    totals_sql,
)
from anonymization.engines.coding import CodedTable, int_column, open_coded
from anonymization.engines.combining import fund_of_tenant
from anonymization.engines.engine import Engine
from anonymization.engines.errors import ChangedTable, MisnumberedCells, UnusableColumn
from anonymization.engines.measured_columns import (
    MeasuredAliases,
    aliases_of,
    measured_columns,
)
from anonymization.engines.measures import Measure, Quantile
from anonymization.engines.released_cells import Cells, CellTotals, Labels, released_cells
from anonymization.engines.roles import Roles, require_roles
from anonymization.engines.sources import Table
from anonymization.generalization.combinations import Combinations
from expectations.disclosure.classes import IntArray
from expectations.disclosure.models import Model

__all__ = ["Cells", "Labels", "aggregate_cells", "write_cells"]


def aggregate_cells(  # noqa: PLR0913 a table, its cells, what is measured, and who stands behind it
    engine: Engine,
    table: Table,
    combinations: Combinations,
    cell_of: IntArray,
    measures: Sequence[Measure],
    *,
    policy: Sequence[Model] | None = None,
    tenant: str | None = None,
    fund: str | None = None,
    labels: Labels | None = None,
) -> Cells:
    """The measures of each cell: ``cell_of`` numbers the cell of each combination, -1 for none.

    ``policy`` holds the models that every measure's own rows must satisfy.
    """
    cell_of = np.asarray(cell_of, dtype=np.int64)
    cells = _require_cells(combinations, cell_of, measures, labels or {})
    roles = Roles(combinations.columns, tenant=tenant, fund=fund)
    aliases = aliases_of(table, measures)
    require_roles(table, roles)
    coded = open_coded(
        engine, table, roles.quasi_identifiers, {**roles.coded, **aliases.rated}, aliases.summed
    )
    _require_same_domains(coded, combinations)
    measured = measured_columns(engine, table, coded, measures, aliases)
    funds = fund_of_tenant(engine, coded, roles) if tenant else np.zeros(0, dtype=np.int64)
    _register_cells(engine, coded, combinations, cell_of)
    totals = _by_cell(coded, engine.fetch(totals_sql(coded, measured)))
    quantiles = _quantiles(engine, coded, measured, aliases, measures)
    found = CellTotals(aliases, totals, funds, tenant is not None, cells, quantiles)
    table.require_unchanged()
    _require_same_rows(found, combinations, cell_of)
    return released_cells(table, found, measures, policy, labels or {}, combinations)


def _require_cells(
    combinations: Combinations, cell_of: IntArray, measures: Sequence[Measure], labels: Labels
) -> int:
    if len(cell_of) != len(combinations):
        message = (
            f"{len(cell_of):,} cell numbers for {len(combinations):,} combinations; number each "
            "combination, or give it -1"
        )
        raise MisnumberedCells(message)
    numbered = np.unique(cell_of[cell_of >= 0])
    cells = len(numbered)
    if (cell_of < -1).any() or (cells and int(numbered[-1]) != cells - 1):
        raise MisnumberedCells("cells are not numbered 0, 1, 2... without gaps; number them so")
    uneven = sorted(name for name, texts in labels.items() if len(texts) != cells)
    if uneven:
        message = f"labels {', '.join(uneven)} are not one text for each of the {cells:,} cells"
        raise MisnumberedCells(message)
    named = [*labels, *(measure.column for measure in measures)]
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        message = f"more than one released column is called {', '.join(twice)}; rename them"
        raise UnusableColumn(message)
    return cells


def _require_same_domains(coded: CodedTable, combinations: Combinations) -> None:
    if tuple(domain.texts() for domain in coded.quasi) != combinations.domains:
        message = (
            "the table has other values than when its combinations were read, so rows would fall "
            "into no cell; read the combinations again"
        )
        raise ChangedTable(message)


def _require_same_rows(found: CellTotals, combinations: Combinations, cell_of: IntArray) -> None:
    expected = int(combinations.classes.rows[cell_of >= 0].sum())
    if int(found.entries("row_count").sum()) != expected:
        message = (
            "the table has other rows than when its combinations were read, so the cells' counts "
            "do not hold; read the combinations again"
        )
        raise ChangedTable(message)


def _register_cells(
    engine: Engine, coded: CodedTable, combinations: Combinations, cell_of: IntArray
) -> None:
    kept = cell_of >= 0
    keys = coded.packing.pack(combinations.codes[:, kept])
    columns = dict(zip(coded.keys, keys, strict=True)) | {"cell": cell_of[kept]}
    engine.register(CELL_OF_KEY, pa.table(columns))


def _by_cell(coded: CodedTable, totals: pa.Table) -> pa.Table:
    """The totals with the cell, and the tenant where there is one, taken from their key."""
    key, tenants = int_column(totals, "group_key"), coded.others.get("tenant")
    found = totals.drop_columns(["group_key"])
    if tenants is None:
        return found.append_column("cell", pa.array(key))
    cell, tenant = np.divmod(key, tenants.null_code + 1)
    return found.append_column("cell", pa.array(cell)).append_column(
        "tenant_code", pa.array(tenant)
    )


def _quantiles(
    engine: Engine,
    coded: CodedTable,
    measured: MeasuredColumns,
    aliases: MeasuredAliases,
    measures: Sequence[Measure],
) -> dict[str, dict[int, int]]:
    """Units at the nearest rank, by measure and cell; one query a column."""
    found: dict[str, dict[int, int]] = {}
    for alias, units in measured.units.items():
        asked = [m for m in measures if isinstance(m, Quantile) and aliases.of(m) == alias]
        if not asked:
            continue
        lines = engine.fetch(quantiles_sql(coded, alias, units, asked))
        cells = int_column(lines, "cell").tolist()
        for number, measure in enumerate(asked):
            values = int_column(lines, f"p{number}").tolist()
            found[measure.column] = dict(zip(cells, values, strict=True))
    return found
