"""A revoked release is gone for every reader at once, is told everywhere, and is remembered."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb
from sqlalchemy import text

from anonymization.promote import publish_candidate
from anonymization.workflow import Workflow
from anonymization.workflows.agent_run_aggregates import AGENT_RUN_AGGREGATES
from anonymization.workflows.capability_index_by_tool import CAPABILITY_INDEX_BY_TOOL
from anonymization.workflows.fund_portfolio_rollup import FUND_PORTFOLIO_ROLLUP
from anonymization.workflows.pipeline_benchmark import PIPELINE_BENCHMARK
from catalog.data_classes import DataClass
from lineage.datahub_lineage import promotion_proposals
from lineage.promotions import PromotionState, promotion_transitions
from lineage.revocation import UnclearPromotion, promotion_named, revoke
from lineage.workflow_descriptions import WorkflowDescription
from stores.errors import BoundaryRefused
from stores.startup import portfolio
from tests.desk import Desk, a_desk

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One installation for all tests here; each has a workflow of its own."""
    with a_desk(tmp_path_factory.mktemp("revoked") / "home") as opened:
        yield opened


def released(desk: Desk, workflow: Workflow) -> UUID:
    """A publication of that workflow, approved by the steward."""
    candidate = desk.candidate(workflow)
    desk.decide(workflow, "approved", desk.steward)
    done = publish_candidate(desk.platform, workflow, candidate.promotion_id)
    assert done.state is PromotionState.PUBLISHED
    assert done.rows_published
    return candidate.promotion_id


def test_a_reader_that_is_reading_sees_nothing_any_more(desk: Desk) -> None:
    """The next statement of an open session finds the rows gone: none outlives a revocation."""
    promotion = released(desk, FUND_PORTFOLIO_ROLLUP)
    fund = portfolio(desk.platform)[0][1]
    with desk.platform.fund_session(fund, "test") as reader:
        assert reader.count(DataClass.FUND_PRIVATE, "portfolio_metric_rollups") > 0
        done = revoke(desk.platform, desk.steward, promotion, "computed on the wrong deals")
        assert reader.count(DataClass.FUND_PRIVATE, "portfolio_metric_rollups") == 0
    assert done.rows_withdrawn > 0
    assert done.built_on == ()
    last = promotion_transitions(desk.platform, promotion)[-1]
    assert (last.from_state, last.to_state, last.actor, last.reason) == (
        "published",
        "revoked",
        "test-steward",
        "computed on the wrong deals",
    )


def test_a_revocation_is_on_record_and_waits_for_datahub_and_slack(desk: Desk) -> None:
    """One transaction wrote the decision, the audit row, the outbox event and the alert."""
    promotion = released(desk, AGENT_RUN_AGGREGATES)
    revoke(desk.platform, desk.steward, promotion, "a unit was wrong")
    with desk.platform.platform_session("test") as session:
        found = session.records_ascend_platform_metric
        (record,) = found("promotions", "promotion_id = :p", p=promotion)
        (registration,) = found(
            "workflow_registrations", "workflow = :w", w=AGENT_RUN_AGGREGATES.name
        )
        events = found("outbox", "subject = :p", p=str(promotion))
        (decided,) = found("decision_log", "subject = :p", p=str(promotion))
        (audited,) = found("kv_audit", "subject = :p", p=str(promotion))
        (alert,) = [
            alert
            for alert in session.alerts_ascend_platform_metric().all()
            if (alert["kind"], alert["subject"]) == ("promotion_revoked", AGENT_RUN_AGGREGATES.name)
        ]
    assert record["state"] == "revoked"
    assert [event["kind"] for event in events][-1] == "promotion"
    assert (decided["decision"], decided["decided_by"]) == ("revoked", "test-steward")
    assert (audited["action"], audited["to_value"]) == ("promotion revoked", "withdrawn")
    assert (alert["severity"], alert["delivered_at"]) == ("warning", None)
    described = WorkflowDescription(
        AGENT_RUN_AGGREGATES.name, "", "", tuple(registration["sources"]), record["target"], {}
    )
    told = [str(proposal.to_obj()) for proposal in promotion_proposals(record, described)]
    assert sum('"state": "revoked"' in each or "'state': 'revoked'" in each for each in told) == 1


