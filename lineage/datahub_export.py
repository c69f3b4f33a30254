"""Everything that DataHub is ever told of this installation, as one sequence of proposals.

It imports the DataHub SDK, so it is itself imported only inside functions that emit.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from catalog.datahub_model import catalog_batches
from catalog.datahub_proposals import Proposal
from catalog.declared import REGISTRY
from lineage.outbox_content import EventContents, EventKind
from lineage.workflow_descriptions import WorkflowDescription
from stores.outbox_records import TakenEvent
from stores.platform import Platform

__all__ = ["exported_proposals"]

_PURPOSE = "metadata export"
_AT_ONCE = 200


def exported_proposals(
    platform: Platform, workflows: Mapping[str, WorkflowDescription], at: datetime
) -> list[Proposal]:
    """The catalog, then every workflow, promotion and review in the order they happened."""
    with platform.platform_session(_PURPOSE) as session:
        rows = session.records_ascend_platform_metric(
            "outbox", "kind <> :catalog", catalog=str(EventKind.CATALOG)
        )
    first: dict[tuple[str, str], TakenEvent] = {}
    for row in rows:
        event = TakenEvent(
            row["event_id"], row["kind"], row["subject"], row["kind"], row["created_at"]
        )
        first.setdefault((event.kind, event.subject), event)
    events = list(first.values())
    proposals = [p for batch in catalog_batches(REGISTRY, at) for p in batch]
    for start in range(0, len(events), _AT_ONCE):
        some = events[start : start + _AT_ONCE]
        contents = EventContents(platform, some, workflows)
        proposals += [p for event in some for p in contents.proposals(event)]
    return proposals
