"""Definitions to attack the class-flow guard with: stores, assets, and the one true rollup."""

from __future__ import annotations

from typing import Any

from dagster import (
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    Definitions,
    MaterializeResult,
    asset,
    job,
    op,
)

from dagster_project.class_flow import violations
from dagster_project.definitions import PROMOTIONS

CROSSINGS = [promotion.crossing for promotion in PROMOTIONS]
ROLLUP = PROMOTIONS[0]
ROLLUP_KEY = ROLLUP.published.key
CANDIDATE_KEY = ROLLUP.candidate.key
UNCOVERED = "no registered anonymization workflow covers this edge"
ACCOUNTS = AssetKey(["tenant_private", "crm_accounts"])


def labelled(data_class: str) -> dict[str, str]:
    return {"data_class": data_class}


def a_store(data_class: str, name: str, **more: Any) -> AssetSpec:
    return AssetSpec([data_class, name], tags=labelled(data_class), **more)


def an_asset(data_class: str, name: str, **more: Any) -> AssetsDefinition:
    @asset(key=[data_class, name], tags=labelled(data_class), **more)
    def body() -> MaterializeResult: ...

    return body


STORES = [
    a_store("tenant_private", "crm_accounts"),
    a_store("tenant_private", "crm_opportunities"),
    a_store("tenant_private", "calls"),
    a_store("fund_private", "op_partner_briefs"),
    a_store("anonymized_benchmark", "anonymized_tactics"),
    a_store("ascend_platform_metric", "error_ledger"),
]
# Of each class two registered datasets that are no stores above and no workflow's target.
OTHER_DATASETS = {
    "tenant_private": ("drafts", "emails"),
    "fund_private": ("cross_portco_views", "fund_patterns"),
    "anonymized_benchmark": ("anonymized_playbooks", "capability_index"),
    "ascend_platform_metric": ("decision_log", "kv_audit"),
}
ACCOUNTS_TO_VIEWS = (
    "tenant_private/crm_accounts [tenant_private] -> "
    "fund_private/cross_portco_views [fund_private]: " + UNCOVERED
)


def found(*assets: Any, **more: Any) -> tuple[str, ...]:
    """The violations of these assets beside the stores."""
    return violations(Definitions(assets=[*STORES, *assets], **more), CROSSINGS)


def rollup_of(**replaced: Any) -> tuple[str, ...]:
    """The violations of the true rollup with one of its three parts replaced."""
    parts = {part: getattr(ROLLUP, part) for part in ("candidate", "checks", "published")}
    parts |= replaced
    return found(parts["candidate"], parts["published"], asset_checks=[parts["checks"]])


def a_leaking_job() -> Any:
    @op
    def leak_rows() -> None: ...

    @job
    def leak() -> None:
        leak_rows()

    return leak


def with_deps(original: AssetsDefinition, *deps: AssetKey, **replaced: Any) -> AssetsDefinition:
    """A copy of the true asset, op and all, that declares other dependencies."""
    specs = [spec.replace_attributes(deps=deps) for spec in original.specs]
    attributes = original.get_attributes_dict() | {"specs": specs} | replaced
    return AssetsDefinition.dagster_internal_init(**attributes)
