"""What the events of the outbox say, read from the records they name when they are delivered.

An event names a record and holds nothing of it, so however late it goes out it tells the newest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from catalog.datahub_client import DataHubError
from lineage.workflow_descriptions import WorkflowDescription
from stores.outbox_records import TakenEvent
from stores.platform import Platform

if TYPE_CHECKING:
    from catalog.datahub_proposals import Proposal

__all__ = ["EventContents", "EventKind", "UnreadableEvent"]

_PURPOSE = "metadata outbox"
_Row = Mapping[str, Any]  # a row's values have the types of their columns


class EventKind(StrEnum):
    """What happened that DataHub should know."""

    CATALOG = "catalog"
    WORKFLOW = "workflow"
    PROMOTION = "promotion"
    REVIEW = "review"


class UnreadableEvent(DataHubError):
    """An event whose subject no record describes."""


class EventContents:
    """The records that some events name, read in one session."""

    def __init__(
        self,
        platform: Platform,
        events: Sequence[TakenEvent],
        workflows: Mapping[str, WorkflowDescription],
    ) -> None:
        self._workflows = workflows
        told, reviewed = _subjects(events, EventKind.PROMOTION), _subjects(events, EventKind.REVIEW)
        named = {name.partition(" ")[0] for name in _subjects(events, EventKind.WORKFLOW)}
        with platform.platform_session(_PURPOSE) as session:
            self._registrations = session.records_ascend_platform_metric(
                "workflow_registrations", "workflow = ANY(:names)", names=sorted(named)
            )
            self._promotions = {
                str(row["promotion_id"]): row
                for row in session.records_ascend_platform_metric(
                    "promotions",
                    "promotion_id = ANY(CAST(:ids AS uuid[]))",
                    ids=list(filter(_is_uuid, {*told, *reviewed})),
                )
            }
            self._results: dict[str, list[_Row]] = {}
            for row in session.records_ascend_platform_metric(
                "check_results",
                "promotion_id = ANY(CAST(:ids AS uuid[]))",
                ids=list(filter(_is_uuid, told)),
            ):
                self._results.setdefault(str(row["promotion_id"]), []).append(row)
            digests = {str(self._promotions[i]["source_digest"]) for i in self._known(reviewed)}
            self._decisions = session.records_ascend_platform_metric(
                "approvals", "source_digest = ANY(:digests)", digests=sorted(digests)
            )
            outbox = session.outbox_ascend_platform_metric()
            self._told = outbox.last_told(EventKind.PROMOTION, told)
            self._reviewed = outbox.last_told(EventKind.REVIEW, reviewed)

    def _known(self, subjects: Sequence[str]) -> Iterator[str]:
        return (subject for subject in subjects if subject in self._promotions)

    def proposals(self, event: TakenEvent) -> list[Proposal]:
        """What DataHub is told of that event; refused where no record describes its subject."""
        match event.kind:
            case EventKind.WORKFLOW:
                return self._workflow(event.subject)
            case EventKind.PROMOTION:
                return self._promotion(event.subject)
            case EventKind.REVIEW:
                return self._review(event.subject)
            case _:
                message = f"outbox event {event.event_id} is of no known kind; see EventKind"
                raise UnreadableEvent(message)

    def _workflow(self, subject: str) -> list[Proposal]:
        # Imported here and below: the SDK costs a second, and no code location needs it.
        from lineage.datahub_workflows import workflow_proposals  # noqa: PLC0415

        workflow, _, digest = subject.partition(" ")
        versions = sorted(
            (row for row in self._registrations if row["workflow"] == workflow),
            key=lambda row: (row["registered_at"], row["source_digest"]),
        )
        for number, row in enumerate(versions, start=1):
            if row["source_digest"] == digest:
                return workflow_proposals(row, self._described(row), version=number)
        raise _unrecorded("workflow_registrations")

    def _promotion(self, subject: str) -> list[Proposal]:
        from lineage.datahub_lineage import promotion_proposals  # noqa: PLC0415 - as above

        row = self._recorded(subject)
        return promotion_proposals(
            row,
            self._described(row),
            results=self._results.get(subject, []),
            changed_at=self._told.get(subject),
        )

    def _review(self, subject: str) -> list[Proposal]:
        from lineage.datahub_reviews import review_proposals  # noqa: PLC0415 - as above

        row = self._recorded(subject)
        decided = [
            decision
            for decision in self._decisions
            if decision["source_digest"] == row["source_digest"]
            and decision["workflow"] == row["workflow"]
            and decision["decided_at"] >= row["created_at"]
        ]
        told: datetime = self._reviewed.get(subject) or row["created_at"]
        return review_proposals(row, decided[-1] if decided else None, told)

    def _recorded(self, subject: str) -> _Row:
        row = self._promotions.get(subject)
        if row is None:
            raise _unrecorded("promotions")
        return row

    def _described(self, row: _Row) -> WorkflowDescription:
        """The workflow as the code has it; one that left the code, as its record has it."""
        name = str(row["workflow"])
        return self._workflows.get(name) or WorkflowDescription(
            name=name,
            description="No longer in force.",
            module="",
            sources=tuple(row["sources"]),
            target=str(row["target"]),
            column_lineage={},
        )


def _subjects(events: Sequence[TakenEvent], kind: EventKind) -> list[str]:
    return sorted({event.subject for event in events if event.kind == kind})


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _unrecorded(dataset: str) -> UnreadableEvent:
    message = f"an outbox event names no record of control.{dataset}; it stays undelivered"
    return UnreadableEvent(message)
