"""Every store has a check of its class; it counts, and sees no class but its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from dagster import AssetCheckKey, AssetKey, AssetSelection, materialize

from catalog.declared import REGISTRY
from dagster_project.class_checks import CLASS_CHECK, class_checks
from dagster_project.definitions import defs
from dagster_project.resources import PlatformResource
from expectations.class_suites import checked_datasets


def test_every_store_that_is_a_table_has_its_check() -> None:
    """None is left out, whoever declares it next."""
    declared = {spec.key for check in defs.asset_checks or () for spec in check.check_specs}
    assert {
        AssetCheckKey(AssetKey(dataset.asset_key), CLASS_CHECK)
        for dataset in checked_datasets(REGISTRY)
    } <= declared


def test_each_check_is_an_op_of_its_own() -> None:
    """One op over two stores could read two classes."""
    checks = class_checks(checked_datasets(REGISTRY))
    assert len({check.node_def.name for check in checks}) == len(checks)
    assert all(len(tuple(check.check_specs)) == 1 for check in checks)


@pytest.mark.integration
def test_a_check_reports_counts(a_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs inside an audit run of its own and passes on a fresh installation."""
    monkeypatch.setenv("CLASSLINE_HOME", str(a_home))
    (check,) = class_checks([REGISTRY.get("crm_accounts")])

    run = materialize(
        [check],
        resources={"platform": PlatformResource()},
        selection=AssetSelection.all_asset_checks(),
    )
    (evaluated,) = run.get_asset_check_evaluations()
    assert evaluated.passed
    shown = {name: value.value for name, value in evaluated.metadata.items()}
    assert shown == {"expectations": 2, "failed": 0, "could_not_check": 0}
