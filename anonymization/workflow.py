"""Declares what an anonymization workflow is: the only thing that may change a datum's class."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from anonymization.dimensions import HIDDEN, Dimension, placed_by
from anonymization.text.release import TEXT_COLUMNS, TextRelease
from catalog.data_classes import DataClass, FlowRule, flow_rule
from catalog.declared import REGISTRY
from catalog.floors import DisclosurePolicy, require_floors
from catalog.registry import Dataset
from expectations.suites import EVERY_CANDIDATE, TEXT_CANDIDATE, CheckName

__all__ = [
    "HIDDEN",
    "Dimension",
    "IllegalWorkflow",
    "Measure",
    "Period",
    "PublishMode",
    "Workflow",
    "placed_by",
]


class IllegalWorkflow(ValueError):
    """A declaration that the policy does not allow."""


class PublishMode(StrEnum):
    """Whether each cell has a row of its own, or a key holds the cell of its newest period."""

    ONCE = "once"
    NEWEST = "newest"


class Period(StrEnum):
    """The closed period a workflow releases; a period that has not ended is left out."""

    MONTH = "month"
    QUARTER = "quarter"

    def first_open_day(self, now: datetime) -> date:
        """First day of the period that `now` falls into: rows before it are closed."""
        month = now.month if self is Period.MONTH else 3 * ((now.month - 1) // 3) + 1
        return date(now.year, month, 1)


@dataclass(frozen=True, slots=True)
class Measure:
    """One released column over a cell: an aggregate expression and the rounding it leaves with.

    ``inputs`` are the columns of ``rows`` that it reads, none for a count; only rows where none of
    them is null, and which meet the condition ``population``, count for it, and it is withheld from
    a cell unless those rows satisfy the whole policy by themselves. ``decimals`` rounds to that
    many places, ``significant_digits`` to that many digits; without either it must be a count.
    """

    column: str
    expression: str
    from_columns: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    population: str | None = None
    decimals: int | None = None
    significant_digits: int | None = None

    @property
    def measured(self) -> str:
        """The source columns it aggregates: what two measures, or two families, have in common."""
        return " ".join(sorted(self.from_columns))

    @property
    def condition(self) -> str:
        """Which rows count for it, as SQL."""
        conditions = [f"{name} IS NOT NULL" for name in self.inputs]
        return (
            " AND ".join([*conditions, *([self.population] if self.population else [])]) or "true"
        )


@dataclass(frozen=True, slots=True)
class Workflow:
    """A declared promotion from datasets of one class into one dataset of another.

    ``family`` names the benchmark family: its partition is frozen at its first release, and each
    of its cells is published once, or corrected as `release_guard` allows.
    ``rows`` is a SELECT over the source datasets, one row per source row, that yields
    ``tenant_id``, ``source_row`` (what identifies the row among its tenant's), ``amount`` (>= 0:
    what dominance is measured on), the dimensions as `placed_by` lists them and whatever the
    measures read. It binds ``:closed_before``, the first day of the open period.
    ``suppression`` is the share of rows that the first release may leave out when it chooses how
    coarse the partition is. ``text`` says which texts its patterns are made of; ``rows`` then
    joins what was prepared of them.
    """

    name: str
    family: str
    description: str
    sources: tuple[str, ...]
    target: str
    policy: DisclosurePolicy
    rows: str
    dimensions: tuple[Dimension, ...]
    measures: tuple[Measure, ...]
    period: Period
    module: str
    suppression: float = 0.0
    allowed_values: Mapping[str, frozenset[str]] = field(default_factory=dict)
    publish_mode: PublishMode = PublishMode.ONCE
    required_checks: tuple[CheckName, ...] = EVERY_CANDIDATE
    text: TextRelease | None = None

    def __post_init__(self) -> None:
        source_classes = {dataset.data_class for dataset in self.source_datasets}
        if len(source_classes) != 1:
            message = (
                f"workflow {self.name}: its sources must have one class, they have "
                f"{', '.join(sorted(source_classes))}; split it"
            )
            raise IllegalWorkflow(message)
        rule = flow_rule(self.from_class, self.to_class)
        if rule not in {FlowRule.WORKFLOW, FlowRule.WORKFLOW_COUNTING_FUNDS}:
            message = (
                f"workflow {self.name}: {self.from_class} -> {self.to_class} is {rule!s} in the "
                "table of legal edges, no workflow may cover it"
            )
            raise IllegalWorkflow(message)
        require_floors(self.from_class, self.to_class, self.policy)
        if self.publish_mode is PublishMode.NEWEST and (
            self.to_class is not DataClass.ASCEND_PLATFORM_METRIC
        ):
            message = (
                f"workflow {self.name}: cells of {self.to_class} are published once, since two "
                "releases of one cell can be subtracted; use PublishMode.ONCE"
            )
            raise IllegalWorkflow(message)
        released = [*self.dimension_names, *(measure.column for measure in self.measures)]
        released += TEXT_COLUMNS if self.text else ()
        declared = [c.name for c in self.target_dataset.columns if c.name != "promotion_id"]
        if sorted(released) != sorted(declared):
            message = (
                f"workflow {self.name}: it releases {', '.join(sorted(released))}, but "
                f"{self.target} declares {', '.join(sorted(declared))}; make them equal"
            )
            raise IllegalWorkflow(message)
        self._require_told_rows()
        self._require_searched_text()

    def _require_searched_text(self) -> None:
        """Text leaves only where every known identifier was looked for in it."""
        writes = any(column.free_text for column in self.target_dataset.columns)
        if (writes or self.text) and not (
            self.text and set(self.required_checks) >= set(TEXT_CANDIDATE)
        ):
            message = (
                f"workflow {self.name}: it releases text, so it declares it as `text` and requires "
                f"the checks {', '.join(TEXT_CANDIDATE)}"
            )
            raise IllegalWorkflow(message)

    def _require_told_rows(self) -> None:
        """What rows are placed and measured by is what is declared, or the guard is told a tale."""
        wrong = [
            f"dimension {each.column} is not placed in its rows as declared"
            for each in self.dimensions
            if placed_by([each]) not in self.rows
        ]
        wrong += [
            f"measure {measure.column} does not read {name}"
            for measure in self.measures
            for name in measure.inputs
            if not re.search(rf"\b{name}\b", measure.expression)
        ]
        reading = {
            measure.measured: (measure.inputs, measure.population) for measure in self.measures
        }
        wrong += [
            f"measure {measure.column} reads {measure.measured} in another way than its like"
            for measure in self.measures
            if reading[measure.measured] != (measure.inputs, measure.population)
        ]
        if wrong:
            message = f"workflow {self.name}: {'; '.join(wrong)}; mend its declaration"
            raise IllegalWorkflow(message)

    @property
    def contributor_fund(self) -> str:
        """The fund a contributor counts for, as SQL: where funds contribute, each is its own."""
        return "b.tenant_id" if self.from_class is DataClass.FUND_PRIVATE else "m.fund_id"

    @property
    def measured(self) -> dict[str, Measure]:
        """One measure for each set of source columns that is measured, the text among them."""
        by_columns = {measure.measured: measure for measure in self.measures}
        if self.text:
            told = Measure("content", "count(templates)", self.text.from_columns, ("templates",))
            by_columns[told.measured] = told
        return by_columns

    @property
    def measured_columns(self) -> dict[str, tuple[str, ...]]:
        """Each released column that is measured, and the source columns it aggregates."""
        columns = {measure.column: measure.from_columns for measure in self.measures}
        if self.text:
            columns |= dict.fromkeys(("content", "embedding"), self.text.from_columns)
        return columns

    @property
    def dimension_names(self) -> tuple[str, ...]:
        """The columns that make a cell's key."""
        return tuple(dimension.column for dimension in self.dimensions)

    def partition(self, levels: Sequence[int]) -> list[dict[str, object]]:
        """The partition at these levels, as JSON: what a family freezes."""
        return [
            dimension.declared() | {"level": level}
            for dimension, level in zip(self.dimensions, levels, strict=True)
        ]

    @property
    def source_datasets(self) -> tuple[Dataset, ...]:
        """The datasets it reads."""
        return tuple(REGISTRY.get(name) for name in self.sources)

    @property
    def target_dataset(self) -> Dataset:
        """The dataset it writes."""
        return REGISTRY.get(self.target)

    @property
    def from_class(self) -> DataClass:
        """The class of its sources."""
        return self.source_datasets[0].data_class

    @property
    def to_class(self) -> DataClass:
        """The class of its target."""
        return self.target_dataset.data_class

    @property
    def column_lineage(self) -> dict[str, tuple[str, ...]]:
        """Each released column, and the `schema.dataset.column` names it is made of."""
        placed = {dimension.column: dimension.made_of for dimension in self.dimensions}
        made_of = placed | self.measured_columns
        if self.text:
            keyed = dict.fromkeys(name for columns in placed.values() for name in columns)
            made_of["item_id"] = tuple(keyed)
        return made_of
