"""Delivers what waits in the outbox to DataHub: at least once, in order, and never in a run's way.

Events are taken under a lease and marked in a transaction of their own once DataHub has them. What
fails rests for longer each time; what is refused for good ends as a dead letter. Errors are kept by
the name of their kind alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from catalog.datahub_client import (
    DataHubError,
    DataHubFailing,
    DataHubRefused,
    DataHubTokenRefused,
    DataHubUnreachable,
)
from catalog.declared import REGISTRY
from catalog.registry import RegistryError
from lineage.outbox_content import EventContents, EventKind, UnreadableEvent
from lineage.workflow_descriptions import WorkflowDescription
from stores.outbox_records import AscendPlatformMetricOutbox, TakenEvent, Verdict
from stores.platform import Platform

if TYPE_CHECKING:
    from catalog.datahub_as_held import Plain
    from catalog.datahub_proposals import Proposal
    from catalog.datahub_sync import SyncReport

__all__ = [
    "DrainReport",
    "EventKind",
    "Server",
    "UnreadableEvent",
    "drain",
    "queue_catalog",
]

_PURPOSE = "metadata outbox"
_LEASE_SECONDS = 300.0
_TAKEN_AT_ONCE = 200
_FAILURES_IN_A_ROW = 3
_STOPS = (DataHubUnreachable, DataHubTokenRefused)


class Server(Protocol):
    """What a drain needs of a connection to DataHub."""

    def emit(self, proposals: Sequence[Proposal]) -> None:
        """Send proposals; DataHub has them all when this returns."""

    def read(
        self, entity_type: str, urns: Sequence[str], aspects: Sequence[str]
    ) -> Mapping[str, Plain]:
        """The named aspects of those entities as plain JSON, as far as DataHub has them."""

    def dataset_urns(self, platforms: Sequence[str]) -> list[str]:
        """Every dataset on those platforms that is not removed."""


@dataclass(frozen=True, slots=True)
class DrainReport:
    """What became of the events that waited; the refused are among those that still wait.

    ``dead`` are the dead letters there are; they no longer wait. ``catalog`` is what the catalog's
    sync did, where there was one.
    """

    delivered: int
    waiting: int
    refused: int = 0
    dead: int = 0
    last_error: str | None = None
    catalog: SyncReport | None = field(default=None, compare=False)


def queue_catalog(platform: Platform) -> None:
    """Queue the catalog for DataHub unless this very catalog was queued before."""
    # Imported here and below: the SDK costs a second, and no code location needs it.
    from catalog.datahub_model import catalog_digest  # noqa: PLC0415

    digest = catalog_digest(REGISTRY)
    with platform.platform_session(_PURPOSE) as session:
        session.catalog_changed(digest)


def drain(
    platform: Platform,
    connection_factory: Callable[[], AbstractContextManager[Server]],
    workflows: Mapping[str, WorkflowDescription],
    *,
    at_once: bool = False,
    whole_catalog: bool = False,
    batch: int = _TAKEN_AT_ONCE,
) -> DrainReport:
    """Deliver every event that is due; an unreachable DataHub leaves the rest for the next call.

    ``at_once``: somebody waits for it, so what rests after a failure is tried as well.
    ``whole_catalog``: compare the catalog with DataHub even if no event asks for it.
    ``batch``: how many events are taken, sent and marked together.
    """
    if at_once:
        with _outbox(platform) as outbox:
            outbox.wake()
    delivery = _Delivery(platform, workflows, batch)
    events = delivery.take()
    if events or whole_catalog:
        try:
            connection = connection_factory()
        except DataHubError as error:
            delivery.postpone(events, error)
        else:
            with connection as opened:
                delivery.run(opened, events, whole_catalog=whole_catalog)
    return delivery.report()


class _Delivery:
    """One pass over the outbox, over one connection."""

    def __init__(
        self, platform: Platform, workflows: Mapping[str, WorkflowDescription], batch: int
    ) -> None:
        self._platform = platform
        self._batch = batch
        self._workflows = workflows
        self._delivered = self._refused = self._failures = 0
        self._last_error: str | None = None
        self._catalog: SyncReport | None = None

    def report(self) -> DrainReport:
        with _outbox(self._platform) as outbox:
            left = outbox.undelivered()
        dead = sum(event["dead_at"] is not None for event in left)
        return DrainReport(
            self._delivered,
            len(left) - dead,
            self._refused,
            dead,
            self._last_error,
            self._catalog,
        )

    def take(self) -> list[TakenEvent]:
        with _outbox(self._platform) as outbox:
            return outbox.take(lease_seconds=_LEASE_SECONDS, how_many=self._batch)

    def run(self, server: Server, events: list[TakenEvent], *, whole_catalog: bool) -> None:
        if whole_catalog:
            try:
                self._sync_catalog(server)
            except _STOPS as error:
                self.postpone(events, error)
                return
            except DataHubError as error:
                # What is wrong with the catalog holds up no promotion.
                self._last_error = type(error).__name__
        while events and self._deliver(server, events):
            events = self.take()

    def postpone(self, events: Sequence[TakenEvent], error: Exception) -> None:
        """Nobody answered: what was taken rests, and all that waits where a busy one asks so."""
        self._settle(events, Verdict.POSTPONED, error)
        if isinstance(error, DataHubUnreachable) and error.wait_seconds:
            with _outbox(self._platform) as outbox:
                outbox.rest(error.wait_seconds)

    def _deliver(self, server: Server, events: list[TakenEvent]) -> bool:
        """Deliver what was taken; False when DataHub should be left alone for now."""
        ends = time.monotonic() + _LEASE_SECONDS / 2
        changes = list(_changes(events))
        contents = EventContents(self._platform, events, self._workflows)
        try:
            if self._delivered_together(server, changes, contents):
                return True
        except _STOPS as error:
            self.postpone(events, error)
            return False
        blocked: set[str] = set()
        for number, change in enumerate(changes):
            # When the lease runs out, what is not sent by then is taken again.
            sick = self._failures >= _FAILURES_IN_A_ROW
            if sick or time.monotonic() > ends:
                self._release(changes[number:])
                return not sick
            if change.entity in blocked:
                self._release([change])
                continue
            try:
                if not self._delivered_alone(server, change, contents):
                    blocked.add(change.entity)
            except _STOPS as error:
                self.postpone(change.events, error)
                self._release(changes[number + 1 :])
                return False
        return self._failures < _FAILURES_IN_A_ROW

    def _delivered_alone(self, server: Server, change: _Change, contents: EventContents) -> bool:
        """Send one change; where it is not taken, later ones about the same target must wait."""
        try:
            self._send(server, change, contents)
        except _STOPS:
            raise
        except DataHubFailing as error:
            self._settle(change.events, Verdict.FAILING, error)
            self._failures += 1
            return False
        except (DataHubError, RegistryError) as error:
            # RegistryError: the record names a dataset or column that left the registry.
            self._settle(change.events, Verdict.REFUSED, error)
            self._refused += len(change.events)
            return False
        self._settle(change.events, Verdict.DELIVERED)
        self._failures = 0
        return True

    def _delivered_together(
        self, server: Server, changes: Sequence[_Change], contents: EventContents
    ) -> bool:
        """Send all of them in one go, which saves most of the time; False where that failed."""
        if any(change.event.kind == EventKind.CATALOG for change in changes):
            return False
        try:
            server.emit([p for change in changes for p in contents.proposals(change.event)])
        except _STOPS:
            raise
        except (DataHubError, RegistryError):
            return False
        self._settle([e for change in changes for e in change.events], Verdict.DELIVERED)
        return True

    def _send(self, server: Server, change: _Change, contents: EventContents) -> None:
        if change.event.kind != EventKind.CATALOG:
            server.emit(contents.proposals(change.event))
        elif self._catalog is None or self._catalog.refused:
            self._sync_catalog(server)

    def _sync_catalog(self, server: Server) -> None:
        from catalog.datahub_sync import sync_catalog  # noqa: PLC0415 - as in queue_catalog

        self._catalog = sync_catalog(server, REGISTRY, datetime.now(UTC))
        if self._catalog.refused:
            message = f"{len(self._catalog.refused)} aspects of the catalog were refused"
            raise DataHubRefused(message)

    def _release(self, changes: Sequence[_Change]) -> None:
        self._settle([e for change in changes for e in change.events], Verdict.RELEASED)

    def _settle(
        self, events: Sequence[TakenEvent], verdict: Verdict, error: Exception | None = None
    ) -> None:
        if error is not None:
            self._last_error = type(error).__name__
        if not events:
            return
        with _outbox(self._platform) as outbox:
            outbox.settle(
                [event.event_id for event in events],
                verdict,
                type(error).__name__ if error else None,
            )
        if verdict is Verdict.DELIVERED:
            self._delivered += len(events)


@dataclass(frozen=True, slots=True)
class _Change:
    """Events that say the same: the record they name is told once, as it is now."""

    events: tuple[TakenEvent, ...]

    @property
    def event(self) -> TakenEvent:
        return self.events[0]

    @property
    def entity(self) -> str:
        return self.event.entity


def _changes(events: Sequence[TakenEvent]) -> Iterator[_Change]:
    """The events by what they name, in the order in which each is named first."""
    named: dict[tuple[str, str], list[TakenEvent]] = {}
    for event in events:
        named.setdefault((event.kind, event.subject), []).append(event)
    yield from (_Change(tuple(members)) for members in named.values())


@contextmanager
def _outbox(platform: Platform) -> Iterator[AscendPlatformMetricOutbox]:
    """The outbox inside a session of its own."""
    with platform.platform_session(_PURPOSE) as session:
        yield session.outbox_ascend_platform_metric()
