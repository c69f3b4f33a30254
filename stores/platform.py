"""The open handle on one installation: its database, its keys, one engine per login."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self
from uuid import UUID

from sqlalchemy import Engine

from catalog.data_classes import DataClass, PrincipalKind
from stores.boundary.claims import Claim
from stores.databases import Database, database_of, engine_for
from stores.errors import DatabaseUnreachable
from stores.home import Home
from stores.keyring import Keyring, LoginSecret, open_keyring
from stores.sessions import (
    AnonymizerSession,
    FundSession,
    LoaderSession,
    PlatformSession,
    StewardSession,
    TenantSession,
    opened,
)
from stores.steward_credentials import StewardCredential

__all__ = ["SERVICE", "Platform", "open_platform"]

SERVICE = "service"
_T, _F, _A, _P = (
    DataClass.TENANT_PRIVATE,
    DataClass.FUND_PRIVATE,
    DataClass.ANONYMIZED_BENCHMARK,
    DataClass.ASCEND_PLATFORM_METRIC,
)


class Platform:
    """Opens sessions; each has its own login, its own engine and a claim of its own."""

    def __init__(self, home: Home, database: Database, keyring: Keyring) -> None:
        self.home = home
        self.database = database
        self.keyring = keyring
        self._engines: dict[str, Engine] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()

    def admin_engine(self) -> Engine:
        """The administrator's engine: provisioning and migrations, never data of a class."""
        return self._engine("", lambda: engine_for(self.database.admin_url()))

    def reload_keyring(self) -> None:
        """Read the keyring again, after logins were added to it."""
        self.keyring = open_keyring(self.home)

    @contextmanager
    def tenant_session(self, tenant_id: str, purpose: str) -> Iterator[TenantSession]:
        """A session of that tenant, over its own login."""
        secret = self.keyring.login(PrincipalKind.TENANT, tenant_id)
        claim = Claim(secret.login, (_T, _A), purpose, tenant=tenant_id)
        with opened(self._login_engine(secret), self.keyring, claim, TenantSession) as session:
            yield session

    @contextmanager
    def fund_session(self, fund_id: str, purpose: str) -> Iterator[FundSession]:
        """A session of that fund, over its own login."""
        secret = self.keyring.login(PrincipalKind.FUND, fund_id)
        claim = Claim(secret.login, (_F, _A), purpose, fund=fund_id)
        with opened(self._login_engine(secret), self.keyring, claim, FundSession) as session:
            yield session

    @contextmanager
    def platform_session(self, purpose: str) -> Iterator[PlatformSession]:
        """A session of the platform itself."""
        secret = self.keyring.login(PrincipalKind.PLATFORM, SERVICE)
        claim = Claim(secret.login, (_P, _A), purpose)
        with opened(self._login_engine(secret), self.keyring, claim, PlatformSession) as session:
            yield session

    @contextmanager
    def loader_session(self, purpose: str) -> Iterator[LoaderSession]:
        """A session that writes loads and reads nothing."""
        secret = self.keyring.login(PrincipalKind.LOADER, SERVICE)
        claim = Claim(secret.login, (_T,), purpose, lifetime_seconds=7200)
        with opened(self._login_engine(secret), self.keyring, claim, LoaderSession) as session:
            yield session

    @contextmanager
    def anonymizer_session(
        self, workflow: str, run: UUID, *, one_snapshot: bool = False
    ) -> Iterator[AnonymizerSession]:
        """A session of the anonymizer inside that open run; ``one_snapshot`` for extracting."""
        secret = self.keyring.login(PrincipalKind.ANONYMIZER, SERVICE)
        claim = Claim(
            secret.login, (_T, _A), "promotion", workflow=workflow, run=run, lifetime_seconds=7200
        )
        engine = self._login_engine(secret)
        with opened(
            engine, self.keyring, claim, AnonymizerSession, one_snapshot=one_snapshot
        ) as session:
            yield session

    @contextmanager
    def steward_session(self, credential: StewardCredential) -> Iterator[StewardSession]:
        """A session of the person whose credential it is."""
        secret = LoginSecret(
            credential.login, PrincipalKind.STEWARD, credential.name, credential.password
        )
        claim = Claim(secret.login, (_A,), "decision")
        with opened(self._login_engine(secret), self.keyring, claim, StewardSession) as session:
            yield session

    def _login_engine(self, secret: LoginSecret) -> Engine:
        return self._engine(secret.login, lambda: engine_for(self.database.login_url(secret)))

    def _engine(self, name: str, make: Callable[[], Engine]) -> Engine:
        if name not in self._engines:
            self._engines[name] = make()
        return self._engines[name]


def open_platform(home: Path | Home) -> Platform:
    """Open an installation that is up; `stores.startup.bring_up` brings it up."""
    home = home if isinstance(home, Home) else Home(Path(home).resolve())
    database = database_of(home)
    if not (home.secrets / "keyring.json").exists() or not database.running():
        message = f"nothing is up in {home.root}; run `classline up` first"
        raise DatabaseUnreachable(message)
    return Platform(home, database, open_keyring(home))
