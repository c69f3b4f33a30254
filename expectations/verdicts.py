"""What was expected of a table and what became of it; "could not check" is no kind of failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["Expectation", "Judgement", "Report", "Verdict"]


class Verdict(StrEnum):
    """What became of one expectation."""

    PASSED = "passed"
    FAILED = "failed"
    COULD_NOT_CHECK = "could_not_check"


@dataclass(frozen=True, slots=True)
class Expectation:
    """One expectation as data: its type, as Great Expectations writes it, and its arguments."""

    type: str
    arguments: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of one expectation: counts by name, and why it could not be checked."""

    expectation: Expectation
    verdict: Verdict
    observed: float | None = None
    counts: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a suite on one dataset. A suite of nothing has shown nothing."""

    dataset: str
    judgements: tuple[Judgement, ...]

    @property
    def passed(self) -> bool:
        """Whether every expectation was checked and held."""
        return bool(self.judgements) and not (self.failed or self.could_not_check)

    @property
    def failed(self) -> int:
        """How many expectations did not hold."""
        return self._with(Verdict.FAILED)

    @property
    def could_not_check(self) -> int:
        """How many expectations could not be checked."""
        return self._with(Verdict.COULD_NOT_CHECK)

    def _with(self, verdict: Verdict) -> int:
        return sum(judgement.verdict is verdict for judgement in self.judgements)
