"""What DataHub does not take rests for longer each time, in order, and dies only when refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from anonymization.registered import WORKFLOWS
from catalog.datahub_client import DataHubFailing, DataHubUnreachable
from lineage.outbox import DrainReport, drain
from stores.errors import StoreError
from stores.outbox_records import Verdict
from stores.platform import Platform
from tests.lineage.outbox_builders import (
    BENCHMARK,
    DESCRIBED,
    Recording,
    a_published_promotion,
    a_registration,
    rests,
    waiting,
)

pytestmark = pytest.mark.integration

ROLLUP = next(w for w in WORKFLOWS if w.name == "fund_portfolio_rollup")


def drained(platform: Platform, recording: Recording, *, at_once: bool = False) -> DrainReport:
    return drain(platform, lambda: recording, DESCRIBED, at_once=at_once)


def time_passes(platform: Platform, how_long: timedelta) -> None:
    """As if that much time had passed since everything that was tried."""
    with platform.admin_engine().begin() as connection:
        connection.execute(
            text(
                "UPDATE control.outbox SET next_attempt_at = next_attempt_at - :by,"
                " leased_until = leased_until - :by"
            ),
            {"by": how_long},
        )


def test_each_failure_makes_the_rest_longer(emptied: Platform) -> None:
    """A DataHub that is away for a night must not be asked every second."""
    a_registration(emptied)
    away = Recording(refuse="urn:li", error=DataHubUnreachable)
    seen = []
    for _ in range(7):
        drained(emptied, away)
        seen += rests(emptied)
        time_passes(emptied, timedelta(minutes=5))
    assert seen == pytest.approx([15, 30, 60, 120, 240, 300, 300], abs=2)


def test_what_rests_is_not_tried_unless_somebody_waits(emptied: Platform) -> None:
    """A sensor leaves it alone; a person who asks for a sync is served at once."""
    a_registration(emptied)
    away = Recording(refuse="urn:li", error=DataHubUnreachable)
    drained(emptied, away)
    assert drained(emptied, away).waiting == 1
    assert away.attempts == 1
    away.refuse = ""
    assert drained(emptied, away, at_once=True) == DrainReport(1, 0)


def test_days_of_absence_kill_nothing(emptied: Platform) -> None:
    """Down for hours, or for a week: what waits is told when DataHub is back."""
    a_registration(emptied)
    a_published_promotion(emptied)
    away = Recording(refuse="urn:li", error=DataHubUnreachable)
    drained(emptied, away)
    with emptied.admin_engine().begin() as connection:
        connection.execute(text("UPDATE control.outbox SET attempts = 10000"))
    for _ in range(9):
        drained(emptied, away, at_once=True)
    kept = waiting(emptied)
    assert [event["dead_at"] for event in kept] == [None, None]
    assert {event["attempts"] for event in kept} == {10009}
    away.refuse = ""
    assert drained(emptied, away, at_once=True) == DrainReport(2, 0)


def test_what_is_refused_again_and_again_becomes_a_dead_letter(emptied: Platform) -> None:
    """Somebody must look at it; until then it holds up nothing."""
    a_registration(emptied)
    later = a_published_promotion(emptied)
    strict = Recording(refuse="dataFlowInfo")
    for _ in range(7):
        assert drained(emptied, strict, at_once=True) == DrainReport(
            0, 2, refused=1, last_error="DataHubRefused"
        )
    report = drained(emptied, strict, at_once=True)
    assert report == DrainReport(1, 0, refused=1, dead=1, last_error="DataHubRefused")
    assert str(later) in strict.emitted[-1]
    (dead,) = waiting(emptied)
    assert (dead["kind"], dead["refusals"]) == ("workflow", 8)
    assert drained(emptied, strict, at_once=True) == DrainReport(0, 0, dead=1)


def test_a_dead_letter_can_be_tried_again(emptied: Platform) -> None:
    """Once its cause is mended it is delivered like any other."""
    a_registration(emptied)
    strict = Recording(refuse="dataFlowInfo")
    for _ in range(8):
        drained(emptied, strict, at_once=True)
    strict.refuse = ""
    with emptied.platform_session("test") as session:
        assert session.outbox_ascend_platform_metric().revive() == 1
    assert drained(emptied, strict) == DrainReport(1, 0)


def test_a_datahub_that_fails_is_left_alone_after_three(emptied: Platform) -> None:
    """A server whose own database is down answers 500 to everything: hammering helps nobody."""
    for workflow in WORKFLOWS[:4]:
        a_registration(emptied, workflow=workflow)
    sick = Recording(refuse="urn:li", error=DataHubFailing)
    report = drained(emptied, sick)
    assert report == DrainReport(0, 4, last_error="DataHubFailing")
    # One attempt for all together, then three by themselves.
    assert sick.attempts == 4
    assert [event["attempts"] for event in waiting(emptied)] == [1, 1, 1, 0]


def test_failures_of_datahub_itself_kill_only_after_days(emptied: Platform) -> None:
    """It may take a weekend to mend; an event that alone makes it fail must end at last."""
    a_registration(emptied)
    sick = Recording(refuse="urn:li", error=DataHubFailing)
    drained(emptied, sick)
    with emptied.admin_engine().begin() as connection:
        connection.execute(text("UPDATE control.outbox SET attempts = 46, refusals = 46"))
    drained(emptied, sick, at_once=True)
    assert waiting(emptied)[0]["dead_at"] is None
    assert rests(emptied) == pytest.approx([3600], abs=2)
    assert drained(emptied, sick, at_once=True).dead == 1


def test_later_events_of_a_dataset_wait_for_the_earlier_one(emptied: Platform) -> None:
    """Else an old promotion, delivered late, would stand on the edge instead of the newest."""
    a_registration(emptied)
    a_registration(emptied, workflow=ROLLUP)
    first = a_published_promotion(emptied, minutes_ago=9)
    second = a_published_promotion(emptied, minutes_ago=5)
    other = a_published_promotion(emptied, workflow=ROLLUP)
    strict = Recording(refuse=f"dataProcessInstance:{first}")
    report = drained(emptied, strict)
    assert report == DrainReport(3, 2, refused=1, last_error="DataHubRefused")
    told = "".join(strict.emitted)
    assert str(other) in told
    assert str(second) not in told
    assert drained(emptied, strict).delivered == 0
    strict.refuse = ""
    drained(emptied, strict, at_once=True)
    told = "".join(strict.emitted)
    assert told.index(str(first)) < told.index(str(second))


def test_what_happened_meanwhile_is_told_once_as_it_is_now(emptied: Platform) -> None:
    """Filed, held back, superseded: who looks later needs the state, not the steps."""
    a_registration(emptied)
    promotion = a_published_promotion(emptied, state="candidate")
    with emptied.admin_engine().begin() as connection:
        connection.execute(text("UPDATE control.promotions SET state = 'held'"))
    recording = Recording()
    assert drained(emptied, recording) == DrainReport(3, 0)
    (told,) = recording.emitted
    assert told.count("'dataProcessInstanceProperties'") == 1
    assert str(promotion) in told
    assert '"state": "held"' in told
    assert '"nativeResultType": "held"' in told


def test_an_event_in_another_process_hands_is_not_given_twice(emptied: Platform) -> None:
    """Two drains at once must not overtake each other on one dataset."""
    a_registration(emptied)
    a_published_promotion(emptied)
    with emptied.platform_session("test") as session:
        taken = session.outbox_ascend_platform_metric().take(lease_seconds=300, how_many=1)
    assert [event.kind for event in taken] == ["workflow"]
    recording = Recording()
    assert drained(emptied, recording) == DrainReport(0, 2)
    time_passes(emptied, timedelta(seconds=301))
    assert drained(emptied, recording) == DrainReport(2, 0)


def test_the_outbox_keeps_no_sentence_of_an_error(emptied: Platform) -> None:
    """A message may quote what was sent: the table itself has room for a kind alone."""
    a_registration(emptied)
    (event,) = waiting(emptied)
    with emptied.platform_session("test") as session, pytest.raises(StoreError):
        session.outbox_ascend_platform_metric().settle(
            [event["event_id"]], Verdict.REFUSED, "value 'Zephyrine' is not allowed"
        )
    with (
        emptied.admin_engine().begin() as connection,
        pytest.raises(IntegrityError, match="outbox_last_error_check"),
    ):
        connection.execute(text("UPDATE control.outbox SET last_error = 'said: no'"))


def test_a_promotion_that_is_undone_is_not_told(emptied: Platform) -> None:
    """The event stands and falls with the transaction that it speaks of."""
    a_registration(emptied)
    promotion = a_published_promotion(emptied, state="candidate")
    before = len(waiting(emptied))
    with emptied.admin_engine().connect() as connection:
        connection.execute(
            text("UPDATE control.promotions SET state = 'held' WHERE promotion_id = :id"),
            {"id": promotion},
        )
        assert connection.execute(text("SELECT count(*) FROM control.outbox")).scalar() == 3
        connection.rollback()
    assert len(waiting(emptied)) == before == 2


def test_the_drainers_clock_decides_nothing(
    emptied: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that believes it is next year must not deliver early, nor one in the past never."""
    a_registration(emptied)
    away = Recording(refuse="urn:li", error=DataHubUnreachable)
    drained(emptied, away)

    class NextYear:
        def __init__(self, moment: float) -> None:
            self._moment = moment

        def time(self) -> float:
            return self._moment

        def monotonic(self) -> float:
            return 0.0

    away.refuse = ""
    monkeypatch.setattr("lineage.outbox.time", NextYear(2e9))
    assert drained(emptied, away).delivered == 0
    time_passes(emptied, timedelta(seconds=20))
    monkeypatch.setattr("lineage.outbox.time", NextYear(0))
    assert drained(emptied, away).delivered == 1
    assert BENCHMARK.name in "".join(away.emitted)


def test_a_catalog_that_is_refused_holds_up_no_promotion(emptied: Platform) -> None:
    """One aspect of one table, and the lineage of all others would wait with it."""
    a_registration(emptied)
    promotion = a_published_promotion(emptied)
    strict = Recording(refuse="structuredPropertySettings")
    report = drain(emptied, lambda: strict, DESCRIBED, whole_catalog=True)
    assert report == DrainReport(2, 0, last_error="DataHubRefused")
    assert report.catalog is not None
    assert [name.rpartition(" ")[2] for name in report.catalog.refused] == [
        "structuredPropertySettings"
    ]
    assert str(promotion) in strict.emitted[-1]
