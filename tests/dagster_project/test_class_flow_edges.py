"""Data reaches another class only over an edge that the guard sees and refuses."""

from __future__ import annotations

from typing import Any

import pytest
from dagster import (
    AssetDep,
    AssetIn,
    AssetKey,
    AssetsDefinition,
    In,
    ObserveResult,
    Out,
    asset,
    graph_asset,
    multi_observable_source_asset,
    op,
)

from tests.dagster_project.class_flow_builders import (
    ACCOUNTS,
    ACCOUNTS_TO_VIEWS,
    CANDIDATE_KEY,
    OTHER_DATASETS,
    STORES,
    UNCOVERED,
    a_store,
    an_asset,
    found,
    labelled,
    rollup_of,
)


@pytest.mark.parametrize(
    "reading",
    [
        {"deps": [ACCOUNTS]},
        {"deps": [AssetDep(ACCOUNTS)]},
        {"deps": [STORES[0]]},
    ],
)
def test_a_plain_edge_is_refused(reading: dict[str, Any]) -> None:
    """A dependency without an argument is an edge like any other."""
    assert found(an_asset("fund_private", "cross_portco_views", **reading)) == (ACCOUNTS_TO_VIEWS,)


def test_an_input_is_refused() -> None:
    """What an IO manager loads is read, whatever the argument is called."""

    @asset(
        key=["fund_private", "cross_portco_views"],
        tags=labelled("fund_private"),
        ins={"harmless": AssetIn(key=ACCOUNTS)},
    )
    def views(harmless: object) -> None: ...

    assert found(views) == (ACCOUNTS_TO_VIEWS,)


def test_an_input_that_the_specification_leaves_out_is_refused() -> None:
    """An asset that is built by hand can load what its own specification does not name."""

    @op(ins={"harmless": In()}, out=Out())
    def read(harmless: object) -> object: ...

    hidden = AssetsDefinition(
        node_def=read,
        keys_by_input_name={"harmless": ACCOUNTS},
        keys_by_output_name={"result": AssetKey(["fund_private", "cross_portco_views"])},
        specs=[a_store("fund_private", "cross_portco_views")],
    )
    assert tuple(hidden.dependency_keys) == ()
    assert found(hidden) == (ACCOUNTS_TO_VIEWS,)


def test_an_asset_key_hidden_in_an_op_is_refused() -> None:
    """An op's input may carry an asset key that wins over the one mapped to it."""

    @op(ins={"harmless": In(asset_key=ACCOUNTS)}, out=Out())
    def read(harmless: object) -> object: ...

    hidden = AssetsDefinition(
        node_def=read,
        keys_by_input_name={"harmless": AssetKey(["fund_private", "op_partner_briefs"])},
        keys_by_output_name={"result": AssetKey(["fund_private", "cross_portco_views"])},
        specs=[a_store("fund_private", "cross_portco_views")],
    )
    assert found(hidden) == (ACCOUNTS_TO_VIEWS,)


def test_an_input_manager_inside_a_graph_is_refused() -> None:
    """An input manager loads what it likes; no asset key says what."""

    @op(ins={"rows": In(input_manager_key="tenant_rows")})
    def read(rows: object) -> object: ...

    @graph_asset(key=["fund_private", "cross_portco_views"], tags=labelled("fund_private"))
    def views() -> Any:
        return read()

    assert found(views) == (
        (
            "op read: input rows is loaded from outside the asset graph; name the asset it reads "
            "with AssetIn"
        ),
    )


def test_a_computed_asset_key_is_refused() -> None:
    """A key that a function computes at run time cannot be judged at load."""

    @op(ins={"rows": In(asset_key=lambda _: ACCOUNTS)})
    def read(rows: object) -> object: ...

    @graph_asset(
        key=["fund_private", "cross_portco_views"],
        tags=labelled("fund_private"),
        ins={"rows": AssetIn(key=AssetKey(["fund_private", "op_partner_briefs"]))},
    )
    def views(rows: object) -> Any:
        return read(rows)

    assert "input rows is loaded from outside the asset graph" in "".join(found(views))


def test_a_graph_asset_is_refused() -> None:
    """A graph's input is an edge into the asset it makes."""

    @op
    def read(rows: object) -> object: ...

    @graph_asset(
        key=["fund_private", "cross_portco_views"],
        tags=labelled("fund_private"),
        ins={"rows": AssetIn(key=ACCOUNTS)},
    )
    def views(rows: object) -> Any:
        return read(rows)

    assert found(views) == (ACCOUNTS_TO_VIEWS,)


def test_an_external_asset_as_target_is_refused() -> None:
    """An external asset has no op, so no workflow can stand behind its edges."""
    external = a_store("fund_private", "cross_portco_views", deps=[ACCOUNTS])
    assert found(external) == (ACCOUNTS_TO_VIEWS,)


def test_an_external_asset_under_a_workflows_key_is_refused() -> None:
    """Nor does it become a workflow's asset by standing under its key."""
    external = a_store("fund_private", "portfolio_metric_rollups", deps=[CANDIDATE_KEY])
    refused = rollup_of(published=external)
    assert (
        "tenant_private/fund_portfolio_rollup_candidate [tenant_private] -> "
        f"fund_private/portfolio_metric_rollups [fund_private]: {UNCOVERED}"
    ) in refused


def test_an_observed_asset_as_target_is_refused() -> None:
    """Observing is reading, and what was read can be written."""
    spec = a_store("fund_private", "cross_portco_views", deps=[ACCOUNTS])
    with pytest.warns(Warning, match="beta"):

        @multi_observable_source_asset(specs=[spec])
        def views() -> ObserveResult: ...

    assert found(views) == (ACCOUNTS_TO_VIEWS,)


@pytest.mark.parametrize(
    ("source", "name", "target"),
    [
        ("fund_private", "op_partner_briefs", "tenant_private"),
        ("fund_private", "op_partner_briefs", "ascend_platform_metric"),
        ("ascend_platform_metric", "error_ledger", "tenant_private"),
        ("ascend_platform_metric", "error_ledger", "fund_private"),
        ("ascend_platform_metric", "error_ledger", "anonymized_benchmark"),
    ],
)
def test_a_forbidden_edge_is_refused_by_its_own_rule(source: str, name: str, target: str) -> None:
    """These edges are refused even to workflows, so the text offers none."""
    other, _ = OTHER_DATASETS[target]
    assert found(an_asset(target, other, deps=[[source, name]])) == (
        (
            f"{source}/{name} [{source}] -> {target}/{other} [{target}]: no data of {source} may "
            f"ever flow into {target}; remove this edge"
        ),
    )


def test_a_dependency_that_is_declared_nowhere_is_refused() -> None:
    """Dagster would invent an asset without a class, or match one by its last name alone."""

    @asset(key=["fund_private", "cross_portco_views"], tags=labelled("fund_private"))
    def views(crm_accounts: object) -> None: ...

    assert found(views) == (
        (
            "crm_accounts [tenant_private] -> fund_private/cross_portco_views [fund_private]: "
            "crm_accounts is declared nowhere; declare it, by its full key"
        ),
        (
            "crm_accounts [tenant_private] -> fund_private/cross_portco_views [fund_private]: "
            + UNCOVERED
        ),
    )
