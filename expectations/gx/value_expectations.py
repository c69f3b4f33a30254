"""An expectation of our own: that values have their declared type.

It is made of classes of Great Expectations, inside a function: importing this module must not
import that library.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from catalog.registry import ColumnType
from expectations.suites import has_type

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DECLARED_TYPE", "register_value_expectations"]

DECLARED_TYPE = "expect_column_values_to_have_declared_type"


@cache
def register_value_expectations() -> None:
    """Make it known to Great Expectations, which registers classes as it sees them.

    Its type is the class name in snake case.
    """
    # Imported here since it costs seconds, which only a run of checks may pay.
    from great_expectations.execution_engine.pandas_execution_engine import (  # noqa: PLC0415
        PandasExecutionEngine,
    )
    from great_expectations.expectations.expectation import ColumnMapExpectation  # noqa: PLC0415
    from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (  # noqa: E501, PLC0415
        column_condition_partial,
    )
    from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (  # noqa: E501, PLC0415
        ColumnMapMetricProvider,
    )

    class ColumnValuesOfDeclaredType(ColumnMapMetricProvider):
        condition_metric_name = "column_values.of_declared_type"
        condition_value_keys = ("column_type",)

        @column_condition_partial(engine=PandasExecutionEngine)
        def _pandas(
            cls,  # noqa: N805 - the decorator passes the class
            column: pd.Series[Any],
            column_type: str,
            **_: object,
        ) -> pd.Series[bool]:
            declared = ColumnType(column_type)
            return _flagged(column, [has_type(value, declared) for value in column])

    class ExpectColumnValuesToHaveDeclaredType(ColumnMapExpectation):
        """Every value has the type that the registry declares for its column."""

        column_type: str
        map_metric = ColumnValuesOfDeclaredType.condition_metric_name
        success_keys = ("column_type", "mostly")


def _flagged(column: pd.Series[Any], flags: list[bool]) -> pd.Series[bool]:
    import pandas as pd  # noqa: PLC0415 - slow to import too

    return pd.Series(flags, index=column.index, dtype=bool)
