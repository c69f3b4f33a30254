"""What generalization refuses, before anything is made coarser.

GeneralizationError
├── NoSafeNode                no generalization of the table satisfies the models
├── UnsuitableSearch          what is asked for does not fit the table, or makes no sense
└── HierarchyError
    ├── UnreadableHierarchy   a hierarchy file is missing, empty, not UTF-8, or not `;`-separated
    ├── UnsoundHierarchy      it misses values, contradicts itself, or splits what it had merged
    └── UnsuitableDomain      a column's values allow no hierarchy of the kind asked for
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "GeneralizationError",
    "HierarchyError",
    "NoSafeNode",
    "UnreadableHierarchy",
    "UnsoundHierarchy",
    "UnsuitableDomain",
    "UnsuitableSearch",
]


class GeneralizationError(ValueError):
    """Base of what generalization refuses; messages carry columns, lines and counts, no values."""


class NoSafeNode(GeneralizationError):
    """Not even the coarsest generalization satisfies the models: nothing may be released."""


class UnsuitableSearch(GeneralizationError):
    """Hierarchies, models or limits that do not fit the table, or make no sense."""


class HierarchyError(GeneralizationError):
    """Base of what is refused about a hierarchy; ``violations`` are all of them, in order."""

    def __init__(self, column: str, violations: Sequence[str]) -> None:
        self.column = column
        self.violations = tuple(violations)
        super().__init__(f"hierarchy of column {column!r}: {'; '.join(self.violations)}")


class UnreadableHierarchy(HierarchyError):
    """A hierarchy file that cannot be read as rows of leaf and labels."""


class UnsoundHierarchy(HierarchyError):
    """A hierarchy that is not total, functional and monotone."""


class UnsuitableDomain(HierarchyError):
    """A column's values, or the levels asked for, allow no hierarchy of this kind."""
