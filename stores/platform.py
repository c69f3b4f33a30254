"""The open handle on one installation: its database, its keys, one engine per login."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Self
from uuid import UUID

from sqlalchemy import Engine

from catalog.data_classes import DataClass, PrincipalKind
from stores.alerts import AlertDesk, webhook_from_environment
from stores.boundary.claims import Claim
from stores.databases import Database, database_of, engine_for
from stores.errors import DatabaseUnreachable
from stores.home import Home
from stores.invocation import REQUIRED_SETTING, InvocationGuard
from stores.keyring import Keyring, LoginSecret, open_keyring
from stores.login_engines import LoginEngines
from stores.sessions import (
    AnonymizerSession,
    AuditorSession,
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
        self._keyring = keyring
        self._keyring_stamp = _stamp(keyring.path)
        self._admin_engine: Engine | None = None
        self._engines = LoginEngines()
        self.alerts = AlertDesk(self.platform_session, webhook_from_environment())
        self._guard = InvocationGuard(self.alerts, required=bool(os.environ.get(REQUIRED_SETTING)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self.alerts.close()
        self._engines.close()
        if self._admin_engine is not None:
            self._admin_engine.dispose()
            self._admin_engine = None

    def admin_engine(self) -> Engine:
        """The administrator's engine: provisioning and migrations, never data of a class."""
        if self._admin_engine is None:
            self._admin_engine = engine_for(self.database.admin_url())
        return self._admin_engine

    @property
    def keyring(self) -> Keyring:
        """The secrets as they are now: keys rotated or logins added by others are seen at once."""
        stamp = _stamp(self._keyring.path)
        if stamp != self._keyring_stamp:
            self._keyring, self._keyring_stamp = open_keyring(self.home), stamp
        return self._keyring

    @contextmanager
    def tenant_session(self, tenant_id: str, purpose: str) -> Iterator[TenantSession]:
        """A session of that tenant, over its own login."""
        secret = self.keyring.login(PrincipalKind.TENANT, tenant_id)
        claim = Claim(secret.login, (_T, _A), purpose, tenant=tenant_id)
        with (
            self._guard.tenant(tenant_id),
            self._login_engine(secret) as engine,
            opened(engine, self.keyring, claim, TenantSession) as session,
        ):
            yield session

    @contextmanager
    def fund_session(self, fund_id: str, purpose: str) -> Iterator[FundSession]:
        """A session of that fund, over its own login."""
        secret = self.keyring.login(PrincipalKind.FUND, fund_id)
        claim = Claim(secret.login, (_F, _A), purpose, fund=fund_id)
        with (
            self._login_engine(secret) as engine,
            opened(engine, self.keyring, claim, FundSession) as session,
        ):
            yield session

    @contextmanager
    def platform_session(self, purpose: str) -> Iterator[PlatformSession]:
        """A session of the platform itself."""
        secret = self.keyring.login(PrincipalKind.PLATFORM, SERVICE)
        claim = Claim(secret.login, (_P, _A), purpose)
        with (
            self._login_engine(secret) as engine,
            opened(engine, self.keyring, claim, PlatformSession) as session,
        ):
            yield session

    @contextmanager
    def loader_session(self, purpose: str) -> Iterator[LoaderSession]:
        """A session that writes loads and reads nothing."""
        secret = self.keyring.login(PrincipalKind.LOADER, SERVICE)
        claim = Claim(secret.login, (_T,), purpose, lifetime_seconds=7200)
        with (
            self._login_engine(secret) as engine,
            opened(engine, self.keyring, claim, LoaderSession) as session,
        ):
            yield session

    @contextmanager
    def anonymizer_session(
        self,
        workflow: str,
        run: UUID,
        *,
        one_snapshot: bool = False,
        reads_fund_private: bool = False,
    ) -> Iterator[AnonymizerSession]:
        """A session of the anonymizer inside that open run; ``one_snapshot`` for extracting.

        Its claim names fund_private only where the workflow's source is of that class.
        """
        secret = self.keyring.login(PrincipalKind.ANONYMIZER, SERVICE)
        classes = (_T, _F, _A) if reads_fund_private else (_T, _A)
        claim = Claim(
            secret.login, classes, "promotion", workflow=workflow, run=run, lifetime_seconds=7200
        )
        with self._guard.run(run) as before_reading, self._login_engine(secret) as engine:
            made = partial(AnonymizerSession, before_reading=before_reading)
            with opened(engine, self.keyring, claim, made, one_snapshot=one_snapshot) as session:
                yield session

    @contextmanager
    def auditor_session(self, run: UUID) -> Iterator[AuditorSession]:
        """A session of the auditor inside that open audit run: counts leave it, never values.

        All of them are of one moment, whoever writes meanwhile.
        """
        secret = self.keyring.login(PrincipalKind.AUDITOR, SERVICE)
        claim = Claim(secret.login, tuple(DataClass), "audit", run=run)
        with (
            self._guard.run(run) as before_reading,
            self._login_engine(secret) as engine,
            opened(engine, self.keyring, claim, AuditorSession, one_snapshot=True) as session,
        ):
            before_reading()
            yield session

    @contextmanager
    def steward_session(self, credential: StewardCredential) -> Iterator[StewardSession]:
        """A session of the person whose credential it is."""
        secret = LoginSecret(
            credential.login, PrincipalKind.STEWARD, credential.name, credential.password
        )
        claim = Claim(secret.login, (_A,), "decision")
        with (
            self._login_engine(secret) as engine,
            opened(engine, self.keyring, claim, StewardSession) as session,
        ):
            yield session

    def _login_engine(self, secret: LoginSecret) -> AbstractContextManager[Engine]:
        return self._engines.lent(secret.login, lambda: engine_for(self.database.login_url(secret)))


def _stamp(path: Path) -> tuple[int, int]:
    """Changes whenever the file is replaced."""
    status = path.stat()
    return status.st_ino, status.st_mtime_ns


def open_platform(home: Path | Home) -> Platform:
    """Open an installation that is up; `stores.startup.bring_up` brings it up."""
    home = home if isinstance(home, Home) else Home(Path(home).resolve())
    database = database_of(home)
    if not (home.secrets / "keyring.json").exists() or not database.running():
        message = f"nothing is up in {home.root}; run `classline up` first"
        raise DatabaseUnreachable(message)
    return Platform(home, database, open_keyring(home))
