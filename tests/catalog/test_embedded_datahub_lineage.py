"""Lineage is walked from either end, over tables, jobs and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import datahub.metadata.schema_classes as models
import pytest
from datahub.sdk.search_filters import FilterDsl as F
from datahub.specific.dataset import DatasetPatchBuilder

from tests.catalog.datahub_builders import (
    column,
    dataset,
    proposal,
)

if TYPE_CHECKING:
    from datahub.sdk.main_client import DataHubClient

SOURCE = dataset("tenant_private.crm_accounts")
MIDDLE = dataset("anonymized.anonymized_benchmarks")
LAST = dataset("anonymized.anonymized_playbooks")
JOB = "urn:li:dataJob:(urn:li:dataFlow:(dagster,classline,PROD),industry_benchmark)"


def column_lineage(source: str, target: str) -> models.FineGrainedLineageClass:
    return models.FineGrainedLineageClass(
        upstreamType="FIELD_SET", downstreamType="FIELD", upstreams=[source], downstreams=[target]
    )


@pytest.fixture
def drawn(client: DataHubClient) -> DataHubClient:
    """SOURCE -> JOB -> MIDDLE -> LAST, with one column followed all the way."""
    named = models.DatasetPropertiesClass
    client._graph.emit_mcps(
        [
            *(proposal(urn, named(name=urn, description="d")) for urn in (SOURCE, MIDDLE, LAST)),
            proposal(JOB, models.DataJobInfoClass(name="Industry benchmark", type="WORKFLOW")),
            proposal(
                JOB,
                models.DataJobInputOutputClass(
                    inputDatasets=[],
                    outputDatasets=[],
                    inputDatasetEdges=[models.EdgeClass(SOURCE)],
                    outputDatasetEdges=[models.EdgeClass(MIDDLE)],
                    fineGrainedLineages=[
                        column_lineage(column(SOURCE, "amount"), column(MIDDLE, "total"))
                    ],
                ),
            ),
            proposal(
                LAST,
                models.UpstreamLineageClass(
                    [models.UpstreamClass(MIDDLE, "TRANSFORMED", query="urn:li:query:q")],
                    [column_lineage(column(MIDDLE, "total"), column(LAST, "score"))],
                ),
            ),
        ]
    )
    return client


def hops(client: DataHubClient, urn: str, direction: str, **more: object) -> list[tuple[str, int]]:
    results = client.lineage.get_lineage(source_urn=urn, direction=direction, **more)
    return [(result.urn, result.hops) for result in results]


def test_tables_and_jobs_are_walked_both_ways(drawn: DataHubClient) -> None:
    """An auditor starts at a benchmark, an engineer at a source; both must see every hop."""
    down = [(JOB, 1), (MIDDLE, 2), (LAST, 3)]
    assert hops(drawn, SOURCE, "downstream", max_hops=3) == down
    assert hops(drawn, LAST, "upstream", max_hops=3) == [(MIDDLE, 1), (JOB, 2), (SOURCE, 3)]
    assert hops(drawn, SOURCE, "upstream", max_hops=3) == []


def test_a_walk_stops_where_it_is_told_to(drawn: DataHubClient) -> None:
    """One hop is the default, and pages of one result add up to the same answer."""
    assert hops(drawn, SOURCE, "downstream") == [(JOB, 1)]
    assert hops(drawn, SOURCE, "downstream", max_hops=2) == [(JOB, 1), (MIDDLE, 2)]
    paged = hops(drawn, SOURCE, "downstream", max_hops=3, count=1)
    assert paged == [(JOB, 1), (MIDDLE, 2), (LAST, 3)]


def test_results_say_what_they_are(drawn: DataHubClient) -> None:
    """A result carries name, platform and description, for tables and for jobs."""
    job, table = drawn.lineage.get_lineage(source_urn=SOURCE, direction="downstream", max_hops=2)
    assert (job.type, job.platform, job.name) == ("DATA_JOB", "dagster", "Industry benchmark")
    assert (table.type, table.platform, table.description) == ("DATASET", "postgres", "d")


def test_columns_are_followed_with_their_path(drawn: DataHubClient) -> None:
    """Column lineage crosses jobs and tables, and shows each column on the way."""
    results = drawn.lineage.get_lineage(
        source_urn=SOURCE, source_column="amount", direction="downstream", max_hops=3
    )
    assert [(r.urn, r.hops) for r in results] == [
        (column(MIDDLE, "total"), 1),
        (column(LAST, "score"), 2),
    ]
    assert [path.column_name for path in results[1].paths] == ["amount", "total", "score"]
    assert hops(drawn, column(LAST, "score"), "upstream", max_hops=3)[-1] == (
        column(SOURCE, "amount"),
        2,
    )


def test_filters_narrow_lineage(drawn: DataHubClient) -> None:
    """Only what matches is shown, though the walk goes through the rest."""
    only = hops(drawn, SOURCE, "downstream", max_hops=3, filter=F.entity_type("dataset"))
    assert only == [(MIDDLE, 2), (LAST, 3)]
    assert hops(drawn, LAST, "upstream", max_hops=3, filter=F.platform("dagster")) == [(JOB, 2)]


def test_unknown_and_removed_ends_are_hidden(drawn: DataHubClient) -> None:
    """DataHub shows no entity that nobody emitted, so both ends of an edge must be."""
    graph = drawn._graph
    unknown = dataset("never.emitted")
    patch = DatasetPatchBuilder(SOURCE).add_upstream_lineage(models.UpstreamClass(unknown, "COPY"))
    graph.emit_mcps(patch.build())
    assert hops(drawn, SOURCE, "upstream") == []
    graph.soft_delete_entity(MIDDLE)
    assert hops(drawn, SOURCE, "downstream", max_hops=3) == [(JOB, 1), (LAST, 3)]


def test_a_cycle_ends(drawn: DataHubClient) -> None:
    """Lineage with a cycle is wrong but must not hang its reader."""
    drawn.lineage.add_lineage(upstream=LAST, downstream=SOURCE)
    assert (SOURCE, 1) not in hops(drawn, SOURCE, "downstream", max_hops=3)
    assert len(hops(drawn, SOURCE, "downstream", max_hops=3)) == 3


def test_edges_are_listed_by_name(drawn: DataHubClient) -> None:
    """The relationships of one entity are readable in both directions."""
    graph = drawn._graph
    outgoing = graph.get_related_entities(
        LAST, ["DownstreamOf"], graph.RelationshipDirection.OUTGOING
    )
    assert [(e.urn, e.via) for e in outgoing] == [(MIDDLE, "urn:li:query:q")]
    incoming = graph.get_related_entities(
        SOURCE, ["Consumes"], graph.RelationshipDirection.INCOMING
    )
    assert [e.urn for e in incoming] == [JOB]


def test_erased_lineage_is_gone(drawn: DataHubClient) -> None:
    """Edges follow the aspect that drew them."""
    drawn._graph.emit_mcp(proposal(LAST, models.UpstreamLineageClass([])))
    assert hops(drawn, LAST, "upstream", max_hops=3) == []


@pytest.mark.filterwarnings("ignore:add_fine_grained_upstream_lineage")  # the SDK calls its own
def test_the_high_level_client_draws_lineage_by_itself(client: DataHubClient) -> None:
    """`add_lineage` reads both schemas, matches columns by name, and patches the edge in."""
    from datahub.sdk.dataset import Dataset

    for urn in (SOURCE, LAST):
        name = urn.split(",")[1]
        table = Dataset(platform="postgres", name=name, schema=[("id", "text"), ("amount", "int")])
        client.entities.upsert(table)
    client.lineage.add_lineage(
        upstream=SOURCE, downstream=LAST, column_lineage={"amount": ["id", "amount"]}
    )
    assert hops(client, LAST, "upstream") == [(SOURCE, 1)]
    assert hops(client, LAST, "upstream", source_column="amount") == [
        (column(SOURCE, "amount"), 1),
        (column(SOURCE, "id"), 1),
    ]
    read = client.entities.get(LAST)
    read.set_description("Told anew")
    client.entities.update(read)
    assert client.entities.get(LAST).description == "Told anew"
