"""Reads what a workflow's candidate is made of, inside its run, grouped into cells.

Reading is pushed down to the database; only cells and who stands behind them come back, a few at a
time, never rows. Of each row comes a keyed digest of its identity, so that it is found again in
another cell, and sums of keyed digests of what it holds, so that a change is seen that no count or
amount shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import groupby

from anonymization.partition import placement
from anonymization.workflow import Workflow
from expectations.disclosure import Contribution
from lineage.idempotency import key_blocks
from stores.sessions import AnonymizerSession, Row

__all__ = [
    "WHOLE",
    "Cell",
    "CellsOutOfStep",
    "Extract",
    "Part",
    "ReadCell",
    "RowInTwoCells",
    "extract",
]

Cell = tuple[object, ...]
"""The key of a cell: a value per dimension."""
WHOLE = ""
"""What a contribution to a cell as a whole measures: nothing in particular."""


class RowInTwoCells(ValueError):
    """A workflow's rows list a source row twice."""


class CellsOutOfStep(ValueError):
    """Cells and who contributed to them did not come in one order."""


@dataclass(frozen=True, slots=True)
class Part:
    """A tenant's part of a cell or of one measure of it, with digests of what it is made of."""

    contribution: Contribution
    digest: int
    row_digests: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class ReadCell:
    """A cell with its raw measures, and everybody's parts.

    ``parts`` maps what is measured to parts; the whole cell is measured by nothing, ''.
    ``templates`` maps templates that at least k contributors share to their parts.
    """

    key: Cell
    values: Row
    parts: Mapping[str, Sequence[Part]]
    templates: Mapping[str, Sequence[Part]]


@dataclass(frozen=True, slots=True)
class Extract:
    """What one run reads: how many rows, a digest of them, and the cells as they are asked for.

    ``cells`` reads them anew with each call, inside the session that read the rest.
    """

    rows_in: int
    rows_fingerprint: tuple[str, str, str]
    cells: Callable[[], Iterator[ReadCell]]


def extract(
    session: AnonymizerSession,
    workflow: Workflow,
    *,
    levels: Sequence[int],
    bound: Mapping[str, object],
    control_key: bytes,
) -> Extract:
    """Read the workflow's rows on one snapshot: fingerprint, contributions and measures.

    ``bound`` are the parameters of its rows.
    """
    names = workflow.dimension_names
    dimensions = ", ".join(names)
    measured = workflow.measured
    inputs = dict.fromkeys(name for measure in measured.values() for name in measure.inputs)
    ask = partial(session.query_sources, workflow.from_class)
    placed_at = placement(workflow, levels)
    inner, outer = key_blocks(control_key, "contributions")
    bound = {**bound, "inner": inner, "outer": outer, **placed_at.parameters}
    apart = ", ".join(f"'{name}'" for name in names)
    columns = [
        "b.tenant_id",
        "b.amount",
        f"{workflow.contributor_fund} AS contributor_fund",
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
    (fingerprint,) = ask(
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
    measures = ", ".join(_aggregate(m.expression, m.condition, m.column) for m in workflow.measures)

    def cells() -> Iterator[ReadCell]:
        templates = _templates(ask, source, workflow, bound) if workflow.text else {}
        read = session.stream_sources(
            workflow.from_class,
            source + f"SELECT {dimensions}, {measures} FROM placed GROUP BY {dimensions} "
            f"ORDER BY {dimensions}",
            **bound,
        )
        contributed = session.stream_sources(
            workflow.from_class,
            source + f"SELECT {dimensions}, tenant_id AS contributor, contributor_fund, "
            f"count(*) AS row_count, sum(amount) AS total, sum(row_holds) AS digest, "
            f"array_agg(row_digest ORDER BY row_digest) AS row_digests{counted} "
            f"FROM placed GROUP BY {dimensions}, tenant_id, contributor_fund "
            f"ORDER BY {dimensions}, tenant_id",
            **bound,
        )
        for key, values, rows in _in_step(workflow, read, contributed):
            yield ReadCell(key, values, _parts(rows, tuple(measured)), templates.get(key, {}))

    return Extract(
        rows_in=int(fingerprint["n"]),
        rows_fingerprint=(str(fingerprint["n"]), str(fingerprint["h0"]), str(fingerprint["h1"])),
        cells=cells,
    )


def _in_step(
    workflow: Workflow, cells: Iterator[Row], contributed: Iterator[Row]
) -> Iterator[tuple[Cell, Row, list[Row]]]:
    """Each cell with who contributed to it; both come in order of the cells."""
    names = workflow.dimension_names

    def key_of(row: Row) -> Cell:
        return tuple(row[name] for name in names)

    groups = groupby(contributed, key_of)
    for values in cells:
        key, rows = next(groups, (None, iter(())))
        if key != key_of(values):
            raise CellsOutOfStep(_out_of_step(workflow))
        yield key, values, list(rows)
    if next(groups, None) is not None:
        raise CellsOutOfStep(_out_of_step(workflow))


def _out_of_step(workflow: Workflow) -> str:
    return (
        f"{workflow.name}: cells and their contributors come in two orders: refused, since nobody "
        "could tell who is behind which cell; give its dimensions types that sort in one way"
    )


def _parts(rows: Sequence[Row], measured: Sequence[str]) -> dict[str, list[Part]]:
    parts = {WHOLE: [_part(row, "", row["row_digests"]) for row in rows]}
    for n, name in enumerate(measured):
        counting = [_part(row, f"_{n}") for row in rows if row[f"row_count_{n}"]]
        if counting:
            parts[name] = counting
    return parts


def _templates(
    ask: Callable[..., list[Row]], source: str, workflow: Workflow, bound: Mapping[str, object]
) -> dict[Cell, dict[str, list[Part]]]:
    """The templates that enough contributors of a cell share, with who does; no other leaves."""
    names = workflow.dimension_names
    dimensions = ", ".join(names)
    found: dict[Cell, dict[str, list[Part]]] = {}
    for row in ask(
        source + f"SELECT * FROM (SELECT {dimensions}, x.template, p.tenant_id AS contributor, "
        "p.contributor_fund, count(*) AS row_count, sum(p.amount) AS total, "
        "sum(p.row_digest) AS digest, "
        f"count(*) OVER (PARTITION BY {dimensions}, x.template) AS contributors "
        "FROM placed p CROSS JOIN LATERAL jsonb_array_elements_text(p.templates) AS x (template) "
        f"GROUP BY {dimensions}, x.template, p.tenant_id, p.contributor_fund) c "
        "WHERE contributors >= :fewest ORDER BY template, contributor",
        **bound,
        fewest=workflow.policy.k_tenants,
    ):
        cell = tuple(row[name] for name in names)
        found.setdefault(cell, {}).setdefault(str(row["template"]), []).append(_part(row, ""))
    return found


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
