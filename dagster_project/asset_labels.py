"""What every asset shows of its dataset: class, owner, kind and columns, all from the registry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from dagster import TableColumn, TableColumnConstraints, TableSchema

from catalog.data_classes import DataClass
from catalog.registry import Column, Dataset, StoreKind
from dagster_project.flow_facts import CLASS_TAG

__all__ = ["class_tag", "column_schema", "kinds"]

_OF_NOTHING_ELSE: Mapping[str, Iterable[str]] = MappingProxyType({})
_KINDS = {
    StoreKind.TABLE: {"postgres", "table"},
    StoreKind.KV_PREFIX: {"postgres", "kv"},
    StoreKind.VECTOR_NAMESPACE: {"postgres", "vector"},
}


def class_tag(data_class: DataClass) -> dict[str, str]:
    """The tag that names an asset's class."""
    return {CLASS_TAG: str(data_class)}


def kinds(dataset: Dataset) -> set[str]:
    """How a dataset is kept, as the kinds that the Dagster UI shows."""
    return set(_KINDS[dataset.kind])


def column_schema(
    dataset: Dataset,
    *,
    labelled: DataClass | None = None,
    without: Iterable[str] = (),
    made_of: Mapping[str, Iterable[str]] = _OF_NOTHING_ELSE,
) -> TableSchema:
    """A dataset's columns, each with its class; ``labelled`` overrides it for what waits.

    ``made_of`` names each column's sources: the free Dagster UI draws no column lineage, so the
    descriptions tell it.
    """
    left_out = set(without)
    return TableSchema(
        columns=[
            _column(column, labelled or dataset.class_of(column), made_of.get(column.name, ()))
            for column in dataset.columns
            if column.name not in left_out
        ]
    )


def _column(column: Column, data_class: DataClass, made_of: Iterable[str]) -> TableColumn:
    sources = ", ".join(made_of)
    return TableColumn(
        name=column.name,
        type=str(column.type),
        description=f"{column.description}; from {sources}" if sources else column.description,
        constraints=TableColumnConstraints(nullable=column.nullable),
        tags=class_tag(data_class),
    )
