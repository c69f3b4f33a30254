"""The names by which DataHub knows workflows, promotions, checks and reviews; plain text, no SDK.

Each is made of names that stand in our records, so that a second delivery writes to the same
entity; a column is named only if the registry declares it.
"""

from __future__ import annotations

from collections.abc import Iterable

from catalog import datahub_names
from catalog.declared import REGISTRY
from lineage.workflow_descriptions import WorkflowDescription

__all__ = [
    "FLOW",
    "assertion_urn",
    "column_urn",
    "contract_urn",
    "dataset_urn",
    "incident_urn",
    "job_urn",
    "promotion_urn",
    "query_urn",
    "source_urns",
]

FLOW = "urn:li:dataFlow:(classline,anonymization,PROD)"
"""All workflows are jobs of this one flow: a steward finds them in one place."""


def job_urn(workflow: str) -> str:
    """The job of a workflow."""
    return f"urn:li:dataJob:({FLOW},{workflow})"


def promotion_urn(promotion_id: object) -> str:
    """The process instance of a promotion."""
    return f"urn:li:dataProcessInstance:{promotion_id}"


def query_urn(workflow: str) -> str:
    """The query that stands on the edges a workflow draws."""
    return f"urn:li:query:classline.{workflow}"


def assertion_urn(target: str, check: str, phase: str) -> str:
    """What one check says of the candidates of a dataset, in one phase of their life."""
    return f"urn:li:assertion:classline.{target}.{check}.{phase}"


def contract_urn(target: str) -> str:
    """The data contract of a published dataset."""
    return f"urn:li:dataContract:classline.{target}"


def incident_urn(promotion_id: object) -> str:
    """The incident that shows a promotion's wait for review."""
    return f"urn:li:incident:classline.review.{promotion_id}"


def dataset_urn(name: str) -> str:
    """The dataset of that name; one that the registry does not declare is refused."""
    return datahub_names.dataset_urn(REGISTRY.get(name))


def column_urn(qualified: str) -> str:
    """The column ``schema.dataset.column``; refused unless the registry declares it."""
    name, _, column = qualified.rpartition(".")
    declared = REGISTRY.get(name).column(column)
    return datahub_names.column_urn(dataset_urn(name), declared.name)


def source_urns(workflow: WorkflowDescription) -> tuple[str, ...]:
    """The declared sources, and every other dataset that a column is made of."""
    return tuple(dict.fromkeys(map(dataset_urn, _source_names(workflow))))


def _source_names(workflow: WorkflowDescription) -> Iterable[str]:
    yield from workflow.sources
    for sources in workflow.column_lineage.values():
        yield from (source.rpartition(".")[0] for source in sources)
