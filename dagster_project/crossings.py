"""Names the ops that may carry data from one class into another: those the factory built."""

from __future__ import annotations

from dataclasses import dataclass

from dagster._core.definitions.node_definition import NodeDefinition

from anonymization.workflow import Workflow

__all__ = ["Crossing", "candidate_key", "source_keys"]


@dataclass(frozen=True, slots=True, eq=False)
class Crossing:
    """The three ops that one workflow was built into; the guard knows them by identity.

    Only `dagster_project.promotion_assets` makes one.
    """

    workflow: Workflow
    candidate: NodeDefinition
    checks: NodeDefinition
    published: NodeDefinition


def candidate_key(workflow: Workflow) -> tuple[str, str]:
    """Where a workflow's candidate stands: under the class of its sources."""
    return (str(workflow.from_class), f"{workflow.name}_candidate")


def source_keys(workflow: Workflow) -> frozenset[tuple[str, ...]]:
    """The assets that a workflow declares it reads."""
    return frozenset(dataset.asset_key for dataset in workflow.source_datasets)
