"""The outbox in the database: events taken for delivery, settled, and told again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

__all__ = ["AscendPlatformMetricOutbox", "PlatformOutbox", "TakenEvent", "Verdict"]

# Any: a row's values have the types of their columns.
Row = Mapping[str, Any]


class Verdict(StrEnum):
    """What became of an event that was taken for delivery.

    ``POSTPONED``: nobody answered, which kills no event however long it lasts. ``FAILING``: DataHub
    answered with a failure of its own, which kills one after about two days. ``REFUSED``: DataHub
    will not take it as it is. ``RELEASED``: it was not tried.
    """

    DELIVERED = "delivered"
    RELEASED = "released"
    POSTPONED = "postponed"
    FAILING = "failing"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class TakenEvent:
    """An event to deliver; events of one ``entity`` are delivered in the order of their numbers."""

    event_id: int
    kind: str
    subject: str
    entity: str
    created_at: datetime


class AscendPlatformMetricOutbox:
    """The outbox (ascend_platform_metric), through the session that opened it."""

    def __init__(self, rows: Callable[..., list[Row]]) -> None:
        self._rows = rows

    def take(self, *, lease_seconds: float, how_many: int) -> list[TakenEvent]:
        """Events that are due, oldest first, which no other process gets until the lease ends."""
        rows = self._rows(
            "SELECT * FROM control.take_outbox(:lease, :n)", lease=lease_seconds, n=how_many
        )
        return [TakenEvent(**row) for row in rows]

    def wake(self) -> int:
        """Let what rests after a failure be due at once; returns how many."""
        (row,) = self._rows("SELECT control.wake_outbox() AS n")
        return int(row["n"])

    def rest(self, seconds: float) -> int:
        """Let nothing that waits now be due before that long, an hour at most; returns how many."""
        (row,) = self._rows("SELECT control.rest_outbox(:s) AS n", s=seconds)
        return int(row["n"])

    def settle(
        self, events: Sequence[int], verdict: Verdict, error_kind: str | None = None
    ) -> None:
        """Record what became of taken events; of a failure its kind alone."""
        self._rows(
            "SELECT control.outbox_result(:e, :v, :x)",
            e=list(events),
            v=str(verdict),
            x=error_kind,
        )

    def revive(self) -> int:
        """Let dead letters wait again; returns how many."""
        (row,) = self._rows("SELECT control.revive_outbox() AS n")
        return int(row["n"])

    def tell_again(self) -> int:
        """Queue every delivered event again; returns how many."""
        (row,) = self._rows("SELECT control.outbox_again() AS n")
        return int(row["n"])

    def undelivered(self) -> list[Row]:
        """Every event that DataHub does not have, dead letters included, oldest first."""
        return self._rows(
            "SELECT * FROM control.outbox WHERE delivered_at IS NULL ORDER BY event_id"
        )

    def last_told(self, kind: str, subjects: Sequence[str]) -> dict[str, datetime]:
        """When the newest event of that kind about each subject was queued."""
        rows = self._rows(
            "SELECT subject, max(created_at) AS at FROM control.outbox "
            "WHERE kind = :kind AND subject = ANY(:subjects) GROUP BY subject",
            kind=kind,
            subjects=list(subjects),
        )
        return {str(row["subject"]): row["at"] for row in rows}


class _Session(Protocol):
    def _rows(self, statement: str, **parameters: object) -> list[Row]: ...


class PlatformOutbox:
    """For the platform's own session."""

    def outbox_ascend_platform_metric(self: _Session) -> AscendPlatformMetricOutbox:
        """The outbox."""
        return AscendPlatformMetricOutbox(self._rows)
