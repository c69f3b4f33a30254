"""Within one invocation, one tenant's private data: the ways past the guard come first."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from catalog.data_classes import DataClass
from catalog.floors import FLOORS
from stores.errors import StoreError
from stores.invocation import (
    REQUIRED_SETTING,
    ForeignInvocation,
    InvocationExecutor,
    InvocationGuard,
    NoInvocation,
    OpenSession,
    SecondTenantTouched,
    SessionClosed,
    UnfitName,
    current_invocation,
    in_invocation,
    invocation,
)
from stores.platform import Platform, open_platform
from tests.stores.conftest import Owners

_A, _B = "tn_aaaaaaaaaaaaaaaa", "tn_bbbbbbbbbbbbbbbb"


class AnAlarm:
    """Counts what the guard raises."""

    def __init__(self) -> None:
        self.raised: list[str] = []
        self.noticed: list[UUID] = []
        self.failure: StoreError | None = None

    def second_tenant_touched(self, invocation_name: str) -> None:
        self.raised.append(invocation_name)

    def tenants_read_in_run(self, invocation_name: str, run: UUID) -> None:
        del invocation_name
        if self.failure:
            raise self.failure
        self.noticed.append(run)


@pytest.fixture
def alarm() -> AnAlarm:
    return AnAlarm()


@pytest.fixture
def touch(alarm: AnAlarm) -> Callable[[str], None]:
    """Opens a tenant's session as far as the guard is concerned, and closes it."""
    guard = InvocationGuard(alarm)

    def open_and_close(tenant: str) -> None:
        with guard.tenant(tenant):
            pass

    return open_and_close


