"""Makes a workflow's candidate: reads inside its run, groups into cells, suppresses what is unsafe.

Reading is pushed down to the database; only cells and who stands behind them come back, never
rows. Of each row comes a keyed digest of its identity, so that it is found again in another cell,
and sums of keyed digests of what it holds, so that a change is seen that no count or amount shows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from anonymization.partition import placement
from anonymization.rounding import rounded
from anonymization.safe_cells import safe_cells
from anonymization.workflow import Workflow
from expectations.disclosure import Contribution
from lineage.idempotency import key_blocks
from stores.sessions import AnonymizerSession, Contributions, Row

__all__ = ["Draft", "Extract", "Part", "RowInTwoCells", "draft_candidate", "extract"]

_Cell = tuple[object, ...]
_WHOLE = ""


class RowInTwoCells(ValueError):
    """A workflow's rows list a source row twice."""


@dataclass(frozen=True, slots=True)
class Part:
    """A tenant's part of a cell or of one measure of it, with digests of what it is made of."""

    contribution: Contribution
    digest: int
    row_digests: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Extract:
    """What one run read: cells with their raw measures, everybody's parts, a digest of the rows.

    ``parts`` maps what is measured to cells; the whole cell is measured by nothing, ''.
    """

    rows_in: int
    rows_fingerprint: tuple[str, str, str]
    cells: Mapping[_Cell, Mapping[str, object]]
    parts: Mapping[str, Mapping[_Cell, Sequence[Part]]]


@dataclass(frozen=True, slots=True)
class Draft:
    """A candidate that is ready to be filed."""

    cells: Sequence[Mapping[str, object]]
    contributions: Contributions
    cells_in: int
    suppressed: Mapping[str, int]


def extract(
    session: AnonymizerSession,
    workflow: Workflow,
    *,
    levels: Sequence[int],
    closed_before: date,
    control_key: bytes,
) -> Extract:
    """Read the workflow's rows on one snapshot: fingerprint, contributions and measures."""
    names = workflow.dimension_names
    dimensions = ", ".join(names)
    measured = {measure.measured: measure for measure in workflow.measures}
    inputs = dict.fromkeys(name for measure in workflow.measures for name in measure.inputs)
    placed_at = placement(workflow, levels)
    inner, outer = key_blocks(control_key, "contributions")
    bound: dict[str, object] = {
        "closed_before": closed_before,
        "inner": inner,
        "outer": outer,
        **placed_at.parameters,
    }
    apart = ", ".join(f"'{name}'" for name in names)
    columns = [
        "b.tenant_id",
        "b.amount",
        "m.fund_id AS contributor_fund",
        *placed_at.columns,
        *(f"b.{name}" for name in inputs),
        f"{_digest('jsonb_build_array(b.tenant_id, b.source_row)')} AS row_digest",
        f"{_digest(f'to_jsonb(b) - ARRAY[{apart}]')} AS row_holds",
        *(
            f"{_digest(_read_by(measure.inputs))} AS row_holds_{n}"
            for n, measure in enumerate(measured.values())
        ),
    ]
    present = " AND ".join(f"{name} IS NOT NULL" for name in names)
    source = (
        f"WITH source_rows AS MATERIALIZED (SELECT {', '.join(columns)} FROM ({workflow.rows}) b "
        "LEFT JOIN control.portfolio_membership m USING (tenant_id)), "
        f"placed AS (SELECT * FROM source_rows WHERE {present}) "
    )
    (fingerprint,) = session.query_tenant_private(
        source + "SELECT count(*) AS n, count(DISTINCT row_digest) AS distinct_rows, "
        "sum(CAST(hashtextextended(CAST(p AS text), 0) AS numeric)) AS h0, "
        "sum(CAST(hashtextextended(CAST(p AS text), 1) AS numeric)) AS h1 FROM placed p",
        **bound,
    )
    _require_distinct(workflow, fingerprint)
    counted = "".join(
        f", count(*) FILTER (WHERE {measure.condition}) AS row_count_{n}, "
        f"sum(amount) FILTER (WHERE {measure.condition}) AS total_{n}, "
        f"sum(row_holds_{n}) FILTER (WHERE {measure.condition}) AS digest_{n}"
        for n, measure in enumerate(measured.values())
    )
    parts: dict[str, dict[_Cell, list[Part]]] = {name: {} for name in (_WHOLE, *measured)}
    for row in session.query_tenant_private(
        source + f"SELECT {dimensions}, tenant_id AS contributor, contributor_fund, "
        f"count(*) AS row_count, sum(amount) AS total, sum(row_holds) AS digest, "
        f"array_agg(row_digest ORDER BY row_digest) AS row_digests{counted} "
        f"FROM placed GROUP BY {dimensions}, tenant_id, contributor_fund",
        **bound,
    ):
        cell = tuple(row[name] for name in names)
        parts[_WHOLE].setdefault(cell, []).append(_part(row, "", row["row_digests"]))
        for n, name in enumerate(measured):
            if row[f"row_count_{n}"]:
                parts[name].setdefault(cell, []).append(_part(row, f"_{n}"))
    measures = ", ".join(_aggregate(m.expression, m.condition, m.column) for m in workflow.measures)
    cells = {
        tuple(row[name] for name in names): row
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
        parts=parts,
    )


