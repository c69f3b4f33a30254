"""Delivers what waits in the outbox to DataHub: at least once, in order, and never in a run's way.

An event is marked in a transaction of its own once DataHub has it. Errors are kept by the name of
their kind alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from catalog.datahub_client import (
    DataHubError,
    DataHubRefused,
    DataHubTokenRefused,
    DataHubUnreachable,
)
from catalog.declared import REGISTRY
from catalog.registry import RegistryError
from lineage.workflow_descriptions import WorkflowDescription
from stores.platform import Platform
from stores.secret_files import exclusive
from stores.sessions import Row

if TYPE_CHECKING:
    from catalog.datahub_vocabulary import Proposal

__all__ = ["DrainReport", "Emitter", "EventKind", "UnreadableEvent", "drain", "queue_catalog"]

_PURPOSE = "metadata outbox"


class EventKind(StrEnum):
    """What happened that DataHub should know."""

    CATALOG = "catalog"
    WORKFLOW = "workflow"
    PROMOTION = "promotion"


class Emitter(Protocol):
    """What a drain needs of a connection to DataHub."""

    def emit(self, proposals: Sequence[Proposal]) -> None:
        """Send proposals; DataHub has them all when this returns."""


class UnreadableEvent(DataHubError):
    """An event whose subject no record describes."""


@dataclass(frozen=True, slots=True)
class DrainReport:
    """What became of the events that waited; the refused are among those that still wait."""

    delivered: int
    waiting: int
    refused: int = 0
    last_error: str | None = None


def queue_catalog(platform: Platform) -> None:
    """Queue the catalog for DataHub unless this very catalog was queued before."""
    # Imported here and below: the SDK costs a second, and no code location needs it.
    from catalog.datahub_model import catalog_digest  # noqa: PLC0415

    digest = catalog_digest(REGISTRY)
    with platform.platform_session(_PURPOSE) as session:
        session.catalog_changed(digest)


def drain(
    platform: Platform,
    connection_factory: Callable[[], AbstractContextManager[Emitter]],
    workflows: Mapping[str, WorkflowDescription],
) -> DrainReport:
    """Deliver every event that waits; an unreachable DataHub leaves the rest for the next call."""
    # One drain at a time: a slow one must not overwrite a newer registration with an older.
    with exclusive(platform.home.datahub / ".drain.lock"):
        events = _waiting(platform)
        if not events:
            return DrainReport(delivered=0, waiting=0)
        try:
            connection = connection_factory()
        except DataHubError as error:
            _mark(platform, events[0], error)
            return DrainReport(0, len(events), last_error=type(error).__name__)
        with connection as opened:
            return _Delivery(platform, opened, workflows).deliver(events)


class _Delivery:
    """One pass over the events, over one connection."""

    def __init__(
        self,
        platform: Platform,
        connection: Emitter,
        workflows: Mapping[str, WorkflowDescription],
    ) -> None:
        self._platform = platform
        self._connection = connection
        self._workflows = workflows
        self._catalog_sent = False

    def deliver(self, events: list[Row]) -> DrainReport:
        delivered, refused, last_error = 0, 0, None
        for event in events:
            try:
                self._send(event)
            except (DataHubUnreachable, DataHubTokenRefused) as error:
                _mark(self._platform, event, error)
                last_error = type(error).__name__
                break
            except (DataHubRefused, UnreadableEvent, RegistryError) as error:
                # RegistryError: the record names a dataset or column that left the registry.
                _mark(self._platform, event, error)
                refused, last_error = refused + 1, type(error).__name__
            else:
                _mark(self._platform, event, None)
                delivered += 1
        return DrainReport(delivered, len(events) - delivered, refused, last_error)

    def _send(self, event: Row) -> None:
        match event["kind"]:
            case EventKind.CATALOG:
                self._send_catalog()
            case EventKind.WORKFLOW:
                self._connection.emit(self._workflow(event["subject"]))
            case EventKind.PROMOTION:
                self._connection.emit(self._promotion(event["subject"]))
            case _:
                message = f"outbox event {event['event_id']} is of no known kind; see EventKind"
                raise UnreadableEvent(message)

    def _send_catalog(self) -> None:
        if self._catalog_sent:
            return
        from catalog.datahub_model import catalog_batches  # noqa: PLC0415 - as in queue_catalog

        for batch in catalog_batches(REGISTRY, datetime.now(UTC)):
            self._connection.emit(batch)
        self._catalog_sent = True

    def _workflow(self, subject: str) -> list[Proposal]:
        from lineage.datahub_lineage import workflow_proposals  # noqa: PLC0415 - as above

        workflow, _, digest = subject.partition(" ")
        row = self._record(
            "workflow_registrations",
            "workflow = :workflow AND source_digest = :digest",
            workflow=workflow,
            digest=digest,
        )
        return workflow_proposals(row, self._described(row))

    def _promotion(self, subject: str) -> list[Proposal]:
        from lineage.datahub_lineage import promotion_proposals  # noqa: PLC0415 - as above

        row = self._record(
            "promotions",
            "promotion_id::text = :promotion AND published_at IS NOT NULL",
            promotion=subject,
        )
        return promotion_proposals(row, self._described(row))

    def _record(self, dataset: str, where: str, **parameters: object) -> Row:
        with self._platform.platform_session(_PURPOSE) as session:
            found = session.records_ascend_platform_metric(dataset, where, **parameters)
        if not found:
            message = f"an outbox event names no record of control.{dataset}; it stays undelivered"
            raise UnreadableEvent(message)
        return found[0]

    def _described(self, row: Row) -> WorkflowDescription:
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


def _waiting(platform: Platform) -> list[Row]:
    with platform.platform_session(_PURPOSE) as session:
        return session.records_ascend_platform_metric("outbox", "delivered_at IS NULL")


def _mark(platform: Platform, event: Row, error: Exception | None) -> None:
    kind = type(error).__name__ if error else None
    with platform.platform_session(_PURPOSE) as session:
        session.outbox_result(int(event["event_id"]), kind)
