"""Makes a workflow's candidate: reads inside its run, groups into cells, suppresses what is unsafe.

Reading is pushed down to the database as portable SQL; only cells and who stands behind them
come back, never rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from anonymization.rounding import rounded
from anonymization.workflow import Workflow
from expectations.disclosure import Contribution, partition_cells
from stores.sessions import AnonymizerSession, Contributions, Row

__all__ = ["Draft", "Extract", "draft_candidate", "extract"]

_Cell = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Extract:
    """What one run read: cells with their raw measures, contributions, and a digest of the rows."""

    rows_in: int
    rows_fingerprint: tuple[str, str, str]
    cells: Mapping[_Cell, Mapping[str, object]]
    contributions: Mapping[_Cell, Sequence[Contribution]]
    populations: Mapping[str, Mapping[_Cell, Sequence[Contribution]]]


@dataclass(frozen=True, slots=True)
class Draft:
    """A candidate that is ready to be filed."""

    cells: Sequence[Mapping[str, object]]
    contributions: Contributions
    cells_in: int
    suppressed: Mapping[str, int]


def extract(session: AnonymizerSession, workflow: Workflow, *, closed_before: date) -> Extract:
    """Read the workflow's rows on one snapshot: fingerprint, contributions and measures."""
    dimensions = ", ".join(workflow.dimensions)
    present = " AND ".join(f"{name} IS NOT NULL" for name in workflow.dimensions)
    source = (
        f"WITH source_rows AS (SELECT b.*, m.fund_id FROM ({workflow.rows}) b "
        "LEFT JOIN control.portfolio_membership m USING (tenant_id)), "
        f"placed AS (SELECT * FROM source_rows WHERE {present}) "
    )
    bound = {"closed_before": closed_before}
    (fingerprint,) = session.query_tenant_private(
        source + "SELECT count(*) AS n, sum(CAST(hashtextextended(CAST(p AS text), 0) AS numeric)) "
        "AS h0, sum(CAST(hashtextextended(CAST(p AS text), 1) AS numeric)) AS h1 FROM placed p",
        **bound,
    )
    conditions = tuple(dict.fromkeys(m.population for m in workflow.measures if m.population))
    counted = "".join(
        f", count(*) FILTER (WHERE {condition}) AS row_count_{n}, "
        f"COALESCE(sum(amount) FILTER (WHERE {condition}), 0) AS total_{n}"
        for n, condition in enumerate(conditions)
    )
    contributions: dict[_Cell, list[Contribution]] = {}
    populations: dict[str, dict[_Cell, list[Contribution]]] = {c: {} for c in conditions}
    for row in session.query_tenant_private(
        source + f"SELECT {dimensions}, tenant_id AS contributor, "
        f"max(fund_id) AS contributor_fund, count(*) AS row_count, sum(amount) AS total{counted} "
        f"FROM placed GROUP BY {dimensions}, tenant_id",
        **bound,
    ):
        cell = tuple(row[name] for name in workflow.dimensions)
        contributions.setdefault(cell, []).append(_contribution(row, ""))
        for n, condition in enumerate(conditions):
            if row[f"row_count_{n}"]:
                population = populations[condition].setdefault(cell, [])
                population.append(_contribution(row, f"_{n}"))
    measures = ", ".join(f"{m.expression} AS {m.column}" for m in workflow.measures)
    cells = {
        tuple(row[name] for name in workflow.dimensions): row
        for row in session.query_tenant_private(
            source + f"SELECT {dimensions}, {measures} FROM placed GROUP BY {dimensions} "
            f"ORDER BY {dimensions}",
            **bound,
        )
    }
    return Extract(
        rows_in=int(fingerprint["n"]),
        rows_fingerprint=(str(fingerprint["n"]), str(fingerprint["h0"]), str(fingerprint["h1"])),
        cells=cells,
        contributions=contributions,
        populations=populations,
    )


def _contribution(row: Row, suffix: str) -> Contribution:
    return Contribution(
        row["contributor"],
        row["contributor_fund"],
        int(row[f"row_count{suffix}"]),
        Decimal(row[f"total{suffix}"]),
    )


def draft_candidate(workflow: Workflow, read: Extract) -> Draft:
    """Keep the cells that satisfy the policy, with rounded measures; count the rest by rule."""
    order = list(read.cells)
    safe = {
        condition: partition_cells(
            {n: population[cell] for n, cell in enumerate(order) if cell in population},
            workflow.policy,
        ).kept
        for condition, population in read.populations.items()
    }
    partition = partition_cells(
        {number: read.contributions[cell] for number, cell in enumerate(order)}, workflow.policy
    )
    cells: list[Mapping[str, object]] = []
    nos: list[int] = []
    behind: list[Contribution] = []
    for number in sorted(partition.kept):
        cell = order[number]
        withheld = {c for c, numbers in safe.items() if number not in numbers}
        cells.append(_released(workflow, read.cells[cell], withheld))
        for contribution in sorted(read.contributions[cell], key=lambda c: c.tenant_id):
            nos.append(len(cells))
            behind.append(contribution)
    return Draft(
        cells=cells,
        contributions=Contributions(
            cell_nos=nos,
            tenants=[contribution.tenant_id for contribution in behind],
            row_counts=[contribution.row_count for contribution in behind],
            amounts=[contribution.amount for contribution in behind],
        ),
        cells_in=len(order),
        suppressed={str(rule): count for rule, count in partition.suppressed.items()},
    )


def _released(
    workflow: Workflow, cell: Mapping[str, object], withheld: Collection[str]
) -> Mapping[str, object]:
    values: dict[str, object] = {name: _json_value(cell[name]) for name in workflow.dimensions}
    for measure in workflow.measures:
        value = None if measure.population in withheld else cell[measure.column]
        values[measure.column] = _json_value(rounded(measure, value))
    return values


def _json_value(value: object) -> object:
    """The value as JSON carries it; numbers keep their digits, dates become ISO 8601."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date):
        return value.isoformat()
    return value
