"""Amounts as whole numbers of 10**-scale units, so that a sum is exact on every engine.

Whole numbers stay as they are, a DECIMAL keeps its places, text and floating point numbers have
six: text is rounded half away from zero, floating point numbers half up. An amount that is no
number, not finite or of more than 18 digits is refused by count; null adds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from anonymization.engines.engine import Engine
from anonymization.engines.errors import UnusableColumn
from anonymization.engines.sources import Column, ColumnKind

__all__ = ["AmountUnits", "amount_units", "require_amounts"]

_PLACES = 6
_DIGITS = 18


@dataclass(frozen=True, slots=True)
class AmountUnits:
    """The SQL of a column in units, NULL where it is unusable, and how many places a unit has."""

    sql: str
    scale: int
    can_fail: bool


def amount_units(column: Column, alias: str) -> AmountUnits:
    """How the column is turned into units."""
    match column.kind:
        case ColumnKind.INTEGER:
            return AmountUnits(f"TRY_CAST({alias} AS BIGINT)", 0, can_fail=True)
        case ColumnKind.DECIMAL if column.scale <= _DIGITS:
            fits = f"TRY_CAST({alias} AS DECIMAL({_DIGITS}, {column.scale}))"
            return AmountUnits(_scaled(fits, column.scale), column.scale, can_fail=True)
        case ColumnKind.TEXT:
            number = f"CASE WHEN {_is_plain(alias)} THEN {alias} END"
            fits = f"TRY_CAST({number} AS DECIMAL({_DIGITS}, {_PLACES}))"
            return AmountUnits(_scaled(fits, _PLACES), _PLACES, can_fail=True)
        case ColumnKind.DOUBLE:
            limit = f"CAST({10 ** (_DIGITS - _PLACES)} AS DOUBLE)"
            units = f"FLOOR({alias} * CAST({10**_PLACES} AS DOUBLE) + CAST(0.5 AS DOUBLE))"
            # Parquet's statistics leave NaN out, and DuckDB trusts them: there, NaN < limit. It may
            # also cast what the CASE has left out, hence TRY_CAST.
            finite = f"{alias} * CAST(0 AS DOUBLE) = CAST(0 AS DOUBLE) AND ABS({alias}) < {limit}"
            sql = f"TRY_CAST(CASE WHEN {finite} THEN {units} END AS BIGINT)"
            return AmountUnits(sql, _PLACES, can_fail=True)
        case _:
            message = (
                f"column {column.name} is {column.kind}, which is no amount; give a column of "
                f"whole numbers, decimals of at most {_DIGITS} digits, or text of such"
            )
            raise UnusableColumn(message)


def require_amounts(engine: Engine, table: str, column: Column, alias: str) -> None:
    """Refuse a column in which an amount cannot be turned into units, saying how many."""
    units = amount_units(column, alias)
    if not units.can_fail:
        return
    query = f"SELECT COUNT(*) AS n FROM {table} WHERE {alias} IS NOT NULL AND {units.sql} IS NULL"
    unusable = engine.fetch(query)["n"][0].as_py()
    if unusable:
        message = (
            f"column {column.name}: {unusable:,} amounts are no number, not finite, or have more "
            f"than {_DIGITS} digits (at {units.scale} places); correct them or leave the rows out"
        )
        raise UnusableColumn(message)


def _scaled(decimal: str, scale: int) -> str:
    """The decimal times 10**scale; widened first, since DuckDB would multiply in 18 digits."""
    if not scale:
        return f"CAST({decimal} AS BIGINT)"
    wide = f"CAST({decimal} AS DECIMAL({_DIGITS + scale}, {scale}))"
    return f"CAST({wide} * CAST({10**scale} AS DECIMAL({scale + 1}, 0)) AS BIGINT)"


def _is_plain(text: str) -> str:
    """Nothing but digits, a sign and a point: engines differ on what else is a number."""
    return f"TRANSLATE({text}, '0123456789.+-', '') = ''"
