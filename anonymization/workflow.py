"""Declares what an anonymization workflow is: the only thing that may change a datum's class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from catalog.data_classes import DataClass, FlowRule, flow_rule
from catalog.declared import REGISTRY
from catalog.floors import DisclosurePolicy, require_floors
from catalog.registry import Dataset
from expectations.suites import CheckName

__all__ = ["IllegalWorkflow", "Measure", "Period", "PublishMode", "Workflow"]


class IllegalWorkflow(ValueError):
    """A declaration that the policy does not allow."""


class PublishMode(StrEnum):
    """Whether every published cell stands, or a key holds the cell of its newest period."""

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

    ``population`` is a condition on rows: the measure is withheld from a cell unless the rows that
    meet it satisfy the whole policy by themselves. ``decimals`` rounds to that many places,
    ``significant_digits`` to that many digits; a measure without either must be a count.
    """

    column: str
    expression: str
    from_columns: tuple[str, ...]
    population: str | None = None
    decimals: int | None = None
    significant_digits: int | None = None


@dataclass(frozen=True, slots=True)
class Workflow:
    """A declared promotion from datasets of one class into one dataset of another.

    ``rows`` is a SELECT over the source datasets, one row per source row, that yields
    ``tenant_id``, ``amount`` (>= 0: what dominance is measured on), the dimensions and whatever
    the measures aggregate. It binds ``:closed_before``, the first day of the open period; the
    fund that owns a row's tenant is joined to it as ``fund_id``.
    ``dimensions`` maps each key column of the target to the source columns it is made of.
    """

    name: str
    description: str
    sources: tuple[str, ...]
    target: str
    policy: DisclosurePolicy
    rows: str
    dimensions: Mapping[str, tuple[str, ...]]
    measures: tuple[Measure, ...]
    period: Period
    module: str
    allowed_values: Mapping[str, frozenset[str]] = field(default_factory=dict)
    publish_mode: PublishMode = PublishMode.ONCE
    required_checks: tuple[CheckName, ...] = tuple(CheckName)

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
        released = [*self.dimensions, *(measure.column for measure in self.measures)]
        declared = [c.name for c in self.target_dataset.columns if c.name != "promotion_id"]
        if sorted(released) != sorted(declared):
            message = (
                f"workflow {self.name}: it releases {', '.join(sorted(released))}, but "
                f"{self.target} declares {', '.join(sorted(declared))}; make them equal"
            )
            raise IllegalWorkflow(message)

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
        return dict(self.dimensions) | {m.column: m.from_columns for m in self.measures}
