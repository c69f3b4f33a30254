"""Every asset says what it is, in what class, and whom to ask; so does every job and check."""

from __future__ import annotations

import pytest
from dagster import (
    AssetCheckSpec,
    AssetKey,
    AssetSpec,
    TableColumnLineage,
    TableSchema,
)
from dagster._core.definitions.metadata import TableMetadataSet

from anonymization.registered import WORKFLOWS
from anonymization.workflow import Workflow
from catalog.data_classes import DataClass
from catalog.declared import REGISTRY
from catalog.registry import Dataset
from dagster_project.audit_assets import AUDIT_REPORTS
from dagster_project.definitions import PROMOTIONS, defs
from dagster_project.jobs import PROMOTE_EVERYTHING
from dagster_project.promotion_assets import PromotionAssets
from dagster_project.tenant_partitions import TENANT_HOLDINGS

SPECS = {spec.key: spec for spec in sorted(defs.resolve_all_asset_specs(), key=lambda s: s.key)}
SHOWN = [dataset for dataset in REGISTRY if not dataset.internal]
CHECKS = [spec for promotion in PROMOTIONS for spec in promotion.checks.check_specs]


def schema_of(spec: AssetSpec) -> TableSchema:
    """The columns that an asset shows."""
    schema = TableMetadataSet.extract(spec.metadata).column_schema
    assert isinstance(schema, TableSchema)
    return schema


def lineage_of(spec: AssetSpec) -> TableColumnLineage:
    """What an asset's columns are made of."""
    lineage = TableMetadataSet.extract(spec.metadata).column_lineage
    assert isinstance(lineage, TableColumnLineage)
    return lineage


def test_every_store_and_every_candidate_is_shown() -> None:
    """What is registered is visible, once; besides it a look at each tenant, and the audits."""
    stores = {AssetKey(dataset.asset_key) for dataset in SHOWN}
    candidates = {promotion.candidate.key for promotion in PROMOTIONS}
    assert set(SPECS) == stores | candidates | {TENANT_HOLDINGS, AUDIT_REPORTS}
    assert len(PROMOTIONS) == len(WORKFLOWS)


@pytest.mark.parametrize("spec", SPECS.values(), ids=lambda spec: spec.key.to_user_string())
def test_every_asset_is_fully_described(spec: AssetSpec) -> None:
    """A steward must never meet an asset without class, owner, description, kind or columns."""
    data_class = spec.tags["data_class"]
    assert data_class in set(DataClass)
    assert spec.key.path[0] == spec.group_name == data_class
    assert spec.owners
    assert all(owner.startswith("team:") for owner in spec.owners)
    assert spec.description
    assert spec.kinds
    assert schema_of(spec).columns
    for column in schema_of(spec).columns:
        assert column.description
        assert column.tags["data_class"] in set(DataClass)


@pytest.mark.parametrize("dataset", SHOWN, ids=lambda dataset: dataset.qualified_name)
def test_columns_are_those_of_the_registry(dataset: Dataset) -> None:
    """The registry is the one declaration; Dagster repeats it."""
    shown = schema_of(SPECS[AssetKey(dataset.asset_key)])
    assert [
        (c.name, c.type, c.constraints.nullable, c.tags["data_class"]) for c in shown.columns
    ] == [(c.name, c.type, c.nullable, dataset.class_of(c)) for c in dataset.columns]


@pytest.mark.parametrize("promotion", PROMOTIONS, ids=lambda promotion: promotion.workflow.name)
class TestPromotions:
    def test_a_candidate_keeps_the_class_of_its_source(self, promotion: PromotionAssets) -> None:
        """Nothing is promoted before it is published, and no column may say otherwise."""
        spec = SPECS[promotion.candidate.key]
        assert spec.tags["data_class"] == promotion.workflow.from_class
        assert {column.tags["data_class"] for column in schema_of(spec).columns} == {
            promotion.workflow.from_class
        }

    def test_column_lineage_leads_back_to_the_sources(self, promotion: PromotionAssets) -> None:
        """From a released column, through the candidate's, to the columns the workflow declares."""
        workflow: Workflow = promotion.workflow
        released = lineage_of(SPECS[promotion.published.key]).deps_by_column
        waiting = lineage_of(SPECS[promotion.candidate.key]).deps_by_column
        assert set(released) == set(waiting) == set(workflow.column_lineage)
        for column, made_of in workflow.column_lineage.items():
            (through,) = released[column]
            assert (through.asset_key, through.column_name) == (promotion.candidate.key, column)
            assert {(dep.asset_key.path[-1], dep.column_name) for dep in waiting[column]} == {
                tuple(name.split(".")[1:]) for name in made_of
            }

    def test_columns_say_what_they_are_made_of(self, promotion: PromotionAssets) -> None:
        """The free Dagster UI draws no column lineage, so a reader finds it in the description."""
        for key in promotion.keys:
            told = {column.name: column.description for column in schema_of(SPECS[key]).columns}
            for name, made_of in promotion.workflow.column_lineage.items():
                assert (told[name] or "").endswith(f"; from {', '.join(made_of)}")

    def test_every_required_check_blocks_and_is_explained(self, promotion: PromotionAssets) -> None:
        """A check that does not block would only comment on a release."""
        specs: list[AssetCheckSpec] = list(promotion.checks.check_specs)
        assert [spec.name for spec in specs] == list(promotion.workflow.required_checks)
        assert all(spec.blocking and spec.description for spec in specs)
        assert {spec.asset_key for spec in specs} == {promotion.candidate.key}

    def test_its_job_runs_its_two_assets_and_its_checks(self, promotion: PromotionAssets) -> None:
        """A person starts a workflow by its name."""
        job = defs.resolve_job_def(promotion.workflow.name)
        assert job.description
        assert job.asset_layer.selected_asset_keys == set(promotion.keys)
        assert job.asset_layer.asset_graph.asset_check_keys == {
            spec.key for spec in promotion.checks.check_specs
        }


def test_one_job_promotes_everything() -> None:
    """The main job leaves no workflow out."""
    job = defs.resolve_job_def(PROMOTE_EVERYTHING)
    every_key = {key for promotion in PROMOTIONS for key in promotion.keys}
    assert job.asset_layer.selected_asset_keys == every_key
    assert job.asset_layer.asset_graph.asset_check_keys == {spec.key for spec in CHECKS}
