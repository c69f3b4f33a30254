"""Runs expectations over rows in memory and says how many failed, never which values did.

Great Expectations repeats raw values in its results, its log and its exceptions. Of all that only
counts leave this module: its log is closed, and an exception becomes "could not be checked".
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from expectations.gx.library import ONE_RUN_AT_A_TIME, load_great_expectations, quiet_context

if TYPE_CHECKING:
    from great_expectations.core import (
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )

__all__ = ["Expected", "Outcome", "validate_quietly"]

_LOGGER = logging.getLogger(__name__)
_CANDIDATE = "candidate"
_CHECK = "check"

# With a count of 0 a result says how many values it did not expect, and quotes none of them.
_COUNTS_ONLY = {
    "result_format": "BASIC",
    "partial_unexpected_count": 0,
    "exclude_unexpected_values": True,
}


@dataclass(frozen=True, slots=True)
class Expected:
    """One expectation as data: the check it belongs to, its type and its arguments."""

    check: str
    type: str
    arguments: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one expectation; ``counts`` are those a counting expectation made, by name.

    ``observed`` is the one number of a counting expectation.
    """

    check: str
    passed: bool
    unexpected: int = 0
    could_not_check: bool = False
    observed: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)


def validate_quietly(
    columns: Mapping[str, Sequence[object]], expected: Sequence[Expected]
) -> tuple[Outcome, ...]:
    """The outcome of every expectation that could be evaluated over these columns.

    An expectation without an outcome was not evaluated: the caller must not take it as passed.
    """
    with ONE_RUN_AT_A_TIME:
        load_great_expectations()
        try:
            return tuple(map(_outcome, _validate(columns, expected).results))
        except Exception as error:  # noqa: BLE001 - a third party's message may quote any value
            kind = type(error).__name__
            _LOGGER.error("Great Expectations could not run: %s", kind)  # noqa: TRY400
            return ()


def _validate(
    columns: Mapping[str, Sequence[object]], expected: Sequence[Expected]
) -> ExpectationSuiteValidationResult:
    # Imported here for the same reason; pandas is slow to import too.
    import great_expectations as gx  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415
    from great_expectations.expectations.expectation_configuration import (  # noqa: PLC0415
        ExpectationConfiguration,
    )

    context = quiet_context()
    # Of dtype object, values stay what they are: no text becomes a number, no number a float.
    frame = pd.DataFrame(dict(columns), dtype=object)
    asset = context.data_sources.add_pandas(_CANDIDATE).add_dataframe_asset(_CANDIDATE)
    try:
        batch = asset.add_batch_definition_whole_dataframe(_CANDIDATE).get_batch(
            {"dataframe": frame}
        )
        suite = gx.ExpectationSuite(
            name=_CANDIDATE,
            expectations=[
                ExpectationConfiguration(
                    type=each.type, kwargs=dict(each.arguments), meta={_CHECK: each.check}
                )
                for each in expected
            ],
        )
        return batch.validate(suite, result_format=_COUNTS_ONLY)
    finally:
        # The context outlives this call as the process's current one; the rows must not.
        context.data_sources.delete(_CANDIDATE)


def _outcome(result: ExpectationValidationResult) -> Outcome:
    configuration = result.expectation_config
    check = str((configuration.meta or {}).get(_CHECK)) if configuration else ""
    # What a metric raised stands under the metric's id, and this key is missing.
    if (result.exception_info or {}).get("raised_exception") is not False:
        return Outcome(check, passed=False, could_not_check=True)
    is_per_value = "element_count" in result.result
    unexpected = result.result.get("unexpected_count") if is_per_value else 0
    if not isinstance(unexpected, int):
        # Great Expectations takes a missing count as success; here it was not checked.
        return Outcome(check, passed=False, could_not_check=True)
    passed = result.success is True and not unexpected
    if is_per_value:
        return Outcome(check, passed, unexpected)
    details = result.result.get("details") or {}
    counts, unexpected = details.get("counts", {}), details.get("unexpected", 0)
    observed = result.result.get("observed_value")
    return Outcome(
        check,
        passed and not unexpected,
        unexpected,
        observed=observed if isinstance(observed, int) else 0,
        counts={str(name): seen for name, seen in counts.items() if isinstance(seen, int)},
    )
