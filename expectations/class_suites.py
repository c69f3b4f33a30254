"""Says as data what must hold of a store of each class; its declaration decides the rest.

A suite holds no value of any row, and knows nothing of the library that judges it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from catalog.data_classes import DataClass
from catalog.floors import FLOORS
from catalog.registry import Column, ColumnType, Dataset, Registry, StoreKind
from expectations.verdicts import Expectation

__all__ = ["CONTRIBUTOR", "NO_PII", "READS_TEXT", "checked_datasets", "class_suite", "text_columns"]

CONTRIBUTOR = "contributor"
"""Who stands behind a published cell: told by `control`, no column of the store itself."""

CLASSIFIED = "expect_columns_to_be_classified"
OWNED = "expect_every_row_to_have_an_owner"
WITHOUT_COLUMNS = "expect_table_to_have_no_columns"
NO_PII = "expect_column_values_to_contain_no_pii"
NO_KNOWN_IDENTIFIERS = "expect_table_to_contain_no_known_identifiers"
NO_TENANT_IDS = "expect_table_to_contain_no_tenant_ids"
K_ANONYMOUS = "expect_table_to_be_k_anonymous"

READS_TEXT = frozenset({NO_PII, NO_KNOWN_IDENTIFIERS, NO_TENANT_IDS})
"""What needs a scan of all texts; everything else is a count in the database."""

SUITES: Mapping[DataClass, tuple[str, ...]] = MappingProxyType(
    {
        DataClass.TENANT_PRIVATE: (CLASSIFIED, OWNED),
        DataClass.FUND_PRIVATE: (
            CLASSIFIED,
            OWNED,
            WITHOUT_COLUMNS,
            NO_PII,
            NO_KNOWN_IDENTIFIERS,
            NO_TENANT_IDS,
            K_ANONYMOUS,
        ),
        DataClass.ANONYMIZED_BENCHMARK: (
            CLASSIFIED,
            WITHOUT_COLUMNS,
            NO_PII,
            NO_KNOWN_IDENTIFIERS,
            NO_TENANT_IDS,
            K_ANONYMOUS,
        ),
        DataClass.ASCEND_PLATFORM_METRIC: (
            CLASSIFIED,
            NO_PII,
            NO_KNOWN_IDENTIFIERS,
            NO_TENANT_IDS,
        ),
    }
)

_OWNER: Mapping[DataClass, str] = MappingProxyType(
    {DataClass.TENANT_PRIVATE: "tenant_id", DataClass.FUND_PRIVATE: "fund_id"}
)
_FORBIDDEN: Mapping[DataClass, tuple[str, ...]] = MappingProxyType(
    {
        DataClass.FUND_PRIVATE: ("tenant_id",),
        DataClass.ANONYMIZED_BENCHMARK: ("tenant_id", "fund_id"),
    }
)
_TEXT = frozenset({ColumnType.TEXT, ColumnType.JSON, ColumnType.TEXT_ARRAY})


def class_suite(dataset: Dataset) -> tuple[Expectation, ...]:
    """Every expectation on that store, in the order of its class's suite."""
    return tuple(
        Expectation(kind, arguments)
        for kind in SUITES[dataset.data_class]
        for arguments in _arguments(kind, dataset)
    )


def text_columns(dataset: Dataset) -> tuple[Column, ...]:
    """The columns in which anything could be written."""
    return tuple(column for column in dataset.columns if column.type in _TEXT)


def checked_datasets(registry: Registry) -> tuple[Dataset, ...]:
    """The stores that are tables of their own; a key-value prefix is checked with its table."""
    return tuple(
        dataset
        for dataset in registry
        if not dataset.internal and dataset.kind is not StoreKind.KV_PREFIX
    )


def _written_by_people(dataset: Dataset) -> tuple[Column, ...]:
    """Where personal data could stand; platform data names its subjects by digests and ids."""
    columns = text_columns(dataset)
    if dataset.data_class is DataClass.ASCEND_PLATFORM_METRIC:
        return tuple(c for c in columns if c.free_text or c.type is ColumnType.JSON)
    return columns


def _arguments(kind: str, dataset: Dataset) -> tuple[Mapping[str, object], ...]:
    match kind:
        case "expect_columns_to_be_classified":
            return ({"dataset": dataset.qualified_name},)
        case "expect_every_row_to_have_an_owner":
            return ({"filled_column": _OWNER[dataset.data_class]},)
        case "expect_table_to_have_no_columns":
            return ({"forbidden": list(_FORBIDDEN[dataset.data_class])},)
        case "expect_column_values_to_contain_no_pii":
            return tuple({"column": column.name} for column in _written_by_people(dataset))
        case "expect_table_to_contain_no_tenant_ids":
            registered = [c.name for c in dataset.columns if c.tenant_reference]
            return ({"tenant_references": registered},)
        case "expect_table_to_be_k_anonymous":
            floor = FLOORS[DataClass.TENANT_PRIVATE, dataset.data_class]
            return (
                {
                    "quasi_identifiers": list(dataset.primary_key),
                    "k": floor.k_tenants,
                    "subject_column": CONTRIBUTOR,
                },
            )
    return ({},)
