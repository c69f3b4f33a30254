"""A workflow's registration and a promotion's record as DataHub lineage, down to columns.

The record's own times stand in every aspect, so a second delivery writes what the first wrote.
It imports the DataHub SDK, so it is itself imported only inside functions that emit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import datahub.metadata.schema_classes as models
from datahub.emitter.mcp import MetadataChangeProposalWrapper
from datahub.specific.dataset import DatasetPatchBuilder

from catalog import datahub_names
from catalog.datahub_vocabulary import Proposal, audit_stamp, millis
from catalog.declared import REGISTRY
from lineage.workflow_descriptions import WorkflowDescription

__all__ = ["FLOW", "job_urn", "promotion_proposals", "promotion_urn", "workflow_proposals"]

FLOW = "urn:li:dataFlow:(classline,anonymization,PROD)"
"""All workflows are jobs of this one flow: a steward finds them in one place."""

_Row = Mapping[str, Any]  # a row's values have the types of their columns


def job_urn(workflow: str) -> str:
    """The job of a workflow."""
    return f"urn:li:dataJob:({FLOW},{workflow})"


def promotion_urn(promotion_id: object) -> str:
    """The process instance of a promotion."""
    return f"urn:li:dataProcessInstance:{promotion_id}"


def workflow_proposals(registration: _Row, workflow: WorkflowDescription) -> list[Proposal]:
    """The workflow as a job between its source datasets and its target."""
    at: datetime = registration["registered_at"]
    stamp = audit_stamp(at)
    job = models.DataJobInfoClass(
        name=workflow.name,
        type="ANONYMIZATION",
        description=workflow.description,
        flowUrn=FLOW,
        customProperties=_texts(
            {
                "source_digest": registration["source_digest"],
                "from_class": registration["from_class"],
                "to_class": registration["to_class"],
                "module": workflow.module,
                "publish_mode": registration["publish_mode"],
                "required_checks": ", ".join(registration["required_checks"]),
                **_policy(registration["policy"]),
            }
        ),
        created=models.TimeStampClass(time=millis(at), actor=datahub_names.ACTOR),
    )
    ends = models.DataJobInputOutputClass(
        inputDatasets=[],
        outputDatasets=[],
        inputDatasetEdges=[
            models.EdgeClass(destinationUrn=urn, created=stamp, lastModified=stamp)
            for urn in _source_urns(workflow)
        ],
        outputDatasetEdges=[
            models.EdgeClass(
                destinationUrn=_dataset_urn(workflow.target), created=stamp, lastModified=stamp
            )
        ],
        fineGrainedLineages=list(_column_lineage(workflow)) or None,
    )
    return [
        *_upsert(
            FLOW,
            models.DataFlowInfoClass(
                name="Anonymization",
                description="The named workflows: the only way a datum changes its class.",
            ),
            models.StatusClass(removed=False),
        ),
        *_upsert(
            job_urn(workflow.name),
            job,
            ends,
            models.SubTypesClass(typeNames=["Anonymization Workflow"]),
            models.StatusClass(removed=False),
        ),
    ]


def promotion_proposals(promotion: _Row, workflow: WorkflowDescription) -> list[Proposal]:
    """The promotion as a run of its workflow's job, and its edges into the target dataset."""
    published: datetime = promotion["published_at"]
    filed: datetime = promotion["created_at"]
    sources, target = _source_urns(workflow), _dataset_urn(workflow.target)
    stamp = audit_stamp(published)
    run = _upsert(
        promotion_urn(promotion["promotion_id"]),
        models.DataProcessInstancePropertiesClass(
            name=f"{workflow.name} {published:%Y-%m-%d %H:%M}",
            created=audit_stamp(filed),
            customProperties=_promotion_properties(promotion),
        ),
        models.DataProcessInstanceRelationshipsClass(
            upstreamInstances=[], parentTemplate=job_urn(workflow.name)
        ),
        models.DataProcessInstanceInputClass(
            inputs=list(sources),
            inputEdges=[models.EdgeClass(destinationUrn=urn, created=stamp) for urn in sources],
        ),
        models.DataProcessInstanceOutputClass(
            outputs=[target],
            outputEdges=[models.EdgeClass(destinationUrn=target, created=stamp)],
        ),
        models.DataProcessInstanceRunEventClass(
            timestampMillis=millis(filed),
            status=models.DataProcessRunStatusClass.STARTED,
            attempt=promotion["attempt"],
        ),
        models.DataProcessInstanceRunEventClass(
            timestampMillis=millis(published),
            status=models.DataProcessRunStatusClass.COMPLETE,
            attempt=promotion["attempt"],
            result=models.DataProcessInstanceRunResultClass(
                type=models.RunResultTypeClass.SUCCESS, nativeResultType="classline"
            ),
            durationMillis=millis(published) - millis(filed),
        ),
    )
    patch = DatasetPatchBuilder(target)
    for source in sources:
        patch.add_upstream_lineage(
            models.UpstreamClass(
                dataset=source,
                type=models.DatasetLineageTypeClass.TRANSFORMED,
                auditStamp=stamp,
                properties={
                    "workflow": workflow.name,
                    "promotion_id": str(promotion["promotion_id"]),
                },
            )
        )
    for lineage in _column_lineage(workflow):
        patch.add_fine_grained_lineage(lineage)
    return [*run, *patch.build()]


