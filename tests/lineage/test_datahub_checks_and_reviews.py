"""Checks as assertions with runs and a contract, and a wait for review as an incident."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import datahub.metadata.schema_classes as models
import pytest
from datahub.sdk.main_client import DataHubClient
from datahub.sdk.search_filters import FilterDsl as F
from psycopg.types.json import Jsonb
from sqlalchemy import text

from catalog.datahub_connection import DataHubConnection
from catalog.datahub_soundness import problems_of
from catalog.declared import REGISTRY
from expectations.suites import CheckName
from lineage.datahub_export import exported_proposals
from lineage.datahub_lineage import promotion_proposals
from lineage.datahub_urns import (
    assertion_urn,
    contract_urn,
    dataset_urn,
    incident_urn,
    job_urn,
    promotion_urn,
    query_urn,
)
from lineage.outbox import drain
from stores.platform import Platform
from tests.lineage.outbox_builders import (
    BENCHMARK,
    DESCRIBED,
    DIGEST,
    a_published_promotion,
    a_registration,
    everything_waits,
    waiting,
)
from tests.lineage.test_datahub_lineage import a_promotion, described

pytestmark = pytest.mark.integration

TARGET = dataset_urn(BENCHMARK.target)


def a_check(platform: Platform, promotion: object, name: str, *, passed: bool = True) -> None:
    """Both phases of a check, as the run of a workflow records them."""
    with platform.admin_engine().begin() as connection:
        for phase in ("candidate", "publish"):
            connection.execute(
                text(
                    "INSERT INTO control.check_results (promotion_id, phase, check_name, passed,"
                    " observed, candidate_digest) VALUES (:id, :phase, :name, :passed,"
                    " CAST(:observed AS jsonb), 'c')"
                ),
                {
                    "id": promotion,
                    "phase": phase,
                    "name": name,
                    "passed": passed,
                    "observed": Jsonb({"cells": 31, "failed": 0 if passed else 3}),
                },
            )


def decided(platform: Platform, decision: str) -> None:
    """A steward's decision about the benchmark's digest, as `control.decide` records it."""
    four_eyes = "ALTER TABLE control.approvals {} TRIGGER four_eyes"
    with platform.admin_engine().begin() as connection:
        connection.execute(text(four_eyes.format("DISABLE")))
        connection.execute(
            text(
                "INSERT INTO control.approvals (workflow, source_digest, steward_name, decision,"
                " reason, expires_at) VALUES (:workflow, :digest, 'test-steward', :decision,"
                " 'Zephyrine asked for it', clock_timestamp() + interval '1 year')"
            ),
            {"workflow": BENCHMARK.name, "digest": DIGEST, "decision": decision},
        )
        connection.execute(text(four_eyes.format("ENABLE ALWAYS")))


@pytest.fixture
def connection(
    emptied: Platform, to_hub: Callable[[], DataHubConnection]
) -> Iterator[DataHubConnection]:
    """A DataHub that has been told the workflow."""
    a_registration(emptied)
    assert drain(emptied, to_hub, DESCRIBED).waiting == 0
    with to_hub() as opened:
        yield opened


def incident(connection: DataHubConnection, promotion: object) -> models.IncidentInfoClass:
    found = connection._graph.get_aspect(incident_urn(promotion), models.IncidentInfoClass)
    assert found is not None
    return found


def test_every_check_is_an_external_assertion_about_the_released_dataset(
    connection: DataHubConnection,
) -> None:
    """A steward sees on the dataset what every release of it must pass, before there is one."""
    for check in BENCHMARK.required_checks:
        for phase in ("candidate", "publish"):
            urn = assertion_urn(BENCHMARK.target, check, phase)
            info = connection._graph.get_aspect(urn, models.AssertionInfoClass)
            assert info is not None
            assert info.type == "CUSTOM"
            assert info.customAssertion is not None
            assert info.customAssertion.entity == TARGET
            assert info.source is not None
            assert info.source.type == "EXTERNAL"
            assert str(info.description).startswith(DESCRIBED[BENCHMARK.name].checks[check])


def test_every_result_is_a_run_of_its_assertion(
    emptied: Platform, connection: DataHubConnection, to_hub: Callable[[], DataHubConnection]
) -> None:
    """Also a failed one, with the counts it saw and the promotion it belongs to."""
    promotion = a_published_promotion(emptied, state="held")
    a_check(emptied, promotion, CheckName.OUTPUT_SCHEMA)
    a_check(emptied, promotion, CheckName.K_DISTINCT_TENANTS, passed=False)
    assert drain(emptied, to_hub, DESCRIBED).waiting == 0
    for check, verdict, failed in (
        (CheckName.OUTPUT_SCHEMA, "SUCCESS", "0"),
        (CheckName.K_DISTINCT_TENANTS, "FAILURE", "3"),
    ):
        urn = assertion_urn(BENCHMARK.target, check, "candidate")
        (run,) = connection._graph.get_timeseries_values(
            urn, models.AssertionRunEventClass, {}, limit=9
        )
        assert run.runId == str(promotion)
        assert run.asserteeUrn == TARGET
        assert run.result is not None
        assert run.result.type == verdict
        assert run.result.nativeResults == {"cells": "31", "failed": failed}
    assert not connection._graph.exists(contract_urn(BENCHMARK.target))


def test_two_results_of_one_millisecond_are_two_runs(
    emptied: Platform, connection: DataHubConnection, to_hub: Callable[[], DataHubConnection]
) -> None:
    """DataHub writes one event over another of the same moment unless told them apart."""
    for _ in range(2):
        a_check(emptied, a_published_promotion(emptied), CheckName.OUTPUT_SCHEMA)
    with emptied.admin_engine().begin() as admin:
        admin.execute(text("ALTER TABLE control.check_results DISABLE TRIGGER append_only"))
        admin.execute(text("UPDATE control.check_results SET checked_at = '2026-03-02 12:00Z'"))
        admin.execute(text("ALTER TABLE control.check_results ENABLE ALWAYS TRIGGER append_only"))
    for _ in range(2):
        assert drain(emptied, to_hub, DESCRIBED).waiting == 0
        with emptied.platform_session("test") as session:
            session.outbox_ascend_platform_metric().tell_again()
    urn = assertion_urn(BENCHMARK.target, CheckName.OUTPUT_SCHEMA, "publish")
    runs = connection._graph.get_timeseries_values(urn, models.AssertionRunEventClass, {}, limit=9)
    assert len({run.runId for run in runs}) == len(runs) == 2


def test_a_published_dataset_has_a_contract(
    emptied: Platform, connection: DataHubConnection, to_hub: Callable[[], DataHubConnection]
) -> None:
    """Who builds on a benchmark sees what is promised of it, and that it is kept."""
    promotion = a_published_promotion(emptied)
    for check in BENCHMARK.required_checks:
        a_check(emptied, promotion, check)
    assert drain(emptied, to_hub, DESCRIBED).waiting == 0
    urn = contract_urn(BENCHMARK.target)
    contract = connection._graph.get_aspect(urn, models.DataContractPropertiesClass)
    status = connection._graph.get_aspect(urn, models.DataContractStatusClass)
    assert contract is not None
    assert status is not None
    assert contract.entity == TARGET
    assert status.state == "ACTIVE"
    promised = [s.assertion for s in contract.schema or []]
    assert promised == [assertion_urn(BENCHMARK.target, CheckName.OUTPUT_SCHEMA, "publish")]
    promised += [q.assertion for q in contract.dataQuality or []]
    assert len(promised) == len(BENCHMARK.required_checks)
    assert all(connection._graph.exists(each) for each in promised)


def test_the_edge_carries_the_query_that_reads_the_sources(
    emptied: Platform, connection: DataHubConnection, to_hub: Callable[[], DataHubConnection]
) -> None:
    """An auditor reads on the edge itself what was taken from the tenants' tables, and by whom."""
    promotion = a_published_promotion(emptied)
    assert drain(emptied, to_hub, DESCRIBED).waiting == 0
    graph = connection._graph
    upstream = graph.get_aspect(TARGET, models.UpstreamLineageClass)
    query = graph.get_aspect(query_urn(BENCHMARK.name), models.QueryPropertiesClass)
    subjects = graph.get_aspect(query_urn(BENCHMARK.name), models.QuerySubjectsClass)
    assert upstream is not None
    assert query is not None
    assert subjects is not None
    assert {edge.query for edge in upstream.upstreams} == {query_urn(BENCHMARK.name)}
    assert {edge.query for edge in upstream.fineGrainedLineages or []} == {
        query_urn(BENCHMARK.name)
    }
    (edge, *_) = upstream.upstreams
    assert edge.properties == {
        "workflow": BENCHMARK.name,
        "promotion_id": str(promotion),
        "approved_by": "test-steward",
    }
    assert "FROM tenant_private.crm_opportunities" in query.statement.value
    assert query.origin == job_urn(BENCHMARK.name)
    assert TARGET in {subject.entity for subject in subjects.subjects}