def _digest(content: str) -> str:
    """64 bits of the HMAC-SHA-256 of a JSON value (RFC 2104), as SQL.

    Sums of them are a keyed multiset hash: whoever lacks the key cannot make two sums equal.
    """
    hashed = (
        "sha256(CAST(:outer AS bytea) || sha256(CAST(:inner AS bytea) || "
        f"convert_to(CAST({content} AS text), 'UTF8')))"
    )
    return f"CAST(CAST('x' || left(encode({hashed}, 'hex'), 16) AS bit(64)) AS bigint)"


def _read_by(inputs: Sequence[str]) -> str:
    read = ", ".join(["b.tenant_id", "b.source_row", *(f"b.{name}" for name in inputs)])
    return f"jsonb_build_array({read})"


def _aggregate(expression: str, condition: str, column: str) -> str:
    return f"{expression} FILTER (WHERE {condition}) AS {column}"


def _require_distinct(workflow: Workflow, fingerprint: Row) -> None:
    repeated = int(fingerprint["n"]) - int(fingerprint["distinct_rows"])
    if repeated:
        message = (
            f"{workflow.name}: {repeated} of {fingerprint['n']} rows repeat a source row: refused, "
            "since a source row falls into one cell of its family; mend the join in its rows"
        )
        raise RowInTwoCells(message)


def _part(row: Row, suffix: str, row_digests: Sequence[int] = ()) -> Part:
    return Part(
        Contribution(
            row["contributor"],
            row["contributor_fund"],
            int(row[f"row_count{suffix}"]),
            Decimal(row[f"total{suffix}"]),
        ),
        int(row[f"digest{suffix}"]),
        tuple(row_digests),
    )


def draft_candidate(workflow: Workflow, read: Extract) -> Draft:
    """Keep the cells that satisfy the policy, with rounded measures; count the rest by rule.

    A measure is withheld where the rows it reads do not satisfy the policy by themselves.
    """
    order = list(read.cells)
    split = {
        measured: safe_cells(
            {
                number: [part.contribution for part in parts[cell]]
                for number, cell in enumerate(order)
                if cell in parts
            },
            workflow.policy,
        )
        for measured, parts in read.parts.items()
    }
    cells: list[Mapping[str, object]] = []
    behind: list[tuple[int, str, Part]] = []
    for number in sorted(split[_WHOLE].kept):
        cell = order[number]
        withheld = {name for name, decided in split.items() if number not in decided.kept}
        cells.append(_released(workflow, read.cells[cell], withheld))
        behind += [
            (len(cells), measured, part)
            for measured in read.parts
            if measured not in withheld
            for part in sorted(
                read.parts[measured][cell], key=lambda part: part.contribution.tenant_id
            )
        ]
    return Draft(
        cells=cells,
        contributions=Contributions(
            cell_nos=[number for number, _, _ in behind],
            tenants=[part.contribution.tenant_id for _, _, part in behind],
            measured=[measured for _, measured, _ in behind],
            row_counts=[part.contribution.row_count for _, _, part in behind],
            amounts=[part.contribution.amount for _, _, part in behind],
            digests=[part.digest for _, _, part in behind],
            row_digests=[part.row_digests for _, _, part in behind],
        ),
        cells_in=len(order),
        suppressed={str(rule): count for rule, count in split[_WHOLE].suppressed.items()},
    )


def _released(
    workflow: Workflow, cell: Mapping[str, object], withheld: Collection[str]
) -> Mapping[str, object]:
    values: dict[str, object] = {name: _json_value(cell[name]) for name in workflow.dimension_names}
    for measure in workflow.measures:
        value = None if measure.measured in withheld else cell[measure.column]
        values[measure.column] = _json_value(rounded(measure, value))
    return values


def _json_value(value: object) -> object:
    """The value as JSON carries it; numbers keep their digits, dates become ISO 8601."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date):
        return value.isoformat()
    return value
