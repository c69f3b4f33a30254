"""A DataHub that fails in every way a server can: nothing is lost, nothing counts twice."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import datahub.metadata.schema_classes as models
import psutil
import pytest

from anonymization.registered import WORKFLOWS
from catalog.datahub_client import DataHubSettings, connect, datahub_settings
from catalog.datahub_connection import DataHubConnection
from catalog.embedded_server import start_embedded, stop_embedded
from lineage.datahub_urns import dataset_urn, promotion_urn
from lineage.outbox import DrainReport, drain
from stores.platform import Platform
from tests.lineage.failing_datahub import FailingDataHub, a_failing_datahub
from tests.lineage.outbox_builders import (
    BENCHMARK,
    DESCRIBED,
    TOKEN,
    a_published_promotion,
    a_registration,
    rests,
    waiting,
)

pytestmark = pytest.mark.integration


ROLLUP = next(w for w in WORKFLOWS if w.name == "fund_portfolio_rollup")


@pytest.fixture
def failing() -> Iterator[FailingDataHub]:
    with a_failing_datahub() as hub:
        yield hub


def drained(platform: Platform, hub: FailingDataHub) -> DrainReport:
    settings = DataHubSettings(hub.url, TOKEN, embedded=True)
    return drain(platform, lambda: connect(settings), DESCRIBED, at_once=True)


@pytest.mark.parametrize(
    ("failure", "kind", "refusals"),
    [
        (lambda handler: handler.answer(500, {"message": "boom"}), "DataHubFailing", 1),
        (lambda handler: handler.answer_nonsense(), "DataHubFailing", 1),
        (lambda handler: handler.answer(429, {}, Retry_After="30"), "DataHubUnreachable", 0),
        (lambda handler: handler.answer(503, {}), "DataHubUnreachable", 0),
        (lambda handler: handler.answer_half(), "DataHubUnreachable", 0),
        (lambda handler: handler.answer_half(500), "DataHubUnreachable", 0),
        (lambda handler: handler.hang_up(), "DataHubUnreachable", 0),
        (lambda handler: handler.answer(401, {}), "DataHubTokenRefused", 0),
        (lambda handler: handler.answer(400, {"message": "no"}), "DataHubRefused", 1),
        (lambda handler: handler.answer(422, {"message": "no"}), "DataHubRefused", 1),
    ],
)
def test_each_failure_is_told_apart_and_loses_nothing(
    emptied: Platform,
    failing: FailingDataHub,
    failure: Callable[[Any], None],
    kind: str,
    refusals: int,
) -> None:
    """Busy, broken, away or unwilling: only what DataHub said of the event counts against it."""
    a_registration(emptied)
    failing.fails = lambda handler: failure(handler) or True
    report = drained(emptied, failing)
    assert report == DrainReport(0, 1, refused=int(kind == "DataHubRefused"), last_error=kind)
    (kept,) = waiting(emptied)
    assert (kept["attempts"], kept["refusals"], kept["last_error"]) == (1, refusals, kind)
    failing.fails = lambda _handler: False
    assert drained(emptied, failing) == DrainReport(1, 0)


@pytest.mark.parametrize(
    ("status", "asked", "tried", "untried"),
    [
        (429, "600", 600, 600),
        (503, "600", 600, 600),
        (429, "Sun, 06 Nov 1994 08:59:37 GMT", 600, 600),  # by this server's own clock
        (429, "31536000", 3600, 3600),
        (429, "10", 15, 10),  # after a first failure an event rests for longer by itself
        (503, "soon", 15, 0),
        (503, "Sun, 06 Nov 1994 07:00:00 GMT", 15, 0),
    ],
)
def test_a_busy_datahub_is_left_alone_for_as_long_as_it_asks(
    emptied: Platform, failing: FailingDataHub, status: int, asked: str, tried: int, untried: int
) -> None:
    """In seconds or as a date, an hour at most, and by everything that waits."""
    a_registration(emptied)
    a_registration(emptied, workflow=ROLLUP)
    failing.fails = lambda handler: handler.answer(status, {}, Retry_After=asked) or True
    settings = DataHubSettings(failing.url, TOKEN, embedded=True)
    drain(emptied, lambda: connect(settings), DESCRIBED, batch=1)
    assert rests(emptied) == pytest.approx([tried, untried], abs=5)


def test_what_was_asked_to_wait_asks_nothing(emptied: Platform, failing: FailingDataHub) -> None:
    """Not even for the configuration; a person who waits is served all the same."""
    a_registration(emptied)
    failing.busy = "600"
    settings = DataHubSettings(failing.url, TOKEN, embedded=True)
    drain(emptied, lambda: connect(settings), DESCRIBED)
    failing.busy = ""
    assert drain(emptied, lambda: connect(settings), DESCRIBED) == DrainReport(0, 1)
    assert drained(emptied, failing) == DrainReport(1, 0)


def test_a_busy_datahub_that_asks_before_anything_is_sent_is_left_alone(
    emptied: Platform, failing: FailingDataHub
) -> None:
    """Already what asks for its configuration may be told to wait."""
    a_registration(emptied)
    failing.busy = "120"
    assert drained(emptied, failing).last_error == "DataHubUnreachable"
    assert rests(emptied) == pytest.approx([120], abs=5)


def test_a_flaky_datahub_gets_everything_in_the_end(
    emptied: Platform, failing: FailingDataHub
) -> None:
    """Every third request fails in another way; no event is lost on the way."""
    a_registration(emptied)
    for minutes in range(12, 0, -1):
        a_published_promotion(emptied, minutes_ago=minutes)
    chance = random.Random(7)

    def sometimes(handler: Any) -> bool:
        match chance.randrange(9):
            case 0:
                handler.answer(500, {"message": "boom"})
            case 1:
                handler.answer_half()
            case 2:
                handler.answer(429, {})
            case _:
                return False
        return True

    failing.fails = sometimes
    drains = 0
    while waiting(emptied) and drains < 60:
        drained(emptied, failing)
        drains += 1
    assert waiting(emptied) == []


def test_a_token_that_ran_out_is_asked_with_once(
    emptied: Platform, failing: FailingDataHub
) -> None:
    """Trying every event against it would lock an account."""
    a_registration(emptied)
    for _ in range(3):
        a_published_promotion(emptied)
    failing.fails = lambda handler: handler.answer(401, {}) or True
    assert drained(emptied, failing) == DrainReport(0, 4, last_error="DataHubTokenRefused")
    assert failing.asked == 1


def test_a_server_killed_at_random_loses_and_doubles_nothing(
    emptied: Platform, tmp_path: Path
) -> None:
    """Killed in the midst of a batch, restarted, killed again: each promotion is there once."""
    a_registration(emptied)
    promotions = [a_published_promotion(emptied, minutes_ago=90 - n) for n in range(60)]
    folder, chance, kills = tmp_path / "datahub", random.Random(11), 0
    try:
        for drains in range(40):
            start_embedded(folder)
            server = psutil.Process(int((folder / "pid").read_text()))
            killer = threading.Timer(
                chance.uniform(0.02, 0.4), os.kill, (server.pid, signal.SIGKILL)
            )
            if drains % 4 < 3 and kills < 4:
                killer.start()
                kills += 1
            settings = datahub_settings(folder)
            drain(
                emptied, lambda s=settings: connect(s), DESCRIBED, at_once=True, whole_catalog=True
            )
            if killer.ident is not None:
                killer.join()
                server.wait(10)
            elif not waiting(emptied):
                break
        assert kills >= 3
        assert waiting(emptied) == []
        with connect(datahub_settings(folder)) as connection:
            _assert_told_once(connection, [str(promotion) for promotion in promotions])
    finally:
        stop_embedded(folder)


def _assert_told_once(connection: DataHubConnection, promotions: list[str]) -> None:
    urns = [promotion_urn(promotion) for promotion in promotions]
    held = connection.read(
        "dataProcessInstance", urns, ["dataProcessInstanceProperties", "dataProcessInstanceOutput"]
    )
    assert sorted(held) == sorted(urns)
    assert all(len(aspects) == 2 for aspects in held.values())
    graph = connection._graph
    for urn in urns:
        events = graph.get_timeseries_values(
            urn, models.DataProcessInstanceRunEventClass, {}, limit=9
        )
        assert sorted(str(event.status) for event in events) == ["COMPLETE", "STARTED"]
    upstream = graph.get_aspect(dataset_urn(BENCHMARK.target), models.UpstreamLineageClass)
    assert upstream is not None
    assert {edge.properties["promotion_id"] for edge in upstream.upstreams} == {promotions[-1]}
    assert len(upstream.upstreams) == len(BENCHMARK.sources)
    assert len(upstream.fineGrainedLineages or []) == len(BENCHMARK.column_lineage)
