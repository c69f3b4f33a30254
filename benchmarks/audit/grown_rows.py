"""Fills every store of the grown project: rows of several tenants, keys, and releases."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from sqlalchemy import Connection, text

from benchmarks.audit.grown_datasets import DATASETS, PREFIXES
from catalog.data_classes import DataClass
from catalog.registry import Column, ColumnType, Dataset
from stores.intake.bulk_load import load_intake
from stores.intake.sample import SampleIntake
from stores.platform import open_platform

__all__ = ["SENTENCES", "fill"]

_ROWS = 20
_BEHIND_A_CELL = 8
_RELEASED = frozenset({DataClass.FUND_PRIVATE, DataClass.ANONYMIZED_BENCHMARK})
SENTENCES = (
    "Open with the question that the last call ended on and let them answer first",
    "Name the cost of waiting one more quarter before any price is mentioned at all",
    "Send a short note on the day after the meeting with the two points they raised",
    "Ask who else has to agree and what each of them would need to see beforehand",
)
_SENTENCE = f"(ARRAY[{', '.join(repr(each) for each in SENTENCES)}])[1 + n % 4]"
_VALUES = {
    ColumnType.TEXT: _SENTENCE,
    ColumnType.INTEGER: "n",
    ColumnType.NUMERIC: "n * 100",
    ColumnType.DOUBLE: "n / 2.0",
    ColumnType.DATE: "date '2026-01-01' + n",
    ColumnType.JSON: f"jsonb_build_object('said', {_SENTENCE})",
    ColumnType.UUID: "CAST(:promotion AS uuid)",
    ColumnType.VECTOR_384: "CAST(array_fill(n / 100.0, ARRAY[384]) AS vector(384))",
}
_NAMED = {
    "tenant_id": "(SELECT tenant_id FROM owner WHERE place = n % 8)",
    "fund_id": "(SELECT fund_id FROM owner WHERE place = n % 8)",
    "item_id": "'item ' || n",
    "kind": "'kind ' || n % 3",
}


def fill(home: Path) -> None:
    """A sample of 40 tenants first; then rows, keys and vectors in every store that grew."""
    with open_platform(home) as platform:
        intake = SampleIntake(40, 6_000, 7, until=date(2026, 7, 1))
        load_intake(platform, intake, reason="benchmark")
        with platform.admin_engine().begin() as connection:
            connection.exec_driver_sql(
                "CREATE TEMPORARY TABLE owner ON COMMIT DROP AS SELECT tenant_id, fund_id, "
                "row_number() OVER (ORDER BY tenant_id) - 1 AS place "
                f"FROM control.portfolio_membership ORDER BY tenant_id LIMIT {_BEHIND_A_CELL}"
            )
            _switch(connection, "DISABLE TRIGGER")
            for dataset in DATASETS:
                if dataset.physical is None:
                    _fill(connection, dataset)
            _switch(connection, "ENABLE ALWAYS TRIGGER")
            connection.execute(
                text(
                    "INSERT INTO platform.kv_entries (key, value) "
                    "SELECT 'grown_' || lpad(n::text, 5, '0') || chr(58) || 'state', "
                    f"to_jsonb({_SENTENCE}) FROM generate_series(0, CAST(:last AS integer)) AS n"
                ),
                {"last": PREFIXES - 1},
            )


def _switch(connection: Connection, what: str) -> None:
    """Releases are written straight away: their guards have a benchmark of their own."""
    triggers = connection.exec_driver_sql(
        "SELECT tgrelid::regclass::text, quote_ident(tgname) FROM pg_trigger "
        "WHERE NOT tgisinternal AND tgrelid IN ('control.promotions'::regclass, "
        "'control.cell_contributors'::regclass, 'control.judged_cells'::regclass)"
    ).all()
    for table, name in triggers:
        connection.exec_driver_sql(f"ALTER TABLE {table} {what} {name}")


def _fill(connection: Connection, dataset: Dataset) -> None:
    promotion = _release(connection, dataset) if dataset.data_class in _RELEASED else None
    names = ", ".join(column.name for column in dataset.columns)
    values = ", ".join(map(_value, dataset.columns))
    connection.execute(
        text(
            f"INSERT INTO {dataset.qualified_name} ({names}) "
            f"SELECT {values} FROM generate_series(1, {_ROWS}) AS n"
        ),
        {"promotion": promotion},
    )


def _value(column: Column) -> str:
    return _NAMED.get(column.name, _VALUES[column.type])


def _release(connection: Connection, dataset: Dataset) -> str:
    """A published promotion with eight tenants behind each cell."""
    values = {"target": dataset.qualified_name, "to": str(dataset.data_class)}
    promotion = connection.execute(
        text(
            "INSERT INTO control.promotions (promotion_id, idempotency_key, base_key, attempt,"
            " workflow, source_digest, run_id, from_class, to_class, sources, target, policy,"
            " snapshot_digest, candidate_digest, closed_before, rows_in, cells_in, cells_kept,"
            " suppressed, state, requested_by, family, published_at) VALUES (gen_random_uuid(),"
            " :target, :target, 1, 'grown', 'd', gen_random_uuid(), 'tenant_private', :to, '{}',"
            f" :target, '{{}}', 's', 'c', '2026-07-01', {_ROWS}, {_ROWS}, {_ROWS}, '{{}}',"
            " 'published', 'benchmark', :target, clock_timestamp()) RETURNING promotion_id"
        ),
        values,
    ).scalar_one()
    values["p"] = str(promotion)
    connection.execute(
        text(
            "INSERT INTO control.judged_cells (promotion_id, cell_no, family, cell_key,"
            " state_digest, released) SELECT CAST(:p AS uuid), n, :target, to_jsonb(n), 'd', true"
            f" FROM generate_series(1, {_ROWS}) AS n"
        ),
        values,
    )
    connection.execute(
        text(
            "INSERT INTO control.cell_contributors (promotion_id, cell_no, tenant_id, fund_id,"
            " row_count, amount) SELECT CAST(:p AS uuid), n, tenant_id, fund_id, 1, 10"
            f" FROM generate_series(1, {_ROWS}) AS n CROSS JOIN owner"
        ),
        values,
    )
    return str(promotion)


if __name__ == "__main__":
    fill(Path(os.environ["CLASSLINE_HOME"]))
