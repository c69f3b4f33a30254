"""The audits as an asset: what the last one found, and a check that nothing of it is open."""

# no `from __future__ import annotations`: Dagster reads the annotations of asset functions

from collections import Counter
from collections.abc import Iterator
from functools import partial

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSelection,
    DefaultScheduleStatus,
    MaterializeResult,
    MetadataValue,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    StaticPartitionsDefinition,
    asset,
    define_asset_job,
    in_process_executor,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from catalog.declared import REGISTRY
from dagster_project.asset_labels import class_tag, column_schema, kinds
from dagster_project.errors_without_values import errors_without_values
from dagster_project.resources import PlatformResource

__all__ = [
    "AUDITS",
    "AUDIT_REPORTS",
    "NO_OPEN_FINDING",
    "audit_jobs",
    "audit_reports",
    "audit_schedules",
]

NO_OPEN_FINDING = "no_open_finding"
AUDIT_REPORTS = AssetKey(REGISTRY.get("control.audit_reports").asset_key)
AUDITS = StaticPartitionsDefinition(["daily", "quarterly"])
"""One partition an audit: what the last of its kind found."""

_TOLD = {
    "daily": (
        "30 4 * * *",
        "A light audit of every store: boundary, labels, keys, counts and attempts, no texts.",
    ),
    "quarterly": (
        "0 5 1 1,4,7,10 *",
        "The quarterly audit of every store: all of the daily one, and a sample of every text.",
    ),
}


def audit_jobs() -> tuple[UnresolvedAssetJobDefinition, ...]:
    """One job an audit, for people and for the schedules."""
    return tuple(
        define_asset_job(
            f"audit_every_store_{kind}",
            selection=AssetSelection.assets(AUDIT_REPORTS),
            description=f"{told} Whatever is open is told to Slack and to DataHub.",
            executor_def=in_process_executor,
        )
        for kind, (_, told) in _TOLD.items()
    )


def audit_schedules() -> tuple[ScheduleDefinition, ...]:
    """Every day, and on the first day of each quarter."""
    return tuple(
        ScheduleDefinition(
            name=f"{kind}_audit",
            job_name=f"audit_every_store_{kind}",
            cron_schedule=cron,
            execution_timezone="UTC",
            execution_fn=partial(_request, kind),
            description=f"Runs the {kind} audit.",
            default_status=DefaultScheduleStatus.RUNNING,
        )
        for kind, (cron, _) in _TOLD.items()
    )


def _request(kind: str, _context: ScheduleEvaluationContext) -> RunRequest:
    return RunRequest(partition_key=kind)


def audit_reports() -> AssetsDefinition:
    """What each kind of audit last found, and a check that nothing of it is open."""
    dataset = REGISTRY.get("control.audit_reports")

    @asset(
        key=AUDIT_REPORTS,
        description=f"{dataset.description} One partition a kind of audit.",
        group_name=str(dataset.data_class),
        owners=[dataset.owner],
        tags=class_tag(dataset.data_class),
        kinds=kinds(dataset),
        partitions_def=AUDITS,
        metadata={"dagster/column_schema": column_schema(dataset)},
        check_specs=[
            AssetCheckSpec(
                NO_OPEN_FINDING,
                asset=AUDIT_REPORTS,
                description="A steward has acknowledged every finding, or there is none.",
            )
        ],
    )
    def audit(
        context: AssetExecutionContext, platform: PlatformResource
    ) -> Iterator[MaterializeResult[None] | AssetCheckResult]:
        # imported here: it loads the database libraries, which a code location does not need
        from dagster_project.store_audits import run_audit  # noqa: PLC0415
        from expectations.audit.report import AuditKind  # noqa: PLC0415

        with errors_without_values():
            report = run_audit(platform.opened, AuditKind(context.partition_key))
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
