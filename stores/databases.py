"""Which PostgreSQL the platform uses: the embedded one, or a server by URL."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError

from stores.embedded_postgres import EmbeddedPostgres
from stores.errors import DatabaseUnreachable
from stores.home import Home
from stores.keyring import LoginSecret

__all__ = ["Database", "EmbeddedDatabase", "ServerDatabase", "database_of", "engine_for"]


class Database(Protocol):
    """Where logins connect to."""

    def running(self) -> bool:
        """Whether it is up."""

    def admin_url(self) -> URL:
        """URL of the administrator's login."""

    def login_url(self, secret: LoginSecret) -> URL:
        """URL of another login."""


@dataclass(frozen=True, slots=True)
class EmbeddedDatabase:
    """The embedded server of a home."""

    server: EmbeddedPostgres

    def running(self) -> bool:
        """Whether its process runs."""
        return self.server.running()

    def admin_url(self) -> URL:
        """The superuser, by the service's own uid."""
        return self.server.admin_url

    def login_url(self, secret: LoginSecret) -> URL:
        """That login over the socket."""
        return self.server.url(secret.login, secret.password)


@dataclass(frozen=True, slots=True)
class ServerDatabase:
    """A PostgreSQL server named by ``CLASSLINE_DATABASE_URL``, whose login administers it."""

    url: URL

    def running(self) -> bool:
        """Asked of the server itself, when connecting."""
        return True

    def admin_url(self) -> URL:
        """The URL as given, with the driver we use."""
        return self.url.set(drivername="postgresql+psycopg")

    def login_url(self, secret: LoginSecret) -> URL:
        """The same server and database under that login."""
        return self.admin_url().set(username=secret.login, password=secret.password)


def database_of(home: Home) -> Database:
    """The server by URL where one is set, else the home's embedded server."""
    given = os.environ.get("CLASSLINE_DATABASE_URL")
    if not given:
        return EmbeddedDatabase(EmbeddedPostgres(home))
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        url = None
    if url is None or url.get_backend_name() != "postgresql":
        message = (
            "CLASSLINE_DATABASE_URL is not the URL of a PostgreSQL database; "
            "write postgresql://user@host/database, or unset it to use the embedded server"
        )
        raise DatabaseUnreachable(message)
    return ServerDatabase(url)


def engine_for(url: URL) -> Engine:
    """An engine whose errors show no parameter and whose connections say nothing of us."""
    return create_engine(
        url, hide_parameters=True, pool_size=2, max_overflow=8, connect_args={"connect_timeout": 10}
    )
