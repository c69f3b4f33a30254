"""The registry: what every store is called, what class it has, who owns it and what it holds.

A dataset is declared once, in `catalog.datasets`; database tables, column comments, assets and
DataHub entities all derive from that declaration. An undeclared store is tenant_private.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from catalog.data_classes import POLICIES, DataClass, parse_data_class

__all__ = [
    "Column",
    "ColumnType",
    "Dataset",
    "ForeignKey",
    "InconsistentRegistry",
    "Registry",
    "RegistryError",
    "StoreKind",
    "UnknownDataset",
]


class RegistryError(ValueError):
    """Base of what the registry refuses.

    RegistryError
    ├── InconsistentRegistry
    └── UnknownDataset
    """


class InconsistentRegistry(RegistryError):
    """A declaration contradicts the policy, itself or another declaration."""


class UnknownDataset(RegistryError):
    """No dataset of that name is declared."""


class StoreKind(StrEnum):
    """How a dataset is physically kept."""

    TABLE = "table"
    KV_PREFIX = "kv_prefix"
    VECTOR_NAMESPACE = "vector_namespace"


class ColumnType(StrEnum):
    """A column's native PostgreSQL type."""

    TEXT = "text"
    INTEGER = "integer"
    BIGINT = "bigint"
    NUMERIC = "numeric"
    DOUBLE = "double precision"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp with time zone"
    UUID = "uuid"
    JSON = "jsonb"
    BYTES = "bytea"
    TEXT_ARRAY = "text[]"
    BIGINT_ARRAY = "bigint[]"
    VECTOR_384 = "vector(384)"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Without a class of its own it has its dataset's class.

    ``tenant_reference`` marks a column of platform data that may hold a tenant id.
    ``free_text`` marks a column in which people write sentences.
    """

    name: str
    type: ColumnType
    description: str
    nullable: bool = False
    data_class: DataClass | None = None
    tenant_reference: bool = False
    free_text: bool = False
    identity: bool = False
    default: str | None = None


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns that must exist in another dataset; the owner's id always comes first."""

    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dataset:
    """One store: a table, a key-value prefix or a vector namespace, with its one class.

    ``decision`` names the record in `docs/decisions` by which its class was loosened, if it was.
    """

    name: str
    schema: str
    data_class: DataClass
    description: str
    owner: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    kind: StoreKind = StoreKind.TABLE
    foreign_keys: tuple[ForeignKey, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    key_pattern: str | None = None
    physical: str | None = None
    internal: bool = False
    decision: str | None = None

    @property
    def qualified_name(self) -> str:
        """Schema and name, as SQL and DataHub write it."""
        return f"{self.schema}.{self.name}"

    @property
    def asset_key(self) -> tuple[str, str]:
        """The two parts of the Dagster asset key."""
        return (str(self.data_class), self.name)

    @property
    def owner_column(self) -> str | None:
        """The column that says whose row it is, where rows are owned."""
        names = {column.name for column in self.columns}
        if self.data_class is DataClass.TENANT_PRIVATE and "tenant_id" in names:
            return "tenant_id"
        if self.data_class is DataClass.FUND_PRIVATE and "fund_id" in names:
            return "fund_id"
        return None

    def column(self, name: str) -> Column:
        """The column of that name."""
        for column in self.columns:
            if column.name == name:
                return column
        message = f"{self.qualified_name} declares no column {name[:60]!r}; see catalog.datasets"
        raise UnknownDataset(message)

    def class_of(self, column: Column) -> DataClass:
        """The column's class: its own where declared, else the dataset's."""
        return column.data_class or self.data_class


class Registry:
    """All declared datasets, checked against the policy and each other when it is made."""

    def __init__(self, datasets: Iterable[Dataset]) -> None:
        self._datasets = tuple(datasets)
        found = sorted(_violations(self._datasets))
        if found:
            message = "the registry was refused:\n  " + "\n  ".join(found)
            raise InconsistentRegistry(message)
        self._by_name = {dataset.qualified_name: dataset for dataset in self._datasets}
        self._by_short_name = {dataset.name: dataset for dataset in self._datasets}

    def __iter__(self) -> Iterator[Dataset]:
        return iter(self._datasets)

    def __len__(self) -> int:
        return len(self._datasets)

    def get(self, name: str) -> Dataset:
        """The dataset of that name, with or without its schema."""
        dataset = self._by_name.get(name) or self._by_short_name.get(name)
        if dataset is None:
            message = (
                f"no dataset {name[:60]!r} is registered; `classline search --class CLASS` lists "
                "those that are, catalog/datasets declares them"
            )
            raise UnknownDataset(message)
        return dataset

    def class_of(self, name: str) -> DataClass:
        """The class of a store by name; what nobody registered is tenant_private."""
        dataset = self._by_name.get(name) or self._by_short_name.get(name)
        return dataset.data_class if dataset else DataClass.TENANT_PRIVATE

    def of_class(self, data_class: DataClass) -> tuple[Dataset, ...]:
        """The datasets of one class, in order of declaration."""
        wanted = parse_data_class(data_class)
        return tuple(dataset for dataset in self._datasets if dataset.data_class is wanted)


def _violations(datasets: tuple[Dataset, ...]) -> Iterator[str]:
    names = Counter(dataset.name for dataset in datasets)
    yield from (f"{name}: declared twice" for name, declared in names.items() if declared > 1)
    known = {dataset.qualified_name for dataset in datasets}
    for dataset in datasets:
        yield from _label_violations(dataset)
        yield from _key_violations(dataset, known)


def _label_violations(dataset: Dataset) -> Iterator[str]:
    where = dataset.qualified_name
    schemas = {policy.schema: data_class for data_class, policy in POLICIES.items()}
    home = schemas.get(dataset.schema)
    if home is not None and home is not dataset.data_class:
        yield f"{where}: class {dataset.data_class} may not live in schema {dataset.schema}"
    if not dataset.internal and home is None:
        yield f"{where}: no class of the policy lives in schema {dataset.schema}"
    if not dataset.description or not dataset.owner:
        yield f"{where}: a description and an owner are required"
    for column in dataset.columns:
        if not column.description:
            yield f"{where}.{column.name}: a description is required"
        platform_data = dataset.data_class is DataClass.ASCEND_PLATFORM_METRIC
        if platform_data and column.name == "tenant_id" and not column.tenant_reference:
            yield f"{where}.{column.name}: a tenant id stands outside a tenant_reference column"
    if (dataset.kind is StoreKind.KV_PREFIX) != (dataset.key_pattern is not None):
        yield f"{where}: a key-value prefix, and only one, has a key pattern"


def _key_violations(dataset: Dataset, known: set[str]) -> Iterator[str]:
    where = dataset.qualified_name
    columns = [column.name for column in dataset.columns]
    if len(set(columns)) != len(columns):
        yield f"{where}: a column is declared twice"
    owner = None if dataset.internal else dataset.owner_column
    for key in (dataset.primary_key, *dataset.unique):
        yield from (f"{where}: key column {c} is unknown" for c in key if c not in columns)
        if owner and (not key or key[0] != owner):
            yield f"{where}: {owner} must come first in the key {key}"
    for foreign in dataset.foreign_keys:
        if foreign.target not in known:
            yield f"{where}: foreign key to unknown {foreign.target}"
        if owner and foreign.columns[0] != owner:
            yield f"{where}: {owner} must come first in the foreign key {foreign.columns}"
