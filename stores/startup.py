"""Brings an installation up and down: server, schema, service logins, keys."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from catalog.declared import REGISTRY
from stores.boundary.class_register import record_class_changes
from stores.boundary.provisioning import ensure_services
from stores.boundary.verification import refuse_unsound, verify_and_alert
from stores.databases import EmbeddedDatabase, database_of
from stores.errors import translated_errors
from stores.home import Home
from stores.keyring import open_keyring
from stores.platform import Platform
from stores.schema import migrate

__all__ = ["BroughtUp", "bring_down", "bring_up", "owner_counts", "portfolio"]


@dataclass(frozen=True, slots=True)
class BroughtUp:
    """What bringing up had to do."""

    server_started: bool
    schema_migrated: bool


def bring_up(home: Home) -> BroughtUp:
    """Start what is down and build what is missing; run twice, it does nothing the second time.

    Refuses where the boundary is not as declared: see `stores.boundary.verification`.
    """
    home.create()
    database = database_of(home)
    started = database.server.start() if isinstance(database, EmbeddedDatabase) else False
    with Platform(home, database, open_keyring(home)) as platform:
        with translated_errors():
            migrated = migrate(platform.admin_engine())
        ensure_services(platform)
        with translated_errors(), platform.admin_engine().begin() as connection:
            record_class_changes(connection, REGISTRY)
        refuse_unsound(verify_and_alert(platform))
    return BroughtUp(server_started=started, schema_migrated=migrated)


def bring_down(home: Home) -> bool:
    """Stop the embedded server; True when it ran. A server by URL is left alone."""
    database = database_of(home)
    return isinstance(database, EmbeddedDatabase) and database.server.stop()


def owner_counts(  # classline: CLS101 - counts of owners for the administrator, no row
    platform: Platform,
) -> dict[str, int]:
    """How many tenants, funds and stewards are registered."""
    with translated_errors(), platform.admin_engine().connect() as connection:
        row = connection.execute(
            text(
                "SELECT (SELECT count(*) FROM control.tenants) AS tenants, "
                "(SELECT count(*) FROM control.funds) AS funds, "
                "(SELECT count(*) FROM control.stewards) AS stewards"
            )
        ).mappings()
        return {name: int(count) for name, count in row.one().items()}


def portfolio(  # classline: CLS101 - opaque ids for the installation's administrator alone
    platform: Platform,
) -> list[tuple[str, str]]:
    """Opaque ids of every tenant and its fund, for the installation's administrator."""
    query = "SELECT tenant_id, fund_id FROM control.portfolio_membership ORDER BY 1"
    with translated_errors(), platform.admin_engine().connect() as connection:
        return [(str(tenant), str(fund)) for tenant, fund in connection.execute(text(query))]
