"""What an audit found, as incidents on the stores it found it in; they close when it is gone.

It imports the DataHub SDK, so it is itself imported only inside functions that emit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import datahub.metadata.schema_classes as models

from catalog import datahub_names
from catalog.datahub_proposals import Proposal, audit_stamp, millis, upserts
from catalog.declared import REGISTRY
from stores.audit_records import FiledAudit

__all__ = ["AUDIT_INCIDENT", "audit_proposals"]

AUDIT_INCIDENT = "AUDIT_FINDING"
"""The incident's custom type, by which a steward filters."""

_Found = Mapping[str, Any]  # a finding as its report keeps it


def audit_proposals(audits: Sequence[FiledAudit]) -> list[Proposal]:
    """One incident for each finding of these audits, newest audit first.

    It is active while the newest audit of a kind that looks there has it open; what an audit that
    reads no text did not look at stays as it was. A finding on no registered store stands on none.
    """
    latest: dict[str, tuple[_Found, FiledAudit]] = {}
    for filed in audits:
        for found in filed.report["findings"]:
            latest.setdefault(str(found["id"]), (found, filed))
    return [
        proposal
        for finding_id, (found, filed) in sorted(latest.items())
        for proposal in _incident(finding_id, found, filed, _closed_at(found, filed, audits))
    ]


def _closed_at(found: _Found, filed: FiledAudit, audits: Iterable[FiledAudit]) -> datetime | None:
    """When a later audit that looked there no longer found it; or when it was acknowledged."""
    if found["acknowledged"]:
        return filed.filed_at
    later = [each for each in audits if each.filed_at > filed.filed_at]
    looked = [each for each in later if each.kind != "daily" or filed.kind == "daily"]
    return min((each.filed_at for each in looked), default=None)


def _incident(
    finding_id: str, found: _Found, filed: FiledAudit, closed_at: datetime | None
) -> Iterable[Proposal]:
    stores = _stores(str(found["file"]))
    if not stores:
        return ()
    state = models.IncidentStateClass
    told = "acknowledged by a steward" if found["acknowledged"] else "no longer found"
    return upserts(
        f"urn:li:incident:classline.audit.{finding_id}",
        models.IncidentInfoClass(
            type=models.IncidentTypeClass.CUSTOM,
            customType=AUDIT_INCIDENT,
            title=f"{found['rule']}: an audit found {found['subject']}",
            description=f"{found['message']}. To do: {found['to_do']}",
            entities=stores,
            status=models.IncidentStatusClass(
                state=state.ACTIVE if closed_at is None else state.RESOLVED,
                message="open" if closed_at is None else told,
                lastUpdated=audit_stamp(closed_at or filed.filed_at),
            ),
            created=audit_stamp(filed.filed_at),
            startedAt=millis(filed.filed_at),
            source=models.IncidentSourceClass(type=models.IncidentSourceTypeClass.MANUAL),
        ),
    )


def _stores(place: str) -> list[str]:
    """The registered store that a place names: by itself, one of its columns, or its label."""
    name = place.removeprefix("datahub ")
    for candidate in (name, name.rpartition(".")[0]):
        found = next((each for each in REGISTRY if each.qualified_name == candidate), None)
        if found is not None:
            return [datahub_names.dataset_urn(found)]
    return []
