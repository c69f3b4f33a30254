"""A promotion's record as a run of its workflow's job, and its edges down to columns.

The record's own times stand in every aspect, so a second delivery writes what the first wrote.
It imports the DataHub SDK, so it is itself imported only inside functions that emit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import datahub.metadata.schema_classes as models
from datahub.specific.dataset import DatasetPatchBuilder

from catalog import datahub_names
from catalog.datahub_proposals import Proposal, audit_stamp, millis, upserts
from lineage.datahub_checks import contract_proposals, result_proposals
from lineage.datahub_urns import dataset_urn, job_urn, promotion_urn, query_urn, source_urns
from lineage.datahub_workflows import as_texts, column_lineage, policy_texts
from lineage.workflow_descriptions import WorkflowDescription

__all__ = ["promotion_proposals"]

_Row = Mapping[str, Any]  # a row's values have the types of their columns
_FAILED, _SKIPPED = models.RunResultTypeClass.FAILURE, models.RunResultTypeClass.SKIPPED
# How a run ended that released nothing; in any other state it goes on.
_ENDED: Mapping[str, str] = {
    "held": _FAILED,
    "rejected": _FAILED,
    "superseded": _SKIPPED,
    "revoked": _FAILED,
}


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
    for lineage in column_lineage(workflow, query=query_urn(workflow.name)):
        patch.add_fine_grained_lineage(lineage)
    return list(patch.build())


def _promotion_properties(promotion: _Row, results: Sequence[_Row]) -> dict[str, str]:
    published, suppressed = promotion["published_at"], promotion["suppressed"]
    return as_texts(
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
            **policy_texts(promotion["policy"]),
        }
    )
