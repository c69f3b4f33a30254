"""Alerts reach Slack or stay stored; none carries a value, a name of an owner or the webhook."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from stores.alert_records import StoredAlert
from stores.alerts import WEBHOOK_SETTING, AlertDesk, AlertKind, webhook_from_environment
from stores.errors import BoundaryRefused, DatabaseUnreachable
from stores.invocation import UnfitName
from stores.platform import Platform
from stores.slack_webhook import SlackWebhook, UnfitWebhook, WebhookSilent
from tests.slack_server import SECRET, ASlack, a_slack
from tests.stores.conftest import Owners


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[ASlack]:
    """A real HTTP server on a free port of this machine."""
    with a_slack(monkeypatch) as told:
        yield told


@dataclass
class AClock:
    """Time that passes only when somebody waits."""

    seconds: float = 0
    waits: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += seconds


@pytest.fixture
def clock() -> AClock:
    return AClock()


@pytest.fixture
def webhook(slack: ASlack, clock: AClock) -> SlackWebhook:
    return SlackWebhook(slack.url, timeout_seconds=0.2, sleep=clock.sleep, now=clock.now)


@pytest.mark.integration
def test_a_message_is_taken(slack: ASlack, webhook: SlackWebhook, clock: AClock) -> None:
    """Once, with Slack's three special characters escaped."""
    webhook.send("a < b & <!channel>")
    assert slack.texts == ["a &lt; b &amp; &lt;!channel&gt;"]
    assert clock.waits == []


@pytest.mark.integration
@pytest.mark.parametrize(
    ("answers", "waits"),
    [
        ([(500, "oops", {}), (503, "", {})], [1, 2]),
        ([(429, "rate_limited", {"Retry-After": "30"})], [30]),
        ([(429, "rate_limited", {"retry-after": "soon"})], [1]),
        (["hang"], [1]),
        (["hang", (429, "", {"Retry-After": "7"}), (502, "", {})], [1, 7, 4]),
    ],
)
def test_what_may_pass_is_tried_again(
    slack: ASlack, webhook: SlackWebhook, clock: AClock, answers: list[Any], waits: list[float]
) -> None:
    """Twice as long after each failure, or as long as Slack asks; a hanging server is left."""
    slack.answers = list(answers)
    webhook.send("text")
    assert clock.waits == waits
    assert slack.texts == ["text"] * (len(answers) + 1)