def test_a_job_says_which_version_of_which_code_it_is(
    emptied: Platform, connection: DataHubConnection, to_hub: Callable[[], DataHubConnection]
) -> None:
    """The digest is what a steward approved; the code is where to read it."""
    a_registration(emptied, "b" * 64)
    assert drain(emptied, to_hub, DESCRIBED).waiting == 0
    urn = job_urn(BENCHMARK.name)
    info = connection._graph.get_aspect(urn, models.DataJobInfoClass)
    version = connection._graph.get_aspect(urn, models.VersionInfoClass)
    assert info is not None
    assert version is not None
    assert version.version == "2"
    assert version.customProperties["source_digest"] == "b" * 64
    assert info.customProperties["source_digest"] == "b" * 64
    assert info.customProperties["code_location"] == (
        "anonymization/workflows/pipeline_benchmark.py"
    )


def test_a_wait_for_review_is_an_incident_until_somebody_decides(
    emptied: Platform, connection: DataHubConnection, to_hub: Callable[[], DataHubConnection]
) -> None:
    """A pending review shows where stewards look; what they wrote as a reason does not."""
    promotion = a_published_promotion(emptied, state="awaiting_review")
    assert drain(emptied, to_hub, DESCRIBED).waiting == 0
    waits = incident(connection, promotion)
    assert (waits.type, waits.customType) == ("CUSTOM", "CLASS_PROMOTION_REVIEW")
    assert waits.status.state == "ACTIVE"
    assert waits.entities == [TARGET, job_urn(BENCHMARK.name)]
    found = DataHubClient(graph=connection._graph).search.get_urns(filter=F.entity_type("incident"))
    assert [str(urn) for urn in found] == [incident_urn(promotion)]

    decided(emptied, "approved")
    # The decision, and the promotion that it moved on.
    assert drain(emptied, to_hub, DESCRIBED).delivered == 2
    closed = incident(connection, promotion)
    assert closed.status.state == "RESOLVED"
    assert closed.status.message == "approved by test-steward"
    assert "Zephyrine" not in str(closed.to_obj())


