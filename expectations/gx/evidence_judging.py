"""Judges what was counted of a store with the expectations themselves: no batch, no validator.

A validator would hash an empty frame and build a graph of metrics for each store, only to hand our
own counts back to the same expectation: thirty times the cost. What was not counted cannot be
checked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real

from great_expectations.expectations.registry import get_expectation_impl

from expectations.disclosure.classes import Classes
from expectations.errors import CouldNotCheck, ExpectationsError
from expectations.evidence import Evidence, Grouping
from expectations.gx.counted_expectation import CountedExpectation
from expectations.gx.metrics import COLUMNS, FINDINGS, GROUPS, LABELS, NULLS
from expectations.verdicts import Expectation, Judgement, Report, Verdict

__all__ = ["judged"]

_LOGGER = logging.getLogger(__name__)


def judged(evidence: Evidence, expected: Sequence[Expectation]) -> Report:
    """What the evidence says of each expectation, in their order."""
    return Report(evidence.dataset, tuple(_judgement(evidence, each) for each in expected))


def _judgement(evidence: Evidence, expectation: Expectation) -> Judgement:
    try:
        made = _made(expectation)
        found = made.judged({n: _metric(evidence, n, made) for n in made.metric_dependencies})
        return Judgement(
            expectation,
            Verdict.PASSED if found.holds is True else Verdict.FAILED,
            _number(found.observed),
            {name: _number(count) for name, count in found.counts.items()},
        )
    except ExpectationsError as error:
        reason = str(error)
    except Exception as error:  # noqa: BLE001 - a third party's message may quote any value
        reason = f"judging it raised {type(error).__name__}"
        _LOGGER.error("an expectation could not be judged: %s", reason)  # noqa: TRY400
    return Judgement(expectation, Verdict.COULD_NOT_CHECK, reason=reason)


def _made(expectation: Expectation) -> CountedExpectation:
    """The expectation, its arguments checked by Great Expectations."""
    kind = get_expectation_impl(expectation.type)
    if not issubclass(kind, CountedExpectation):
        message = f"{expectation.type[:60]!r} is not judged on counts: could not check"
        raise CouldNotCheck(message)
    return kind.parse_obj(dict(expectation.arguments))


def _metric(evidence: Evidence, name: str, made: CountedExpectation) -> object:
    counted = _COUNTED.get(name)
    if counted is None:
        message = f"{name}: not counted, so it could not be checked"
        raise CouldNotCheck(message)
    return counted(evidence, made)


def _columns(evidence: Evidence, _: CountedExpectation) -> list[str]:
    return list(evidence.require_labels())


def _nulls(evidence: Evidence, made: CountedExpectation) -> tuple[int, int]:
    return evidence.rows, evidence.nulls_in(str(made.dict()["filled_column"]))


def _groups(evidence: Evidence, made: CountedExpectation) -> Classes:
    asked = made.dict()
    subject = asked.get("subject_column")
    if subject is None or asked.get("amount_column") is not None:
        message = "evidence says who stands behind a group, no rows or amounts: could not check"
        raise CouldNotCheck(message)
    return evidence.grouped(Grouping(frozenset(asked["quasi_identifiers"]), subject))


_COUNTED: Mapping[str, Callable[[Evidence, CountedExpectation], object]] = {
    COLUMNS: _columns,
    FINDINGS: lambda evidence, _: evidence.require_findings(),
    GROUPS: _groups,
    LABELS: lambda evidence, _: evidence.require_labels(),
    NULLS: _nulls,
}


def _number(found: object) -> float:
    """As Python's own, whatever library counted it."""
    if isinstance(found, Integral):
        return int(found)
    if isinstance(found, Real):
        return float(found)
    message = "what it observed is no number: could not check"
    raise CouldNotCheck(message)