def test_a_revoked_key_is_gone(desk: Desk) -> None:
    """The key-value store is a reader's store like any table."""
    promotion = released(desk, CAPABILITY_INDEX_BY_TOOL)
    done = revoke(desk.platform, desk.steward, promotion, "wrong month")
    assert done.rows_withdrawn > 0
    with desk.platform.platform_session("test") as session:
        keys = [row["key"] for row in session.read(DataClass.ASCEND_PLATFORM_METRIC, "kv_entries")]
    assert not [key for key in keys if key.startswith("capability_index:")]


def test_what_was_revoked_needs_a_new_approval_and_is_counted_on(desk: Desk) -> None:
    """The same run does not release it again by itself, and a small change cannot be subtracted."""
    promotion = released(desk, PIPELINE_BENCHMARK)
    shown = revoke(desk.platform, desk.steward, promotion, "to be looked at").rows_withdrawn
    with pytest.raises(BoundaryRefused, match="was revoked, and nothing of it waits"):
        desk.decide(PIPELINE_BENCHMARK, "approved", desk.steward)
    with desk.platform.admin_engine().begin() as connection:
        connection.execute(
            text(
                "UPDATE tenant_private.crm_opportunities SET close_value = close_value + 1 WHERE"
                " deal_stage = 'Won' AND tenant_id ="
                " (SELECT min(tenant_id) FROM tenant_private.crm_opportunities)"
            )
        )
    again = desk.candidate(PIPELINE_BENCHMARK)
    waits = publish_candidate(desk.platform, PIPELINE_BENCHMARK, again.promotion_id)
    assert waits.state is PromotionState.AWAITING_REVIEW
    desk.decide(PIPELINE_BENCHMARK, "approved", desk.steward)
    done = publish_candidate(desk.platform, PIPELINE_BENCHMARK, again.promotion_id)
    assert done.state is PromotionState.PUBLISHED
    assert 0 < done.held["k_tenants"] < shown
    assert done.rows_published == shown - sum(done.held.values())
    assert done.cells_superseding == 0
    assert "unchanged" not in done.held


def test_the_same_cells_may_be_released_again(desk: Desk) -> None:
    """A second attempt at what was revoked shows what was shown before, and tells nothing new."""
    first = released(desk, FUND_PORTFOLIO_ROLLUP)
    shown = revoke(desk.platform, desk.steward, first, "by mistake").rows_withdrawn
    second = desk.candidate(FUND_PORTFOLIO_ROLLUP)
    assert second.promotion_id != first
    desk.decide(FUND_PORTFOLIO_ROLLUP, "approved", desk.steward)
    done = publish_candidate(desk.platform, FUND_PORTFOLIO_ROLLUP, second.promotion_id)
    assert done.rows_published == shown
    assert "unchanged" not in done.held


def test_a_revocation_ends_what_waits_of_that_version(desk: Desk) -> None:
    """A candidate made by the same code is not approved by what was approved before."""
    promotion = released(desk, CAPABILITY_INDEX_BY_TOOL)
    with desk.platform.admin_engine().begin() as connection:
        connection.execute(text("UPDATE tenant_private.agent_runs SET latency_ms = latency_ms + 1"))
    later = desk.candidate(CAPABILITY_INDEX_BY_TOOL)
    revoke(desk.platform, desk.steward, promotion, "its code is wrong")
    outcome = publish_candidate(desk.platform, CAPABILITY_INDEX_BY_TOOL, later.promotion_id)
    assert outcome.state is PromotionState.REJECTED


