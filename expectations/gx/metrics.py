"""Metrics of Great Expectations that count: findings, groups, sensitive values, labels, nulls.

Great Expectations resolves a metric once per batch, so a table is scanned once for every
expectation on it. An engine without a metric here cannot check, which is an error and no pass.
Whatever an engine raises leaves here as a kind of error alone: its message may quote a value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine.execution_engine import ExecutionEngine
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.execution_engine.sqlalchemy_execution_engine import (
    SqlAlchemyExecutionEngine,
)
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from great_expectations.validator.metric_configuration import MetricConfiguration

from expectations.disclosure.classes import Classes
from expectations.errors import CouldNotCheck, ExpectationsError
from expectations.findings import FindingsTable
from expectations.gx import pandas_counts, sql_counts

__all__ = ["COLUMNS", "FINDINGS", "GROUPS", "LABELS", "NULLS", "VALUES"]

FINDINGS = "table.classline_findings"
GROUPS = "table.classline_groups"
VALUES = "table.classline_sensitive_values"
LABELS = "table.classline_labels"
NULLS = "table.classline_nulls"
COLUMNS = "table.columns"
"""Great Expectations' own."""

_P = ParamSpec("_P")
_T = TypeVar("_T")
# Any: Great Expectations hands kwargs and resolved metrics over untyped.
_Kwargs = Mapping[str, Any]
_COLUMN_TYPES = "table.column_types"


