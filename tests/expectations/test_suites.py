"""A suite follows from the declaration of its target and refuses what it could not check."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from anonymization.registered import WORKFLOWS
from anonymization.workflow import Workflow
from catalog.declared import REGISTRY
from catalog.registry import ColumnType
from expectations.errors import UncheckableColumn, UnknownColumn, WeakSuite
from expectations.suites import CandidateSuite, candidate_suite, has_type

BENCHMARKS = REGISTRY.get("anonymized_industry_benchmarks")


def a_suite(k_tenants: int = 5) -> CandidateSuite:
    return candidate_suite(BENCHMARKS, k_tenants=k_tenants, allowed_values={})


def test_a_suite_leaves_out_the_promotion_that_a_candidate_does_not_have_yet() -> None:
    """A candidate is checked before the promotion id is written into its rows."""
    suite = a_suite()
    declared = [column.name for column in BENCHMARKS.columns]
    assert [*(column.name for column in suite.columns), "promotion_id"] == declared
    assert suite.key == ("sector", "size_band", "product_series", "quarter")


def test_ranges_follow_from_what_a_column_is() -> None:
    """A rate above 1 or a cell that counts nothing is a mistake of the workflow."""
    bounds = {column.name: (column.minimum, column.maximum) for column in a_suite().columns}
    assert bounds["win_rate"] == (0, 1)
    assert bounds["deals"] == (1, None)
    assert bounds["value_p50"] == (None, None)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.name)
def test_every_registered_workflow_has_a_suite(workflow: Workflow) -> None:
    """A workflow whose candidates cannot be checked could never publish."""
    suite = candidate_suite(
        workflow.target_dataset,
        k_tenants=workflow.policy.k_tenants,
        allowed_values=workflow.allowed_values,
    )
    assert any(column.is_text for column in suite.columns)


def test_allowed_values_of_an_unknown_column_are_refused() -> None:
    """A misspelt column would silently allow every value."""
    with pytest.raises(UnknownColumn, match="sectr"):
        candidate_suite(BENCHMARKS, k_tenants=5, allowed_values={"sectr": frozenset("a")})


def test_a_target_that_holds_more_than_aggregates_is_refused() -> None:
    """Nothing can be said about the inside of JSON or of a vector."""
    with pytest.raises(UncheckableColumn, match="content"):
        candidate_suite(REGISTRY.get("cross_portco_views"), k_tenants=5, allowed_values={})


def test_a_suite_asks_for_at_least_one_tenant() -> None:
    """With k = 0 every cell would have enough tenants."""
    with pytest.raises(WeakSuite):
        a_suite(k_tenants=0)


@pytest.mark.parametrize(
    ("value", "column_type", "is_held"),
    [
        ("a", ColumnType.TEXT, True),
        (1, ColumnType.TEXT, False),
        (1, ColumnType.BIGINT, True),
        (True, ColumnType.BIGINT, False),
        (1.0, ColumnType.BIGINT, False),
        (Decimal("0.5"), ColumnType.NUMERIC, True),
        (0.5, ColumnType.NUMERIC, True),
        ("0.5", ColumnType.NUMERIC, False),
        (Decimal("NaN"), ColumnType.NUMERIC, False),
        (float("inf"), ColumnType.NUMERIC, False),
        (True, ColumnType.NUMERIC, False),
        (True, ColumnType.BOOLEAN, True),
        (1, ColumnType.BOOLEAN, False),
        (date(2017, 1, 1), ColumnType.DATE, True),
        ("2017-01-01", ColumnType.DATE, True),
        (datetime(2017, 1, 1, tzinfo=UTC), ColumnType.DATE, False),
        ("2017-01-01 jane", ColumnType.DATE, False),
        (datetime(2017, 1, 1, tzinfo=UTC), ColumnType.TIMESTAMP, True),
        ("2017-01-01T00:00:00+00:00", ColumnType.TIMESTAMP, True),
        ("2017-01-01T00:00:00", ColumnType.TIMESTAMP, False),
        (UUID(int=1), ColumnType.UUID, True),
        (str(UUID(int=1)), ColumnType.UUID, True),
        ("jane", ColumnType.UUID, False),
        (b"a", ColumnType.BYTES, False),
    ],
)
def test_a_value_has_its_type_in_python_or_in_json(
    value: object, column_type: ColumnType, *, is_held: bool
) -> None:
    """Candidates are checked as they were computed and as they were filed, and strictly."""
    assert has_type(value, column_type) is is_held
