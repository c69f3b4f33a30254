"""Says as data what every candidate must look like before it may be published.

A suite is built from the target's declaration in the registry, so the two cannot drift apart. It
holds no value of any row, and knows nothing of the library that runs it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from catalog.registry import Column, ColumnType, Dataset
from expectations.errors import UncheckableColumn, UnknownColumn, WeakSuite

__all__ = [
    "EVERY_CANDIDATE",
    "TEXT_CANDIDATE",
    "CandidateColumn",
    "CandidateSuite",
    "CheckName",
    "CheckResult",
    "WrittenVector",
    "candidate_suite",
    "has_type",
]


class CheckName(StrEnum):
    """The checks a candidate must pass before it is published."""

    OUTPUT_SCHEMA = "output_schema"
    NO_PII_SHAPED_VALUE = "no_pii_shaped_value"
    K_DISTINCT_TENANTS = "k_distinct_tenants"
    NO_KNOWN_IDENTIFIERS = "no_known_identifiers"
    EMBEDDED_FROM_CONTENT = "embedded_from_content"
    TEXTS_STRIPPED = "texts_stripped"
    RED_TEAM = "red_team"
    RED_TEAM_CELLS = "red_team_cells"


EVERY_CANDIDATE = (
    CheckName.OUTPUT_SCHEMA,
    CheckName.NO_PII_SHAPED_VALUE,
    CheckName.K_DISTINCT_TENANTS,
)
"""What is required of every candidate."""

TEXT_CANDIDATE = (
    *EVERY_CANDIDATE,
    CheckName.NO_KNOWN_IDENTIFIERS,
    CheckName.EMBEDDED_FROM_CONTENT,
    CheckName.RED_TEAM,
)
"""What is required of a candidate that holds text."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check saw of a candidate: counts, never values."""

    name: str
    passed: bool
    observed: Mapping[str, int | float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CandidateColumn:
    """What one column of a candidate must hold; a bound of None is no bound."""

    name: str
    type: ColumnType
    nullable: bool
    allowed_values: frozenset[str] | None = None
    minimum: int | None = None
    maximum: int | None = None

    @property
    def is_text(self) -> bool:
        """Whether its values are text, in which anything could be written."""
        return self.type is ColumnType.TEXT


@dataclass(frozen=True, slots=True)
class CandidateSuite:
    """What a whole candidate must hold: these columns, one row per key, k tenants per row."""

    dataset: str
    columns: tuple[CandidateColumn, ...]
    key: tuple[str, ...]
    k_tenants: int
    seeks_known_identifiers: bool = False


@dataclass(frozen=True, slots=True)
class WrittenVector:
    """A vector as a candidate carries it, written out; it shows none of its numbers as text."""

    numbers: tuple[float, ...]

    @classmethod
    def parsed(cls, text: object) -> WrittenVector | None:
        """The vector that the text writes out; None where it is none."""
        try:
            numbers = json.loads(text) if isinstance(text, str) else None
        except ValueError:
            return None
        if not isinstance(numbers, list) or not all(map(_is_finite_number, numbers)):
            return None
        return cls(tuple(map(float, numbers)))

    def __str__(self) -> str:
        return "a vector"

    __repr__ = __str__


# The promotion that releases a row is written into it at publication: a candidate has none yet.
_SET_AT_PUBLICATION = "promotion_id"

_INTEGERS = frozenset({ColumnType.INTEGER, ColumnType.BIGINT})
_NUMBERS = _INTEGERS | {ColumnType.NUMERIC, ColumnType.DOUBLE}
_CHECKABLE = _NUMBERS | {
    ColumnType.TEXT,
    ColumnType.BOOLEAN,
    ColumnType.DATE,
    ColumnType.TIMESTAMP,
    ColumnType.UUID,
    ColumnType.VECTOR_384,
}
_VECTOR_LENGTH = 384


def candidate_suite(
    dataset: Dataset,
    *,
    k_tenants: int,
    allowed_values: Mapping[str, frozenset[str]],
    seeks_known_identifiers: bool = False,
) -> CandidateSuite:
    """The suite of candidates for that dataset.

    Ranges follow from what a column is: a rate lies between 0 and 1, and a cell that exists
    counts at least one row.
    """
    columns = tuple(
        _candidate_column(dataset, column, allowed_values.get(column.name))
        for column in dataset.columns
        if column.name != _SET_AT_PUBLICATION
    )
    unknown = sorted(allowed_values.keys() - {column.name for column in columns})
    if unknown:
        message = (
            f"{dataset.qualified_name}: values are allowed for {', '.join(unknown)}, which its "
            "candidates do not have; name columns that catalog.datasets declares"
        )
        raise UnknownColumn(message)
    if k_tenants < 1:
        message = (
            f"{dataset.qualified_name}: k_tenants is {k_tenants}, a cell needs at least one "
            "tenant; take k_tenants from the workflow's policy"
        )
        raise WeakSuite(message)
    return CandidateSuite(
        dataset=dataset.qualified_name,
        columns=columns,
        key=tuple(name for name in dataset.primary_key if name != _SET_AT_PUBLICATION),
        k_tenants=k_tenants,
        seeks_known_identifiers=seeks_known_identifiers,
    )


def has_type(value: object, column_type: ColumnType) -> bool:
    """Whether a cell's value is of that type, as Python holds it or as JSON carries it.

    JSON has no dates, times and ids of its own: they pass as text in ISO 8601, and as text that
    is a UUID. A number never passes as text, nor a truth value as a number, nor what is not
    finite as anything.
    """
    if column_type is ColumnType.TEXT:
        return isinstance(value, str)
    if column_type is ColumnType.BOOLEAN:
        return isinstance(value, bool)
    if column_type in _INTEGERS:
        return isinstance(value, int) and not isinstance(value, bool)
    if column_type is ColumnType.VECTOR_384:
        return isinstance(value, WrittenVector) and len(value.numbers) == _VECTOR_LENGTH
    if column_type in _NUMBERS:
        return _is_finite_number(value)
    return _is_moment_or_id(value, column_type)


def _candidate_column(
    dataset: Dataset, column: Column, allowed: frozenset[str] | None
) -> CandidateColumn:
    if column.type not in _CHECKABLE:
        message = (
            f"{dataset.qualified_name}.{column.name}: a candidate cannot hold {column.type}, a "
            "release carries cell aggregates only; split it into columns of plain types"
        )
        raise UncheckableColumn(message)
    is_rate = column.type in _NUMBERS and column.name.endswith("_rate")
    counts_rows = column.type in _INTEGERS
    return CandidateColumn(
        name=column.name,
        type=column.type,
        nullable=column.nullable,
        allowed_values=allowed,
        minimum=0 if is_rate else 1 if counts_rows else None,
        maximum=1 if is_rate else None,
    )


def _is_finite_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return False
    return value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)


def _is_moment_or_id(value: object, column_type: ColumnType) -> bool:
    parsed = _parsed(value, column_type) if isinstance(value, str) else value
    if column_type is ColumnType.DATE:
        return isinstance(parsed, date) and not isinstance(parsed, datetime)
    if column_type is ColumnType.TIMESTAMP:
        return isinstance(parsed, datetime) and parsed.tzinfo is not None
    return column_type is ColumnType.UUID and isinstance(parsed, UUID)


def _parsed(text: str, column_type: ColumnType) -> date | UUID | None:
    try:
        if column_type is ColumnType.DATE:
            return date.fromisoformat(text)
        return datetime.fromisoformat(text) if column_type is ColumnType.TIMESTAMP else UUID(text)
    except ValueError:
        return None
