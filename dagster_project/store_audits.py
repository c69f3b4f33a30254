"""Runs an audit of every store with what DataHub shows of them, and alerts on drift once."""

from __future__ import annotations

from collections.abc import Mapping

from catalog.data_classes import DataClass
from catalog.datahub_client import connect, datahub_settings
from catalog.datahub_errors import DataHubError
from catalog.datahub_names import DATABASE
from expectations.audit.quarterly import LabelsUnreadable, audit_stores
from expectations.audit.report import AuditKind, AuditReport
from expectations.audit.sampling import Sampling
from stores.alerts import AlertKind
from stores.platform import Platform

__all__ = ["run_audit"]

_A_WEEK_SECONDS = 7 * 24 * 60 * 60


def run_audit(
    platform: Platform, kind: AuditKind, *, sampling: Sampling | None = None
) -> AuditReport:
    """Audit every store and file the report; open findings are told at once, then once a week."""

    def shown() -> Mapping[str, DataClass | None]:
        try:
            with connect(datahub_settings(platform.home.datahub)) as datahub:
                found = datahub.search()
        except DataHubError as error:
            raise LabelsUnreadable(str(error)) from None
        return {each.name.removeprefix(f"{DATABASE}."): each.data_class for each in found}

    report = audit_stores(platform, kind, shown, sampling=sampling)
    for rule in sorted({finding.rule.rule_id for finding in report.open_findings}):
        platform.alerts.raise_alert(
            AlertKind.AUDIT_FOUND_DRIFT, rule, quiet_seconds=_A_WEEK_SECONDS
        )
    return report
