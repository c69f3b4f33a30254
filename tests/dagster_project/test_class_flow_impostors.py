"""Only what the factory built from a registered workflow may cross, and only as declared."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from dagster import (
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSpec,
    AssetKey,
    Definitions,
    asset,
    map_asset_specs,
    multi_asset_check,
)

from catalog.data_classes import FlowRule
from catalog.floors import DisclosurePolicy
from dagster_project import class_flow
from dagster_project.class_flow import violations
from dagster_project.promotion_assets import promotion_assets
from tests.dagster_project.class_flow_builders import (
    ACCOUNTS,
    ACCOUNTS_TO_VIEWS,
    CANDIDATE_KEY,
    ROLLUP,
    ROLLUP_KEY,
    STORES,
    UNCOVERED,
    an_asset,
    found,
    labelled,
    rollup_of,
    with_deps,
)


def test_a_forged_tag_is_worth_nothing() -> None:
    """Tags, names and metadata are the caller's to write."""

    @asset(
        key=["fund_private", "cross_portco_views"],
        deps=[ACCOUNTS],
        tags={**labelled("fund_private"), "workflow": ROLLUP.workflow.name},
        metadata={"workflow": ROLLUP.workflow.name},
        op_tags={"workflow": ROLLUP.workflow.name},
    )
    def fund_private__portfolio_metric_rollups() -> None: ...

    assert found(fund_private__portfolio_metric_rollups) == (ACCOUNTS_TO_VIEWS,)


def test_another_function_under_a_workflows_key_is_refused() -> None:
    """The key is right, the class is right, the dependency is right; the op is another."""
    impostor = an_asset("fund_private", "portfolio_metric_rollups", deps=[CANDIDATE_KEY])
    assert rollup_of(published=impostor) == (
        (
            "fund_private/portfolio_metric_rollups: only what workflow fund_portfolio_rollup "
            "builds may stand here"
        ),
        (
            "tenant_private/fund_portfolio_rollup_candidate [tenant_private] -> "
            f"fund_private/portfolio_metric_rollups [fund_private]: {UNCOVERED}"
        ),
    )


def test_an_impostor_without_any_edge_is_refused() -> None:
    """It could still write rows that look released."""
    impostor = an_asset("fund_private", "portfolio_metric_rollups")
    assert "only what workflow fund_portfolio_rollup builds" in "".join(found(impostor))


def test_another_candidate_is_refused() -> None:
    """Whoever replaces the candidate decides what is published."""
    impostor = an_asset("tenant_private", "fund_portfolio_rollup_candidate")
    refused = "".join(rollup_of(candidate=impostor))
    assert "only what workflow fund_portfolio_rollup builds" in refused
    assert UNCOVERED in refused


def test_the_same_key_twice_is_refused() -> None:
    """Dagster refuses it too, but only after the first look, and alone."""
    impostor = an_asset("fund_private", "portfolio_metric_rollups")
    refused = found(ROLLUP.candidate, ROLLUP.published, impostor)
    assert "fund_private/portfolio_metric_rollups: declared 2 times" in "".join(refused)


def test_a_copy_with_one_more_source_is_refused() -> None:
    """The released rows would depend on what no declaration names and nobody approved."""
    copy = with_deps(ROLLUP.candidate, *ROLLUP.candidate.dependency_keys, ACCOUNTS)
    assert copy.node_def is ROLLUP.candidate.node_def
    assert rollup_of(candidate=copy) == (
        (
            "tenant_private/crm_accounts [tenant_private] -> "
            "tenant_private/fund_portfolio_rollup_candidate [tenant_private]: workflow "
            "fund_portfolio_rollup declares no such source"
        ),
    )


def test_a_release_past_its_candidate_is_refused() -> None:
    """Rows must wait in quarantine first, so a source may not lead straight to the target."""
    copy = with_deps(ROLLUP.published, CANDIDATE_KEY, ACCOUNTS)
    assert (
        "tenant_private/crm_accounts [tenant_private] -> "
        f"fund_private/portfolio_metric_rollups [fund_private]: {UNCOVERED}"
    ) in rollup_of(published=copy)


def test_a_copy_that_hides_its_sources_is_refused() -> None:
    """The lineage that auditors see would lack what was read."""
    copy = with_deps(ROLLUP.candidate, keys_by_input_name={})
    assert "the asset leaves it out" in "".join(rollup_of(candidate=copy))


def test_a_mapped_copy_with_other_dependencies_is_refused() -> None:
    """Dagster makes a new op when mapped dependencies change, so identity is lost as well."""
    (copy,) = map_asset_specs(
        lambda spec: spec.replace_attributes(deps=[*spec.deps, ACCOUNTS]), [ROLLUP.candidate]
    )
    assert copy.node_def is not ROLLUP.candidate.node_def
    assert "only what workflow fund_portfolio_rollup builds" in "".join(rollup_of(candidate=copy))


