"""Shows every registered store that no workflow writes as an external asset."""

from __future__ import annotations

from collections.abc import Iterable

from dagster import AssetKey, AssetSpec

from anonymization.workflow import Workflow
from catalog.registry import Dataset
from dagster_project.asset_labels import class_tag, column_schema, kinds

__all__ = ["store_assets"]


def store_assets(
    datasets: Iterable[Dataset], workflows: Iterable[Workflow]
) -> tuple[AssetSpec, ...]:
    """One external asset for each store that is not internal and not a workflow's target."""
    released = {workflow.target_dataset.qualified_name for workflow in workflows}
    return tuple(
        _store_asset(dataset)
        for dataset in datasets
        if not dataset.internal and dataset.qualified_name not in released
    )


def _store_asset(dataset: Dataset) -> AssetSpec:
    return AssetSpec(
        key=AssetKey(dataset.asset_key),
        description=dataset.description,
        group_name=str(dataset.data_class),
        owners=[dataset.owner],
        tags=class_tag(dataset.data_class),
        kinds=kinds(dataset),
        metadata={"dagster/column_schema": column_schema(dataset)},
    )
