"""The outbox: nothing is lost while DataHub is down, nothing is told twice, nobody is named."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb
from sqlalchemy import text

from anonymization.registered import WORKFLOWS
from catalog import datahub_names
from catalog.data_classes import DataClass
from catalog.datahub_client import DataHubSettings, connect
from catalog.datahub_connection import DataHubConnection
from catalog.declared import REGISTRY
from catalog.embedded_datahub.server import EmbeddedDataHub
from lineage.outbox import DrainReport, drain, queue_catalog
from lineage.promotions import PromotionState, promotion_checks, read_promotions
from lineage.workflow_descriptions import WorkflowDescription
from stores.boundary.provisioning import ensure_owners
from stores.platform import Platform
from tests.lineage.outbox_builders import (
    BENCHMARK,
    DESCRIBED,
    TOKEN,
    Recording,
    a_published_promotion,
    a_registration,
    everything_waits,
    waiting,
)

TENANT, FUND = "Zephyrine Planted Portco", "Quillon Planted Fund"

pytestmark = pytest.mark.integration


def an_unreachable_datahub() -> DataHubConnection:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    return connect(DataHubSettings(f"http://127.0.0.1:{port}", TOKEN, embedded=True))


def test_what_waited_is_delivered_once(
    emptied: Platform, to_hub: Callable[[], DataHubConnection]
) -> None:
    """After a drain a steward finds the promotion's way from tenant data; a second has no work."""
    everything_waits(emptied)
    assert drain(emptied, to_hub, DESCRIBED) == DrainReport(delivered=3, waiting=0)
    with to_hub() as connection:
        target = datahub_names.dataset_urn(BENCHMARK.target_dataset)
        reached = {step.name for step in connection.lineage(target).steps}
        found = connection.search(data_class=DataClass.TENANT_PRIVATE)
    assert BENCHMARK.name in reached
    assert len(found) == len(REGISTRY.of_class(DataClass.TENANT_PRIVATE))

    def never() -> DataHubConnection:
        pytest.fail("nothing waits, so nobody has to be connected to")

    assert drain(emptied, never, DESCRIBED) == DrainReport(delivered=0, waiting=0)


def test_an_unreachable_datahub_keeps_the_events_and_says_so(
    emptied: Platform, to_hub: Callable[[], DataHubConnection]
) -> None:
    """A run ends well without DataHub; what it had to say waits, and goes out later."""
    everything_waits(emptied)
    started = time.monotonic()
    report = drain(emptied, an_unreachable_datahub, DESCRIBED)
    assert time.monotonic() - started < 5
    assert report == DrainReport(0, 3, last_error="DataHubUnreachable")
    kept = waiting(emptied)
    assert [event["attempts"] for event in kept] == [1, 1, 1]
    assert {event["last_error"] for event in kept} == {"DataHubUnreachable"}
    assert drain(emptied, to_hub, DESCRIBED, at_once=True).delivered == 3


def test_a_wrong_token_keeps_the_events_and_says_so(
    emptied: Platform, hub: EmbeddedDataHub
) -> None:
    """A token that ran out is no reason to try every event against it."""
    everything_waits(emptied)
    wrong = DataHubSettings(hub.url, "another-token-entirely", embedded=True)
    report = drain(emptied, lambda: connect(wrong), DESCRIBED)
    assert report == DrainReport(0, 3, last_error="DataHubTokenRefused")


def test_a_refused_event_does_not_hold_up_the_others(emptied: Platform) -> None:
    """One event that DataHub will not take must not silence what is about other datasets."""
    everything_waits(emptied)
    rollup = next(w for w in WORKFLOWS if w.name == "fund_portfolio_rollup")
    a_registration(emptied, workflow=rollup)
    recording = Recording(refuse=f"query:classline.{BENCHMARK.name}")
    report = drain(emptied, lambda: recording, DESCRIBED)
    assert report == DrainReport(2, 2, refused=1, last_error="DataHubRefused")
    assert [(e["kind"], e["attempts"]) for e in waiting(emptied)] == [
        ("workflow", 1),
        ("promotion", 0),
    ]


def test_only_the_kind_of_an_error_is_kept(emptied: Platform) -> None:
    """A refusal may quote what was sent; the outbox is read by more people than that."""
    everything_waits(emptied)
    drain(emptied, lambda: Recording(refuse="urn:li"), DESCRIBED)
    assert {event["last_error"] for event in waiting(emptied)} == {"DataHubRefused", None}


def test_an_event_without_a_record_is_counted_and_stays(
    emptied: Platform, to_hub: Callable[[], DataHubConnection]
) -> None:
    """An event that nothing explains is a fault to look into, not one to drop."""
    with emptied.admin_engine().begin() as connection:
        connection.execute(
            text(
                "INSERT INTO control.outbox (kind, subject) VALUES ('promotion', 'none'),"
                " ('workflow', 'gone 0'), ('promotion', '00000000-0000-4000-8000-000000000000')"
            )
        )
    a_registration(emptied)
    report = drain(emptied, to_hub, DESCRIBED)
    assert report == DrainReport(1, 3, refused=3, last_error="UnreadableEvent")


def test_events_go_out_in_the_order_they_happened(emptied: Platform) -> None:
    """A newer registration of a workflow must stand in DataHub, not an older one."""
    queue_catalog(emptied)
    for digest in ("b" * 64, "c" * 64):
        a_registration(emptied, digest)
    recording = Recording()
    drain(emptied, lambda: recording, DESCRIBED)
    older, newer = recording.emitted[-2:]
    assert "b" * 64 in older
    assert "c" * 64 in newer


