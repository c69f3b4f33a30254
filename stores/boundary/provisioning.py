"""Makes owners and logins: tenants, funds, stewards and the services, as the administrator.

Opaque names, passwords hashed before they leave this process, a reason for every write that the
database audits.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Any, cast

import psycopg
from psycopg import sql
from sqlalchemy import Connection, text

from catalog.data_classes import DataClass, PrincipalKind
from stores.boundary.claims import padded_key_blocks
from stores.boundary.steward_scopes import STEWARD_SCOPES, give_scopes
from stores.errors import StoreError, translated_errors
from stores.keyring import LoginSecret, new_login, store_logins
from stores.platform import SERVICE, Platform
from stores.steward_credentials import StewardCredential

__all__ = [
    "OwnedElsewhere",
    "OwnerIds",
    "StewardExists",
    "add_steward",
    "audit",
    "create_logins",
    "driver_of",
    "ensure_owners",
    "ensure_services",
    "give_reason",
    "opaque_id",
    "store_signing_key",
]

_GROUPS: Mapping[PrincipalKind, str] = {
    PrincipalKind.TENANT: "tenant_rw",
    PrincipalKind.FUND: "fund_r",
    PrincipalKind.PLATFORM: "platform_rw",
    PrincipalKind.STEWARD: "steward_w",
    PrincipalKind.LOADER: "loader_w",
    PrincipalKind.ANONYMIZER: "anonymizer_r",
    PrincipalKind.AUDITOR: "auditor_r",
}
_SERVICES = (
    PrincipalKind.PLATFORM,
    PrincipalKind.LOADER,
    PrincipalKind.ANONYMIZER,
    PrincipalKind.AUDITOR,
)
_STEWARD_NAME_LIMIT = 64


def opaque_id(prefix: str) -> str:
    """A random id that says nothing of its owner: 75 bits, in letters alone.

    Letters, since digits can look like a phone or a card number, and a release that carries an
    owner's id is refused when any of its values does.
    """
    return f"{prefix}_{''.join(secrets.choice(ascii_lowercase) for _ in range(16))}"


class OwnedElsewhere(StoreError):
    """A portfolio company is registered under another fund."""


class StewardExists(StoreError):
    """A steward of that name is registered, or the name is not one."""


@dataclass(frozen=True, slots=True)
class OwnerIds:
    """Opaque ids by external name."""

    tenants: Mapping[str, str]
    funds: Mapping[str, str]
    tenants_added: int
    funds_added: int


def ensure_services(platform: Platform) -> None:
    """Give the services their logins and the database the key that verifies their claims."""
    keyring = platform.keyring
    made = [new_login(kind, SERVICE) for kind in _SERVICES if (kind, SERVICE) not in keyring.logins]
    if made:
        store_logins(platform.home, made)
        keyring = platform.keyring
    with translated_errors(), platform.admin_engine().begin() as connection:
        give_reason(connection, "classline up")
        store_signing_key(connection, keyring.kid, keyring.signing_key)
        known = set(connection.execute(text("SELECT login FROM control.logins")).scalars())
        services = [keyring.login(kind, SERVICE) for kind in _SERVICES]
        create_logins(connection, [secret for secret in services if secret.login not in known])
        _undo_own_changes(connection, [secret for secret in services if secret.login in known])


def ensure_owners(platform: Platform, portfolio: Mapping[str, str], *, reason: str) -> OwnerIds:
    """Register portfolio companies under their funds (name -> fund name), with a login each."""
    with translated_errors(), platform.admin_engine().begin() as connection:
        give_reason(connection, reason)
        connection.execute(text("LOCK TABLE control.tenants IN SHARE ROW EXCLUSIVE MODE"))
        funds = _ids(connection, "fund")
        tenants = _ids(connection, "tenant")
        owners = {
            row.tenant_id: row.fund_id
            for row in connection.execute(
                text("SELECT tenant_id, fund_id FROM control.portfolio_membership")
            )
        }
        moved = sum(
            1
            for name, fund in portfolio.items()
            if name in tenants and owners.get(tenants[name]) != funds.get(fund)
        )
        if moved:
            message = (
                f"{moved} of {len(portfolio)} portfolio companies belong to another fund here: "
                "refused, since moving one changes which fund sees it; load under the same mapping"
            )
            raise OwnedElsewhere(message)
        new_funds = {
            name: opaque_id("fd") for name in dict.fromkeys(portfolio.values()) if name not in funds
        }
        new_tenants = {name: opaque_id("tn") for name in portfolio if name not in tenants}
        logins = [
            *(new_login(PrincipalKind.FUND, owner) for owner in new_funds.values()),
            *(new_login(PrincipalKind.TENANT, owner) for owner in new_tenants.values()),
        ]
        funds |= new_funds
        tenants |= new_tenants
        _insert_owners(connection, "fund", new_funds)
        _insert_owners(connection, "tenant", new_tenants)
        _insert_memberships(
            connection, [(owner, funds[portfolio[name]]) for name, owner in new_tenants.items()]
        )
        create_logins(connection, logins)
        if logins:
            # Before the commit: a crash leaves a spare password, never a login without one.
            store_logins(platform.home, logins)
    return OwnerIds(tenants, funds, len(new_tenants), len(new_funds))


def add_steward(
    platform: Platform, name: str, scopes: Iterable[DataClass] = STEWARD_SCOPES
) -> StewardCredential:
    """Register a steward with a login of their own; the caller keeps the credential safe.

    ``scopes`` are the classes that the steward may let data into.
    """
    if (
        not name.isascii()
        or not name.replace("-", "").replace(".", "").isalnum()
        or (len(name) > _STEWARD_NAME_LIMIT)
    ):
        message = (
            "a steward's name has ASCII letters, digits, dots and hyphens only, at most "
            f"{_STEWARD_NAME_LIMIT}; choose such a name"
        )
        raise StewardExists(message)
    if name == SERVICE:
        message = f"{SERVICE} is what a run without a credential is recorded as; choose another"
        raise StewardExists(message)
    secret = new_login(PrincipalKind.STEWARD, name)
    with translated_errors(), platform.admin_engine().begin() as connection:
        give_reason(connection, "classline steward add")
        added = connection.execute(
            text(
                "INSERT INTO control.stewards (steward_name, login, added_by) "
                "VALUES (:name, :login, current_user) ON CONFLICT (steward_name) DO NOTHING"
            ),
            {"name": name, "login": secret.login},
        )
        if not added.rowcount:
            message = f"a steward {name} is registered already; use the credential made then"
            raise StewardExists(message)
        create_logins(connection, [secret])
        give_scopes(connection, name, scopes)
    return StewardCredential(name, secret.login, secret.password)


def _undo_own_changes(connection: Connection, services: Iterable[LoginSecret]) -> None:
    """Take back what logins changed of themselves: a role may always alter its own settings."""
    driver = driver_of(connection)
    changed = connection.execute(
        text(
            "SELECT l.login FROM control.logins l JOIN pg_roles r ON r.rolname = l.login "
            "JOIN pg_db_role_setting s ON s.setrole = r.oid"
        )
    ).scalars()
    for login in set(changed):
        role = sql.Identifier(login)
        database = sql.Identifier(str(connection.engine.url.database))
        driver.execute(sql.SQL("ALTER ROLE {} RESET ALL").format(role))
        driver.execute(sql.SQL("ALTER ROLE {} IN DATABASE {} RESET ALL").format(role, database))
    for secret in services:
        driver.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                sql.Identifier(secret.login), sql.Literal(_hashed(driver, secret))
            )
        )


def _hashed(driver: psycopg.Connection[Any], secret: LoginSecret) -> str:
    """The password as PostgreSQL keeps it, so that it never stands in a statement."""
    return driver.pgconn.encrypt_password(
        secret.password.encode(), secret.login.encode(), b"scram-sha-256"
    ).decode()


def _ids(connection: Connection, kind: str) -> dict[str, str]:
    rows = connection.execute(text(f"SELECT external_name, {kind}_id FROM control.{kind}s"))  # noqa: S608
    return {str(name): str(owner) for name, owner in rows}


def _insert_owners(connection: Connection, kind: str, owners: Mapping[str, str]) -> None:
    if owners:
        connection.execute(
            text(f"INSERT INTO control.{kind}s ({kind}_id, external_name) VALUES (:id, :name)"),  # noqa: S608
            [{"id": owner, "name": name} for name, owner in owners.items()],
        )


def _insert_memberships(connection: Connection, memberships: Iterable[tuple[str, str]]) -> None:
    rows = [{"tenant": tenant, "fund": fund} for tenant, fund in memberships]
    if rows:
        connection.execute(
            text(
                "INSERT INTO control.portfolio_membership (tenant_id, fund_id) "
                "VALUES (:tenant, :fund)"
            ),
            rows,
        )


def give_reason(connection: Connection, reason: str) -> None:
    """Say why this transaction writes; the database leaves its audit rows with that reason."""
    connection.execute(text("SELECT set_config('classline.reason', :why, true)"), {"why": reason})


def audit(
    connection: Connection, entries: Iterable[tuple[str, str, str | None, str | None]], reason: str
) -> None:
    """Leave a row for what no single write shows: action, subject, before, after.

    Writes to memberships, logins, stewards, keys and floors leave theirs by a trigger.
    """
    connection.execute(
        text(
            "INSERT INTO platform.kv_audit (actor, action, subject, from_value, to_value, reason) "
            "VALUES (session_user || COALESCE(' (' || system_user || ')', ''), :action, :subject, "
            ":was, :now, :reason)"
        ),
        [
            {"action": action, "subject": subject, "was": was, "now": now, "reason": reason}
            for action, subject, was, now in entries
        ],
    )


def store_signing_key(connection: Connection, kid: str, key: bytes) -> None:
    """Give the database what verifies claims signed by that key."""
    ipad, opad = padded_key_blocks(key)
    connection.execute(
        text(
            "INSERT INTO control.signing_keys (kid, ipad, opad, not_after) "
            "VALUES (:kid, :ipad, :opad, 'infinity') ON CONFLICT (kid) DO NOTHING"
        ),
        {"kid": kid, "ipad": ipad, "opad": opad},
    )


def driver_of(connection: Connection) -> psycopg.Connection[Any]:
    """The driver's own connection, for statements about roles, which take no parameters."""
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)


def create_logins(connection: Connection, logins: Iterable[LoginSecret]) -> None:
    """Make a role with least privilege for each login, its password hashed here."""
    driver = driver_of(connection)
    for secret in logins:
        hashed = _hashed(driver, secret)
        role = sql.Identifier(secret.login)
        driver.execute(
            sql.SQL(
                "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS "
                "INHERIT PASSWORD {}"
            ).format(role, sql.Literal(hashed))
        )
        driver.execute(
            sql.SQL("GRANT {} TO {} WITH INHERIT TRUE, SET FALSE, ADMIN FALSE").format(
                sql.Identifier(_GROUPS[secret.kind]), role
            )
        )
        connection.execute(
            text(
                "INSERT INTO control.logins (login, kind, tenant_id, fund_id) "
                "VALUES (:login, :kind, :tenant, :fund)"
            ),
            {
                "login": secret.login,
                "kind": str(secret.kind),
                "tenant": secret.owner if secret.kind is PrincipalKind.TENANT else None,
                "fund": secret.owner if secret.kind is PrincipalKind.FUND else None,
            },
        )