def in_a_thread(function: Callable[[], object]) -> list[BaseException]:
    """What the function raised in a thread of its own."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            function()
        except StoreError as error:
            raised.append(error)

    thread = Thread(target=run)
    thread.start()
    thread.join()
    return raised


def test_a_second_tenant_is_refused_and_raises_an_alert(alarm: AnAlarm, touch: Any) -> None:
    """Rule 8. The message names neither tenant, and the refusal holds however often it is tried."""
    with invocation("crm.sync"):
        touch(_A)
        touch(_A)
        for _ in range(2):
            with pytest.raises(SecondTenantTouched) as refused:
                touch(_B)
        touch(_A)
    assert alarm.raised == ["crm.sync", "crm.sync"]
    assert _A not in str(refused.value)
    assert _B not in str(refused.value)


def test_an_inner_invocation_is_no_way_out(touch: Any) -> None:
    """Else whoever wants a second tenant would open a second invocation around it."""
    with invocation("outer"):
        touch(_A)
        with invocation("inner") as inner, pytest.raises(SecondTenantTouched):
            touch(_B)
        assert inner.name == "outer"


def test_one_invocation_after_another_is_free(alarm: AnAlarm, touch: Any) -> None:
    """The positive control: a server serves one tenant after another."""
    for tenant in (_A, _B, _A):
        with invocation("serve"):
            touch(tenant)
        touch(tenant)
    assert alarm.raised == []
    assert current_invocation() is None


def test_sessions_of_two_tenants_at_once_are_refused(alarm: AnAlarm) -> None:
    """Without an explicit invocation a session is one: nobody holds two tenants side by side."""
    guard = InvocationGuard(alarm)
    with guard.tenant(_A), pytest.raises(SecondTenantTouched), guard.tenant(_B):
        pass
    with guard.tenant(_B):
        pass


def test_it_follows_asyncio_tasks_and_to_thread(touch: Any) -> None:
    """A task, a gathered task and a thread of asyncio belong to the call that started them."""

    async def serve() -> list[object]:
        with invocation("serve"):
            await asyncio.create_task(asyncio.to_thread(touch, _A))
            return await asyncio.gather(
                asyncio.to_thread(touch, _B),
                asyncio.create_task(asyncio.to_thread(touch, _B)),
                asyncio.get_running_loop().run_in_executor(None, in_invocation(touch), _B),
                return_exceptions=True,
            )

    results = asyncio.run(serve())
    assert [type(result) for result in results] == [SecondTenantTouched] * 3


def test_two_requests_at_once_do_not_meet(touch: Any, alarm: AnAlarm) -> None:
    """Two tasks with an invocation each are two calls."""

    async def serve(tenant: str) -> None:
        with invocation("serve"):
            await asyncio.to_thread(touch, tenant)
            await asyncio.sleep(0)
            await asyncio.to_thread(touch, tenant)

    async def both() -> None:
        await asyncio.gather(serve(_A), serve(_B))

    asyncio.run(both())
    assert alarm.raised == []


def test_a_task_that_outlives_its_invocation_is_still_of_it(touch: Any) -> None:
    """Work put off until after the answer reaches no second tenant either."""

    async def serve() -> None:
        ended = asyncio.Event()

        async def later() -> None:
            await ended.wait()
            touch(_B)

        with invocation("serve"):
            touch(_A)
            task = asyncio.create_task(later())
        ended.set()
        await task

    with pytest.raises(SecondTenantTouched):
        asyncio.run(serve())


@pytest.mark.parametrize("route", ["thread", "executor", "map"])
def test_helpers_carry_it_into_threads(touch: Any, route: str) -> None:
    """Bound functions and the executor of ours stay within the invocation."""
    with invocation("serve"):
        touch(_A)
        if route == "thread":
            raised = in_a_thread(in_invocation(lambda: touch(_B)))
            assert [type(error) for error in raised] == [SecondTenantTouched]
        else:
            with InvocationExecutor(2) as pool, pytest.raises(SecondTenantTouched):
                pool.submit(touch, _B).result() if route == "executor" else list(
                    pool.map(touch, [_A, _B])
                )


def test_a_race_for_the_first_touch_has_one_winner(alarm: AnAlarm, touch: Any) -> None:
    """Threads that touch two tenants at the same moment never both succeed."""
    for _ in range(20):
        alarm.raised.clear()
        start = Barrier(2)
        with invocation("race"), InvocationExecutor(2) as pool:
            calls = [
                pool.submit(lambda tenant: (start.wait(), touch(tenant)), tenant)  # noqa: B023
                for tenant in (_A, _B)
            ]
            failed = [call for call in calls if call.exception() is not None]
        assert len(failed) == 1
        assert alarm.raised == ["race"]


def test_a_function_bound_elsewhere_does_not_launder(touch: Any) -> None:
    """Bound outside, or to an earlier call, it would carry a second tenant past the guard."""
    bound_to_none = in_invocation(touch)
    with invocation("earlier"):
        bound_to_earlier = in_invocation(touch)
    with invocation("serve"):
        touch(_A)
        with pytest.raises(ForeignInvocation):
            bound_to_none(_B)
        with pytest.raises(ForeignInvocation):
            bound_to_earlier(_B)


def test_a_bare_thread_is_refused_where_invocations_are_required(alarm: AnAlarm) -> None:
    """What follows no call fails closed: bare threads, plain executors, empty contexts."""
    guard = InvocationGuard(alarm, required=True)

    def touch(tenant: str) -> None:
        with guard.tenant(tenant):
            pass

    with invocation("serve"):
        touch(_A)
        assert [type(e) for e in in_a_thread(lambda: touch(_A))] == [NoInvocation]
        with ThreadPoolExecutor(1) as pool, pytest.raises(NoInvocation):
            pool.submit(touch, _A).result()
        with pytest.raises(NoInvocation, match=REQUIRED_SETTING):
            contextvars.Context().run(touch, _A)
        assert in_a_thread(in_invocation(lambda: touch(_A))) == []


@pytest.mark.parametrize(
    "name",
    ["", "Acme GmbH", "x" * 65, f"serve_{_A}", "a\nb", "serve.0f3c9a1b2d4e5f60", "acmé", "a."],
)
def test_a_name_that_could_carry_a_value_is_refused(name: str) -> None:
    """Alerts carry it, so it is a name from code."""
    with pytest.raises(UnfitName) as refused, invocation(name):
        pass
    assert _A not in str(refused.value)


def test_a_session_is_used_while_open_and_in_its_own_invocation() -> None:
    """After the block, from a bare thread, or from another call: each has its own clear error."""
    with invocation("serve"):
        session = OpenSession("connection")
        assert session.held() == "connection"
        assert in_a_thread(in_invocation(session.held)) == []
        assert [type(e) for e in in_a_thread(session.held)] == [ForeignInvocation]
    with pytest.raises(ForeignInvocation):
        session.held()
    with invocation("another"), pytest.raises(ForeignInvocation):
        session.held()
    session.end()
    with pytest.raises(SessionClosed):
        session.held()


def test_a_run_may_read_many_and_leaves_one_notice(alarm: AnAlarm) -> None:
    """However often it reads; but no tenant's session may follow in the same call."""
    guard, run = InvocationGuard(alarm), uuid4()
    with invocation("promote"):
        with guard.tenant(_A), guard.run(run) as before_reading:
            before_reading()
            before_reading()
        with pytest.raises(SecondTenantTouched), guard.tenant(_A):
            pass
    assert alarm.noticed == [run]
    with guard.run(run), guard.tenant(_A):
        pass


def test_a_run_without_a_stored_notice_reads_nothing(alarm: AnAlarm) -> None:
    """Evidence first: the reader is stopped when the notice cannot be stored."""
    alarm.failure = StoreError("down")
    guard = InvocationGuard(alarm)
    with guard.run(uuid4()) as before_reading:
        for _ in range(2):
            with pytest.raises(StoreError):
                before_reading()


@pytest.fixture
def no_alerts(platform: Platform) -> None:
    """No alert stored before, so that none is held back."""
    with platform.admin_engine().begin() as connection:
        connection.execute(text("DELETE FROM control.alerts"))