def _promotion_properties(promotion: _Row) -> dict[str, str]:
    return _texts(
        {
            "promotion_id": promotion["promotion_id"],
            "workflow": promotion["workflow"],
            "state": promotion["state"],
            "source_digest": promotion["source_digest"],
            "from_class": promotion["from_class"],
            "to_class": promotion["to_class"],
            "idempotency_key": promotion["idempotency_key"],
            "candidate_digest": promotion["candidate_digest"],
            "attempt": promotion["attempt"],
            "rows_in": promotion["rows_in"],
            "cells_in": promotion["cells_in"],
            "cells_kept": promotion["cells_kept"],
            "rows_published": promotion["rows_published"],
            "cells_held": promotion["cells_held"],
            "requested_by": promotion["requested_by"],
            "approved_by": promotion["approved_by"],
            "approval_id": promotion["approval_id"],
            "published_at": promotion["published_at"].isoformat(),
            **{f"suppressed.{rule}": n for rule, n in promotion["suppressed"].items()},
            **_policy(promotion["policy"]),
        }
    )


def _policy(policy: Mapping[str, object]) -> dict[str, object]:
    return {f"policy.{name}": value for name, value in policy.items()}


def _texts(values: Mapping[str, object]) -> dict[str, str]:
    """DataHub's custom properties are texts; what is not known is left out."""
    return {name: str(value) for name, value in values.items() if value is not None}


def _column_lineage(workflow: WorkflowDescription) -> Iterator[models.FineGrainedLineageClass]:
    target = _dataset_urn(workflow.target)
    for column, sources in workflow.column_lineage.items():
        yield models.FineGrainedLineageClass(
            upstreamType=models.FineGrainedLineageUpstreamTypeClass.FIELD_SET,
            upstreams=[_column_urn(source) for source in sources],
            downstreamType=models.FineGrainedLineageDownstreamTypeClass.FIELD,
            downstreams=[datahub_names.column_urn(target, column)],
            transformOperation=f"classline:{workflow.name}",
        )


def _source_urns(workflow: WorkflowDescription) -> tuple[str, ...]:
    """The declared sources, and every other dataset that a column is made of."""
    named = [
        *workflow.sources,
        *(
            source.rpartition(".")[0]
            for sources in workflow.column_lineage.values()
            for source in sources
        ),
    ]
    return tuple(dict.fromkeys(_dataset_urn(name) for name in named))


def _dataset_urn(name: str) -> str:
    return datahub_names.dataset_urn(REGISTRY.get(name))


def _column_urn(qualified: str) -> str:
    dataset, _, column = qualified.rpartition(".")
    return datahub_names.column_urn(
        _dataset_urn(dataset), REGISTRY.get(dataset).column(column).name
    )


def _upsert(urn: str, *aspects: models._Aspect) -> Iterator[Proposal]:
    for aspect in aspects:
        yield MetadataChangeProposalWrapper(entityUrn=urn, aspect=aspect)
