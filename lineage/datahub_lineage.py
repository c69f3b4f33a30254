"""A workflow's registration and a promotion's record as DataHub lineage, down to columns.

The record's own times stand in every aspect, so a second delivery writes what the first wrote.
It imports the DataHub SDK, so it is itself imported only inside functions that emit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from textwrap import dedent
from typing import Any

import datahub.metadata.schema_classes as models
from datahub.specific.datajob import DataJobPatchBuilder
from datahub.specific.dataset import DatasetPatchBuilder

from catalog import datahub_names
from catalog.datahub_proposals import (
    Proposal,
    audit_stamp,
    created_once,
    millis,
    steward_of,
    upserts,
)
from catalog.declared import REGISTRY
from lineage.datahub_checks import check_proposals, contract_proposals, result_proposals
from lineage.datahub_urns import (
    FLOW,
    column_urn,
    dataset_urn,
    job_urn,
    promotion_urn,
    query_urn,
    source_urns,
)
from lineage.workflow_descriptions import WorkflowDescription

__all__ = ["FLOW", "job_urn", "promotion_proposals", "promotion_urn", "workflow_proposals"]

_Row = Mapping[str, Any]  # a row's values have the types of their columns
_FAILED, _SKIPPED = models.RunResultTypeClass.FAILURE, models.RunResultTypeClass.SKIPPED
# How a run ended that released nothing; in any other state it goes on.
_ENDED: Mapping[str, str] = {
    "held": _FAILED,
    "rejected": _FAILED,
    "superseded": _SKIPPED,
    "revoked": _FAILED,
}


def workflow_proposals(
    registration: _Row, workflow: WorkflowDescription, *, version: int = 1
) -> list[Proposal]:
    """The workflow as a job between its source datasets and its target, with its checks.

    ``version`` counts the workflow's registrations up to this one.
    """
    at: datetime = registration["registered_at"]
    job = job_urn(workflow.name)
    owner = REGISTRY.get(workflow.target).owner
    owned_by = DataJobPatchBuilder(job).add_owner(steward_of(owner, at))
    return [
        *upserts(
            FLOW,
            models.DataFlowInfoClass(
                name="Anonymization",
                description="The named workflows: the only way a datum changes its class.",
            ),
            models.StatusClass(removed=False),
        ),
        *_query(registration, workflow),
        *upserts(
            job,
            _job_info(registration, workflow, version),
            models.VersionInfoClass(
                version=str(version),
                versionType="registration",
                customProperties={"source_digest": str(registration["source_digest"])},
            ),
            _job_ends(workflow, at),
            models.SubTypesClass(typeNames=["Anonymization Workflow"]),
            models.StatusClass(removed=False),
        ),
        created_once(job, models.DomainsClass(domains=[datahub_names.domain_urn(owner)])),
        *owned_by.build(),
        *check_proposals(workflow, registration["required_checks"]),
    ]


def _job_info(
    registration: _Row, workflow: WorkflowDescription, version: int
) -> models.DataJobInfoClass:
    return models.DataJobInfoClass(
        name=workflow.name,
        type="ANONYMIZATION",
        description=workflow.description,
        flowUrn=FLOW,
        customProperties=_texts(
            {
                "source_digest": registration["source_digest"],
                "version": version,
                "from_class": registration["from_class"],
                "to_class": registration["to_class"],
                "module": workflow.module,
                "code_location": workflow.code_location or None,
                "publish_mode": registration["publish_mode"],
                "required_checks": ", ".join(registration["required_checks"]),
                "requested_by": registration.get("requested_by"),
                "family": registration.get("family"),
                **_policy(registration["policy"]),
            }
        ),
        created=models.TimeStampClass(
            time=millis(registration["registered_at"]), actor=datahub_names.ACTOR
        ),
    )


def _job_ends(workflow: WorkflowDescription, at: datetime) -> models.DataJobInputOutputClass:
    stamp = audit_stamp(at)
    return models.DataJobInputOutputClass(
        inputDatasets=[],
        outputDatasets=[],
        inputDatasetEdges=[
            models.EdgeClass(destinationUrn=urn, created=stamp, lastModified=stamp)
            for urn in source_urns(workflow)
        ],
        outputDatasetEdges=[
            models.EdgeClass(
                destinationUrn=dataset_urn(workflow.target), created=stamp, lastModified=stamp
            )
        ],
        fineGrainedLineages=list(_column_lineage(workflow)) or None,
    )


def _query(registration: _Row, workflow: WorkflowDescription) -> Iterator[Proposal]:
    """The SELECT that reads the sources: what stands on each edge into the target."""
    stamp = audit_stamp(registration["registered_at"])
    columns = (
        urn
        for made, sources in workflow.column_lineage.items()
        for urn in (column_urn(f"{workflow.target}.{made}"), *map(column_urn, sources))
    )
    subjects = dict.fromkeys((*source_urns(workflow), dataset_urn(workflow.target), *columns))
    yield from upserts(
        query_urn(workflow.name),
        models.QueryPropertiesClass(
            name=f"Source rows of {workflow.name}",
            description="Read by the anonymizer inside a run; only cells over its rows leave.",
            statement=models.QueryStatementClass(
                value=dedent(workflow.statement).strip() or "-- the code is no longer in force",
                language=models.QueryLanguageClass.SQL,
            ),
            source=models.QuerySourceClass.SYSTEM,
            created=stamp,
            lastModified=stamp,
            origin=job_urn(workflow.name),
            customProperties={"source_digest": str(registration["source_digest"])},
        ),
        models.QuerySubjectsClass(
            subjects=[models.QuerySubjectClass(entity=urn) for urn in subjects]
        ),
        models.DataPlatformInstanceClass(platform=datahub_names.OWN_PLATFORM),
    )


def promotion_proposals(
    promotion: _Row,
    workflow: WorkflowDescription,
    *,
    results: Sequence[_Row] = (),
    changed_at: datetime | None = None,
) -> list[Proposal]:
    """The promotion as a run of its workflow's job; while published, its edges into the target.

    ``results`` are the records of its checks; ``changed_at`` is when it reached its state.
    """
    proposals = [*_run(promotion, workflow, results, changed_at)]
    proposals += result_proposals(workflow, results)
    # What was withdrawn or replaced must not stand on the edge again when it is told later.
    if promotion["state"] == "published":
        proposals += _edges(promotion, workflow)
        proposals += contract_proposals(workflow, results)
    return proposals


def _run(
    promotion: _Row, workflow: WorkflowDescription, results: Sequence[_Row], ended: datetime | None
) -> Iterator[Proposal]:
    filed: datetime = promotion["created_at"]
    published: datetime | None = promotion["published_at"]
    stamp = audit_stamp(filed)
    sources, target = source_urns(workflow), dataset_urn(workflow.target)
    yield from upserts(
        promotion_urn(promotion["promotion_id"]),
        models.DataProcessInstancePropertiesClass(
            name=f"{workflow.name} {published or filed:%Y-%m-%d %H:%M}",
            created=stamp,
            customProperties=_promotion_properties(promotion, results),
        ),
        models.DataProcessInstanceRelationshipsClass(
            upstreamInstances=[], parentTemplate=job_urn(workflow.name)
        ),
        models.DataProcessInstanceInputClass(
            inputs=list(sources),
            inputEdges=[models.EdgeClass(destinationUrn=urn, created=stamp) for urn in sources],
        ),
        *(
            [
                models.DataProcessInstanceOutputClass(
                    outputs=[target],
                    outputEdges=[
                        models.EdgeClass(destinationUrn=target, created=audit_stamp(published))
                    ],
                )
            ]
            if published
            else []
        ),
        models.DataPlatformInstanceClass(platform=datahub_names.OWN_PLATFORM),
        models.SubTypesClass(typeNames=["Promotion"]),
        *_run_events(promotion, published or ended),
    )


def _run_events(
    promotion: _Row, ended: datetime | None
) -> Iterator[models.DataProcessInstanceRunEventClass]:
    filed: datetime = promotion["created_at"]
    yield models.DataProcessInstanceRunEventClass(
        timestampMillis=millis(filed),
        messageId="classline.started",
        status=models.DataProcessRunStatusClass.STARTED,
        attempt=promotion["attempt"],
    )
    succeeded = promotion["published_at"] is not None
    result = models.RunResultTypeClass.SUCCESS if succeeded else _ENDED.get(promotion["state"])
    if ended is None or result is None:
        return
    yield models.DataProcessInstanceRunEventClass(
        timestampMillis=millis(ended),
        messageId="classline.ended",
        status=models.DataProcessRunStatusClass.COMPLETE,
        attempt=promotion["attempt"],
        result=models.DataProcessInstanceRunResultClass(
            type=result,
            nativeResultType="published" if succeeded else str(promotion["state"]),
        ),
        durationMillis=millis(ended) - millis(filed),
    )


def _edges(promotion: _Row, workflow: WorkflowDescription) -> list[Proposal]:
    patch = DatasetPatchBuilder(dataset_urn(workflow.target))
    stamp = audit_stamp(promotion["published_at"])
    for source in source_urns(workflow):
        patch.add_upstream_lineage(
            models.UpstreamClass(
                dataset=source,
                type=models.DatasetLineageTypeClass.TRANSFORMED,
                auditStamp=stamp,
                query=query_urn(workflow.name),
                properties={
                    "workflow": workflow.name,
                    "promotion_id": str(promotion["promotion_id"]),
                    "approved_by": str(promotion["approved_by"] or ""),
                },
            )
        )
    for lineage in _column_lineage(workflow, query=query_urn(workflow.name)):
        patch.add_fine_grained_lineage(lineage)
    return list(patch.build())


def _promotion_properties(promotion: _Row, results: Sequence[_Row]) -> dict[str, str]:
    published, suppressed = promotion["published_at"], promotion["suppressed"]
    return _texts(
        {
            "promotion_id": promotion["promotion_id"],
            "workflow": promotion["workflow"],
            "source_digest": promotion["source_digest"],
            "from_class": promotion["from_class"],
            "to_class": promotion["to_class"],
            "state": promotion["state"],
            "idempotency_key": promotion["idempotency_key"],
            "candidate_digest": promotion["candidate_digest"],
            "attempt": promotion["attempt"],
            "k": promotion["policy"].get("k_tenants"),
            "rows_in": promotion["rows_in"],
            "cells_in": promotion["cells_in"],
            "cells_kept": promotion["cells_kept"],
            "cells_suppressed": sum(suppressed.values()),
            "rows_published": promotion["rows_published"],
            "cells_held": promotion["cells_held"],
            "cells_superseding": promotion.get("cells_superseding"),
            "cells_superseded": sum(map(len, promotion.get("superseded", {}).values())),
            "family": promotion.get("family"),
            "checks_passed": sum(bool(result["passed"]) for result in results),
            "checks_failed": sum(not result["passed"] for result in results),
            "requested_by": promotion["requested_by"],
            "approved_by": promotion["approved_by"],
            "approval_id": promotion["approval_id"],
            "published_at": published.isoformat() if published else None,
            **{f"suppressed.{rule}": n for rule, n in suppressed.items()},
            **{f"held.{rule}": n for rule, n in promotion.get("held", {}).items()},
            **_policy(promotion["policy"]),
        }
    )


def _policy(policy: Mapping[str, object]) -> dict[str, object]:
    return {f"policy.{name}": value for name, value in policy.items()}


def _texts(values: Mapping[str, object]) -> dict[str, str]:
    """DataHub's custom properties are texts; what is not known is left out."""
    return {name: str(value) for name, value in values.items() if value is not None}


def _column_lineage(
    workflow: WorkflowDescription, *, query: str | None = None
) -> Iterator[models.FineGrainedLineageClass]:
    for column, sources in workflow.column_lineage.items():
        yield models.FineGrainedLineageClass(
            upstreamType=models.FineGrainedLineageUpstreamTypeClass.FIELD_SET,
            upstreams=[column_urn(source) for source in sources],
            downstreamType=models.FineGrainedLineageDownstreamTypeClass.FIELD,
            downstreams=[column_urn(f"{workflow.target}.{column}")],
            transformOperation=f"classline:{workflow.name}",
            query=query,
        )
