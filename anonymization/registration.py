"""Records versions of workflows: only what `anonymization.registered` lists, by its digest."""

from __future__ import annotations

from anonymization.registered import WORKFLOWS
from anonymization.source_digest import source_digest
from anonymization.workflow import Workflow
from stores.platform import Platform

__all__ = ["NotInForce", "declaration", "register"]


class NotInForce(LookupError):
    """A workflow object that `anonymization.registered` does not list."""


def register(platform: Platform, workflow: Workflow, *, requested_by: str) -> str:
    """Record this version of the workflow; returns its source digest."""
    if not any(workflow is known for known in WORKFLOWS):
        message = (
            f"workflow {workflow.name} is not one of anonymization.registered.WORKFLOWS: refused, "
            "since only a registered workflow may change a class; add it there"
        )
        raise NotInForce(message)
    digest = source_digest(workflow)
    with platform.platform_session("workflow registration") as session:
        session.register_workflow(
            declaration(workflow) | {"source_digest": digest, "requested_by": requested_by}
        )
    return digest


def declaration(workflow: Workflow) -> dict[str, object]:
    """What a registration says of the workflow, and a steward approves with its digest."""
    return {
        "workflow": workflow.name,
        "sources": list(workflow.sources),
        "target": workflow.target,
        "from_class": str(workflow.from_class),
        "to_class": str(workflow.to_class),
        "policy": workflow.policy.as_parameters(),
        "required_checks": [str(check) for check in workflow.required_checks],
        "publish_mode": str(workflow.publish_mode),
        "family": workflow.family,
        "measures": {name: sorted(made_of) for name, made_of in workflow.measured_columns.items()},
        "dimensions": [dimension.declared() for dimension in workflow.dimensions],
    }
