"""The stored alerts: recorded, listed, taken for delivery, settled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

__all__ = ["AscendPlatformMetricAlerts", "PlatformAlerts", "StoredAlert", "WaitingAlert"]

# Any: a row's values have the types of their columns.
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """An alert as it is recorded: names from code and counts."""

    kind: str
    severity: str
    subject: str
    message: str
    owners: int | None = None
    run: UUID | None = None


@dataclass(frozen=True, slots=True)
class WaitingAlert:
    """An alert to be delivered, and how many like it were held back before."""

    alert_id: int
    kind: str
    severity: str
    subject: str
    message: str
    held_back_before: int


class AscendPlatformMetricAlerts:
    """The stored alerts (ascend_platform_metric), through the session that opened them."""

    def __init__(self, rows: Callable[..., list[Row]]) -> None:
        self._rows = rows

    def record(self, alert: StoredAlert, *, quiet_seconds: float) -> int | None:
        """Store an alert; None when the same one is fresher than that, or its run has one."""
        (row,) = self._rows(
            "SELECT control.record_alert(:kind, :severity, :subject, :owners, :message, :run, "
            ":quiet) AS alert_id",
            kind=alert.kind,
            severity=alert.severity,
            subject=alert.subject,
            owners=alert.owners,
            message=alert.message,
            run=alert.run,
            quiet=quiet_seconds,
        )
        return None if row["alert_id"] is None else int(row["alert_id"])

    def all(self) -> list[Row]:
        """Every alert and notice, oldest first."""
        return self._rows("SELECT * FROM control.alerts ORDER BY alert_id")

    def take(self, *, lease_seconds: float, how_many: int) -> list[WaitingAlert]:
        """Undelivered alerts, which no other process gets until the lease ends."""
        rows = self._rows(
            "SELECT * FROM control.take_alerts(:lease, :n)", lease=lease_seconds, n=how_many
        )
        return [WaitingAlert(**row) for row in rows]

    def settle(self, alert_id: int, error: str | None) -> None:
        """Record that an alert was delivered, or the kind of failure that kept it back."""
        self._rows("SELECT control.alert_result(:a, :e)", a=alert_id, e=error)


class _Session(Protocol):
    def _rows(self, statement: str, **parameters: object) -> list[Row]: ...


class PlatformAlerts:
    """For the platform's own session."""

    def alerts_ascend_platform_metric(self: _Session) -> AscendPlatformMetricAlerts:
        """The stored alerts."""
        return AscendPlatformMetricAlerts(self._rows)
