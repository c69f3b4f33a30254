"""What generalization refuses, before anything is made coarser.

GeneralizationError
├── NoSafeNode                no generalization of the table satisfies the models
├── UnsuitableSearch          what is asked for does not fit the table, or makes no sense
├── UnknownColumn             a hierarchy or category names no quasi-identifier of the table
├── UnsafeCell                a finished cell breaks a model: a fault, and nothing is released
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
    "UnknownColumn",
    "UnreadableHierarchy",
    "UnsafeCell",
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


class UnknownColumn(GeneralizationError):
    """A hierarchy or a category is given for a column that is no quasi-identifier."""

    def __init__(self, unknown: Sequence[str], columns: Sequence[str]) -> None:
        self.unknown = tuple(unknown)
        super().__init__(
            f"{', '.join(unknown)}: no such quasi-identifier; the table has {', '.join(columns)}"
        )


class UnsafeCell(GeneralizationError):
    """A finished cell breaks a model that every cut was checked against; nothing is released."""

    def __init__(self, cells: int) -> None:
        super().__init__(
            f"{cells:,} finished cells break a model that every cut was checked against: nothing "
            "is released; report it, with the models that were asked for"
        )


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