@pytest.mark.integration
@pytest.mark.parametrize(
    ("answers", "kind", "tries"),
    [
        ([(500, "", {})] * 9, "HTTP 500", 4),
        ([(403, "action_prohibited", {})], "HTTP 403", 1),
        ([(404, "no_service", {})], "HTTP 404", 1),
        ([(200, "<html>a portal</html>", {})], "HTTP 200", 1),
        ([(429, "", {"Retry-After": "3600"})], "HTTP 429", 1),
        (["hang"] * 9, "TimeoutError", 4),
    ],
)
def test_what_does_not_pass_is_given_up(
    slack: ASlack,
    webhook: SlackWebhook,
    answers: list[Any],
    kind: str,
    tries: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The error says how it failed; the webhook's secret is in no error, log line or repr."""
    caplog.set_level(logging.DEBUG)
    slack.answers = list(answers)
    with pytest.raises(WebhookSilent) as silent:
        webhook.send("text")
    assert silent.value.kind == kind
    assert len(slack.texts) == tries
    assert "SECRET" not in f"{silent.value!r} {webhook!r} {caplog.text}"
    assert silent.value.__cause__ is None


@pytest.mark.integration
def test_a_long_wait_is_kept_by_later_messages(
    slack: ASlack, webhook: SlackWebhook, clock: AClock
) -> None:
    """Slack's Retry-After binds the next message too, until that time has come."""
    slack.answers = [(429, "", {"Retry-After": "3600"})]
    for _ in range(2):
        with pytest.raises(WebhookSilent):
            webhook.send("text")
    assert len(slack.texts) == 1
    clock.sleep(3600)
    webhook.send("text")
    assert len(slack.texts) == 2


def test_a_refused_connection_shows_no_url(clock: AClock, caplog: pytest.LogCaptureFixture) -> None:
    """The commonest failure: nobody listens."""
    caplog.set_level(logging.DEBUG)
    url = f"http://127.0.0.1:1/services/{SECRET}"
    webhook = SlackWebhook(url, attempts=2, sleep=clock.sleep, now=clock.now)
    with pytest.raises(WebhookSilent) as silent:
        webhook.send("text")
    assert "SECRET" not in f"{silent.value!r} {caplog.text}"
    assert clock.waits == [1]


@pytest.mark.parametrize(
    "url",
    [
        f"http://hooks.slack.com/{SECRET}",
        f"ftp://hooks.slack.com/{SECRET}",
        f"file:///etc/{SECRET}",
        f"https:///{SECRET}",
        f"https://hooks.slack.com:port/{SECRET}",
        f"https://hooks.slack.com/{SECRET}\r\nX: y",
        f"http://127.0.0.1.example.org/{SECRET}",
        SECRET,
    ],
)
def test_an_unfit_webhook_is_refused_and_not_shown(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Alerts go over TLS alone; an unfit setting is logged, and alerts are stored as ever."""
    with pytest.raises(UnfitWebhook) as refused:
        SlackWebhook(url)
    monkeypatch.setenv(WEBHOOK_SETTING, url)
    assert webhook_from_environment() is None
    assert "not an https URL" in caplog.text
    assert "SECRET" not in f"{refused.value!r} {caplog.text}"


@pytest.fixture
def desk_with(platform: Platform) -> Iterator[Callable[..., AlertDesk]]:
    """Makes alert desks over an empty table."""
    with platform.admin_engine().begin() as connection:
        connection.execute(text("DELETE FROM control.alerts"))
    made: list[AlertDesk] = []

    def make(webhook: SlackWebhook | None = None) -> AlertDesk:
        made.append(AlertDesk(platform.platform_session, webhook))
        return made[-1]

    yield make
    for desk in made:
        desk.close()


def stored(platform: Platform) -> list[dict[str, Any]]:
    with platform.platform_session("test") as session:
        return [dict(row) for row in session.alerts_ascend_platform_metric().all()]


def grow_older(platform: Platform, minutes: int) -> None:
    with platform.admin_engine().begin() as connection:
        connection.execute(
            text("UPDATE control.alerts SET raised_at = raised_at - make_interval(mins => :m)"),
            {"m": minutes},
        )


@pytest.mark.integration
def test_an_alert_is_stored_and_sent(
    platform: Platform, desk_with: Any, slack: ASlack, webhook: SlackWebhook
) -> None:
    """By a thread of its own, which has marked it delivered when the desk is closed."""
    desk = desk_with(webhook)
    assert desk.raise_alert(AlertKind.SECOND_TENANT_TOUCHED, "crm.sync", owners=2)
    slack.taken.wait()
    desk.close()
    (alert,) = stored(platform)
    assert alert["delivered_at"] is not None
    assert slack.texts == [
        (
            "Classline critical: second_tenant_touched in crm.sync. An invocation reached for a "
            "second tenant's private data and was refused."
        )
    ]


@pytest.mark.integration
def test_without_a_webhook_it_is_logged_and_stored(
    platform: Platform, desk_with: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody needs Slack for the evidence to be there."""
    desk = desk_with()
    desk.raise_alert(AlertKind.SECOND_TENANT_TOUCHED, "crm.sync", owners=2)
    assert desk.deliver() == 0
    (alert,) = stored(platform)
    assert alert["delivered_at"] is None
    assert "second_tenant_touched [critical] crm.sync" in caplog.text


@pytest.mark.integration
def test_the_same_alert_is_held_back_for_ten_minutes(
    platform: Platform, desk_with: Any, slack: ASlack, webhook: SlackWebhook
) -> None:
    """A loop does not flood the channel; the next message says how many were held back."""
    desk = desk_with()
    raised = [
        desk.raise_alert(AlertKind.SECOND_TENANT_TOUCHED, subject)
        for subject in ("crm.sync", "crm.sync", "mail.sync", "crm.sync")
    ]
    assert raised == [True, False, True, False]
    grow_older(platform, 11)
    assert desk.raise_alert(AlertKind.SECOND_TENANT_TOUCHED, "crm.sync")
    assert [alert["held_back"] for alert in stored(platform)] == [2, 0, 0]
    assert desk_with(webhook).deliver() == 3
    assert ["2 more were held back" in sent for sent in slack.texts] == [False, False, True]


@pytest.mark.integration
def test_what_slack_does_not_take_waits_and_goes_later(
    platform: Platform, desk_with: Any, slack: ASlack, webhook: SlackWebhook
) -> None:
    """The failure's kind is stored, the round ends, and the next one delivers everything once."""
    quiet, desk = desk_with(), desk_with(webhook)
    for subject in ("one", "two"):
        quiet.raise_alert(AlertKind.BOUNDARY_RULE_BROKEN, subject)
    slack.answers = [(404, "no_service", {})]
    assert desk.deliver() == 0
    assert len(slack.texts) == 1
    assert [alert["last_error"] for alert in stored(platform)] == ["HTTP 404", "HTTP 404"]
    assert desk.deliver() == 2
    assert desk.deliver() == 0
    assert [alert["last_error"] for alert in stored(platform)] == [None, None]


@pytest.mark.integration
def test_an_alert_is_one_process_to_deliver(platform: Platform, desk_with: Any) -> None:
    """While one has it on lease another gets none, and a lease that ran out is taken again."""
    desk_with().raise_alert(AlertKind.BOUNDARY_RULE_BROKEN, "one")
    taken = []
    for lease in (0, 300, 300):
        with platform.platform_session("test") as session:
            records = session.alerts_ascend_platform_metric()
            taken.append(len(records.take(lease_seconds=lease, how_many=5)))
    assert taken == [1, 1, 0]


@pytest.mark.integration
def test_a_runs_notice_is_stored_once_and_not_sent(
    platform: Platform, desk_with: Any, slack: ASlack, webhook: SlackWebhook
) -> None:
    """A notice is for the record; another run has its own."""
    desk, run, other = desk_with(webhook), uuid4(), uuid4()
    for of in (run, run, other):
        desk.tenants_read_in_run("promote", of)
    assert desk.deliver() == 0
    assert slack.texts == []
    assert [notice["run_id"] for notice in stored(platform)] == [run, other]


@pytest.mark.integration
def test_no_alert_has_room_for_an_id(platform: Platform, desk_with: Any, owners: Owners) -> None:
    """Neither here nor in the database, whoever calls it."""
    with pytest.raises(UnfitName):
        desk_with().raise_alert(AlertKind.SECOND_TENANT_TOUCHED, owners.a)
    for subject, message in (
        (owners.a, "m"),
        ("s", f"tenant {owners.a} was touched"),
        ("s", f"login t_{'0' * 16} was used"),
        ("Acme GmbH", "m"),
        ("s", "m" * 401),
    ):
        alert = StoredAlert("second_tenant_touched", "critical", subject, message)
        with pytest.raises(BoundaryRefused) as refused, platform.platform_session("x") as session:
            session.alerts_ascend_platform_metric().record(alert, quiet_seconds=0)
        assert owners.a not in str(refused.value)
    assert stored(platform) == []


@pytest.mark.integration
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM control.alerts",
        "SELECT control.record_alert('k', 'critical', 's', 1, 'm', NULL, 0)",
        "SELECT control.take_alerts(1, 1)",
        "SELECT control.alert_result(1, NULL)",
    ],
)
def test_a_tenant_neither_reads_nor_raises_alerts(
    platform: Platform, owners: Owners, statement: str
) -> None:
    """Alerts are the platform's; a tenant could flood them or learn of others."""
    with pytest.raises(BoundaryRefused), platform.tenant_session(owners.a, "test") as session:
        session._rows(statement)


@pytest.mark.integration
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE control.alerts SET message = 'nothing happened'",
        "DELETE FROM control.alerts",
        "INSERT INTO control.alerts (kind, severity, subject, message) VALUES ('k', 'x', 's', 'm')",
    ],
)
def test_the_platform_changes_no_alert(platform: Platform, statement: str) -> None:
    """What was raised stays; only its delivery is settled, through the functions."""
    with pytest.raises(BoundaryRefused), platform.platform_session("test") as session:
        session._call(statement)


def test_the_refusal_stands_where_no_alert_can_be_stored(caplog: pytest.LogCaptureFixture) -> None:
    """A database that is down neither hides the alarm nor lets a run read without its notice."""

    @contextmanager
    def unreachable(purpose: str) -> Iterator[Any]:
        del purpose
        message = "down"
        raise DatabaseUnreachable(message)
        yield

    desk = AlertDesk(unreachable)
    desk.second_tenant_touched("crm.sync")
    assert "could not be stored" in caplog.text
    with pytest.raises(DatabaseUnreachable):
        desk.tenants_read_in_run("promote", uuid4())