def test_a_wait_that_ends_without_a_decision_closes_its_incident(
    emptied: Platform, connection: DataHubConnection, to_hub: Callable[[], DataHubConnection]
) -> None:
    """A candidate that a check holds back waits for nobody."""
    promotion = a_published_promotion(emptied, state="awaiting_review")
    assert drain(emptied, to_hub, DESCRIBED).waiting == 0
    with emptied.admin_engine().begin() as admin:
        admin.execute(text("UPDATE control.promotions SET state = 'held'"))
    assert drain(emptied, to_hub, DESCRIBED).waiting == 0
    assert incident(connection, promotion).status.state == "RESOLVED"
    run = connection._graph.get_timeseries_values(
        promotion_urn(promotion), models.DataProcessInstanceRunEventClass, {}, limit=9
    )
    assert sorted(str(event.status) for event in run) == ["COMPLETE", "STARTED"]
    assert not connection._graph.get_aspect(TARGET, models.UpstreamLineageClass)


def test_a_promotion_that_never_waited_has_no_incident(
    emptied: Platform, connection: DataHubConnection, to_hub: Callable[[], DataHubConnection]
) -> None:
    """A steward's list of incidents holds what needed a steward."""
    promotion = a_published_promotion(emptied)
    decided(emptied, "approved")
    assert drain(emptied, to_hub, DESCRIBED).waiting == 0
    assert not connection._graph.exists(incident_urn(promotion))


def test_a_decision_taken_before_closes_no_later_wait(
    emptied: Platform, connection: DataHubConnection, to_hub: Callable[[], DataHubConnection]
) -> None:
    """An approval that ran out is no decision about what waits now."""
    decided(emptied, "approved")
    promotion = a_published_promotion(emptied, state="awaiting_review", minutes_ago=0)
    assert drain(emptied, to_hub, DESCRIBED).waiting == 0
    assert incident(connection, promotion).status.state == "ACTIVE"


def test_a_release_that_was_withdrawn_takes_no_edge_back(
    emptied: Platform, connection: DataHubConnection, to_hub: Callable[[], DataHubConnection]
) -> None:
    """The edge names the release that stands; an older one that is told later changes no edge."""
    older = a_published_promotion(emptied, minutes_ago=9)
    newer = a_published_promotion(emptied)
    assert drain(emptied, to_hub, DESCRIBED).waiting == 0
    with emptied.admin_engine().begin() as admin:
        admin.execute(
            text("UPDATE control.promotions SET state = 'revoked' WHERE promotion_id = :id"),
            {"id": older},
        )
    assert drain(emptied, to_hub, DESCRIBED).delivered == 1
    upstream = connection._graph.get_aspect(TARGET, models.UpstreamLineageClass)
    run = connection._graph.get_aspect(
        promotion_urn(older), models.DataProcessInstancePropertiesClass
    )
    assert upstream is not None
    assert run is not None
    assert {edge.properties["promotion_id"] for edge in upstream.upstreams} == {str(newer)}
    assert run.customProperties["state"] == "revoked"


def test_what_is_said_of_every_state_is_sound(emptied: Platform) -> None:
    """Valid by construction: filed, waiting, held, rejected, published, and states to come."""
    for state in ("candidate", "awaiting_review", "held", "rejected", "published", "revoked"):
        record = a_promotion(BENCHMARK, state=state) | (
            {} if state in {"published", "revoked"} else {"published_at": None}
        )
        proposals = promotion_proposals(record, described(BENCHMARK))
        assert list(problems_of(proposals, REGISTRY)) == []
    everything_waits(emptied)
    a_published_promotion(emptied, state="awaiting_review")
    exported = exported_proposals(emptied, DESCRIBED, datetime.now(UTC))
    assert list(problems_of(exported, REGISTRY)) == []
    assert {str(p.entityType) for p in exported} >= {
        "assertion",
        "container",
        "dataFlow",
        "dataJob",
        "dataProcessInstance",
        "dataset",
        "domain",
        "glossaryTerm",
        "incident",
        "query",
        "schemaField",
        "structuredProperty",
        "tag",
    }
    assert waiting(emptied)
