"""Lineage in DataHub: from a benchmark back to the tenants' columns, run by run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import datahub.metadata.schema_classes as models
import pytest
from datahub.specific.dataset import DatasetPatchBuilder

from anonymization.registered import WORKFLOWS
from anonymization.workflow import Workflow
from catalog import datahub_names
from catalog.datahub_client import DataHubSettings, connect
from catalog.datahub_connection import DataHubConnection
from catalog.datahub_model import catalog_batches
from catalog.declared import REGISTRY
from catalog.embedded_datahub.server import EmbeddedDataHub
from lineage.datahub_lineage import promotion_proposals
from lineage.datahub_urns import job_urn, promotion_urn
from lineage.datahub_workflows import workflow_proposals
from lineage.workflow_descriptions import WorkflowDescription

FILED = datetime(2026, 3, 2, 12, tzinfo=UTC)
BENCHMARK = next(w for w in WORKFLOWS if w.name == "pipeline_benchmark")
PROMOTION = UUID("00000000-0000-4000-8000-000000000001")
TARGET = datahub_names.dataset_urn(BENCHMARK.target_dataset)


def described(workflow: Workflow) -> WorkflowDescription:
    return WorkflowDescription(
        name=workflow.name,
        description=workflow.description,
        module=workflow.module,
        sources=workflow.sources,
        target=workflow.target,
        column_lineage=workflow.column_lineage,
    )


def a_registration(workflow: Workflow) -> Mapping[str, Any]:
    return {
        "workflow": workflow.name,
        "source_digest": "d1",
        "sources": list(workflow.sources),
        "target": workflow.target,
        "from_class": str(workflow.from_class),
        "to_class": str(workflow.to_class),
        "policy": workflow.policy.as_parameters(),
        "required_checks": ["output_schema", "no_pii"],
        "publish_mode": "once",
        "registered_at": FILED,
    }


def a_promotion(workflow: Workflow, **changes: object) -> Mapping[str, Any]:
    return {
        **a_registration(workflow),
        "promotion_id": PROMOTION,
        "idempotency_key": "key-1",
        "candidate_digest": "c1",
        "attempt": 1,
        "state": "published",
        "rows_in": 6000,
        "cells_in": 40,
        "cells_kept": 31,
        "suppressed": {"k_tenants": 8, "max_share": 1},
        "rows_published": 30,
        "cells_held": 1,
        "requested_by": "test-engineer",
        "approved_by": "test-steward",
        "approval_id": 7,
        "created_at": FILED,
        "published_at": FILED + timedelta(minutes=3),
        **changes,
    }


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[DataHubConnection]:
    """A DataHub that has the catalog, every workflow, and one promotion of the benchmark."""
    with (
        EmbeddedDataHub(tmp_path / "catalog.db", "a-token-that-only-tests-know") as hub,
        connect(DataHubSettings(hub.url, hub.token, embedded=True)) as opened,
    ):
        for batch in catalog_batches(REGISTRY, FILED):
            opened.emit(batch)
        for workflow in WORKFLOWS:
            opened.emit(workflow_proposals(a_registration(workflow), described(workflow)))
        opened.emit(promotion_proposals(a_promotion(BENCHMARK), described(BENCHMARK)))
        yield opened


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.name)
def test_every_proposal_keeps_to_the_metadata_model(workflow: Workflow) -> None:
    """DataHub refuses a whole batch for one proposal that breaks its schema."""
    emitted = [
        *workflow_proposals(a_registration(workflow), described(workflow)),
        *promotion_proposals(a_promotion(workflow), described(workflow)),
    ]
    assert all(proposal.validate() for proposal in emitted)


def test_a_second_delivery_writes_what_the_first_wrote() -> None:
    """The outbox delivers at least once; the record's own times make that harmless."""

    def emitted() -> list[object]:
        found = promotion_proposals(a_promotion(BENCHMARK), described(BENCHMARK))
        return [proposal.to_obj() for proposal in found]

    assert emitted() == emitted()


@pytest.mark.integration
def test_a_benchmark_is_followed_down_to_tenant_columns(connection: DataHubConnection) -> None:
    """An auditor asks which tenant columns stand behind a number."""
    lineage = connection.lineage(TARGET, direction="upstream", max_hops=3)
    reached = {(step.kind, step.urn) for step in lineage.steps}
    sources = {datahub_names.dataset_urn(d) for d in BENCHMARK.source_datasets}
    assert reached == {("DATASET", urn) for urn in sources} | {
        ("DATA_JOB", job_urn(BENCHMARK.name))
    }
    assert lineage.promotions == (str(PROMOTION),)
    shown = {(s.from_column, f"{s.dataset}.{s.column}") for s in lineage.columns}
    assert shown == {
        (column, source)
        for column, sources_ in BENCHMARK.column_lineage.items()
        for source in sources_
    }
    assert ("sector", "tenant_private.crm_accounts.sector") in shown


