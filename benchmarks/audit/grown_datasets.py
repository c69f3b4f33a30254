"""The stores by which a copy of this project grows: a thousand tables, namespaces, and prefixes.

`grown_project` joins them to the registry of the copy, so that everything there takes them for its
own.
"""

from __future__ import annotations

import os

from catalog.data_classes import POLICIES, DataClass
from catalog.registry import Column, ColumnType, Dataset, StoreKind

__all__ = ["DATASETS", "NAMESPACES", "PREFIXES", "SIZE_SETTING", "TABLES"]

SIZE_SETTING = "CLASSLINE_BENCH_TABLES"
TABLES = int(os.environ.get(SIZE_SETTING, "1000"))
NAMESPACES = TABLES
PREFIXES = 10 * TABLES

_T, _F, _A, _P = (
    DataClass.TENANT_PRIVATE,
    DataClass.FUND_PRIVATE,
    DataClass.ANONYMIZED_BENCHMARK,
    DataClass.ASCEND_PLATFORM_METRIC,
)
_OF_TABLES = (_T, _A, _P, _T, _A, _F, _T, _A, _P, _T)
_OF_NAMESPACES = (_T, _A, _T, _A, _F)
_OWNERS = {
    _T: (Column("tenant_id", ColumnType.TEXT, "The portfolio company that owns the row"),),
    _F: (Column("fund_id", ColumnType.TEXT, "The fund that owns the row"),),
}
_PROMOTION = (Column("promotion_id", ColumnType.UUID, "The promotion that released the row"),)
_ITEM = Column("item_id", ColumnType.TEXT, "The item's id")
_FACTS = (
    Column("note", ColumnType.TEXT, "What was noted", free_text=True),
    Column("body", ColumnType.TEXT, "The whole text", free_text=True),
    Column("title", ColumnType.TEXT, "Title", free_text=True),
    Column("score", ColumnType.INTEGER, "Fit from 0 to 100"),
    Column("amount", ColumnType.NUMERIC, "What it is worth, in US dollars", nullable=True),
    Column("seen_on", ColumnType.DATE, "The day it was seen"),
    Column("extra", ColumnType.JSON, "What else is known of it"),
    Column("kind", ColumnType.TEXT, "Which kind it is of"),
    Column("weight", ColumnType.DOUBLE, "How much it counts"),
)
_EMBEDDED = (
    _ITEM,
    Column("content", ColumnType.TEXT, "The text that was embedded", free_text=True),
    Column("embedding", ColumnType.VECTOR_384, "Its embedding, 384 dimensions"),
)
_COLUMNS = 10


def _store(
    name: str, data_class: DataClass, columns: tuple[Column, ...], kind: StoreKind
) -> Dataset:
    owner = _OWNERS.get(data_class, ())
    prefix = "anonymized_" if data_class is _A else ""
    return Dataset(
        name=f"{prefix}{name}",
        schema=POLICIES[data_class].schema,
        data_class=data_class,
        description="A store of the benchmark.",
        owner="team:benchmarks",
        columns=(*owner, *columns),
        primary_key=(*(column.name for column in owner), _ITEM.name),
        kind=kind,
    )


def _table(number: int) -> Dataset:
    data_class = _OF_TABLES[number % len(_OF_TABLES)]
    released = _PROMOTION if data_class in {_F, _A} else ()
    facts = _COLUMNS - 1 - len(_OWNERS.get(data_class, ())) - len(released)
    columns = (_ITEM, *_FACTS[:facts], *released)
    return _store(f"grown_{number:04}", data_class, columns, StoreKind.TABLE)


def _namespace(number: int) -> Dataset:
    data_class = _OF_NAMESPACES[number % len(_OF_NAMESPACES)]
    released = _PROMOTION if data_class in {_F, _A} else ()
    name = f"grown_space_{number:04}"
    return _store(name, data_class, (*_EMBEDDED, *released), StoreKind.VECTOR_NAMESPACE)


def _prefix(number: int) -> Dataset:
    return Dataset(
        name=f"grown_keys_{number:05}",
        schema="platform",
        data_class=_P,
        description="A prefix of the benchmark.",
        owner="team:benchmarks",
        columns=(
            Column("key", ColumnType.TEXT, "The last part of the key"),
            Column("value", ColumnType.JSON, "The value"),
        ),
        primary_key=("key",),
        kind=StoreKind.KV_PREFIX,
        key_pattern=f"grown_{number:05}:{{key}}",
        physical="platform.kv_entries",
    )


DATASETS: tuple[Dataset, ...] = (
    *map(_table, range(TABLES)),
    *map(_namespace, range(NAMESPACES)),
    *map(_prefix, range(PREFIXES)),
)
