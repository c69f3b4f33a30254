"""Rotates the key that signs claims and every login, with an overlap in which both work.

Order: the new key and roles first, then the keyring, then the end of the old ones. A crash leaves
a spare key or a role too many, never a session that cannot start; the next rotation ends them.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from psycopg import sql
from sqlalchemy import Connection, text

from catalog.data_classes import PrincipalKind
from stores.boundary.provisioning import (
    audit,
    create_logins,
    driver_of,
    give_reason,
    store_signing_key,
)
from stores.errors import StoreError, translated_errors
from stores.keyring import new_login, replace_keys
from stores.platform import Platform
from stores.secret_files import exclusive

__all__ = ["DEFAULT_OVERLAP", "BadOverlap", "Rotated", "rotate_keys"]

DEFAULT_OVERLAP = timedelta(hours=2)
_REASON = "classline keys rotate"
_LONGEST_OVERLAP = timedelta(days=7)


class BadOverlap(StoreError):
    """An overlap that is negative or too long."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """What was rotated: the new key's id, how many logins, how many old ones were removed."""

    kid: str
    logins: int
    removed: int


def rotate_keys(platform: Platform, *, overlap: timedelta = DEFAULT_OVERLAP) -> Rotated:
    """Give every service, tenant and fund a new login and the platform a new signing key.

    Sessions that are open stay open; the old key and passwords end after ``overlap``. Stewards
    keep their credentials: they are theirs, not the service's.
    """
    if not timedelta(0) <= overlap <= _LONGEST_OVERLAP:
        message = f"an overlap lies between 0 and {_LONGEST_OVERLAP.days} days; choose such a one"
        raise BadOverlap(message)
    with exclusive(platform.home.root / ".rotation.lock"):
        old = platform.keyring
        fresh = [new_login(secret.kind, secret.owner) for secret in old.logins.values()]
        kid, key = f"k{secrets.token_hex(4)}", secrets.token_bytes(32)
        with translated_errors(), platform.admin_engine().begin() as connection:
            give_reason(connection, _REASON)
            store_signing_key(connection, kid, key)
            create_logins(connection, fresh)
        replace_keys(platform.home, kid=kid, signing_key=key, logins=fresh)
        with translated_errors(), platform.admin_engine().begin() as connection:
            give_reason(connection, _REASON)
            removed = _remove_ended(connection)
            _end_after(connection, platform, overlap)
            audit(connection, [("keys rotated", f"{len(fresh)} logins", old.kid, kid)], _REASON)
        return Rotated(kid, len(fresh), removed)


def _end_after(connection: Connection, platform: Platform, overlap: timedelta) -> None:
    """End whatever the keyring no longer holds, also what an interrupted rotation left behind."""
    (until,) = connection.execute(
        text("SELECT (clock_timestamp() + make_interval(secs => :seconds))::text"),
        {"seconds": overlap.total_seconds()},
    ).one()
    registered = connection.execute(
        text(
            "SELECT l.login FROM control.logins l JOIN pg_roles r ON r.rolname = l.login "
            "WHERE l.kind <> :steward AND COALESCE(r.rolvaliduntil, 'infinity') > :until"
        ),
        {"steward": str(PrincipalKind.STEWARD), "until": until},
    ).scalars()
    # Read after the registered ones: a login is put into the keyring before it is committed.
    logins, keyring = set(registered), platform.keyring
    connection.execute(
        text(
            "UPDATE control.signing_keys SET not_after = :until "
            "WHERE kid <> :kid AND not_after > :until"
        ),
        {"until": until, "kid": keyring.kid},
    )
    driver = driver_of(connection)
    for login in sorted(logins - {secret.login for secret in keyring.logins.values()}):
        driver.execute(
            sql.SQL("ALTER ROLE {} VALID UNTIL {}").format(
                sql.Identifier(login), sql.Literal(until)
            )
        )


def _remove_ended(connection: Connection) -> int:
    """Drop logins whose time has ended, with what still runs under them."""
    ended = (
        connection.execute(
            text(
                "SELECT l.login FROM control.logins l JOIN pg_roles r ON r.rolname = l.login "
                "WHERE r.rolvaliduntil < clock_timestamp()"
            )
        )
        .scalars()
        .all()
    )
    driver = driver_of(connection)
    for login in ended:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = :login"),
            {"login": login},
        )
        connection.execute(text("DELETE FROM control.logins WHERE login = :l"), {"l": login})
        driver.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(login)))
    return len(ended)
