"""What our expectations share: they judge counts, and say in Data Docs what they expect and saw.

A result holds one observed number and counts by name. No value of a row ever stands in it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from great_expectations.core import ExpectationValidationResult
from great_expectations.execution_engine.execution_engine import ExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.render.components import (
    LegacyDiagnosticRendererType,
    LegacyRendererType,
    RenderedStringTemplateContent,
)
from great_expectations.render.renderer.renderer import renderer
from great_expectations.render.renderer_configuration import (
    RendererConfiguration,
    RendererValueType,
)

__all__ = ["CountedExpectation", "Judged"]

# Any: Great Expectations hands kwargs and resolved metrics over untyped.
_Kwargs = Mapping[str, Any]


class Judged(dict[str, object]):
    """What a judgement found: whether it holds, one number, and counts by name.

    As Great Expectations wants it, a dictionary. ``unexpected`` rows are not as expected, where
    rows were judged one by one.
    """

    def __init__(
        self, *, holds: bool, observed: float, counts: Mapping[str, float], unexpected: int = 0
    ) -> None:
        self.holds = holds
        self.observed = observed
        self.counts = counts
        super().__init__(
            success=holds,
            result={
                "observed_value": observed,
                "details": {"counts": dict(counts), "unexpected": unexpected},
            },
        )


class CountedExpectation(BatchExpectation):
    """An expectation that is judged on counts alone."""

    args_keys: ClassVar[tuple[str, ...]] = ()

    @classmethod
    @abstractmethod
    def sentence(cls, kwargs: _Kwargs) -> str:
        """What is expected, in words."""

    @abstractmethod
    def judged(self, metrics: _Kwargs) -> Judged:
        """What the counts say."""

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG002 - Great Expectations'
        execution_engine: ExecutionEngine[Any] | None = None,  # noqa: ARG002 - own signature
    ) -> dict[str, object]:
        return self.judged(metrics)

    @classmethod
    def _prescriptive_template(
        cls, renderer_configuration: RendererConfiguration[Any]
    ) -> RendererConfiguration[Any]:
        renderer_configuration.add_param(
            name="sentence",
            param_type=RendererValueType.STRING,
            value=cls.sentence(renderer_configuration.kwargs),
        )
        renderer_configuration.template_str = "$sentence"
        return renderer_configuration

    @classmethod
    @renderer(renderer_type=LegacyRendererType.PRESCRIPTIVE)
    def _prescriptive_renderer(
        cls,
        configuration: ExpectationConfiguration | None = None,
        result: ExpectationValidationResult | None = None,
        runtime_configuration: dict[str, Any] | None = None,
    ) -> list[RenderedStringTemplateContent]:
        shown = configuration or (result.expectation_config if result else None)
        styling = (runtime_configuration or {}).get("styling", {})
        return [
            RenderedStringTemplateContent(
                content_block_type="string_template",
                string_template={
                    "template": "$sentence",
                    "params": {"sentence": cls.sentence(shown.kwargs if shown else {})},
                    "styling": styling,
                },
            )
        ]

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.OBSERVED_VALUE)
    def _diagnostic_observed_value_renderer(
        cls,
        configuration: ExpectationConfiguration | None = None,  # noqa: ARG003 - as above
        result: ExpectationValidationResult | None = None,
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG003 - as above
    ) -> str:
        seen = result.result if result is not None else {}
        if "observed_value" not in seen:
            return "could not check"
        counts = seen.get("details", {}).get("counts", {})
        said = ", ".join(f"{name.replace('_', ' ')} {_shown(n)}" for name, n in counts.items())
        return said or _shown(seen["observed_value"])


def _shown(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:,.4g}"
