"""Runs the three checks that a candidate must pass before it may be published.

A check that could not be made has not passed. A candidate without cells passes: it breaks
nothing, and publishes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from enum import Enum
from functools import partial

from catalog.registry import ColumnType
from expectations.class_suites import NO_KNOWN_IDENTIFIERS, NO_PII
from expectations.errors import MiscountedCells
from expectations.findings import KNOWN_IDENTIFIER
from expectations.gx.quiet_validation import Expected, Outcome, validate_quietly
from expectations.gx.value_expectations import DECLARED_TYPE
from expectations.suites import (
    CandidateColumn,
    CandidateSuite,
    CheckName,
    CheckResult,
    WrittenVector,
)
from expectations.text_scan import found_by_kind

__all__ = ["run_candidate_checks"]


class _NotAValue(Enum):
    """Stands where a cell lacks a column, or holds what is not equal to itself.

    Great Expectations leaves such holes out, as if they were null; this it cannot overlook.
    """

    HOLE = "hole"


def run_candidate_checks(
    suite: CandidateSuite,
    cells: Sequence[Mapping[str, object]],
    tenants_per_cell: Sequence[int],
) -> tuple[CheckResult, ...]:
    """What each check saw of the candidate, in the order of `CheckName`: counts, never values.

    ``tenants_per_cell`` counts the distinct tenants behind each cell, in the order of the cells.
    """
    if len(cells) != len(tenants_per_cell):
        message = (
            f"{suite.dataset}: {len(cells)} cells come with {len(tenants_per_cell)} numbers of "
            "tenants, so k cannot be checked; pass one number per cell"
        )
        raise MiscountedCells(message)
    tenants_column = _unused_name(suite, cells)
    planned = _expected(suite, tenants_column, len(cells))
    outcomes = validate_quietly(
        _columns(suite, cells) | {tenants_column: list(tenants_per_cell)},
        [each for expected in planned.values() for each in expected],
    )
    return tuple(
        _check_result(
            check,
            planned=len(expected),
            rows=len(cells),
            outcomes=[outcome for outcome in outcomes if outcome.check == check],
            texts=_texts(suite, cells),
        )
        for check, expected in planned.items()
    )


def _check_result(
    check: CheckName, *, planned: int, rows: int, outcomes: Sequence[Outcome], texts: int
) -> CheckResult:
    unanswered = planned - sum(not outcome.could_not_check for outcome in outcomes)
    return CheckResult(
        name=check,
        passed=len(outcomes) == planned and all(outcome.passed for outcome in outcomes),
        observed={
            "rows": rows,
            "expectations": planned,
            "failed": sum(
                not outcome.passed and not outcome.could_not_check for outcome in outcomes
            ),
            "unexpected": sum(outcome.unexpected for outcome in outcomes),
            "could_not_check": unanswered,
            **_found(check, outcomes, texts),
        },
    )


def _found(check: CheckName, outcomes: Sequence[Outcome], texts: int) -> Mapping[str, int]:
    """What a search for identifiers found, by kind; nothing of any other check."""
    if check is CheckName.NO_KNOWN_IDENTIFIERS:
        rows = sum(outcome.observed for outcome in outcomes)
        return found_by_kind({KNOWN_IDENTIFIER: rows}, texts=texts, only_known=True)
    if check is CheckName.NO_PII_SHAPED_VALUE:
        counted: Counter[str] = Counter()
        for outcome in outcomes:
            counted.update(outcome.counts)
        return found_by_kind(counted, texts=texts)
    return {}


def _texts(suite: CandidateSuite, cells: Sequence[Mapping[str, object]]) -> int:
    names = [column.name for column in suite.columns if column.is_text]
    return sum(cell.get(name) is not None for cell in cells for name in names)


def _unused_name(suite: CandidateSuite, cells: Sequence[Mapping[str, object]]) -> str:
    """A column name for the tenants that hides no column of the candidate from the checks."""
    taken = {column.name for column in suite.columns}.union(*cells)
    name = "distinct_tenants"
    while name in taken:
        name += "_"
    return name


def _columns(
    suite: CandidateSuite, cells: Sequence[Mapping[str, object]]
) -> dict[str, Sequence[object]]:
    """The cells column by column: those of the suite if there are none, else those they have.

    Vectors are read, so that their digits are not searched for numbers that mean somebody.
    """
    names = dict.fromkeys(name for cell in cells for name in cell)
    if not cells:
        names = dict.fromkeys(column.name for column in suite.columns)
    vectors = {column.name for column in suite.columns if column.type is ColumnType.VECTOR_384}
    return {
        name: [
            (WrittenVector.parsed(cell.get(name)) or _NotAValue.HOLE)
            if name in vectors
            else _value(cell, name)
            for cell in cells
        ]
        for name in names
    }


def _value(cell: Mapping[str, object], name: str) -> object:
    value = cell.get(name, _NotAValue.HOLE)
    if isinstance(value, Decimal):
        return _NotAValue.HOLE if value.is_nan() else value
    is_itself = value == value  # noqa: PLR0124 - what stands for "not a number" is not
    return value if is_itself is True else _NotAValue.HOLE


def _expected(
    suite: CandidateSuite, tenants_column: str, rows: int
) -> Mapping[CheckName, Sequence[Expected]]:
    """The expectations that each check consists of."""
    schema = partial(Expected, CheckName.OUTPUT_SCHEMA)
    names = [column.name for column in suite.columns]
    planned: dict[CheckName, Sequence[Expected]] = {
        CheckName.OUTPUT_SCHEMA: (
            schema("expect_table_row_count_to_equal", {"value": rows}),
            schema(
                "expect_table_columns_to_match_set",
                {"column_set": [*names, tenants_column], "exact_match": True},
            ),
            _unique_key(suite),
            *(each for column in suite.columns for each in _column_expected(column)),
        ),
        CheckName.NO_PII_SHAPED_VALUE: tuple(
            Expected(CheckName.NO_PII_SHAPED_VALUE, NO_PII, {"column": column.name})
            for column in suite.columns
            if column.is_text
        ),
        CheckName.K_DISTINCT_TENANTS: tuple(
            replace(each, check=CheckName.K_DISTINCT_TENANTS)
            for each in _column_expected(
                CandidateColumn(
                    tenants_column, ColumnType.BIGINT, nullable=False, minimum=suite.k_tenants
                )
            )
        ),
    }
    if suite.seeks_known_identifiers:
        known = Expected(CheckName.NO_KNOWN_IDENTIFIERS, NO_KNOWN_IDENTIFIERS, {})
        planned[CheckName.NO_KNOWN_IDENTIFIERS] = (known,)
    return planned


def _unique_key(suite: CandidateSuite) -> Expected:
    if len(suite.key) == 1:
        kind, arguments = "expect_column_values_to_be_unique", {"column": suite.key[0]}
        return Expected(CheckName.OUTPUT_SCHEMA, kind, arguments)
    return Expected(
        CheckName.OUTPUT_SCHEMA,
        "expect_compound_columns_to_be_unique",
        {"column_list": list(suite.key)},
    )


def _column_expected(column: CandidateColumn) -> Iterator[Expected]:
    """What one column must hold: its type, its nullability, its values and its range."""

    def expected(kind: str, **arguments: object) -> Expected:
        return Expected(CheckName.OUTPUT_SCHEMA, kind, {"column": column.name} | arguments)

    yield expected(DECLARED_TYPE, column_type=str(column.type))
    if not column.nullable:
        yield expected("expect_column_values_to_not_be_null")
    if column.allowed_values is not None:
        yield expected("expect_column_values_to_be_in_set", value_set=sorted(column.allowed_values))
    if column.minimum is not None or column.maximum is not None:
        yield expected(
            "expect_column_values_to_be_between",
            min_value=column.minimum,
            max_value=column.maximum,
        )
