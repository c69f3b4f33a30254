"""Expectations on what a table is: every column classified, every row owned, no tenant column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from catalog.declared import REGISTRY
from expectations.gx.counted_expectation import CountedExpectation, Judged
from expectations.gx.metrics import COLUMNS, LABELS, NULLS

__all__ = [
    "ExpectColumnsToBeClassified",
    "ExpectEveryRowToHaveAnOwner",
    "ExpectTableToHaveNoColumns",
]

# Any: Great Expectations hands kwargs and resolved metrics over untyped.
_Kwargs = Mapping[str, Any]


class ExpectColumnsToBeClassified(CountedExpectation):
    """Every column carries a class, and the registry and the column's comment agree on it."""

    dataset: str

    metric_dependencies: ClassVar[tuple[str, ...]] = (LABELS,)
    success_keys: ClassVar[tuple[str, ...]] = ("dataset",)

    @classmethod
    def sentence(cls, kwargs: _Kwargs) -> str:
        """What is expected, in words."""
        return (
            f"Every column must carry the class that the registry declares for "
            f"{kwargs.get('dataset')}."
        )

    def judged(self, metrics: _Kwargs) -> Judged:
        """Whether columns, registry and comments agree."""
        said: Mapping[str, str | None] = metrics[LABELS]
        dataset = REGISTRY.get(self.dataset)
        declared = {column.name: str(dataset.class_of(column)) for column in dataset.columns}
        counts = {
            "columns": len(said),
            "unlabelled": sum(label is None for label in said.values()),
            "undeclared": len(said.keys() - declared.keys()),
            "missing": len(declared.keys() - said.keys()),
            "contradicting": sum(
                label is not None and label != declared[name]
                for name, label in said.items()
                if name in declared
            ),
        }
        wrong = sum(counts.values()) - counts["columns"]
        return Judged(holds=bool(said) and not wrong, observed=wrong, counts=counts)


class ExpectEveryRowToHaveAnOwner(CountedExpectation):
    """The column that says whose row it is exists and is never null."""

    filled_column: str

    metric_dependencies: ClassVar[tuple[str, ...]] = (NULLS,)
    success_keys: ClassVar[tuple[str, ...]] = ("filled_column",)

    @classmethod
    def sentence(cls, kwargs: _Kwargs) -> str:
        """What is expected, in words."""
        return f"Every row must say in {kwargs.get('filled_column')} whose it is."

    def judged(self, metrics: _Kwargs) -> Judged:
        """Whether no row is nobody's."""
        rows, without = metrics[NULLS]
        counts = {"rows": rows, "rows_without": without}
        return Judged(holds=not without, observed=without, counts=counts)


class ExpectTableToHaveNoColumns(CountedExpectation):
    """The table has none of these columns."""

    forbidden: Sequence[str]

    metric_dependencies: ClassVar[tuple[str, ...]] = (COLUMNS,)
    success_keys: ClassVar[tuple[str, ...]] = ("forbidden",)

    @classmethod
    def sentence(cls, kwargs: _Kwargs) -> str:
        """What is expected, in words."""
        return f"There may be no column {', '.join(kwargs.get('forbidden') or ())}."

    def judged(self, metrics: _Kwargs) -> Judged:
        """Whether none of them is there."""
        columns: list[str] = metrics[COLUMNS]
        found = sorted({str(name) for name in columns} & set(self.forbidden))
        counts = {"columns": len(columns), "forbidden": len(found)}
        return Judged(holds=bool(columns) and not found, observed=len(found), counts=counts)
