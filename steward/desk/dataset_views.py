"""What the desk shows of a dataset: where it comes from, and what was promoted into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from anonymization.registered import WORKFLOWS
from catalog.data_classes import DataClass
from catalog.declared import REGISTRY
from catalog.registry import Dataset
from lineage.flow_picture import Flow, Node, flow_picture
from lineage.promotions import PromotionRecord, read_promotions
from stores.platform import Platform

__all__ = ["DatasetView", "dataset_view", "found_datasets"]

_MOST_PROMOTIONS = 200


@dataclass(frozen=True, slots=True)
class DatasetView:
    """Promotions into the dataset, what each column is made of, and the picture of both."""

    promotions: tuple[PromotionRecord, ...]
    made_of: Mapping[str, tuple[str, ...]]
    picture: str


def found_datasets(data_class: DataClass | None, text: str) -> list[Dataset]:
    """Datasets of that class in whose name, description or columns the text stands."""
    wanted = text.casefold().strip()
    return [
        dataset
        for dataset in REGISTRY
        if (data_class is None or dataset.data_class is data_class)
        and (
            not wanted
            or wanted in dataset.qualified_name.casefold()
            or wanted in dataset.description.casefold()
            or any(wanted in column.name.casefold() for column in dataset.columns)
        )
    ]


def dataset_view(platform: Platform, dataset: Dataset) -> DatasetView:
    """What is on record of it."""
    into = [w for w in WORKFLOWS if w.target == dataset.qualified_name]
    out_of = [w for w in WORKFLOWS if dataset.qualified_name in w.sources]
    promotions = tuple(
        record
        for record in read_promotions(platform, limit=_MOST_PROMOTIONS)
        if record.target == dataset.qualified_name
        or any(record.workflow == workflow.name for workflow in out_of)
    )
    columns: list[list[Node]] = []
    crossings: dict[int, str] = {}
    if into:
        sources = dict.fromkeys(source for workflow in into for source in workflow.sources)
        columns.append([_node(name) for name in sources])
        crossings[1] = _marked(promotions, [workflow.name for workflow in into])
    columns.append([Node(dataset.qualified_name, dataset.data_class, "this dataset")])
    if out_of:
        targets = dict.fromkeys(workflow.target for workflow in out_of)
        crossings[len(columns)] = _marked(promotions, [workflow.name for workflow in out_of])
        columns.append([_node(name) for name in targets])
    return DatasetView(
        promotions=promotions,
        made_of={name: of for workflow in into for name, of in workflow.column_lineage.items()},
        picture=flow_picture(Flow(columns, crossings), f"Lineage of {dataset.qualified_name}"),
    )


def _node(name: str) -> Node:
    dataset = REGISTRY.get(name)
    return Node(dataset.qualified_name, dataset.data_class)


def _marked(promotions: tuple[PromotionRecord, ...], workflows: list[str]) -> str:
    """How often data crossed here."""
    published = sum(
        record.published_at is not None for record in promotions if record.workflow in workflows
    )
    return f"{published} promotion{'' if published == 1 else 's'}"
