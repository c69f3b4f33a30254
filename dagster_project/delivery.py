"""Tells DataHub what waits in the outbox, and says in one line how that went."""

from __future__ import annotations

from anonymization.registered import WORKFLOWS
from catalog.datahub_client import connect, datahub_settings
from lineage.outbox import DrainReport, drain, queue_catalog
from lineage.workflow_descriptions import WorkflowDescription
from stores.platform import Platform

__all__ = ["deliver", "delivery_line"]


def deliver(platform: Platform) -> DrainReport:
    """Queue the catalog if it changed and deliver all that waits; DataHub's absence is no error."""
    queue_catalog(platform)
    described = {
        workflow.name: WorkflowDescription(
            name=workflow.name,
            description=workflow.description,
            module=workflow.module,
            sources=workflow.sources,
            target=workflow.target,
            column_lineage=workflow.column_lineage,
        )
        for workflow in WORKFLOWS
    }
    return drain(platform, lambda: connect(datahub_settings(platform.home.datahub)), described)


def delivery_line(report: DrainReport) -> str:
    """What became of the outbox, for the person who waits."""
    if not report.waiting:
        return f"DataHub: {report.delivered} changes delivered"
    return (
        f"DataHub: {report.delivered} changes delivered, {report.waiting} wait in the outbox "
        f"({report.last_error}); the next run delivers them"
    )
