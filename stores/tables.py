"""The registry as SQLAlchemy tables: what the migrations must have built."""

from __future__ import annotations

from typing import Any

from pgvector.sqlalchemy import VECTOR
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from catalog import registry
from catalog.registry import ColumnType, Dataset, Registry, StoreKind

__all__ = ["column_comment", "metadata_of", "physical_datasets"]


def _sql_type(kind: ColumnType) -> TypeEngine[Any]:
    # Any: each type has a Python type of its own.
    types: dict[ColumnType, TypeEngine[Any]] = {
        ColumnType.TEXT: Text(),
        ColumnType.INTEGER: Integer(),
        ColumnType.BIGINT: BigInteger(),
        ColumnType.NUMERIC: Numeric(),
        ColumnType.DOUBLE: Double(),
        ColumnType.BOOLEAN: Boolean(),
        ColumnType.DATE: Date(),
        ColumnType.TIMESTAMP: DateTime(timezone=True),
        ColumnType.UUID: Uuid(),
        ColumnType.JSON: JSONB(),
        ColumnType.BYTES: LargeBinary(),
        ColumnType.TEXT_ARRAY: ARRAY(Text()),
        ColumnType.BIGINT_ARRAY: ARRAY(BigInteger()),
        ColumnType.VECTOR_384: VECTOR(384),
    }
    return types[kind]


def column_comment(dataset: Dataset, column: registry.Column) -> str:
    """What COMMENT ON COLUMN says: the class first, so that tools can read it off."""
    return f"[{dataset.class_of(column)}] {column.description}"


def physical_datasets(datasets: Registry) -> tuple[Dataset, ...]:
    """The datasets that are tables of their own; a KV prefix lives in its store's table."""
    return tuple(dataset for dataset in datasets if dataset.kind is not StoreKind.KV_PREFIX)


def metadata_of(datasets: Registry) -> MetaData:
    """One SQLAlchemy table per physical dataset, with keys and comments."""
    metadata = MetaData()
    for dataset in physical_datasets(datasets):
        columns = [
            Column(
                column.name,
                _sql_type(column.type),
                *([Identity(always=True)] if column.identity else []),
                nullable=column.nullable,
                server_default=text(column.default) if column.default else None,
                comment=column_comment(dataset, column),
            )
            for column in dataset.columns
        ]
        constraints = [
            PrimaryKeyConstraint(*dataset.primary_key, name=f"{dataset.name}_pkey"),
            *(
                UniqueConstraint(*key, name=f"{dataset.name}_{'_'.join(key)}_key")
                for key in dataset.unique
            ),
            *(
                ForeignKeyConstraint(
                    list(foreign.columns),
                    [f"{foreign.target}.{name}" for name in foreign.target_columns],
                    name=f"{dataset.name}_{foreign.columns[-1]}_fkey",
                )
                for foreign in dataset.foreign_keys
            ),
        ]
        table = Table(
            dataset.name,
            metadata,
            *columns,
            *constraints,
            schema=dataset.schema,
            info={"data_class": dataset.data_class},
            comment=f"[{dataset.data_class}] {dataset.description}",
        )
        _declare_indexes(table, dataset, datasets)
    return metadata


def _declare_indexes(table: Table, dataset: Dataset, datasets: Registry) -> None:
    """Nearest neighbours where no owner splits the rows; ends of life in a key-value store."""
    if dataset.kind is StoreKind.VECTOR_NAMESPACE and dataset.owner_column is None:
        Index(
            f"{dataset.name}_embedding_hnsw",
            table.c.embedding,
            postgresql_using="hnsw",
            postgresql_ops={"embedding": "vector_cosine_ops"},
            postgresql_with={"ef_construction": 128},
        )
    if dataset.qualified_name in {other.physical for other in datasets}:
        owner = [table.c[dataset.owner_column]] if dataset.owner_column else []
        Index(
            f"{dataset.name}_expiry",
            *owner,
            table.c.expires_at,
            postgresql_where=table.c.expires_at.is_not(None),
        )
