"""What anonymizing a plain file refuses.

KanonError
├── MeaninglessRequest   what is asked cannot mean anything: a column, a number, two flags apart
├── NothingReleased      no cell satisfies what is asked, so no file is written
└── UnwritablePlace      a file could not be written where it was asked for
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["KanonError", "MeaninglessRequest", "NothingReleased", "UnwritablePlace"]


class KanonError(ValueError):
    """Base of what is refused here; messages carry names and counts, never a value."""


class MeaninglessRequest(KanonError):
    """A request that no table could answer; ``problems`` are all that is wrong with it."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class NothingReleased(KanonError):
    """No cell may be released."""


class UnwritablePlace(KanonError):
    """A file that could not be written; an earlier one stands there as it was."""
