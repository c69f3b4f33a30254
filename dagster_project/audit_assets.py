"""The audits as assets: what the last one found, and a check that nothing of it is open."""

# no `from __future__ import annotations`: Dagster reads the annotations of asset functions

from collections import Counter
from collections.abc import Iterator

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    AssetsDefinition,
    AssetSelection,
    DefaultScheduleStatus,
    MaterializeResult,
    MetadataValue,
    ScheduleDefinition,
    TableColumn,
    TableSchema,
    asset,
    define_asset_job,
    in_process_executor,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from catalog.data_classes import DataClass
from dagster_project.asset_labels import class_tag
from dagster_project.errors_without_values import errors_without_values
from dagster_project.resources import PlatformResource

__all__ = ["AUDIT_KEYS", "NO_OPEN_FINDING", "audit_assets", "audit_jobs", "audit_schedules"]

NO_OPEN_FINDING = "no_open_finding"
_CLASS = DataClass.ASCEND_PLATFORM_METRIC
_OWNER = "team:data-governance"
_AUDITS = {
    "daily": (
        "30 4 * * *",
        "What a light audit found: boundary, labels, keys, counts and attempts. It reads no text.",
    ),
    "quarterly": (
        "0 5 1 1,4,7,10 *",
        "What the quarterly audit found: all of the daily one, and a sample of every text.",
    ),
}
AUDIT_KEYS = frozenset(AssetKey([str(_CLASS), f"{kind}_audit"]) for kind in _AUDITS)
_COLUMNS = TableSchema(
    columns=[
        TableColumn("rule", "text", "The rule that is broken", tags=class_tag(_CLASS)),
        TableColumn("place", "text", "The store, or the part of it", tags=class_tag(_CLASS)),
        TableColumn("open", "boolean", "Whether nobody acknowledged it", tags=class_tag(_CLASS)),
    ]
)


def audit_assets() -> tuple[AssetsDefinition, ...]:
    """One asset an audit."""
    return tuple(_audit_asset(kind, told) for kind, (_, told) in _AUDITS.items())


def audit_jobs() -> tuple[UnresolvedAssetJobDefinition, ...]:
    """One job an audit, for people and for the schedules."""
    return tuple(
        define_asset_job(
            f"audit_every_store_{kind}",
            selection=AssetSelection.assets(_key(kind)),
            description=f"{told} Whatever is open is told to Slack and to DataHub.",
            executor_def=in_process_executor,
        )
        for kind, (_, told) in _AUDITS.items()
    )


def audit_schedules() -> tuple[ScheduleDefinition, ...]:
    """Every day, and on the first day of each quarter."""
    return tuple(
        ScheduleDefinition(
            name=f"{kind}_audit",
            job_name=f"audit_every_store_{kind}",
            cron_schedule=cron,
            execution_timezone="UTC",
            description=f"Runs the {kind} audit.",
            default_status=DefaultScheduleStatus.RUNNING,
        )
        for kind, (cron, _) in _AUDITS.items()
    )


def _key(kind: str) -> AssetKey:
    return AssetKey([str(_CLASS), f"{kind}_audit"])


def _audit_asset(kind: str, told: str) -> AssetsDefinition:
    key = _key(kind)

    @asset(
        key=key,
        description=told,
        group_name=str(_CLASS),
        owners=[_OWNER],
        tags=class_tag(_CLASS),
        kinds={"postgres"},
        metadata={"dagster/column_schema": _COLUMNS},
        check_specs=[
            AssetCheckSpec(
                NO_OPEN_FINDING,
                asset=key,
                description="A steward has acknowledged every finding, or there is none.",
            )
        ],
    )
    def audit(platform: PlatformResource) -> Iterator[MaterializeResult[None] | AssetCheckResult]:
        # imported here: it loads the database libraries, which a code location does not need
        from dagster_project.store_audits import run_audit  # noqa: PLC0415
        from expectations.audit.report import AuditKind  # noqa: PLC0415

        with errors_without_values():
            report = run_audit(platform.opened, AuditKind(kind))
        open_ = report.open_findings
        by_rule = Counter(finding.rule.rule_id for finding in report.findings)
        yield MaterializeResult(
            metadata={
                "audit": str(report.audit_id),
                "stores": len(report.stores),
                "rows_read": sum(store.rows_read or 0 for store in report.stores),
                "findings": MetadataValue.json(dict(sorted(by_rule.items()))),
                "open_findings": len(open_),
                "report_digest": report.digest,
                "read_it": MetadataValue.text(f"classline audit show {report.audit_id}"),
            }
        )
        yield AssetCheckResult(
            passed=not open_,
            check_name=NO_OPEN_FINDING,
            severity=AssetCheckSeverity.ERROR,
            metadata={"open_findings": len(open_)},
        )

    return audit
