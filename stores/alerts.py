"""Raises alerts: each is logged, stored, and sent to Slack where a webhook is set.

An alert is a sentence fixed in code with a name from code and counts. It has no place for a row's
value, an owner's name or an id. Sending happens in a thread of its own: no refusal waits for it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from enum import StrEnum
from threading import Event, Lock, Thread
from typing import Protocol
from uuid import UUID

from stores.alert_records import AscendPlatformMetricAlerts, StoredAlert, WaitingAlert
from stores.errors import StoreError
from stores.invocation import fit_name
from stores.slack_webhook import SlackWebhook, UnfitWebhook, WebhookSilent

__all__ = ["WEBHOOK_SETTING", "AlertDesk", "AlertKind", "Severity", "webhook_from_environment"]

WEBHOOK_SETTING = "CLASSLINE_SLACK_WEBHOOK"
_QUIET_SECONDS = 600
_LEASE_SECONDS = 300
_AT_ONCE = 20
_CLOSING_SECONDS = 5

_log = logging.getLogger(__name__)


class Severity(StrEnum):
    """How urgent it is; a notice is stored and not sent."""

    NOTICE = "notice"
    WARNING = "warning"
    CRITICAL = "critical"


class AlertKind(StrEnum):
    """What can have happened."""

    SECOND_TENANT_TOUCHED = "second_tenant_touched"
    TENANTS_READ_IN_RUN = "tenants_read_in_run"
    BOUNDARY_RULE_BROKEN = "boundary_rule_broken"
    PROMOTION_REVOKED = "promotion_revoked"
    CLASS_LABEL_CHANGED = "class_label_changed"
    LEDGER_CHANGED = "ledger_changed"
    LEDGER_UNSEALED = "ledger_unsealed"
    RUN_FAILED = "run_failed"
    RELEASE_BLOCKED = "release_blocked"
    REVIEW_OVERDUE = "review_overdue"
    AUDIT_FOUND_DRIFT = "audit_found_drift"


_SENTENCES = {
    AlertKind.SECOND_TENANT_TOUCHED: (
        Severity.CRITICAL,
        "An invocation reached for a second tenant's private data and was refused.",
    ),
    AlertKind.TENANTS_READ_IN_RUN: (
        Severity.NOTICE,
        "A registered run read tenants' private data, as its registration allows.",
    ),
    AlertKind.BOUNDARY_RULE_BROKEN: (
        Severity.CRITICAL,
        "The storage boundary is weaker than its rules: see `classline boundary verify`.",
    ),
    # control.revoke_promotion() stores this one itself, in the transaction that withdraws.
    AlertKind.PROMOTION_REVOKED: (
        Severity.WARNING,
        "A steward revoked a release: its rows are withdrawn from every reader.",
    ),
    AlertKind.CLASS_LABEL_CHANGED: (
        Severity.WARNING,
        "A class label was changed by hand in DataHub; the registry's own was put back.",
    ),
    AlertKind.LEDGER_CHANGED: (
        Severity.CRITICAL,
        "The ledger or a row it records was changed: see `classline ledger verify`.",
    ),
    AlertKind.LEDGER_UNSEALED: (
        Severity.WARNING,
        "Entries of the ledger have waited too long for a checkpoint: see `classline ledger seal`.",
    ),
    AlertKind.RUN_FAILED: (
        Severity.WARNING,
        "A run failed: Dagster shows the step, and `classline promotions` what was recorded.",
    ),
    AlertKind.RELEASE_BLOCKED: (
        Severity.WARNING,
        "A check failed, so nothing was released: `classline promotions` shows which.",
    ),
    AlertKind.REVIEW_OVERDUE: (
        Severity.WARNING,
        "Candidates wait too long for a steward: `classline review list` shows them.",
    ),
    AlertKind.AUDIT_FOUND_DRIFT: (
        Severity.WARNING,
        "An audit found drift: `classline audit show` says which rule, where, and what to do.",
    ),
}


class _PlatformSession(Protocol):
    def alerts_ascend_platform_metric(self) -> AscendPlatformMetricAlerts: ...


class AlertDesk:
    """Where alerts are raised and from where they are delivered, at least once."""

    def __init__(
        self,
        platform_session: Callable[[str], AbstractContextManager[_PlatformSession]],
        webhook: SlackWebhook | None = None,
    ) -> None:
        self._session = platform_session
        self._webhook = webhook
        self._starting = Lock()
        self._asked = Event()
        self._courier: Thread | None = None

    def raise_alert(
        self,
        kind: AlertKind,
        subject: str,
        *,
        owners: int | None = None,
        run: UUID | None = None,
        quiet_seconds: float = _QUIET_SECONDS,
    ) -> bool:
        """Log and store it; True when it is new, False when one like it is fresher than that."""
        severity, message = _SENTENCES[kind]
        alert = StoredAlert(kind, severity, fit_name(subject), message, owners, run)
        level = logging.INFO if severity is Severity.NOTICE else logging.WARNING
        _log.log(level, "%s [%s] %s: %s", kind, severity, alert.subject, message)
        with self._session("alert") as session:
            recorded = session.alerts_ascend_platform_metric().record(
                alert, quiet_seconds=quiet_seconds
            )
        if recorded is not None and severity is not Severity.NOTICE:
            self._send_soon()
        return recorded is not None

    def second_tenant_touched(self, invocation_name: str) -> None:
        """The invocation guard's alarm. The refusal stands even where it cannot be stored."""
        try:
            self.raise_alert(AlertKind.SECOND_TENANT_TOUCHED, invocation_name, owners=2)
        except StoreError as error:
            _log.error("an alert could not be stored (%s): %s", type(error).__name__, error)

    def boundary_rule_broken(self) -> None:
        """The verification's alarm. What it found stands even where this cannot be stored."""
        self._raise_if_possible(AlertKind.BOUNDARY_RULE_BROKEN, "boundary.verify")

    def ledger_changed(self) -> None:
        """The ledger verification's alarm, in the same way."""
        self._raise_if_possible(AlertKind.LEDGER_CHANGED, "ledger.verify")

    def ledger_unsealed(self) -> None:
        """The sealer's alarm: what was recorded is unprotected for too long."""
        self._raise_if_possible(AlertKind.LEDGER_UNSEALED, "ledger.seal")

    def _raise_if_possible(self, kind: AlertKind, subject: str) -> None:
        try:
            self.raise_alert(kind, subject)
        except StoreError as error:
            _log.error("an alert could not be stored (%s): %s", type(error).__name__, error)

    def class_label_changed(self, dataset_name: str) -> None:
        """The catalog's alarm. The label is put back even where this cannot be stored."""
        self._raise_if_possible(AlertKind.CLASS_LABEL_CHANGED, dataset_name)

    def tenants_read_in_run(self, invocation_name: str, run: UUID) -> None:
        """A run's one notice; where it cannot be stored the run may not read."""
        self.raise_alert(AlertKind.TENANTS_READ_IN_RUN, invocation_name, run=run)

    def deliver(self) -> int:
        """Send what waits; returns how many Slack took. Stops at the first that it does not."""
        if self._webhook is None:
            return 0
        with self._session("alert") as session:
            waiting = session.alerts_ascend_platform_metric().take(
                lease_seconds=_LEASE_SECONDS, how_many=_AT_ONCE
            )
        delivered = 0
        failure: str | None = None
        for alert in waiting:
            if failure is None:
                failure = self._failure_of(self._webhook, alert)
            with self._session("alert") as session:
                session.alerts_ascend_platform_metric().settle(alert.alert_id, failure)
            delivered += failure is None
        return delivered

    def close(self) -> None:
        """Give a delivery under way a moment; what is not sent stays stored."""
        with self._starting:
            courier, self._courier = self._courier, None
        if courier is not None:
            courier.join(_CLOSING_SECONDS)

    @staticmethod
    def _failure_of(webhook: SlackWebhook, alert: WaitingAlert) -> str | None:
        before = alert.held_back_before
        held_back = f" {before} more were held back since the last one." if before else ""
        try:
            webhook.send(
                f"Classline {alert.severity}: {alert.kind} in {alert.subject}. "
                f"{alert.message}{held_back}"
            )
        except WebhookSilent as error:
            _log.warning("alert %d: %s", alert.alert_id, error)
            return error.kind
        return None

    def _send_soon(self) -> None:
        if self._webhook is None:
            return
        self._asked.set()
        with self._starting:
            if self._courier is None or not self._courier.is_alive():
                self._courier = Thread(target=self._carry, name="classline-alerts", daemon=True)
                self._courier.start()

    def _carry(self) -> None:
        while True:
            self._asked.clear()
            try:
                self.deliver()
            except StoreError as error:
                _log.warning("alerts wait for delivery: %s", error)
            with self._starting:
                if not self._asked.is_set():
                    self._courier = None
                    return


def webhook_from_environment() -> SlackWebhook | None:
    """The webhook that ``CLASSLINE_SLACK_WEBHOOK`` names; an unfit one is logged and not used."""
    url = os.environ.get(WEBHOOK_SETTING)
    if not url:
        return None
    try:
        return SlackWebhook(url)
    except UnfitWebhook as error:
        _log.warning("alerts are stored and logged only: %s", error)
        return None
