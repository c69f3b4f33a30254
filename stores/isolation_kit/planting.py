"""Plants canaries as the administrator: in every column of every store that an owner may have."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from catalog.data_classes import DataClass
from catalog.declared import REGISTRY
from catalog.registry import Column, ColumnType, Dataset, StoreKind
from stores.isolation_kit.canaries import Canary
from stores.tables import physical_datasets

__all__ = ["COMMON_ROWS", "Owner", "owned_tables", "plant", "private_tables"]

COMMON_ROWS = {"tenant_private.crm_accounts": 300}
"""Stores with so many rows of one value that statistics would keep it."""

_ROWS = 2
_DAY = date(2024, 3, 1)
_INSTANT = datetime(2024, 3, 1, 12, tzinfo=UTC)
_STAGES = frozenset({"staging", "quarantine"})
_CELLS = frozenset(
    {"control.cell_contributors", "control.measure_contributions", "control.judged_cells"}
)


@dataclass(frozen=True, slots=True)
class Owner:
    """One side of the test: a tenant, its fund, their logins and their canaries."""

    tenant: str
    fund: str
    login: str
    canary: Canary
    fund_canary: Canary
    key: str
    sector: str

    @property
    def contact(self) -> str:
        """Id of its first contact."""
        return f"{self.key}contact"


def owned_tables(data_class: DataClass) -> tuple[Dataset, ...]:
    """The physical stores of that class whose rows belong to one owner each."""
    return tuple(
        dataset
        for dataset in physical_datasets(REGISTRY)
        if dataset.data_class is data_class and dataset.owner_column and not dataset.internal
    )


def private_tables() -> tuple[Dataset, ...]:
    """Every physical store in which a tenant's or a fund's canary is planted."""
    internal = tuple(
        dataset
        for dataset in physical_datasets(REGISTRY)
        if dataset.data_class is DataClass.TENANT_PRIVATE
        and (dataset.schema in _STAGES or dataset.qualified_name in _CELLS)
    )
    return (
        *owned_tables(DataClass.TENANT_PRIVATE),
        *owned_tables(DataClass.FUND_PRIVATE),
        *internal,
    )


def plant(connection: psycopg.Connection[Any], owner: Owner) -> None:
    """Give that owner rows of its own canaries in every private store."""
    for dataset in private_tables():
        rows = COMMON_ROWS.get(dataset.qualified_name, _ROWS)
        of_fund = dataset.data_class is DataClass.FUND_PRIVATE
        canary = owner.fund_canary if of_fund else owner.canary
        columns = [column for column in dataset.columns if not column.identity]
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(dataset.schema, dataset.name),
            sql.SQL(", ").join(sql.Identifier(column.name) for column in columns),
            sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
        )
        with connection.cursor() as cursor:
            cursor.executemany(
                statement,
                [
                    [_value(dataset, column, owner, canary, (prefix, row)) for column in columns]
                    for prefix in _prefixes(dataset)
                    for row in range(rows)
                ],
            )


def _prefixes(dataset: Dataset) -> tuple[str, ...]:
    """The KV prefixes that share the table; a table of any other kind has the empty one."""
    patterns = tuple(
        re.sub(r"\{[^}]*\}.*", "", other.key_pattern or "")
        for other in REGISTRY
        if other.kind is StoreKind.KV_PREFIX and other.physical == dataset.qualified_name
    )
    return patterns or ("",)


def _value(
    dataset: Dataset, column: Column, owner: Owner, canary: Canary, cell: tuple[str, int]
) -> object:
    prefix, row = cell
    if column.name in {"tenant_id", "fund_id"}:
        return owner.tenant if column.name == "tenant_id" else owner.fund
    if column.name in {"account_id", "sector"}:
        # A key that other tables refer to, and a value so common that statistics would keep it.
        return f"{owner.key}{row}" if column.name == "account_id" else owner.sector
    if column.name == "contact_id":
        return owner.contact if row == 0 else f"{owner.contact}{row}"
    if column.name in _referring(dataset) or column.name in _referred(dataset):
        return f"{canary.mark}key{row}"
    text = canary.text(f"{dataset.qualified_name}.{column.name}")
    values: dict[ColumnType, object] = {
        ColumnType.TEXT: f"{prefix}{text}",
        ColumnType.TEXT_ARRAY: [text],
        ColumnType.JSON: Jsonb({"note": text}),
        ColumnType.BYTES: text.encode(),
        ColumnType.VECTOR_384: str([canary.fraction()] * 384),
    }
    return values[column.type] if column.type in values else _plain_value(column, canary, row)


def _plain_value(column: Column, canary: Canary, row: int) -> object:
    values: dict[ColumnType, object] = {
        ColumnType.INTEGER: canary.integer(row),
        ColumnType.BIGINT: canary.integer(row),
        ColumnType.NUMERIC: canary.integer(row),
        ColumnType.BIGINT_ARRAY: [canary.integer(row)],
        ColumnType.DOUBLE: canary.fraction(),
        ColumnType.BOOLEAN: True,
        ColumnType.DATE: _DAY.replace(day=1 + row % 28),
        ColumnType.TIMESTAMP: _INSTANT,
        ColumnType.UUID: uuid.uuid4(),
    }
    return None if column.name == "expires_at" and column.nullable else values[column.type]


def _referring(dataset: Dataset) -> set[str]:
    return {name for foreign in dataset.foreign_keys for name in foreign.columns}


def _referred(dataset: Dataset) -> set[str]:
    return set(_referred_columns(dataset))


def _referred_columns(dataset: Dataset) -> Iterator[str]:
    for other in REGISTRY:
        for foreign in other.foreign_keys:
            if foreign.target == dataset.qualified_name:
                yield from foreign.target_columns
