"""Judges suites with Great Expectations: on evidence counted elsewhere, or on a batch of its own.

What leaves here is rebuilt from numbers and our own reasons. Nothing else of a result does: not a
message, a traceback, a list of values, nor where the batch came from.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from expectations.evidence import Evidence
from expectations.gx.library import ONE_RUN_AT_A_TIME, load_great_expectations
from expectations.verdicts import Expectation, Judgement, Report, Verdict

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.datasource.fluent.interfaces import Batch

__all__ = ["judge", "judge_batch"]

_LOGGER = logging.getLogger(__name__)
_NAME = "table"

_NO_ANSWER = "the engine raised an error or has no way to check this"
_NEVER_RUN = "Great Expectations could not run"


def judge(evidence: Evidence, expected: Sequence[Expectation]) -> Report:
    """What the evidence says of each expectation, in their order."""
    load_great_expectations()
    # Imported here: it imports Great Expectations at its top.
    from expectations.gx.evidence_judging import judged  # noqa: PLC0415

    return judged(evidence, expected)


def judge_batch(dataset: str, batch: Batch, expected: Sequence[Expectation]) -> Report:
    """What a batch of any engine says of each expectation, in their order."""
    with ONE_RUN_AT_A_TIME:
        load_great_expectations()
        return _judged(dataset, batch, expected)


def _judged(dataset: str, batch: Batch, expected: Sequence[Expectation]) -> Report:
    return Report(dataset, tuple(_judgement(*each) for each in _together(batch, expected)))


def _together(
    batch: Batch, expected: Sequence[Expectation]
) -> list[tuple[Expectation, ExpectationValidationResult | None, str]]:
    """Each expectation with its result; without one, with what kept it from being checked."""
    import great_expectations as gx  # noqa: PLC0415 - as above
    from great_expectations.expectations.expectation_configuration import (  # noqa: PLC0415
        ExpectationConfiguration,
    )

    place = "place"
    try:
        suite = gx.ExpectationSuite(
            name=_NAME,
            expectations=[
                ExpectationConfiguration(
                    type=each.type, kwargs=dict(each.arguments), meta={place: number}
                )
                for number, each in enumerate(expected)
            ],
        )
        results = batch.validate(suite, result_format={"result_format": "BASIC"}).results
    except Exception as error:  # noqa: BLE001 - a third party's message may quote any value
        kind = type(error).__name__
        _LOGGER.error("Great Expectations could not run: %s", kind)  # noqa: TRY400
        return [(each, None, f"{_NEVER_RUN} ({kind})") for each in expected]
    found = {
        (result.expectation_config.meta or {}).get(place): result
        for result in results
        if result.expectation_config
    }
    return [(each, found.get(number), _NEVER_RUN) for number, each in enumerate(expected)]


def _judgement(
    expectation: Expectation, result: ExpectationValidationResult | None, reason: str
) -> Judgement:
    if result is None:
        return Judgement(expectation, Verdict.COULD_NOT_CHECK, reason=reason)
    info: Mapping[str, Any] = result.exception_info or {}
    observed = (result.result or {}).get("observed_value")
    # What a metric raised stands under the metric's id, and this key is missing.
    if info.get("raised_exception") is not False or not _is_number(observed):
        return Judgement(expectation, Verdict.COULD_NOT_CHECK, reason=_own_reason(info))
    counts = result.result.get("details", {}).get("counts", {})
    return Judgement(
        expectation,
        Verdict.PASSED if result.success is True else Verdict.FAILED,
        observed,
        {str(name): number for name, number in counts.items() if _is_number(number)},
    )


def _own_reason(info: Mapping[str, Any]) -> str:
    """The message of our own refusal, which carries names and counts; of others, none."""
    raised = [info, *(each for each in info.values() if isinstance(each, Mapping))]
    for each in raised:
        traceback = str(each.get("exception_traceback") or "")
        message = str(each.get("exception_message") or "")
        if message and f"expectations.errors.CouldNotCheck: {message}" in traceback:
            return message
    return _NO_ANSWER


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
