"""Tells DataHub what waits in the outbox, and says in one line how that went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anonymization.registered import WORKFLOWS
from catalog.datahub_client import connect, datahub_settings
from dagster_project.check_descriptions import CHECK_DESCRIPTIONS
from lineage.outbox import DrainReport, drain, queue_catalog
from lineage.workflow_descriptions import WorkflowDescription
from stores.platform import Platform

if TYPE_CHECKING:
    from anonymization.workflow import Workflow

__all__ = ["deliver", "delivery_line", "described", "described_workflows"]


def deliver(
    platform: Platform, *, at_once: bool = False, whole_catalog: bool = False
) -> DrainReport:
    """Queue the catalog if it changed and deliver all that waits; DataHub's absence is no error.

    ``at_once`` and ``whole_catalog`` are `lineage.outbox.drain`'s. A class label that was changed
    by hand and is put back raises an alert for its dataset.
    """
    queue_catalog(platform)
    report = drain(
        platform,
        lambda: connect(datahub_settings(platform.home.datahub)),
        described_workflows(),
        at_once=at_once,
        whole_catalog=whole_catalog,
    )
    drifts = report.catalog.drifts if report.catalog else []
    for dataset in sorted({drift.dataset for drift in drifts}):
        platform.alerts.class_label_changed(dataset)
    return report


def described_workflows() -> dict[str, WorkflowDescription]:
    """Every workflow in force, by name, as DataHub is told of it."""
    return {workflow.name: described(workflow) for workflow in WORKFLOWS}


def described(workflow: Workflow) -> WorkflowDescription:
    """What DataHub is told of a workflow beside its registration."""
    return WorkflowDescription(
        name=workflow.name,
        description=workflow.description,
        module=workflow.module,
        sources=workflow.sources,
        target=workflow.target,
        column_lineage=workflow.column_lineage,
        statement=workflow.rows,
        checks={str(check): CHECK_DESCRIPTIONS[check] for check in workflow.required_checks},
    )


def delivery_line(report: DrainReport) -> str:
    """What became of the outbox, for the person who waits."""
    told = f"DataHub: {report.delivered} changes delivered"
    if report.waiting:
        why = f" ({report.last_error})" if report.last_error else ""
        told += f", {report.waiting} wait in the outbox{why}; they are tried again by themselves"
    if report.dead:
        told += f", {report.dead} were refused for good: see `classline status`"
    if report.catalog and report.catalog.drifts:
        told += f", {len(report.catalog.drifts)} class labels changed by hand were put back"
    return told
