"""Lineage is followed edge by edge, and every change of class says who approved it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import datahub.metadata.schema_classes as models
import pytest

from catalog import datahub_names
from catalog.data_classes import DataClass
from catalog.datahub_client import (
    Crossing,
    DataHubRefused,
    DataHubSettings,
    TrailNode,
    connect,
)
from tests.catalog.datahub_builders import class_property, classed, column, dataset, proposal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datahub.emitter.mcp import MetadataChangeProposalWrapper

    from catalog.datahub_connection import DataHubConnection
    from catalog.embedded_datahub.server import EmbeddedDataHub

DEALS = dataset("classline.tenant_private.deals")
CALLS = dataset("classline.tenant_private.calls")
RATES = dataset("classline.anonymized.rates")
REPORT = dataset("classline.anonymized.report")
JOB = "urn:li:dataJob:(urn:li:dataFlow:(classline,anonymization,PROD),rates_benchmark)"
RUN = "urn:li:dataProcessInstance:"
PRIVATE, ANONYMIZED = DataClass.TENANT_PRIVATE, DataClass.ANONYMIZED_BENCHMARK

pytestmark = pytest.mark.integration


@pytest.fixture
def connection(hub: EmbeddedDataHub) -> Iterator[DataHubConnection]:
    with connect(DataHubSettings(hub.url, hub.token, embedded=True)) as opened:
        opened.emit(
            [
                class_property(),
                *(proposal(urn, classed("tenant_private")) for urn in (DEALS, CALLS)),
                *(proposal(urn, classed("anonymized_benchmark")) for urn in (RATES, REPORT)),
                proposal(JOB, models.DataJobInfoClass(name="rates_benchmark", type="WORKFLOW")),
                proposal(
                    JOB,
                    models.DataJobInputOutputClass(
                        [],
                        [],
                        inputDatasetEdges=[models.EdgeClass(DEALS)],
                        outputDatasetEdges=[models.EdgeClass(RATES)],
                    ),
                ),
                upstreams(REPORT, RATES),
            ]
        )
        yield opened


def upstreams(urn: str, *sources: str, **stated: str) -> MetadataChangeProposalWrapper:
    return proposal(
        urn,
        models.UpstreamLineageClass(
            [models.UpstreamClass(s, "TRANSFORMED", properties=stated or None) for s in sources]
        ),
    )


def promoted(promotion: str, **stated: str) -> list[MetadataChangeProposalWrapper]:
    known = {
        "workflow": "rates_benchmark",
        "state": "published",
        "from_class": "tenant_private",
        "to_class": "anonymized_benchmark",
        "approved_by": "ann",
        "published_at": "2026-03-02T10:00:00+00:00",
        "cells_kept": "12",
    }
    return [
        proposal(
            RUN + promotion,
            models.DataProcessInstancePropertiesClass(
                name=promotion,
                created=models.AuditStampClass(0, "urn:li:corpuser:a"),
                customProperties={**known, **stated},
            ),
        ),
        proposal(
            RUN + promotion,
            models.DataProcessInstanceRelationshipsClass([], parentTemplate=JOB),
        ),
    ]


def below(node: TrailNode) -> dict[str, TrailNode]:
    return {child.name: child for child in node.children}


def test_a_change_of_class_names_workflow_approver_and_day(connection: DataHubConnection) -> None:
    """This is what an auditor asks: who let tenants' data into this table, and when."""
    connection.emit([upstreams(RATES, DEALS, promotion_id="p1", workflow="rates_benchmark")])
    connection.emit(promoted("p1"))
    root = connection.trail(RATES).root
    assert (root.name, root.data_class, root.crossings) == ("anonymized.rates", ANONYMIZED, ())
    (deals,) = root.children
    assert (deals.name, deals.data_class) == ("tenant_private.deals", PRIVATE)
    (crossing,) = deals.crossings
    assert (crossing.from_class, crossing.to_class) == (PRIVATE, ANONYMIZED)
    assert crossing.workflow == "rates_benchmark"
    assert crossing.run is not None
    assert crossing.run.approved_by == "ann"
    assert crossing.run.published_at == datetime(2026, 3, 2, 10, tzinfo=UTC)


def test_the_same_edge_is_marked_from_either_end(connection: DataHubConnection) -> None:
    """An engineer looks down from the source, and must read the same change of class."""
    up = connection.trail(RATES).root.children[0].crossings
    down = connection.trail(DEALS, direction="downstream").root
    assert below(down)["anonymized.rates"].crossings == up
    assert up == (Crossing(PRIVATE, ANONYMIZED, "rates_benchmark", None),)
    report = below(below(down)["anonymized.rates"])["anonymized.report"]
    assert report.crossings == ()


def test_a_change_of_class_that_no_workflow_declares_is_marked_too(
    connection: DataHubConnection,
) -> None:
    """An edge drawn by hand past every workflow is the very thing to look for."""
    connection.emit([upstreams(REPORT, CALLS)])
    crossing = below(connection.trail(REPORT).root)["tenant_private.calls"].crossings
    assert crossing == (Crossing(PRIVATE, ANONYMIZED, None, None),)