def stored_alerts(platform: Platform) -> list[tuple[str, str, int | None]]:
    with platform.platform_session("test") as session:
        return [
            (row["kind"], row["subject"], row["owners"])
            for row in session.alerts_ascend_platform_metric().all()
        ]


@pytest.mark.integration
@pytest.mark.usefixtures("no_alerts")
def test_real_sessions_are_guarded(
    platform: Platform, owners: Owners, caplog: pytest.LogCaptureFixture
) -> None:
    """Over real logins: the second tenant is refused, the alert stored, and nobody named."""
    with invocation("crm.sync"):
        with platform.tenant_session(owners.a, "test") as session:
            assert session.read_tenant_private("crm_accounts").data_class == "tenant_private"
        with (
            caplog.at_level(logging.INFO),
            pytest.raises(SecondTenantTouched) as refused,
            platform.tenant_session(owners.b, "test"),
        ):
            pass
    assert stored_alerts(platform) == [("second_tenant_touched", "crm.sync", 2)]
    for text_ in (str(refused.value), caplog.text, str(stored_alerts(platform))):
        assert owners.a not in text_
        assert owners.b not in text_


@pytest.mark.integration
@pytest.mark.usefixtures("no_alerts")
def test_an_alert_survives_the_transaction_that_raised_it(
    platform: Platform, owners: Owners
) -> None:
    """The outer session is rolled back by the refusal; the alert has its own transaction."""
    with pytest.raises(SecondTenantTouched), platform.tenant_session(owners.a, "test"):  # noqa: SIM117
        with platform.tenant_session(owners.b, "test"):
            pass
    assert stored_alerts(platform) == [("second_tenant_touched", "tenant_session", 2)]


@pytest.mark.integration
def test_a_real_session_after_close_or_elsewhere_is_refused(
    platform: Platform, owners: Owners
) -> None:
    """Neither its own methods nor a bare thread reach the connection, and the error is clear."""
    with platform.tenant_session(owners.a, "test") as session:
        raised = in_a_thread(lambda: session.read(DataClass.TENANT_PRIVATE, "crm_accounts"))
        assert [type(error) for error in raised] == [ForeignInvocation]
    for use in (
        lambda: session.read(DataClass.TENANT_PRIVATE, "crm_accounts"),
        lambda: session.count(DataClass.TENANT_PRIVATE, "crm_accounts"),
        lambda: session.read_tenant_private("crm_accounts"),
        lambda: session.write_tenant_private("crm_accounts", [{"tenant_id": owners.a}]),
    ):
        with pytest.raises(SessionClosed):
            use()


@pytest.mark.integration
@pytest.mark.usefixtures("no_alerts")
def test_a_registered_run_leaves_one_stored_notice(platform: Platform, owners: Owners) -> None:
    """Two sessions of one run read tenants' rows: one notice, with the run, and no alert."""
    assert owners.a
    registration = {
        "workflow": "w",
        "source_digest": "d",
        "sources": ["tenant_private.crm_accounts"],
        "target": "anonymized.anonymized_tactics",
        "from_class": "tenant_private",
        "to_class": "anonymized_benchmark",
        "policy": FLOORS[DataClass.TENANT_PRIVATE, DataClass.ANONYMIZED_BENCHMARK].as_parameters(),
        "required_checks": ["output_schema", "no_pii_shaped_value", "k_distinct_tenants"],
        "publish_mode": "once",
        "family": "w",
        "measures": {"uplift": ["tenant_private.crm_accounts.sector"]},
        "dimensions": [{"column": "channel", "expression": "sector", "levels": 1}],
        "requested_by": "test",
    }
    with platform.platform_session("test") as session:
        session.register_workflow(registration)
        run = session.start_run("w", "d")
    for _ in range(2):
        with platform.anonymizer_session("w", run) as anonymizer:
            (row,) = anonymizer.query_tenant_private(
                "SELECT count(DISTINCT tenant_id) AS tenants FROM tenant_private.crm_accounts"
            )
            assert row["tenants"] == 2
    with platform.platform_session("test") as session:
        (notice,) = session.alerts_ascend_platform_metric().all()
    assert (notice["kind"], notice["severity"]) == ("tenants_read_in_run", "notice")
    assert notice["run_id"] == run


@pytest.mark.integration
def test_an_installation_can_require_invocations(
    a_home: Any, owners: Owners, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the setting, a tenant's session outside any invocation is refused."""
    monkeypatch.setenv(REQUIRED_SETTING, "1")
    with open_platform(a_home) as strict:
        with pytest.raises(NoInvocation), strict.tenant_session(owners.a, "test"):
            pass
        with invocation("serve"), strict.tenant_session(owners.a, "test") as session:
            assert session.count(DataClass.TENANT_PRIVATE, "crm_accounts") == 1
