"""A throwaway installation for the kit: its own embedded PostgreSQL, copied for each world."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase
from typing import Any, cast

import psycopg
from psycopg import sql
from sqlalchemy import URL

from catalog.data_classes import DataClass, PrincipalKind
from stores.boundary.provisioning import ensure_owners
from stores.databases import Database
from stores.home import Home
from stores.isolation_kit.canaries import new_canary
from stores.isolation_kit.planting import Owner, owned_tables, plant
from stores.isolation_kit.world import World
from stores.keyring import LoginSecret
from stores.platform import Platform, open_platform
from stores.startup import bring_down, bring_up

__all__ = ["Installation", "installed"]

_URL_VARIABLE = "CLASSLINE_DATABASE_URL"
_LETTERS = 16


@dataclass(frozen=True, slots=True)
class _Copy:
    """The same server's logins, over a database copied from the installation's."""

    base: Database
    name: str

    def running(self) -> bool:
        """Whether the server runs."""
        return self.base.running()

    def admin_url(self) -> URL:
        """The administrator on the copy."""
        return self.base.admin_url().set(database=self.name)

    def login_url(self, secret: LoginSecret) -> URL:
        """That login on the copy."""
        return self.base.login_url(secret).set(database=self.name)


@dataclass(frozen=True, slots=True)
class Installation:
    """An installation that is up, with both tenants' canaries planted."""

    platform: Platform
    a: Owner
    b: Owner

    @property
    def pgdata(self) -> Path:
        """Data folder of the server."""
        return self.platform.home.pgdata

    def hurry(self) -> None:
        """Give durability up for speed: nothing here outlives the tests."""
        with self._administered("postgres") as admin:
            for setting in ("fsync", "full_page_writes", "synchronous_commit", "autovacuum"):
                admin.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
            admin.execute("SELECT pg_reload_conf()")

    @contextmanager
    def world(self) -> Iterator[World]:
        """A fresh copy of it, dropped afterwards."""
        name = f"isolation_{secrets.token_hex(6)}"
        source = str(self.platform.database.admin_url().database)
        with self._administered("postgres") as admin:
            admin.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(source)
                )
            )
            _copy_database_rules(admin, source, name)
        base = self.platform
        try:
            with Platform(base.home, _Copy(base.database, name), base.keyring) as platform:
                world = World(platform, self.a, self.b)
                world.keep()
                yield world
        finally:
            with self._administered("postgres") as admin:
                admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    @contextmanager
    def _administered(self, database: str) -> Iterator[psycopg.Connection[Any]]:
        url = self.platform.database.admin_url().set(drivername="postgresql", database=database)
        with psycopg.connect(
            url.render_as_string(hide_password=False), autocommit=True
        ) as connection:
            yield connection


@contextmanager
def installed() -> Iterator[Installation]:
    """Bring up a throwaway installation and plant the canaries; gone when the block ends.

    A server that the environment names is never touched.
    """
    given = os.environ.pop(_URL_VARIABLE, None)
    root = Path(tempfile.mkdtemp(prefix="classline-isolation-"))
    home = Home(root / "home")
    try:
        bring_up(home)
        try:
            with open_platform(home) as platform:
                yield _planted(platform)
        finally:
            bring_down(home)
    finally:
        shutil.rmtree(root, ignore_errors=True)
        if given is not None:
            os.environ[_URL_VARIABLE] = given


def _planted(platform: Platform) -> Installation:
    marks = {side: (new_canary(), new_canary()) for side in "ab"}
    names = {side: f"Portco {marks[side][0].mark}" for side in "ab"}
    funds = {side: f"Fund {marks[side][1].mark}" for side in "ab"}
    ids = ensure_owners(
        platform, {names[side]: funds[side] for side in "ab"}, reason="isolation kit"
    )
    owners = {}
    for side, (canary, fund_canary) in marks.items():
        tenant = ids.tenants[names[side]]
        owners[side] = Owner(
            tenant,
            ids.funds[funds[side]],
            platform.keyring.login(PrincipalKind.TENANT, tenant).login,
            canary,
            fund_canary,
            key=_random_letters(),
            sector=_random_letters(),
        )
    with platform.admin_engine().begin() as connection:
        driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
        for owner in owners.values():
            plant(driver, owner)
        for dataset in owned_tables(DataClass.TENANT_PRIVATE):
            driver.execute(
                sql.SQL("ANALYZE {}").format(sql.Identifier(dataset.schema, dataset.name))
            )
    platform.close()
    installation = Installation(platform, owners["a"], owners["b"])
    installation.hurry()
    return installation


def _random_letters() -> str:
    return "".join(secrets.choice(ascii_lowercase) for _ in range(_LETTERS))


def _copy_database_rules(admin: psycopg.Connection[Any], source: str, name: str) -> None:
    """A copied database has neither the grants nor the settings of its source."""
    target = sql.Identifier(name)
    admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(target))
    granted = admin.execute(
        "SELECT a.privilege_type, a.grantee::regrole::text, a.grantee = 0"
        " FROM pg_database d, aclexplode(d.datacl) a WHERE d.datname = %s",
        (source,),
    ).fetchall()
    for privilege, grantee, public in granted:
        admin.execute(
            sql.SQL("GRANT {} ON DATABASE {} TO {}").format(
                sql.SQL(privilege), target, sql.SQL("PUBLIC" if public else grantee)
            )
        )
    settings = admin.execute(
        "SELECT unnest(s.setconfig) FROM pg_db_role_setting s"
        " JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = %s AND s.setrole = 0",
        (source,),
    ).fetchall()
    for (setting,) in settings:
        variable, _, value = setting.partition("=")
        admin.execute(
            sql.SQL("ALTER DATABASE {} SET {} = {}").format(
                target, sql.Identifier(variable), sql.Literal(value)
            )
        )
