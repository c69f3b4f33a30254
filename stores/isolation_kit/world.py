"""The isolation world: two tenants of two funds, on real logins over a real socket, with canaries.

Tenant A is the attacker and runs anything; tenant B is who must not be seen.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

import psycopg
from psycopg import sql

from catalog.data_classes import DataClass, PrincipalKind
from stores.boundary.claims import Claim, signed
from stores.isolation_kit.canaries import Sighting, sightings
from stores.isolation_kit.errors import CrossTenantLeak, VoidTest
from stores.isolation_kit.observation import Observation, observing
from stores.isolation_kit.planting import Owner, owned_tables, private_tables
from stores.isolation_kit.surfaces import Surface, surface_of
from stores.keyring import Keyring
from stores.platform import Platform
from stores.sessions import TenantSession

__all__ = ["World", "leaks"]

_PURPOSE = "isolation test"
_STATEMENT_LIMIT = "-c statement_timeout=10s"


@dataclass(slots=True)
class World:
    """An installation with tenants A and B, and what the kit does in it."""

    platform: Platform
    a: Owner
    b: Owner
    attacked: set[str] = field(default_factory=set)
    _kept: dict[str, bytes] = field(default_factory=dict, repr=False)
    _signing: Keyring | None = field(default=None, repr=False)
    _digests: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def _keyring(self) -> Keyring:
        return self._signing or self.platform.keyring

    def sign_with(self, keyring: Keyring | None) -> None:
        """Sign claims with those keys from now on, instead of the installation's own."""
        self._signing = keyring

    def fund_login(self, owner: Owner) -> str:
        """The login of that owner's fund."""
        return self.platform.keyring.login(PrincipalKind.FUND, owner.fund).login

    def token(self, owner: Owner, **changes: object) -> str:
        """A claim of that tenant, signed by the service, with fields changed."""
        sound = Claim(
            owner.login,
            (DataClass.TENANT_PRIVATE, DataClass.ANONYMIZED_BENCHMARK),
            _PURPOSE,
            tenant=owner.tenant,
        )
        changed = replace(sound, **changes)  # type: ignore[arg-type]
        return signed(changed, kid=self._keyring.kid, key=self._keyring.signing_key)

    def fund_token(self, owner: Owner) -> str:
        """A sound claim of that owner's fund."""
        login = self.fund_login(owner)
        claim = Claim(login, (DataClass.FUND_PRIVATE,), _PURPOSE, fund=owner.fund)
        return signed(claim, kid=self._keyring.kid, key=self._keyring.signing_key)

    @contextmanager
    def connected(
        self, kind: PrincipalKind, owner: str, claim: str | None
    ) -> Iterator[psycopg.Connection[Any]]:
        """A bare connection over that principal's own login, with that claim or none."""
        secret = self.platform.keyring.login(kind, owner)
        url = self.platform.database.login_url(secret)
        with psycopg.connect(
            host=cast("str", url.query.get("host", url.host)),
            port=url.port,
            dbname=url.database,
            user=url.username,
            password=url.password,
            options=_STATEMENT_LIMIT,
            autocommit=True,
        ) as connection:
            if claim is not None:
                connection.execute("SELECT set_config('classline.claim', %s, false)", (claim,))
            yield connection

    @contextmanager
    def administered(self) -> Iterator[psycopg.Connection[Any]]:
        """The administrator's connection, in one transaction."""
        with self.platform.admin_engine().begin() as connection:
            yield cast("psycopg.Connection[Any]", connection.connection.driver_connection)

    def session_call(self, call: Surface, *arguments: object) -> Observation:
        """What leaves that callable when it is given a session of tenant A."""
        with (
            observing() as seen,
            self.platform.tenant_session(self.a.tenant, _PURPOSE) as session,
        ):
            _listen(session, seen)
            if inspect.iscoroutinefunction(call):
                import asyncio  # noqa: PLC0415 - only where a surface is asynchronous

                seen.returned = asyncio.run(call(session, *arguments))
            else:
                seen.returned = call(session, *arguments)
                if inspect.isgenerator(seen.returned):
                    seen.returned = list(seen.returned)
        return seen

    def attack(
        self, name: str, *, own: Sequence[object] = (), foreign: Sequence[object] = ()
    ) -> Observation:
        """Call that surface as tenant A, first for A's own data, then for B's.

        ``own`` are arguments with which it shows A its own canary: without that the test is void.
        ``foreign`` are arguments that name B's data; by default the same as ``own``.
        """
        call = surface_of(name)
        control = self.session_call(call, *own)
        if not sightings(control.returned, self.a.canary):
            why = f" ({type(control.raised).__name__})" if control.raised else ""
            message = (
                f"surface {name}: tenant A does not read its own canary{why}, so that a clean "
                "result would prove nothing; give `own` arguments that reach A's planted rows"
            )
            raise VoidTest(message) from control.raised
        attacked = self.session_call(call, *(foreign or own))
        self.attacked.add(name)
        for seen in (control, attacked):
            self.require_no_leak(name, seen)
        return attacked

    def require_no_leak(self, name: str, observed: object) -> None:
        """Fail, naming places and disguises but no value, if B's canary was seen."""
        found = leaks(self, observed)
        if found:
            places = ", ".join(sorted(map(str, found)))
            message = (
                f"{name}: tenant A saw tenant B's {places}; read through the session's own rows "
                "and keep nothing of another tenant in memory, caches or logs"
            )
            raise CrossTenantLeak(message)

    def digest(self, owner: Owner) -> str:
        """A digest of the owner's rows in every store."""
        parts = sql.SQL(" UNION ALL ").join(
            sql.SQL(
                "SELECT {name} || COALESCE(md5(string_agg(t::text, '|' ORDER BY t::text)), '')"
                " FROM {table} t WHERE tenant_id = {owner}"
            ).format(
                name=sql.Literal(dataset.qualified_name),
                table=sql.Identifier(dataset.schema, dataset.name),
                owner=sql.Literal(owner.tenant),
            )
            for dataset in owned_tables(DataClass.TENANT_PRIVATE)
        )
        with self.administered() as connection:
            return " ".join(part for (part,) in connection.execute(parts))

    def b_changed(self) -> bool:
        """Whether B's rows are no longer as `keep` found them."""
        return self.digest(self.b) != self._digests[self.b.tenant]

    def restore_a(self) -> None:
        """Put the rows back if A changed its own."""
        if self.digest(self.a) != self._digests[self.a.tenant]:
            self.restore()

    def keep(self) -> None:
        """Remember the rows of every private store, for `restore`."""
        with self.administered() as connection:
            for dataset in private_tables():
                statement = sql.SQL("COPY {} TO STDOUT").format(
                    sql.Identifier(dataset.schema, dataset.name)
                )
                with connection.cursor().copy(statement) as copy:
                    self._kept[dataset.qualified_name] = b"".join(bytes(part) for part in copy)
        self._digests = {owner.tenant: self.digest(owner) for owner in (self.a, self.b)}

    def restore(self) -> None:
        """Put the rows of every private store back as `keep` found them."""
        with self.administered() as connection:
            connection.execute("SET LOCAL session_replication_role = replica")
            for dataset in private_tables():
                table = sql.Identifier(dataset.schema, dataset.name)
                connection.execute(sql.SQL("DELETE FROM {}").format(table))
                statement = sql.SQL("COPY {} FROM STDIN").format(table)
                with connection.cursor().copy(statement) as copy:
                    copy.write(self._kept[dataset.qualified_name])

    def change_b(self) -> None:
        """Change B's data: other values, and other numbers of rows."""
        with self.administered() as connection:
            connection.execute("SET LOCAL session_replication_role = replica")
            for dataset in owned_tables(DataClass.TENANT_PRIVATE):
                connection.execute(
                    sql.SQL(
                        "DELETE FROM {table} WHERE ctid IN (SELECT ctid FROM {table}"
                        " WHERE tenant_id = {owner} LIMIT 1)"
                    ).format(
                        table=sql.Identifier(dataset.schema, dataset.name),
                        owner=sql.Literal(self.b.tenant),
                    )
                )
            connection.execute(
                "UPDATE tenant_private.crm_accounts SET name = 'changed', sector = 'changed'"
                " WHERE tenant_id = %s",
                (self.b.tenant,),
            )


def leaks(world: World, observed: object) -> tuple[Sighting, ...]:
    """Where anything observed by A holds a canary of B, or of B's fund, in any disguise."""
    return sightings(observed, world.b.canary, world.b.fund_canary)


def _listen(session: TenantSession, seen: Observation) -> None:
    driver = session._driver()  # noqa: SLF001 - the kit belongs to stores, and only listens
    driver.add_notice_handler(
        lambda notice: seen.notices.append(f"{notice.message_primary} {notice.message_detail}")
    )