def test_a_run_of_another_workflow_is_not_taken_for_the_edges(
    connection: DataHubConnection,
) -> None:
    """The approval of one workflow must not vouch for another over the same edge."""
    connection.emit([upstreams(RATES, DEALS, promotion_id="p1", workflow="other")])
    connection.emit(promoted("p1", workflow="other"))
    (crossing,) = connection.trail(RATES).root.children[0].crossings
    assert (crossing.workflow, crossing.run) == ("rates_benchmark", None)


def test_a_circle_and_a_diamond_end(connection: DataHubConnection) -> None:
    """Lineage may lead back to where it came from; each dataset is followed once."""
    connection.emit([upstreams(DEALS, RATES), upstreams(REPORT, RATES, DEALS)])
    root = connection.trail(REPORT).root
    assert {name: node.repeated for name, node in below(root).items()} == {
        "anonymized.rates": False,
        "tenant_private.deals": False,
    }
    assert all(child.repeated for node in root.children for child in node.children)


def test_a_walk_stops_where_it_is_told_to(connection: DataHubConnection) -> None:
    """A steward with a large catalog asks for one hop."""
    (rates,) = connection.trail(REPORT, most_hops=1).root.children
    assert rates.children == ()
    (rates,) = connection.trail(REPORT, most_hops=2).root.children
    assert [node.name for node in rates.children] == ["tenant_private.deals"]


def test_columns_are_followed_with_their_own_class(connection: DataHubConnection) -> None:
    """Which columns a released one is made of, hop by hop."""
    from tests.catalog.datahub_builders import schema

    lineage = models.FineGrainedLineageClass(
        "FIELD_SET",
        "FIELD",
        upstreams=[column(RATES, "value")],
        downstreams=[column(REPORT, "total")],
    )
    first = models.FineGrainedLineageClass(
        "FIELD_SET",
        "FIELD",
        upstreams=[column(DEALS, "amount")],
        downstreams=[column(RATES, "value")],
    )
    edge = models.UpstreamClass(RATES, "TRANSFORMED")
    connection.emit(
        [
            proposal(REPORT, schema("total", "note")),
            proposal(REPORT, models.UpstreamLineageClass([edge], [lineage])),
            proposal(
                RATES,
                models.UpstreamLineageClass([models.UpstreamClass(DEALS, "TRANSFORMED")], [first]),
            ),
            proposal(column(DEALS, "amount"), classed("tenant_private")),
        ]
    )
    (total,) = connection.trail(REPORT, columns=True).columns
    assert total.name == "anonymized.report.total"
    (value,) = total.children
    (amount,) = value.children
    assert (amount.name, amount.data_class) == ("tenant_private.deals.amount", PRIVATE)
    (crossing,) = amount.crossings
    assert (crossing.from_class, crossing.workflow) == (PRIVATE, "rates_benchmark")


def test_promotions_are_listed_newest_first(connection: DataHubConnection) -> None:
    """Every run on the way, those that were never published last."""
    connection.emit(promoted("p1", published_at="2026-03-02T10:00:00+00:00"))
    connection.emit(promoted("p2", published_at="2026-04-02T10:00:00+00:00"))
    connection.emit(promoted("p3", published_at="no moment", state="awaiting_review"))
    found = connection.trail(RATES, promotions=True).promotions
    assert [(run.run_id, run.state) for run in found] == [
        ("p2", "published"),
        ("p1", "published"),
        ("p3", "awaiting_review"),
    ]
    assert connection.trail(RATES).promotions == ()


def test_kind_and_owner_narrow_a_search(connection: DataHubConnection) -> None:
    """A team looks for its own vector namespaces."""
    from catalog.registry import StoreKind

    owned = models.OwnershipClass(
        [models.OwnerClass(datahub_names.team_urn("team:growth"), "TECHNICAL_OWNER")]
    )
    connection.emit(
        [
            proposal(DEALS, models.SubTypesClass(["Table"])),
            proposal(CALLS, models.SubTypesClass(["Vector Namespace"])),
            proposal(CALLS, owned),
            proposal(datahub_names.team_urn("team:growth"), models.CorpGroupInfoClass([], [], [])),
        ]
    )

    def names(**asked: object) -> list[str]:
        return [found.name for found in connection.search(**asked)]

    assert names(kind=StoreKind.TABLE) == ["tenant_private.deals"]
    assert names(owner=datahub_names.owner_urn("growth")) == ["tenant_private.calls"]
    assert names(owner=datahub_names.owner_urn("growth"), kind=StoreKind.TABLE) == []
    with pytest.raises(DataHubRefused, match="knows no owner"):
        names(owner=datahub_names.owner_urn("groth"))
    assert names(data_class=PRIVATE, kind=StoreKind.VECTOR_NAMESPACE) == ["tenant_private.calls"]
