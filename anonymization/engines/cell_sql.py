"""The SQL that joins packed key -> cell and aggregates: whole numbers only, one text everywhere."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from anonymization.engines.coding import CodedTable, coded_rows
from anonymization.engines.measures import Quantile

__all__ = ["MeasuredColumns", "quantiles_sql", "totals_sql"]

CELL_OF_KEY = "cell_of_key"
"""The table that maps a packed key to its cell; keys of suppressed rows are not in it."""


@dataclass(frozen=True, slots=True)
class MeasuredColumns:
    """What is measured, by plain name: the SQL of amounts in units, and the code a rate counts."""

    units: Mapping[str, str]
    counted_code: Mapping[str, int]


def totals_sql(coded: CodedTable, measured: MeasuredColumns) -> str:
    """Rows, contributing rows, sums and hits of each cell and tenant.

    Where there are tenants, both are one number, cell * codes of tenants + code: a group of fewer
    columns is found faster.
    """
    tenants = coded.others.get("tenant")
    key = f"c.cell * {tenants.null_code + 1} + r.tenant_code" if tenants else "c.cell"
    used = [*measured.counted_code, *(["tenant"] if tenants else [])]
    totals = ["COUNT(*) AS row_count"]
    for alias in measured.units:
        totals.append(f"COUNT(r.{alias}_units) AS {alias}_rows")
        totals.append(f"CAST(COALESCE(SUM(r.{alias}_units), 0) AS BIGINT) AS {alias}_sum")
    for alias, code in measured.counted_code.items():
        null_code = coded.others[alias].null_code
        totals.append(_counted(f"r.{alias}_code <> {null_code}", f"{alias}_rows"))
        totals.append(_counted(f"r.{alias}_code = {code}", f"{alias}_hits"))
    return (
        f"SELECT {key} AS group_key, {', '.join(totals)} "
        f"{_rows_in_cells(coded, used, measured.units)} GROUP BY {key} ORDER BY group_key"
    )


def quantiles_sql(coded: CodedTable, alias: str, units: str, quantiles: Sequence[Quantile]) -> str:
    """The value at the nearest rank of each quantile in each cell.

    A row's place in its cell reaches the rank ceil(q * n) where place * denominator >=
    numerator * n: the smallest such value is the one, in whichever order rows of one value stand.
    """
    at_rank = ", ".join(
        f"MIN(CASE WHEN place * {each.fraction.denominator} >= "
        f"total * {each.fraction.numerator} THEN units END) AS p{number}"
        for number, each in enumerate(quantiles)
    )
    placed = (
        f"SELECT c.cell AS cell, r.{alias}_units AS units, "
        "COUNT(*) OVER (PARTITION BY c.cell) AS total, "
        f"ROW_NUMBER() OVER (PARTITION BY c.cell ORDER BY r.{alias}_units) AS place "
        f"{_rows_in_cells(coded, (), {alias: units})} WHERE r.{alias}_units IS NOT NULL"
    )
    return f"SELECT cell, {at_rank} FROM ({placed}) placed GROUP BY cell ORDER BY cell"


def _rows_in_cells(coded: CodedTable, used: Collection[str], units: Mapping[str, str]) -> str:
    plain = [f"{sql} AS {alias}_units" for alias, sql in units.items()]
    matches = " AND ".join(f"r.{key} = c.{key}" for key in coded.keys)
    return f"FROM ({coded_rows(coded, used, plain)}) r JOIN {CELL_OF_KEY} c ON {matches}"


def _counted(condition: str, name: str) -> str:
    return f"CAST(SUM(CASE WHEN {condition} THEN 1 ELSE 0 END) AS BIGINT) AS {name}"
