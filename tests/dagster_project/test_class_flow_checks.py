"""A check reads the class of the asset it checks, and no other."""

from __future__ import annotations

from collections.abc import Iterable

from dagster import (
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSpec,
    AssetIn,
    In,
    Out,
    asset_check,
    multi_asset_check,
    op,
)

from tests.dagster_project.class_flow_builders import ACCOUNTS, an_asset, found


def test_a_check_that_depends_on_another_class_is_refused() -> None:
    """A check runs code over what it reads, and its metadata is shown to everyone."""

    @asset_check(asset=["fund_private", "op_partner_briefs"], additional_deps=[ACCOUNTS])
    def compared() -> AssetCheckResult: ...

    assert found(asset_checks=[compared]) == (
        (
            "check compared of fund_private/op_partner_briefs [fund_private]: it reads "
            "tenant_private/crm_accounts [tenant_private]; a check may read its asset's class only"
        ),
    )


def test_a_check_that_takes_another_class_is_refused() -> None:
    """An additional input is read like an additional dependency."""

    @asset_check(
        asset=["fund_private", "op_partner_briefs"],
        additional_ins={"rows": AssetIn(key=ACCOUNTS)},
    )
    def compared(rows: object) -> AssetCheckResult: ...

    assert "it reads tenant_private/crm_accounts" in "".join(found(asset_checks=[compared]))


def test_an_input_that_no_check_declares_is_refused() -> None:
    """A check that is built by hand can load what its specification does not name."""

    @op(ins={"rows": In()}, out={"compared": Out()})
    def read(rows: object) -> object: ...

    spec = AssetCheckSpec("compared", asset=["fund_private", "op_partner_briefs"])
    hidden = AssetChecksDefinition.create(
        keys_by_input_name={"rows": ACCOUNTS},
        node_def=read,
        check_specs_by_output_name={"compared": spec},
        resource_defs={},
        can_subset=False,
    )
    assert "it reads tenant_private/crm_accounts" in "".join(found(asset_checks=[hidden]))


def test_a_check_may_not_even_read_what_flows_freely() -> None:
    """No flow is needed to check, so the stricter rule costs nothing."""

    @asset_check(asset=ACCOUNTS, additional_deps=[["anonymized_benchmark", "anonymized_tactics"]])
    def compared() -> AssetCheckResult: ...

    assert "it reads anonymized_benchmark/anonymized_tactics" in "".join(
        found(asset_checks=[compared])
    )


def test_one_op_that_checks_two_classes_is_refused() -> None:
    """It reads both."""

    @multi_asset_check(
        specs=[
            AssetCheckSpec("a", asset=ACCOUNTS),
            AssetCheckSpec("b", asset=["fund_private", "op_partner_briefs"]),
        ]
    )
    def both() -> Iterable[AssetCheckResult]:
        yield from ()

    assert len(found(asset_checks=[both])) == 2


def test_a_check_that_travels_with_an_asset_is_judged_too() -> None:
    """A check may be declared by the asset it checks, or hidden among the assets."""
    spec = AssetCheckSpec(
        "compared", asset=["fund_private", "cross_portco_views"], additional_deps=[ACCOUNTS]
    )
    travelling = an_asset("fund_private", "cross_portco_views", check_specs=[spec])

    @asset_check(asset=["fund_private", "op_partner_briefs"], additional_deps=[ACCOUNTS])
    def hidden() -> AssetCheckResult: ...

    refused = found(travelling, hidden)
    assert len([line for line in refused if "it reads tenant_private/crm_accounts" in line]) == 2


def test_a_check_on_an_unknown_asset_is_refused() -> None:
    """An asset that nobody declares has no class to compare with."""

    @asset_check(asset=["fund_private", "nowhere"])
    def lonely() -> AssetCheckResult: ...

    assert "the asset it checks is declared nowhere" in "".join(found(asset_checks=[lonely]))