@pytest.mark.parametrize("reason", ["", " \n ", "x" * 1_000_000])
def test_a_revocation_says_why_in_a_few_sentences(desk: Desk, reason: str) -> None:
    """Neither nothing nor a megabyte is a reason."""
    with pytest.raises(BoundaryRefused, match="reason") as refused:
        revoke(desk.platform, desk.steward, uuid4(), reason)
    assert refused.value.code == "CL027"


def test_only_what_is_published_is_revoked_and_once(desk: Desk) -> None:
    """An unknown id, what waits, and what was revoked before are refused with what to do."""
    with pytest.raises(BoundaryRefused, match="no promotion has this id"):
        revoke(desk.platform, desk.steward, uuid4(), "because")
    with desk.platform.admin_engine().begin() as connection:
        connection.execute(text("UPDATE tenant_private.agent_runs SET latency_ms = latency_ms + 7"))
    waits = desk.candidate(AGENT_RUN_AGGREGATES).promotion_id
    with pytest.raises(BoundaryRefused, match="review reject"):
        revoke(desk.platform, desk.steward, waits, "because")
    desk.decide(AGENT_RUN_AGGREGATES, "approved", desk.steward)
    publish_candidate(desk.platform, AGENT_RUN_AGGREGATES, waits)
    revoke(desk.platform, desk.steward, waits, "because")
    with pytest.raises(BoundaryRefused, match="that is revoked cannot be revoked") as refused:
        revoke(desk.platform, desk.steward, waits, "because")
    assert refused.value.code == "CL020"


def test_releases_built_on_it_are_named(desk: Desk) -> None:
    """What read the target after it was published, and what was made of that; nothing earlier."""
    with desk.platform.admin_engine().begin() as connection:

        def promoted(source: str, target: str, *states: str) -> UUID:
            promotion = uuid4()
            connection.execute(
                text(
                    "INSERT INTO control.promotions (promotion_id, idempotency_key, base_key,"
                    " attempt, workflow, source_digest, run_id, from_class, to_class, sources,"
                    " target, policy, snapshot_digest, candidate_digest, closed_before, rows_in,"
                    " cells_in, cells_kept, suppressed, state, requested_by) VALUES (:p,"
                    " CAST(:p AS text), 'b', 1, :w, 'built', :p, 'fund_private',"
                    " 'anonymized_benchmark', ARRAY[:s], :t, '{}', 's', '', '2026-07-01', 1, 1,"
                    " 1, :n, 'drafted', 'x')"
                ),
                {
                    "p": promotion,
                    "w": f"of_{target}",
                    "s": source,
                    "t": target,
                    "n": Jsonb({}),
                },
            )
            for state in ("candidate", *states):
                published = ", published_at = clock_timestamp()" if state == "published" else ""
                connection.execute(
                    text(
                        f"UPDATE control.promotions SET state = :s{published}"
                        " WHERE promotion_id = :p"
                    ),
                    {"s": state, "p": promotion},
                )
            return promotion

        to_published = ("checked", "approved", "published")
        earlier = promoted("x.middle", "x.end", *to_published)
        middle = promoted("x.begin", "x.middle", *to_published)
        end = promoted("x.middle", "x.end", *to_published)
        waits = promoted("x.end", "x.further")
        ended = promoted("x.middle", "x.end", "held")
    with desk.platform.steward_session(desk.steward) as session:
        built = {row["promotion_id"]: row["state"] for row in session.releases_built_on(middle)}
    assert built == {end: "published", waits: "candidate"}
    assert not built.keys() & {earlier, ended}


def test_a_promotion_is_named_by_the_beginning_of_its_id(desk: Desk) -> None:
    """As the table prints it; what is too short, unknown or no id is refused."""
    with desk.platform.platform_session("test") as session:
        known = session.records_ascend_platform_metric("promotions")[0]["promotion_id"]
    assert promotion_named(desk.platform, str(known)[:8]) == known
    assert promotion_named(desk.platform, str(known).upper()) == known
    for unclear in (str(known)[:7], "", "%", "0000000-", "x" * 100):
        with pytest.raises(UnclearPromotion):
            promotion_named(desk.platform, unclear)
