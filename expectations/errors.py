"""What the package refuses, before any check is made.

ExpectationsError
├── CouldNotCheck              what was asked could not be looked at: neither passed nor failed
├── UnmeasurableContribution   a cell's contributions contradict themselves
├── MiscountedCells            the number of tenants is not given once per cell
├── UnmeasurableModel          a model's parameters, or what it looks at, are missing or absurd
└── SuiteError                 a suite cannot be built
    ├── UncheckableColumn      the target has a column of a type that no cell aggregate has
    ├── UnknownColumn          values are allowed for a column that a candidate does not have
    └── WeakSuite              a suite asks for fewer than one tenant per cell
"""

from __future__ import annotations

__all__ = [
    "CouldNotCheck",
    "ExpectationsError",
    "MiscountedCells",
    "SuiteError",
    "UncheckableColumn",
    "UnknownColumn",
    "UnmeasurableContribution",
    "UnmeasurableModel",
    "WeakSuite",
]


class ExpectationsError(ValueError):
    """Base of what this package refuses; its messages carry names and counts only."""


class CouldNotCheck(ExpectationsError):
    """What was asked could not be looked at: it has neither passed nor failed."""


class UnmeasurableContribution(ExpectationsError):
    """A cell's contributions contradict themselves, so no rule can be decided on them."""


class UnmeasurableModel(ExpectationsError):
    """A model whose parameters make no sense, or that looks at what is not known."""


class MiscountedCells(ExpectationsError):
    """The number of tenants is not given for each cell exactly once."""


class SuiteError(ExpectationsError):
    """Base of what is refused when a suite is built."""


class UncheckableColumn(SuiteError):
    """The target has a column of a type that no cell aggregate has."""


class UnknownColumn(SuiteError):
    """Allowed values are given for a column that a candidate does not have."""


class WeakSuite(SuiteError):
    """A suite that asks for fewer than one tenant per cell."""
