"""A process may serve more tenants than the server has connections."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import QueuePool

from catalog.data_classes import DataClass
from stores.boundary.provisioning import ensure_owners
from stores.login_engines import MOST_AT_REST, LoginEngines
from stores.platform import Platform


def an_engine() -> Engine:
    """An engine over no server at all."""
    return create_engine("sqlite://", poolclass=QueuePool)


def lent_once(engines: LoginEngines, login: str) -> Engine:
    """That login's engine, used for one statement."""
    with engines.lent(login, an_engine) as engine, engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    return engine


def test_a_login_keeps_its_engine_and_its_connection() -> None:
    """A pool that is made anew for every session would be none."""
    engines = LoginEngines(2)
    first = lent_once(engines, "a")
    assert lent_once(engines, "a") is first
    assert first.pool.checkedin() == 1  # type: ignore[attr-defined]
    engines.close()
    assert first.pool.checkedin() == 0  # type: ignore[attr-defined]


def test_the_one_lent_longest_ago_gives_up_its_connections() -> None:
    """Those in daily use stay warm."""
    engines = LoginEngines(2)
    a, b = lent_once(engines, "a"), lent_once(engines, "b")
    assert lent_once(engines, "a") is a
    lent_once(engines, "c")
    assert b.pool.checkedin() == 0  # type: ignore[attr-defined]
    assert lent_once(engines, "a") is a
    assert lent_once(engines, "b") is not b
    engines.close()


def test_an_engine_in_use_is_never_closed() -> None:
    """A session in a long transaction keeps its connection while others come and go."""
    engines = LoginEngines(1)
    with engines.lent("a", an_engine) as a, a.connect() as connection:
        for login in "bcd":
            lent_once(engines, login)
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
        assert lent_once(engines, "a") is a
    lent_once(engines, "b")
    assert a.pool.checkedin() == 0  # type: ignore[attr-defined]
    engines.close()


def test_after_a_crowd_only_so_many_rest() -> None:
    """What many threads needed at once is not kept for good."""
    engines = LoginEngines(2)
    with ExitStack() as crowd:
        made = [crowd.enter_context(engines.lent(login, an_engine)) for login in "abcde"]
        for engine in made:
            engine.connect().close()
    assert sum(engine.pool.checkedin() for engine in made) == 2  # type: ignore[attr-defined]
    engines.close()


@pytest.mark.integration
def test_more_tenants_than_connections_are_served(platform: Platform) -> None:
    """The server has 200 connections; each tenant has a login, and so a pool, of its own."""
    portfolio = {f"Portco {number}": "Fund" for number in range(220)}
    ids = ensure_owners(platform, portfolio, reason="test")
    for tenant in ids.tenants.values():
        with platform.tenant_session(tenant, "test") as session:
            assert session.count(DataClass.TENANT_PRIVATE, "crm_accounts") == 0
    # The server ends the backend of a closed connection when it gets to it: ask until it did.
    deadline = time.monotonic() + 30
    while (open_now := _tenants_backends(platform)) > MOST_AT_REST and time.monotonic() < deadline:
        continue
    assert open_now <= MOST_AT_REST


def _tenants_backends(platform: Platform) -> int:
    """How many backends serve tenants at this moment."""
    with platform.admin_engine().connect() as connection:
        found = connection.execute(
            text("SELECT count(*) FROM pg_stat_activity WHERE usename ~ '^t_'")
        )
        return int(found.scalar_one())
