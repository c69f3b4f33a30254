"""One op writes one class."""

from __future__ import annotations

from typing import Any

from dagster import AssetIn, AssetOut, MaterializeResult, graph_multi_asset, multi_asset, op

from tests.dagster_project.class_flow_builders import ACCOUNTS, UNCOVERED, a_store, found, labelled


def test_two_classes_from_one_op_are_refused() -> None:
    """One op holds both in memory, even where no edge is drawn between them."""

    @multi_asset(
        specs=[a_store("tenant_private", "x"), a_store("fund_private", "cross_portco_views")]
    )
    def both() -> MaterializeResult: ...

    assert found(both) == (
        (
            "fund_private/cross_portco_views [fund_private] and tenant_private/x "
            "[tenant_private]: one op writes two classes; split it"
        ),
    )


def test_an_inner_dependency_is_an_edge() -> None:
    """Dependencies between the outputs of one op count as well."""
    first = a_store("tenant_private", "x")

    @multi_asset(specs=[first, a_store("fund_private", "cross_portco_views", deps=[first])])
    def both() -> MaterializeResult: ...

    assert (
        "tenant_private/x [tenant_private] -> fund_private/cross_portco_views [fund_private]: "
        + UNCOVERED
    ) in found(both)


def test_outputs_that_share_an_input_are_refused() -> None:
    """A multi-asset's input reaches every one of its outputs unless its specs say otherwise."""

    @multi_asset(
        outs={
            "x": AssetOut(
                key=["fund_private", "cross_portco_views"], tags=labelled("fund_private")
            ),
            "y": AssetOut(key=["fund_private", "fund_patterns"], tags=labelled("fund_private")),
        },
        ins={"rows": AssetIn(key=ACCOUNTS)},
    )
    def both(rows: object) -> MaterializeResult: ...

    assert len([line for line in found(both) if line.endswith(UNCOVERED)]) == 2


def test_a_graph_of_two_classes_is_refused() -> None:
    """A graph is one definition, however many ops it has."""

    @op
    def one() -> object: ...

    @op
    def two() -> object: ...

    @graph_multi_asset(
        outs={
            "x": AssetOut(key=["tenant_private", "x"], tags=labelled("tenant_private")),
            "y": AssetOut(key=["fund_private", "fund_patterns"], tags=labelled("fund_private")),
        }
    )
    def both() -> Any:
        return {"x": one(), "y": two()}

    assert "one op writes two classes" in "".join(found(both))
