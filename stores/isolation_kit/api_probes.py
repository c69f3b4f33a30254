"""Attacks through the typed sessions: other names, other classes, other owners' ids."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from catalog.data_classes import DataClass
from catalog.declared import REGISTRY
from stores.errors import StoreError
from stores.isolation_kit.canaries import sightings
from stores.isolation_kit.errors import VoidTest
from stores.isolation_kit.leak import Leak
from stores.isolation_kit.observation import Observation, observing
from stores.isolation_kit.planting import owned_tables
from stores.isolation_kit.sweep import unauthenticated
from stores.isolation_kit.world import World, leaks
from stores.sessions import TenantSession

__all__ = ["api_leaks"]

_FAMILY = "session"
_PURPOSE = "isolation test"
_T = DataClass.TENANT_PRIVATE
# Any: rows hold values of any type.
_Call = Callable[[TenantSession], Any]


def api_leaks(world: World) -> Iterator[Leak]:
    """Try the sessions' own functions as tenant A, and the platform's with B's or hostile ids."""
    for dataset in owned_tables(_T):
        seen = world.session_call(_reading(_T, dataset.name))
        yield from _shown(world, f"read {dataset.name}", seen)
        if not sightings(seen.returned, world.a.canary):
            message = f"tenant A does not read its own canary in {dataset.qualified_name}"
            raise VoidTest(message) from seen.raised
    for label, call in _refused_calls(world):
        seen = world.session_call(call)
        yield from _shown(world, label, seen)
        if seen.raised is None:
            yield Leak(label, _FAMILY, "was carried out and must be refused")
        if world.b_changed():
            yield Leak(label, _FAMILY, "changed rows of another tenant")
            world.restore()
    for label, tenant in _hostile_ids(world):
        with observing() as seen, world.platform.tenant_session(tenant, _PURPOSE) as session:
            seen.returned = session.read(_T, "drafts")
        yield from _shown(world, label, seen)
        if not isinstance(seen.raised, StoreError) or tenant in str(seen.raised):
            yield Leak(label, _FAMILY, "is not refused by name of the rule alone")
    yield from _after_close(world)
    yield from _fund(world)
    yield from unauthenticated(world)


def _shown(world: World, label: str, seen: Observation) -> Iterator[Leak]:
    for sighting in leaks(world, seen):
        yield Leak(label, _FAMILY, f"shows {sighting}")


def _refused_calls(world: World) -> Iterator[tuple[str, _Call]]:
    b = world.b
    row = {"tenant_id": b.tenant, "account_id": "x", "name": "x"}
    yield "write for another", lambda s: s.write_tenant_private("crm_accounts", [row])
    own = {"tenant_id": world.a.tenant, "account_id": "y", "name": "y"}
    yield "write for both", lambda s: s.write_tenant_private("crm_accounts", [own, row])
    yield (
        "write its key",
        lambda s: s.write_tenant_private("crm_accounts", [row | {"account_id": f"{b.key}0"}]),
    )
    yield (
        "write an unknown column",
        lambda s: s.write_tenant_private("crm_accounts", [own | {"name) SELECT 1 --": "x"}]),
    )
    for wrong in ("crm_accounts; TABLE control.tenants", 'crm_accounts"', "pg_authid", "\0", ""):
        yield f"read {wrong!r}", _reading(_T, wrong)
    for dataset in REGISTRY:
        if dataset.data_class in {DataClass.FUND_PRIVATE, DataClass.ASCEND_PLATFORM_METRIC}:
            yield f"read {dataset.name}", _reading(dataset.data_class, dataset.name)
            yield f"read {dataset.name} as its own", _reading(_T, dataset.name)
        if dataset.internal and dataset.data_class is _T:
            yield f"read {dataset.name}", _reading(_T, dataset.name)


def _reading(data_class: DataClass, name: str) -> _Call:
    return lambda session: session.read(data_class, name)


def _hostile_ids(world: World) -> Iterator[tuple[str, str]]:
    b = world.b.tenant
    for label, tenant in (
        ("upper case", b.upper()),
        ("trailing space", f"{b} "),
        ("quote", f"{b}' OR 'x' = 'x"),
        ("NUL", f"{b}\0"),
        ("list", f"{world.a.tenant},{b}"),
        ("pattern", "tn_%"),
        ("long", b + "x" * 2**20),
    ):
        yield f"tenant id with {label}", tenant


def _after_close(world: World) -> Iterator[Leak]:
    with world.platform.tenant_session(world.a.tenant, _PURPOSE) as session:
        kept = session
    with observing() as seen:
        seen.returned = kept.read(_T, "drafts")
    if seen.raised is None:
        yield Leak("use after close", _FAMILY, "was carried out and must be refused")
    yield from _shown(world, "use after close", seen)


def _fund(world: World) -> Iterator[Leak]:
    for dataset in owned_tables(DataClass.FUND_PRIVATE):
        with observing() as seen, world.platform.fund_session(world.a.fund, _PURPOSE) as session:
            seen.returned = session.read(DataClass.FUND_PRIVATE, dataset.name)
        yield from _shown(world, f"fund reads {dataset.name}", seen)
    for dataset in owned_tables(_T):
        with observing() as seen, world.platform.fund_session(world.a.fund, _PURPOSE) as session:
            seen.returned = session.read(_T, dataset.name)
        if seen.raised is None:
            yield Leak(f"fund reads {dataset.name}", _FAMILY, "was carried out and must be refused")
        yield from _shown(world, f"fund reads {dataset.name}", seen)
