"""The invocation guard: within one invocation, one tenant's private data and no other's.

It follows the call by itself into asyncio tasks and `asyncio.to_thread`. A bare thread or a plain
executor starts without one: use `in_invocation` or `InvocationExecutor`. It stops mistakes, not
hostile code in the same process.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from threading import Lock
from typing import Generic, ParamSpec, Protocol, TypeVar
from uuid import UUID

from stores.errors import StoreError

__all__ = [
    "REQUIRED_SETTING",
    "ForeignInvocation",
    "Invocation",
    "InvocationExecutor",
    "InvocationGuard",
    "InvocationRefused",
    "NoInvocation",
    "OpenSession",
    "SecondTenantTouched",
    "SessionClosed",
    "UnfitName",
    "current_invocation",
    "fit_name",
    "in_invocation",
    "invocation",
]

P = ParamSpec("P")
R = TypeVar("R")
HeldT = TypeVar("HeldT")

REQUIRED_SETTING = "CLASSLINE_REQUIRE_INVOCATION"
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_NAME_LIMIT = 64
_OPAQUE_ID = re.compile(r"(?<![a-z0-9])([a-z]{1,2}_[a-z]{16}|[0-9a-f]{16})(?![a-z0-9])")


class InvocationRefused(StoreError):
    """Base of what the invocation guard refuses.

    InvocationRefused
    ├── ForeignInvocation
    ├── NoInvocation
    ├── SecondTenantTouched
    ├── SessionClosed
    └── UnfitName
    """


class ForeignInvocation(InvocationRefused):
    """A session or a function of one invocation was used in another, or in none."""


class NoInvocation(InvocationRefused):
    """This platform reads tenants' data inside invocations alone, and none is open here."""


class SecondTenantTouched(InvocationRefused):
    """One invocation reached for the private data of a second tenant."""


class SessionClosed(InvocationRefused):
    """A session was used after its block had ended."""


class UnfitName(InvocationRefused):
    """A name that alerts would carry is not one that code is written with."""


def fit_name(name: str) -> str:
    """The name, if it is a fixed name in code; alerts carry it, so ids and values are refused."""
    if len(name) > _NAME_LIMIT or not _NAME.fullmatch(name) or _OPAQUE_ID.search(name):
        message = (
            "an invocation's name stands in alerts, so it has lower-case words joined by _ or . "
            f"only, at most {_NAME_LIMIT} letters, and no id; name the surface, such as crm.sync"
        )
        raise UnfitName(message)
    return name


class Invocation:
    """One call from outside, and whose private data it has touched so far."""

    __slots__ = ("_many", "_tenant", "_touching", "name")

    def __init__(self, name: str) -> None:
        self.name = fit_name(name)
        self._touching = Lock()
        self._tenant: str | None = None
        self._many = False

    def admits(self, tenant_id: str) -> bool:
        """Whether that tenant is the only one; the first to ask is."""
        with self._touching:
            if self._tenant is None and not self._many:
                self._tenant = tenant_id
            return self._tenant == tenant_id and not self._many

    def touch_many(self) -> None:
        """Record that a registered run read tenants' data here: no tenant's session may follow."""
        with self._touching:
            self._many = True

    def __repr__(self) -> str:
        return f"<Invocation {self.name}>"


_CURRENT: ContextVar[Invocation | None] = ContextVar("classline_invocation", default=None)


def current_invocation() -> Invocation | None:
    """The invocation that this call belongs to."""
    return _CURRENT.get()


@contextmanager
def invocation(name: str) -> Iterator[Invocation]:
    """Everything called in the block is one invocation. Inside another it joins that one."""
    outer = _CURRENT.get()
    opened = Invocation(name) if outer is None else outer
    fit_name(name)
    with _as_current(opened):
        yield opened