def test_a_copy_under_another_key_is_refused() -> None:
    """The true op is trusted with one target, not with any."""
    moved = AssetKey(["fund_private", "cross_portco_views"])
    copy = ROLLUP.published.with_attributes(asset_key_replacements={ROLLUP_KEY: moved})
    refused = "".join(rollup_of(published=copy))
    assert "it may stand nowhere else" in refused
    assert UNCOVERED in refused


def test_a_relabelled_copy_is_refused() -> None:
    """A release that calls itself anonymized would flow everywhere."""
    (copy,) = map_asset_specs(
        lambda spec: spec.replace_attributes(tags=labelled("anonymized_benchmark")),
        [ROLLUP.published],
    )
    refused = "".join(rollup_of(published=copy))
    assert "tag data_class and the first part of the key disagree" in refused
    assert "the registry declares fund_private.portfolio_metric_rollups" in refused


def test_a_workflow_that_is_equal_but_not_registered_is_refused() -> None:
    """Equal is not the same: what is registered is one object, in one reviewed tuple."""
    twin = dataclasses.replace(ROLLUP.workflow)
    assert twin == ROLLUP.workflow
    with pytest.raises(LookupError, match=r"is not in anonymization.registered.WORKFLOWS"):
        promotion_assets(twin)
    forged = dataclasses.replace(ROLLUP.crossing, workflow=twin)
    declared = Definitions(
        assets=[*STORES, ROLLUP.candidate, ROLLUP.published], asset_checks=[ROLLUP.checks]
    )
    assert UNCOVERED in "".join(violations(declared, [forged]))


def test_assets_built_a_second_time_are_not_the_ones_handed_over() -> None:
    """Only the objects that the definitions were assembled from count."""
    rebuilt = promotion_assets(ROLLUP.workflow)
    assert UNCOVERED in "".join(rollup_of(published=rebuilt.published))


@pytest.mark.parametrize("checks", ["none", "not blocking", "another op"])
def test_a_release_without_its_blocking_checks_is_refused(checks: str) -> None:
    """A release must not run beside checks that cannot stop it."""
    names = [str(name) for name in ROLLUP.workflow.required_checks]
    specs = [
        AssetCheckSpec(name, asset=CANDIDATE_KEY, blocking=checks == "another op") for name in names
    ]

    @multi_asset_check(specs=specs)
    def others() -> Iterable[AssetCheckResult]:
        yield from ()

    not_blocking = AssetChecksDefinition.create(
        keys_by_input_name=ROLLUP.checks.node_keys_by_input_name,
        node_def=ROLLUP.checks.op,
        check_specs_by_output_name=dict(
            zip(ROLLUP.checks.node_check_specs_by_output_name, specs, strict=True)
        ),
        resource_defs={},
        can_subset=False,
    )
    used = {"none": [], "not blocking": [not_blocking], "another op": [others]}[checks]
    refused = found(ROLLUP.candidate, ROLLUP.published, asset_checks=used)
    assert len([line for line in refused if "missing, replaced or does not block" in line]) == 3


def test_counting_tenants_is_not_enough_for_fund_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """From fund data a benchmark must count distinct funds, or a fund can subtract itself."""
    rule = FlowRule.WORKFLOW_COUNTING_FUNDS
    monkeypatch.setattr(class_flow, "flow_rule", lambda *_: rule)
    assert ROLLUP.workflow.policy.k_funds == 0
    assert UNCOVERED in "".join(rollup_of())
    counting = DisclosurePolicy(k_tenants=5, k_funds=3)
    crossing = dataclasses.replace(ROLLUP.crossing, workflow=dataclasses.replace(ROLLUP.workflow))
    object.__setattr__(crossing.workflow, "policy", counting)
    monkeypatch.setattr(class_flow, "WORKFLOWS", (crossing.workflow,))
    declared = Definitions(
        assets=[*STORES, ROLLUP.candidate, ROLLUP.published], asset_checks=[ROLLUP.checks]
    )
    assert UNCOVERED not in "".join(
        line for line in violations(declared, [crossing]) if "candidate" in line
    )


def test_only_the_factory_makes_a_crossing() -> None:
    """Whoever can make one can promote anything, so there is one place to review."""
    package = Path(class_flow.__file__).parent
    makers = [
        path.name
        for path in package.glob("*.py")
        if re.search(r"(?<!class )\bCrossing\(", path.read_text())
    ]
    assert makers == ["promotion_assets.py"]
