"""Assembles all that Dagster shows and runs; the class-flow guard has the last word."""

from __future__ import annotations

from dagster import Definitions, in_process_executor

from anonymization.registered import WORKFLOWS
from catalog.declared import REGISTRY
from dagster_project.alert_sensors import failed_runs, overdue_reviews
from dagster_project.approved_sensor import publish_what_is_approved
from dagster_project.audit_assets import audit_jobs, audit_reports, audit_schedules
from dagster_project.class_checks import class_checks
from dagster_project.class_flow import guarded
from dagster_project.jobs import promotion_jobs, tenant_holdings_job
from dagster_project.outbox_sensors import outbox_sensor, outbox_sensors
from dagster_project.promotion_assets import promotion_assets
from dagster_project.resources import PlatformResource, PromotionIds
from dagster_project.schedules import workflow_schedules
from dagster_project.steward_decision import steward_decision
from dagster_project.store_assets import store_assets
from dagster_project.tenant_partitions import tenant_holdings, tenants_join_and_leave
from expectations.class_suites import checked_datasets

__all__ = ["PROMOTIONS", "defs"]

PROMOTIONS = tuple(promotion_assets(workflow) for workflow in WORKFLOWS)
_JOBS = promotion_jobs(PROMOTIONS)

defs = guarded(
    Definitions(
        assets=[
            *store_assets(REGISTRY, WORKFLOWS),
            tenant_holdings(REGISTRY),
            audit_reports(),
            *(asset for p in PROMOTIONS for asset in (p.candidate, p.published)),
        ],
        asset_checks=[
            *(promotion.checks for promotion in PROMOTIONS),
            *class_checks(checked_datasets(REGISTRY)),
        ],
        jobs=[*_JOBS, tenant_holdings_job(), *audit_jobs(), steward_decision],
        schedules=[*workflow_schedules(PROMOTIONS), *audit_schedules()],
        sensors=[
            *outbox_sensors(),
            outbox_sensor(),
            failed_runs(),
            overdue_reviews(),
            publish_what_is_approved(_JOBS),
            tenants_join_and_leave(),
        ],
        resources={"platform": PlatformResource(), "promotion_ids": PromotionIds()},
        executor=in_process_executor,
    ),
    crossings=[promotion.crossing for promotion in PROMOTIONS],
    # It writes no asset: it records what a steward decided.
    allowed_jobs=[steward_decision],
)
