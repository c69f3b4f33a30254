"""Staging twins of the tenant tables that a load fills.

Each holds the rows of one load, written blind, gone when it ends.
"""

from __future__ import annotations

from dataclasses import replace

from catalog.datasets import tenant_private
from catalog.registry import Column, ColumnType, Dataset, StoreKind

__all__ = ["DATASETS"]

_LOAD = Column("load_id", ColumnType.UUID, "The load that the row came with")


def _twin(dataset: Dataset) -> Dataset:
    return replace(
        dataset,
        name=f"staged_{dataset.name}",
        schema="staging",
        description=f"Rows of one load on their way to {dataset.qualified_name}.",
        columns=(_LOAD, *dataset.columns),
        primary_key=("load_id", *dataset.primary_key),
        foreign_keys=(),
        kind=StoreKind.TABLE,
        internal=True,
    )


DATASETS: tuple[Dataset, ...] = tuple(_twin(dataset) for dataset in tenant_private.LOADED)