def test_an_unchanged_catalog_is_queued_once(emptied: Platform) -> None:
    """Every `up` asks; only a changed catalog may cost a delivery."""
    queue_catalog(emptied)
    queue_catalog(emptied)
    assert [event["kind"] for event in waiting(emptied)] == ["catalog"]


def test_an_exchanged_datahub_is_told_everything_again(
    emptied: Platform, tmp_path: Path, to_hub: Callable[[], DataHubConnection]
) -> None:
    """A DataHub that lost its data is filled again from our own records."""
    everything_waits(emptied)
    assert drain(emptied, to_hub, DESCRIBED).delivered == 3
    with emptied.platform_session("test") as session:
        assert session.outbox_ascend_platform_metric().tell_again() == 3
    with EmbeddedDataHub(tmp_path / "other.db", TOKEN) as other:
        settings = DataHubSettings(other.url, TOKEN, embedded=True)
        assert drain(emptied, lambda: connect(settings), DESCRIBED).delivered == 3
        with connect(settings) as connection:
            target = datahub_names.dataset_urn(BENCHMARK.target_dataset)
            assert connection.lineage(target).columns


def test_a_workflow_that_left_the_code_is_still_told(
    emptied: Platform, to_hub: Callable[[], DataHubConnection]
) -> None:
    """Its promotions stay true; they must not wait for a description that nobody has."""
    everything_waits(emptied)
    assert drain(emptied, to_hub, {}) == DrainReport(delivered=3, waiting=0)
    with to_hub() as connection:
        target = datahub_names.dataset_urn(BENCHMARK.target_dataset)
        steps = connection.lineage(target).steps
    sources = {datahub_names.dataset_urn(d) for d in BENCHMARK.source_datasets}
    assert sources <= {step.urn for step in steps}


def test_a_dataset_that_left_the_registry_does_not_stop_a_drain(
    emptied: Platform, to_hub: Callable[[], DataHubConnection]
) -> None:
    """Code moves on while old events wait; one that it no longer knows must not block the rest."""
    a_registration(emptied)
    a_published_promotion(emptied)
    with emptied.admin_engine().begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(
            text("UPDATE control.workflow_registrations SET target = 'platform.gone'")
        )
    gone = WorkflowDescription(
        BENCHMARK.name, "", "", ("tenant_private.gone",), "platform.gone", {}
    )
    report = drain(emptied, to_hub, {BENCHMARK.name: gone})
    assert report == DrainReport(0, 2, refused=2, last_error="UnknownDataset")


def test_nothing_delivered_names_a_tenant_or_a_fund(
    emptied: Platform, tmp_path: Path, to_hub: Callable[[], DataHubConnection]
) -> None:
    """A catalog that names tenants leaks who the customers are."""
    owners = ensure_owners(emptied, {TENANT: FUND}, reason="for a test")
    promotion = everything_waits(emptied)
    assert drain(emptied, to_hub, DESCRIBED).delivered == 3
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("catalog.db*"))
    recording = Recording()
    with emptied.platform_session("test") as session:
        session.outbox_ascend_platform_metric().tell_again()
    drain(emptied, lambda: recording, DESCRIBED)
    told = "".join(recording.emitted)
    assert str(promotion) in told
    assert str(promotion).encode() in kept
    for name in (TENANT, FUND, owners.tenants[TENANT], owners.funds[FUND]):
        assert name not in told
        assert name.encode() not in kept


def test_promotions_are_read_newest_first(emptied: Platform) -> None:
    """People look for the last promotion of a workflow; the record gives it whole."""
    a_registration(emptied)
    older = a_published_promotion(emptied, minutes_ago=9)
    newer = a_published_promotion(emptied, minutes_ago=1)
    records = read_promotions(emptied)
    assert [record.promotion_id for record in records] == [newer, older]
    assert records[0].state is PromotionState.PUBLISHED
    assert records[0].to_class is DataClass.ANONYMIZED_BENCHMARK
    assert records[0].sources == BENCHMARK.sources
    assert records[0].suppressed == {"k_tenants": 9}
    assert [r.promotion_id for r in read_promotions(emptied, limit=1)] == [newer]
    assert len(read_promotions(emptied, workflow=BENCHMARK.name)) == 2
    assert read_promotions(emptied, workflow="another") == ()


def test_checks_of_a_promotion_are_read_in_order(emptied: Platform) -> None:
    """A reviewer sees what every check saw, in counts."""
    a_registration(emptied)
    promotion = a_published_promotion(emptied)
    with emptied.admin_engine().begin() as connection:
        for phase in ("candidate", "publish"):
            connection.execute(
                text(
                    "INSERT INTO control.check_results (promotion_id, phase, check_name, passed,"
                    " observed, candidate_digest) VALUES (:id, :phase, 'k', true,"
                    " CAST(:observed AS jsonb), 'c')"
                ),
                {"id": promotion, "phase": phase, "observed": Jsonb({"cells": 31})},
            )
    checks = promotion_checks(emptied, promotion)
    assert [(c.phase, c.passed, c.observed) for c in checks] == [
        ("candidate", True, {"cells": 31}),
        ("publish", True, {"cells": 31}),
    ]
    assert promotion_checks(emptied, uuid4()) == ()
