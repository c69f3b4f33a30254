"""Which columns the measures need, under which plain names, and in which units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from anonymization.engines.amounts import amount_units, require_amounts
from anonymization.engines.cell_sql import MeasuredColumns
from anonymization.engines.coding import CodedTable
from anonymization.engines.engine import Engine
from anonymization.engines.errors import UnusableColumn
from anonymization.engines.measures import (
    Count,
    Measure,
    Quantile,
    Rate,
    Sum,
    require_coarser_than,
)
from anonymization.engines.sources import ColumnKind, Table

__all__ = ["MeasuredAliases", "aliases_of", "measured_columns", "places_of"]


@dataclass(frozen=True, slots=True)
class MeasuredAliases:
    """The columns that are summed or ranked, and those a rate looks at, by plain name."""

    summed: Mapping[str, str]
    rated: Mapping[str, str]
    of_measure: Mapping[str, str]

    def of(self, measure: Measure) -> str:
        """The plain name of what a measure is made of."""
        return self.of_measure[measure.column]


def aliases_of(table: Table, measures: Sequence[Measure]) -> MeasuredAliases:
    """Give each summed column, and each rate, a plain name."""
    table.require_columns([each.of for each in measures if not isinstance(each, Count)])
    summed: dict[str, str] = {}
    rated: dict[str, str] = {}
    of_measure: dict[str, str] = {}
    for number, measure in enumerate(measures):
        match measure:
            case Sum() | Quantile():
                _require_rounding(table, measure)
                alias = summed.setdefault(measure.of, f"v{len(summed)}")
                of_measure[measure.column] = alias
            case Rate():
                rated[f"m{number}"] = measure.of
                of_measure[measure.column] = f"m{number}"
    return MeasuredAliases({alias: column for column, alias in summed.items()}, rated, of_measure)


def measured_columns(
    engine: Engine,
    table: Table,
    coded: CodedTable,
    measures: Sequence[Measure],
    aliases: MeasuredAliases,
) -> MeasuredColumns:
    """The SQL of the summed columns and the codes that rates count; refuses unusable values."""
    units = {}
    for alias, column in aliases.summed.items():
        require_amounts(engine, coded.source, table.column(column), alias)
        units[alias] = amount_units(table.column(column), f"s.{alias}").sql
    counted = {
        aliases.of(measure): _counted_code(coded, measure, aliases.of(measure))
        for measure in measures
        if isinstance(measure, Rate)
    }
    return MeasuredColumns(units, counted)


def places_of(table: Table, measure: Sum | Quantile) -> int:
    """How many places a unit of the measured column has."""
    return amount_units(table.column(measure.of), "").scale


def _counted_code(coded: CodedTable, measure: Rate, alias: str) -> int:
    texts = coded.others[alias].texts()
    if measure.equals not in texts:
        message = (
            f"measure {measure.column}: the value it counts does not occur in column {measure.of}, "
            "so every rate would be 0; correct the value, or leave the measure out"
        )
        raise UnusableColumn(message)
    return texts.index(measure.equals)


def _require_rounding(table: Table, measure: Sum | Quantile) -> None:
    """Only a DECIMAL says how many places its values have; elsewhere they may have none."""
    column = table.column(measure.of)
    require_coarser_than(measure, column.scale if column.kind is ColumnKind.DECIMAL else 0)
