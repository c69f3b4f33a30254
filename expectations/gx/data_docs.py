"""Writes Data Docs: one page a report, rendered by Great Expectations from counts alone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.gx.library import load_great_expectations
from expectations.verdicts import Judgement, Report, Verdict

if TYPE_CHECKING:
    from great_expectations.core import (
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )

__all__ = ["write_data_docs"]


def write_data_docs(reports: Iterable[Report], folder: Path) -> tuple[Path, ...]:
    """Write a page for each report; returns the files."""
    load_great_expectations()
    # Imported here since it costs seconds, which only a run may pay.
    from great_expectations.render.renderer.page_renderer import (  # noqa: PLC0415
        ValidationResultsPageRenderer,
    )
    from great_expectations.render.view.view import DefaultJinjaPageView  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for report in reports:
        renderer: Any = ValidationResultsPageRenderer()  # their methods carry no types
        view: Any = DefaultJinjaPageView()
        page = renderer.render(_as_validation(report))
        path = folder / f"{report.dataset}.html"
        path.write_text(view.render(page), encoding="utf-8")
        written.append(path)
    return tuple(written)


def _as_validation(report: Report) -> ExpectationSuiteValidationResult:
    from great_expectations import __version__  # noqa: PLC0415 - as above
    from great_expectations.core import ExpectationSuiteValidationResult  # noqa: PLC0415

    passed, evaluated = (
        sum(judgement.verdict is Verdict.PASSED for judgement in report.judgements),
        len(report.judgements),
    )
    return ExpectationSuiteValidationResult(
        success=report.passed,
        results=[_as_result(judgement) for judgement in report.judgements],
        suite_name=report.dataset,
        statistics={
            "evaluated_expectations": evaluated,
            "successful_expectations": passed,
            "unsuccessful_expectations": evaluated - passed,
            "success_percent": 100 * passed / evaluated if evaluated else None,
        },
        meta={
            "great_expectations_version": __version__,
            "expectation_suite_name": report.dataset,
            "run_id": {"run_name": report.dataset},
            "batch_kwargs": {"data_asset_name": report.dataset},
        },
    )


def _as_result(judgement: Judgement) -> ExpectationValidationResult:
    from great_expectations.core import ExpectationValidationResult  # noqa: PLC0415 - as above
    from great_expectations.expectations.expectation_configuration import (  # noqa: PLC0415
        ExpectationConfiguration,
    )

    unanswered = judgement.verdict is Verdict.COULD_NOT_CHECK
    return ExpectationValidationResult(
        success=judgement.verdict is Verdict.PASSED,
        expectation_config=ExpectationConfiguration(
            type=judgement.expectation.type, kwargs=dict(judgement.expectation.arguments)
        ),
        result={}
        if unanswered
        else {
            "observed_value": judgement.observed,
            "details": {"counts": dict(judgement.counts)},
        },
        exception_info={
            "raised_exception": unanswered,
            "exception_message": f"could not check: {judgement.reason}" if unanswered else None,
            "exception_traceback": "" if unanswered else None,
        },
    )