@pytest.mark.integration
def test_a_tenant_table_is_followed_to_everything_made_of_it(
    connection: DataHubConnection,
) -> None:
    """A tenant asks where anything of theirs goes; registered ways show before they are used."""
    deals = REGISTRY.get("tenant_private.crm_opportunities")
    lineage = connection.lineage(
        datahub_names.dataset_urn(deals), direction="downstream", max_hops=2
    )
    jobs = {step.name for step in lineage.steps if step.kind == "DATA_JOB"}
    assert jobs == {"pipeline_benchmark", "fund_portfolio_rollup"}
    targets = {s.name for s in lineage.steps if s.kind == "DATASET"}
    assert targets == {
        "anonymized.anonymized_industry_benchmarks",
        "fund_private.portfolio_metric_rollups",
    }
    assert {
        f"{s.dataset}.{s.column}" for s in lineage.columns if s.from_column == "close_value"
    } == {
        "anonymized.anonymized_industry_benchmarks.value_p25",
        "anonymized.anonymized_industry_benchmarks.value_p50",
        "anonymized.anonymized_industry_benchmarks.value_p75",
        "fund_private.portfolio_metric_rollups.value",
    }


@pytest.mark.integration
def test_a_promotion_is_a_run_of_its_workflow(connection: DataHubConnection) -> None:
    """Who approved it, from what to what, and how much was held back: all on the run."""
    graph, urn = connection._graph, promotion_urn(PROMOTION)
    properties = graph.get_aspect(urn, models.DataProcessInstancePropertiesClass)
    assert properties is not None
    shown = properties.customProperties or {}
    assert shown["promotion_id"] == str(PROMOTION)
    assert (shown["from_class"], shown["to_class"]) == ("tenant_private", "anonymized_benchmark")
    assert (shown["policy.k_tenants"], shown["approved_by"]) == ("5", "test-steward")
    assert (shown["cells_kept"], shown["cells_held"]) == ("31", "1")
    assert (shown["suppressed.k_tenants"], shown["source_digest"]) == ("8", "d1")
    related = graph.get_aspect(urn, models.DataProcessInstanceRelationshipsClass)
    outputs = graph.get_aspect(urn, models.DataProcessInstanceOutputClass)
    assert related is not None
    assert outputs is not None
    assert related.parentTemplate == job_urn(BENCHMARK.name)
    assert outputs.outputs == [TARGET]
    events = graph.get_timeseries_values(urn, models.DataProcessInstanceRunEventClass, {}, limit=9)
    assert sorted(str(event.status) for event in events) == ["COMPLETE", "STARTED"]


@pytest.mark.integration
def test_delivering_twice_adds_nothing(connection: DataHubConnection) -> None:
    """A crash between delivery and its mark means a second delivery of the same."""
    connection.emit(promotion_proposals(a_promotion(BENCHMARK), described(BENCHMARK)))
    graph = connection._graph
    events = graph.get_timeseries_values(
        promotion_urn(PROMOTION), models.DataProcessInstanceRunEventClass, {}, limit=9
    )
    upstream = graph.get_aspect(TARGET, models.UpstreamLineageClass)
    assert len(events) == 2
    assert upstream is not None
    assert len(upstream.upstreams) == len(BENCHMARK.sources)
    assert len(upstream.fineGrainedLineages or []) == len(BENCHMARK.column_lineage)


@pytest.mark.integration
def test_edges_of_others_survive_a_promotion(connection: DataHubConnection) -> None:
    """Another team may have drawn lineage into the same table; it is not ours to erase."""
    other = datahub_names.dataset_urn(REGISTRY.get("anonymized.anonymized_playbooks"))
    connection.emit(
        DatasetPatchBuilder(TARGET)
        .add_upstream_lineage(models.UpstreamClass(other, "COPY"))
        .build()
    )
    second = a_promotion(BENCHMARK, promotion_id=UUID(int=2))
    connection.emit(promotion_proposals(second, described(BENCHMARK)))
    upstream = connection._graph.get_aspect(TARGET, models.UpstreamLineageClass)
    assert upstream is not None
    assert other in {edge.dataset for edge in upstream.upstreams}


@pytest.mark.integration
def test_a_source_that_only_a_column_names_is_shown(connection: DataHubConnection) -> None:
    """The rollup reads who owns whom from control; lineage must not hide that."""
    rollup = REGISTRY.get("fund_private.portfolio_metric_rollups")
    lineage = connection.lineage(datahub_names.dataset_urn(rollup), max_hops=2)
    names = {s.name for s in lineage.steps if s.kind == "DATASET"}
    assert "control.portfolio_membership" in names