@contextmanager
def _as_current(opened: Invocation) -> Iterator[None]:
    before = _CURRENT.get()
    _CURRENT.set(opened)
    try:
        yield
    finally:
        # Not by token: a generator may be closed in another context than it was started in.
        if _CURRENT.get() is opened:
            _CURRENT.set(before)


def in_invocation(function: Callable[P, R]) -> Callable[P, R]:
    """The function, bound to the invocation of this call: for threads and executors."""
    bound = _CURRENT.get()

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        here = _CURRENT.get()
        if here is not None and here is not bound:
            message = (
                "a function of one invocation was called inside another: refused by the invocation "
                "guard, since it would escape the check for a second tenant; bind it where it runs"
            )
            raise ForeignInvocation(message)
        if bound is None:
            return function(*args, **kwargs)
        with _as_current(bound):
            return function(*args, **kwargs)

    return call


class InvocationExecutor(ThreadPoolExecutor):
    """A thread pool whose work belongs to the invocation that submitted it."""

    def submit(  # noqa: D102 - the pool's own
        self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[R]:
        return super().submit(in_invocation(fn), *args, **kwargs)


class OpenSession(Generic[HeldT]):
    """What a session works on, while it is open and in the invocation that opened it."""

    __slots__ = ("_held", "_of")

    def __init__(self, held: HeldT) -> None:
        self._held: HeldT | None = held
        self._of = _CURRENT.get()

    def held(self) -> HeldT:
        """The held object, or the reason why this call may not have it."""
        if self._held is None:
            message = (
                "this session's block has ended, and its transaction with it: refused; open "
                "another session and do all its work inside the block"
            )
            raise SessionClosed(message)
        if self._of is not None and _CURRENT.get() is not self._of:
            message = (
                "a session of one invocation was used from another, or from a thread that is in "
                "none: refused by the invocation guard; open a session here, or start the thread's "
                "function with in_invocation(function)"
            )
            raise ForeignInvocation(message)
        return self._held

    def end(self) -> None:
        """Let go of it: the session is closed."""
        self._held = None


class _Alarm(Protocol):
    def second_tenant_touched(self, invocation_name: str) -> None: ...

    def tenants_read_in_run(self, invocation_name: str, run: UUID) -> None: ...


class InvocationGuard:
    """Checks every session that reaches tenants' data against its invocation; raises the alarm."""

    def __init__(self, alarm: _Alarm, *, required: bool = False) -> None:
        self._alarm = alarm
        self._required = required
        self._noticed: set[UUID] = set()

    @contextmanager
    def tenant(self, tenant_id: str) -> Iterator[None]:
        """A session of that tenant; outside any invocation it is an invocation of its own."""
        opened = _CURRENT.get()
        if opened is None and self._required:
            message = (
                f"a tenant's session outside any invocation: refused, since {REQUIRED_SETTING} is "
                "set here; open invocation(name) around the call, and start a thread's function "
                "with in_invocation(function)"
            )
            raise NoInvocation(message)
        opened = opened or Invocation("tenant_session")
        if not opened.admits(tenant_id):
            self._alarm.second_tenant_touched(opened.name)
            message = (
                f"invocation {opened.name}: a second tenant's tenant_private data is refused by "
                "the invocation guard (policy rule 8), and an alert was raised; serve one tenant "
                "per invocation, or read across tenants in a registered workflow"
            )
            raise SecondTenantTouched(message)
        with _as_current(opened):
            yield

    @contextmanager
    def run(self, run: UUID) -> Iterator[Callable[[], None]]:
        """A session inside a registered run; it calls what it gets before it reads tenants' rows.

        The first such call stores the run's notice; without the notice stored nothing is read.
        """
        opened = _CURRENT.get() or Invocation("registered_run")

        def before_reading() -> None:
            opened.touch_many()
            if run not in self._noticed:
                self._alarm.tenants_read_in_run(opened.name, run)
                self._noticed.add(run)

        with _as_current(opened):
            yield before_reading
