"""Chooses how coarse a benchmark family's cells are, once; afterwards the family keeps them.

Before a family's first release a full-domain search picks the cheapest levels at which the policy
holds for all but a share of the rows. The first release freezes them, and every later one of the
family, and of any family that shares a measure, is cut in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from anonymization.dimensions import HIDDEN, Dimension
from anonymization.generalization.combinations import Combinations
from anonymization.generalization.errors import NoSafeNode
from anonymization.generalization.hierarchies import Hierarchy, hierarchy_of
from anonymization.generalization.lattice import search
from anonymization.generalization.metrics import Metric
from anonymization.safe_cells import classes_of, models_of
from anonymization.workflow import Workflow
from expectations.disclosure import Contribution
from stores.sessions import AnonymizerSession

__all__ = ["Placement", "chosen_levels", "placement"]


@dataclass(frozen=True, slots=True)
class Placement:
    """The dimensions at their levels, as the columns of a SELECT over the workflow's rows ``b``."""

    columns: tuple[str, ...]
    parameters: Mapping[str, str]


def placement(workflow: Workflow, levels: Sequence[int]) -> Placement:
    """How rows fall into cells at these levels; a value its hierarchy does not know falls out."""
    columns: list[str] = []
    parameters: dict[str, str] = {}
    for number, (dimension, level) in enumerate(zip(workflow.dimensions, levels, strict=True)):
        name = dimension.column
        if level == 0:
            columns.append(f"b.{name}")
        elif level > len(dimension.coarser):
            parameters[f"hidden_{number}"] = HIDDEN
            columns.append(
                f"CASE WHEN b.{name} IS NOT NULL THEN CAST(:hidden_{number} AS text) END AS {name}"
            )
        else:
            whens = ""
            for place, (value, label) in enumerate(sorted(dimension.coarser[level - 1].items())):
                parameters |= {f"v{number}_{place}": value, f"l{number}_{place}": label}
                whens += (
                    f" WHEN CAST(:v{number}_{place} AS text) THEN CAST(:l{number}_{place} AS text)"
                )
            columns.append(f"CASE b.{name}{whens} END AS {name}")
    return Placement(tuple(columns), parameters)


def chosen_levels(
    session: AnonymizerSession,
    workflow: Workflow,
    *,
    bound: Mapping[str, object],
    frozen: Sequence[Mapping[str, Any]] | None,
) -> tuple[int, ...]:
    """The frozen levels where the family has some, else the cheapest safe ones."""
    if frozen is not None:
        levels = {str(dimension["column"]): int(dimension["level"]) for dimension in frozen}
        return tuple(levels.get(dimension.column, 0) for dimension in workflow.dimensions)
    if all(dimension.levels == 1 for dimension in workflow.dimensions):
        return (0,) * len(workflow.dimensions)
    found = _combinations(session, workflow, bound)
    top = tuple(dimension.levels - 1 for dimension in workflow.dimensions)
    if found is None:
        return top
    combinations, hierarchies = found
    models = [model for _, model in models_of(workflow.policy)]
    try:
        return search(
            combinations,
            hierarchies,
            models,
            suppression=workflow.suppression,
            metric=Metric.LOSS,
        ).node
    except NoSafeNode:
        # The coarsest cells suppress the least; what is unsafe even there is left out.
        return top


def _combinations(
    session: AnonymizerSession, workflow: Workflow, bound: Mapping[str, object]
) -> tuple[Combinations, tuple[Hierarchy, ...]] | None:
    """The rows by their finest values, with who stands behind them; None where nothing fits."""
    names = workflow.dimension_names
    listed = ", ".join(f"b.{name}" for name in names)
    present = " AND ".join(f"b.{name} IS NOT NULL" for name in names)
    cells: dict[tuple[str, ...], list[Contribution]] = {}
    for row in session.query_sources(
        workflow.from_class,
        f"SELECT {listed}, tenant_id AS contributor, "
        f"{workflow.contributor_fund} AS contributor_fund, "
        f"count(*) AS row_count, sum(amount) AS total FROM ({workflow.rows}) b "
        f"LEFT JOIN control.portfolio_membership m USING (tenant_id) WHERE {present} "
        f"GROUP BY {listed}, tenant_id, contributor_fund ORDER BY {listed}, tenant_id",
        **bound,
    ):
        cells.setdefault(tuple(str(row[name]) for name in names), []).append(
            Contribution(
                row["contributor"],
                row["contributor_fund"],
                int(row["row_count"]),
                Decimal(row["total"]),
            )
        )
    known = {
        combination: who
        for combination, who in sorted(cells.items())
        if all(map(_is_known, workflow.dimensions, combination))
    }
    classes = classes_of(list(known.values()))
    if not known or classes is None or classes.contributors is None:
        return None
    domains = tuple(tuple(sorted(set(column))) for column in zip(*known, strict=True))
    places = [{value: place for place, value in enumerate(domain)} for domain in domains]
    codes = [
        [place[value] for value in column]
        for place, column in zip(places, zip(*known, strict=True), strict=True)
    ]
    combinations = Combinations(
        columns=names,
        domains=domains,
        codes=np.array(codes, dtype=np.int32),
        classes=classes,
        tenant_count=len(classes.contributors.fund_of_tenant),
    )
    return combinations, tuple(map(_hierarchy, workflow.dimensions, domains))


def _is_known(dimension: Dimension, value: str) -> bool:
    return all(value in level for level in dimension.coarser)


def _hierarchy(dimension: Dimension, domain: Sequence[str]) -> Hierarchy:
    """The dimension's hierarchy over all the values it knows, those of the data first."""
    further = sorted({value for level in dimension.coarser for value in level} - set(domain))
    leaves = [*domain, *further]
    return hierarchy_of(
        dimension.column,
        leaves,
        [[dimension.label(leaf, level) for leaf in leaves] for level in range(1, dimension.levels)],
    )
