"""A promotion that waits for a steward, as an incident on the dataset it would be released into.

It says who decided and what, never why: a reason is free text. It imports the DataHub SDK, so it is
itself imported only inside functions that emit.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import datahub.metadata.schema_classes as models

from catalog.datahub_proposals import Proposal, audit_stamp, millis, upserts
from lineage.datahub_urns import dataset_urn, incident_urn, job_urn

__all__ = ["REVIEW_INCIDENT", "review_proposals"]

_Row = Mapping[str, Any]  # a row's values have the types of their columns

REVIEW_INCIDENT = "CLASS_PROMOTION_REVIEW"
"""The incident's custom type, by which a steward filters."""


def review_proposals(
    promotion: _Row, decision: _Row | None, changed_at: datetime
) -> list[Proposal]:
    """The incident of that promotion: active until a steward decided or the wait ended.

    ``decision`` is the newest one about the promotion's source digest since it was filed;
    ``changed_at`` is when the records last said something new of this review.
    """
    name = str(promotion["target"]).rpartition(".")[2]
    waits = promotion["state"] == "awaiting_review" and decision is None
    return list(
        upserts(
            incident_urn(promotion["promotion_id"]),
            models.IncidentInfoClass(
                type=models.IncidentTypeClass.CUSTOM,
                customType=REVIEW_INCIDENT,
                title=f"A release of {name} waits for review",
                description=(
                    f"Workflow {promotion['workflow']} would promote {promotion['cells_kept']} "
                    f"cells from {promotion['from_class']} to {promotion['to_class']}. A steward "
                    f"decides: classline review show {promotion['workflow']}"
                ),
                entities=[dataset_urn(promotion["target"]), job_urn(promotion["workflow"])],
                status=models.IncidentStatusClass(
                    state=(
                        models.IncidentStateClass.ACTIVE
                        if waits
                        else models.IncidentStateClass.RESOLVED
                    ),
                    message=_said(promotion, decision),
                    lastUpdated=audit_stamp(changed_at),
                ),
                created=audit_stamp(promotion["created_at"]),
                startedAt=millis(promotion["created_at"]),
                source=models.IncidentSourceClass(type=models.IncidentSourceTypeClass.MANUAL),
            ),
        )
    )


def _said(promotion: _Row, decision: _Row | None) -> str:
    if decision is not None:
        return f"{decision['decision']} by {decision['steward_name']}"
    state = str(promotion["state"]).replace("_", " ")
    return f"the promotion is {state}"
