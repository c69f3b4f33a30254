"""Runs an audit of every store with what DataHub shows of them, and tells people what it found."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from catalog.data_classes import DataClass
from catalog.datahub_client import connect, datahub_settings
from catalog.datahub_errors import DataHubError
from catalog.datahub_names import DATABASE, TABLE_PLATFORM, dataset_name, dataset_urn
from catalog.declared import REGISTRY
from expectations.audit.quarterly import LabelsUnreadable, audit_stores
from expectations.audit.report import AuditKind, AuditReport
from expectations.audit.sampling import Sampling
from stores.alerts import AlertKind
from stores.platform import Platform

__all__ = ["run_audit"]

_A_WEEK_SECONDS = 7 * 24 * 60 * 60
_LONGEST_NAME = 100
_TOLD = 100


def run_audit(
    platform: Platform, kind: AuditKind, *, sampling: Sampling | None = None
) -> AuditReport:
    """Audit every store and file the report; open findings are told at once, then once a week."""

    def shown() -> Mapping[str, DataClass | None]:
        try:
            with connect(datahub_settings(platform.home.datahub)) as datahub:
                found = datahub.classes()
        except DataHubError as error:
            raise LabelsUnreadable(str(error)) from None
        return _by_name(found)

    report = audit_stores(platform, kind, shown, sampling=sampling)
    for severity in sorted({str(finding.rule.severity) for finding in report.open_findings}):
        platform.alerts.raise_alert(
            AlertKind.AUDIT_FOUND_DRIFT,
            f"audit.{severity}",
            quiet_seconds=_A_WEEK_SECONDS,
        )
    _tell_datahub(platform)
    return report


def _tell_datahub(platform: Platform) -> None:
    """Open and close incidents; where DataHub is away, the next audit tells it all the same."""
    # Imported here: it loads DataHub's SDK, which a code location does not need.
    from lineage.datahub_audits import audit_proposals  # noqa: PLC0415

    with platform.platform_session("audit") as session:
        proposals = audit_proposals(session.audits_ascend_platform_metric(limit=_TOLD))
    if not proposals:
        return
    with suppress(DataHubError), connect(datahub_settings(platform.home.datahub)) as datahub:
        datahub.emit(proposals)


def _by_name(found: Mapping[str, DataClass | None]) -> Mapping[str, DataClass | None]:
    """By qualified name, ours; and what else stands in our database, by its name in DataHub."""
    ours = {dataset_urn(dataset): dataset.qualified_name for dataset in REGISTRY}
    return {
        ours.get(urn, dataset_name(urn)[:_LONGEST_NAME]): data_class
        for urn, data_class in found.items()
        if urn in ours or (TABLE_PLATFORM in urn and f",{DATABASE}." in urn)
    }