def _without_values(count: Callable[_P, _T]) -> Callable[_P, _T]:
    """Our own refusals carry names and counts; of any other error only the kind is told."""

    @wraps(count)
    def counted(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return count(*args, **kwargs)
        except ExpectationsError as error:
            refused = str(error)
        except Exception as error:  # noqa: BLE001 - a driver's message may quote any value
            refused = f"the engine raised {type(error).__name__}: could not check"
        # Raised outside the handler, so that nothing of the first error hangs on this one.
        raise CouldNotCheck(refused)

    return counted


class _Counted(TableMetricProvider):
    """A metric of a whole table."""

    @classmethod
    def _get_evaluation_dependencies(
        cls,
        metric: MetricConfiguration,
        configuration: ExpectationConfiguration | None = None,
        execution_engine: ExecutionEngine[Any] | None = None,
        runtime_configuration: dict[str, Any] | None = None,
    ) -> dict[str, MetricConfiguration]:
        needed: dict[str, MetricConfiguration] = super()._get_evaluation_dependencies(
            metric, configuration, execution_engine, runtime_configuration
        )
        if metric.metric_name == FINDINGS and isinstance(
            execution_engine, SqlAlchemyExecutionEngine
        ):
            needed[_COLUMN_TYPES] = MetricConfiguration(
                metric_name=_COLUMN_TYPES,
                metric_domain_kwargs=metric.metric_domain_kwargs,
                metric_value_kwargs={"include_nested": True},
            )
        return needed


def _frame(engine: PandasExecutionEngine, domain: _Kwargs) -> Any:  # noqa: ANN401 - pandas' frame
    engine.get_compute_domain(dict(domain), domain_type=MetricDomainTypes.TABLE)
    batch: Any = engine.batch_manager.active_batch_data
    return batch.dataframe


def _table(engine: SqlAlchemyExecutionEngine, domain: _Kwargs) -> Any:  # noqa: ANN401 - SQLAlchemy's
    sql_counts.require_dialect(engine)
    table, _, _ = engine.get_compute_domain(dict(domain), domain_type=MetricDomainTypes.TABLE)
    return table


def _asked(kwargs: _Kwargs, names: tuple[str, ...]) -> list[Any]:
    return [kwargs.get(name) for name in names]


class Findings(_Counted):
    """What one scan of the table finds."""

    metric_name = FINDINGS

    @metric_value(engine=PandasExecutionEngine)
    @_without_values
    def _pandas(
        cls,  # noqa: N805 - Great Expectations passes the class
        execution_engine: PandasExecutionEngine,
        metric_domain_kwargs: _Kwargs,
        **_: object,
    ) -> FindingsTable:
        return pandas_counts.findings(_frame(execution_engine, metric_domain_kwargs))

    @metric_value(engine=SqlAlchemyExecutionEngine)
    @_without_values
    def _sql(
        cls,  # noqa: N805
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: _Kwargs,
        metrics: _Kwargs,
        **_: object,
    ) -> FindingsTable:
        table = _table(execution_engine, metric_domain_kwargs)
        return sql_counts.findings(execution_engine, table, metrics[_COLUMN_TYPES])


class Groups(_Counted):
    """Who stands behind each class of the table."""

    metric_name = GROUPS
    value_keys = ("quasi_identifiers", "subject_column", "amount_column")

    @metric_value(engine=PandasExecutionEngine)
    @_without_values
    def _pandas(
        cls,  # noqa: N805
        execution_engine: PandasExecutionEngine,
        metric_domain_kwargs: _Kwargs,
        metric_value_kwargs: _Kwargs,
        **_: object,
    ) -> Classes:
        frame = _frame(execution_engine, metric_domain_kwargs)
        return pandas_counts.grouped(frame, *_asked(metric_value_kwargs, cls.value_keys))

    @metric_value(engine=SqlAlchemyExecutionEngine)
    @_without_values
    def _sql(
        cls,  # noqa: N805
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: _Kwargs,
        metric_value_kwargs: _Kwargs,
        **_: object,
    ) -> Classes:
        table = _table(execution_engine, metric_domain_kwargs)
        return sql_counts.grouped(
            execution_engine, table, *_asked(metric_value_kwargs, cls.value_keys)
        )


class SensitiveValues(_Counted):
    """How often each sensitive value occurs in each class of the table."""

    metric_name = VALUES
    value_keys = ("quasi_identifiers", "sensitive_column")

    @metric_value(engine=PandasExecutionEngine)
    @_without_values
    def _pandas(
        cls,  # noqa: N805
        execution_engine: PandasExecutionEngine,
        metric_domain_kwargs: _Kwargs,
        metric_value_kwargs: _Kwargs,
        **_: object,
    ) -> Classes:
        frame = _frame(execution_engine, metric_domain_kwargs)
        return pandas_counts.varied(frame, *_asked(metric_value_kwargs, cls.value_keys))

    @metric_value(engine=SqlAlchemyExecutionEngine)
    @_without_values
    def _sql(
        cls,  # noqa: N805
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: _Kwargs,
        metric_value_kwargs: _Kwargs,
        **_: object,
    ) -> Classes:
        table = _table(execution_engine, metric_domain_kwargs)
        return sql_counts.varied(
            execution_engine, table, *_asked(metric_value_kwargs, cls.value_keys)
        )


class Labels(_Counted):
    """The class that the comment of each column says."""

    metric_name = LABELS

    @metric_value(engine=PandasExecutionEngine)
    @_without_values
    def _pandas(
        cls,  # noqa: N805
        **_: object,
    ) -> dict[str, str | None]:
        return pandas_counts.labels()

    @metric_value(engine=SqlAlchemyExecutionEngine)
    @_without_values
    def _sql(
        cls,  # noqa: N805
        execution_engine: SqlAlchemyExecutionEngine,
        **_: object,
    ) -> dict[str, str | None]:
        batch: Any = execution_engine.batch_manager.active_batch_data
        return sql_counts.labels(
            execution_engine, batch.source_schema_name, batch.source_table_name
        )


class Nulls(_Counted):
    """Rows of the table, and those in which a column is null."""

    metric_name = NULLS
    value_keys = ("filled_column",)

    @metric_value(engine=PandasExecutionEngine)
    @_without_values
    def _pandas(
        cls,  # noqa: N805
        execution_engine: PandasExecutionEngine,
        metric_domain_kwargs: _Kwargs,
        metric_value_kwargs: _Kwargs,
        **_: object,
    ) -> tuple[int, int]:
        frame = _frame(execution_engine, metric_domain_kwargs)
        return pandas_counts.nulls(frame, metric_value_kwargs["filled_column"])

    @metric_value(engine=SqlAlchemyExecutionEngine)
    @_without_values
    def _sql(
        cls,  # noqa: N805
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: _Kwargs,
        metric_value_kwargs: _Kwargs,
        **_: object,
    ) -> tuple[int, int]:
        table = _table(execution_engine, metric_domain_kwargs)
        return sql_counts.nulls(execution_engine, table, metric_value_kwargs["filled_column"])
