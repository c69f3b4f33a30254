"""How the guard refuses: everything at once, and nothing slips in afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from dagster import AssetSpec, Definitions

from dagster_project.class_flow import ClassFlowRefused, guarded
from dagster_project.definitions import defs
from dagster_project.steward_decision import steward_decision
from tests.dagster_project.class_flow_builders import (
    ACCOUNTS,
    CROSSINGS,
    STORES,
    a_leaking_job,
    an_asset,
)


def test_all_violations_come_at_once_and_sorted() -> None:
    """Nobody should have to fix them one per run."""
    with pytest.raises(ClassFlowRefused) as refused:
        guarded(
            Definitions(
                assets=[
                    *STORES,
                    an_asset("fund_private", "cross_portco_views", deps=[ACCOUNTS]),
                    an_asset(
                        "tenant_private", "copy", deps=[["fund_private", "cross_portco_views"]]
                    ),
                    AssetSpec(["fund_private", "unlabelled"]),
                ],
                jobs=[a_leaking_job()],
            ),
            CROSSINGS,
        )
    assert len(refused.value.violations) == 4
    assert list(refused.value.violations) == sorted(refused.value.violations)
    assert all(line in str(refused.value) for line in refused.value.violations)


def test_what_is_returned_is_what_was_judged() -> None:
    """What is added to the list afterwards was never judged, so it is not there."""
    listed: list[Any] = [*STORES]
    settled = guarded(Definitions(assets=listed), ())
    listed.append(an_asset("fund_private", "cross_portco_views", deps=[ACCOUNTS]))
    assert tuple(settled.assets or ()) == tuple(STORES)


def test_nothing_is_lost_on_the_way_through() -> None:
    """Every field of the definitions must come out of the guard as it went in."""
    settled = guarded(defs, CROSSINGS, allowed_jobs=[steward_decision])
    for name in ("resources", "executor", "loggers", "metadata", "component_tree"):
        assert getattr(settled, name) == getattr(defs, name)
    assert settled.jobs == defs.jobs
