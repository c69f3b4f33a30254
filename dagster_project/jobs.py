"""The jobs people start: one for each workflow, and one that promotes everything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dagster import AssetSelection, define_asset_job, in_process_executor

from dagster_project.promotion_assets import PromotionAssets
from dagster_project.tenant_partitions import TENANT_HOLDINGS

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

__all__ = ["PROMOTE_EVERYTHING", "promotion_jobs", "tenant_holdings_job"]

PROMOTE_EVERYTHING = "promote_everything"


def promotion_jobs(
    promotions: Sequence[PromotionAssets],
) -> tuple[UnresolvedAssetJobDefinition, ...]:
    """A job named like each workflow, and the one that runs them all."""
    return (
        *(
            define_asset_job(
                promotion.workflow.name,
                selection=_selected([promotion]),
                description=(
                    f"{promotion.workflow.description} Files a candidate, checks it, and releases "
                    "it if a steward has approved the workflow."
                ),
                executor_def=in_process_executor,
            )
            for promotion in promotions
        ),
        define_asset_job(
            PROMOTE_EVERYTHING,
            selection=_selected(promotions),
            description=(
                "Runs every workflow. One that fails or waits for a steward does not stop the "
                "others."
            ),
            executor_def=in_process_executor,
        ),
    )


def tenant_holdings_job() -> UnresolvedAssetJobDefinition:
    """Counts what tenants hold: one of them, or each in a run of its own."""
    return define_asset_job(
        "count_what_tenants_hold",
        selection=AssetSelection.assets(TENANT_HOLDINGS),
        description=(
            "Opens each chosen tenant's own login and counts its rows by store. Choose one tenant "
            "or all; each is a run of its own."
        ),
        executor_def=in_process_executor,
    )


def _selected(promotions: Sequence[PromotionAssets]) -> AssetSelection:
    """Their assets with the checks of their candidates; a store's own check runs by itself."""
    keys = [key for promotion in promotions for key in promotion.keys]
    checks = AssetSelection.checks(*(promotion.checks for promotion in promotions))
    return AssetSelection.assets(*keys).without_checks() | checks
