"""What each steward may decide about, and under which names they write code and sign in."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from sqlalchemy import Connection, text

from catalog.data_classes import DataClass
from stores.errors import StoreError, UnknownOwner, translated_errors

__all__ = [
    "STEWARD_SCOPES",
    "IdentityKind",
    "IdentityTaken",
    "ScopeRefused",
    "add_identity",
    "give_scopes",
]

STEWARD_SCOPES = (
    DataClass.FUND_PRIVATE,
    DataClass.ANONYMIZED_BENCHMARK,
    DataClass.ASCEND_PLATFORM_METRIC,
)
"""The classes that a workflow may let data into."""

_LONGEST_IDENTITY = 400


class IdentityKind(StrEnum):
    """What an identity of a steward's is good for."""

    AUTHOR = "author"
    SIGN_IN = "sign_in"


class IdentityTaken(StoreError):
    """Another steward has that identity, or nobody can have it."""


class ScopeRefused(StoreError):
    """No workflow lets data into that class, so nobody decides about it."""


def give_scopes(connection: Connection, name: str, scopes: Iterable[DataClass]) -> None:
    """Let the steward decide about these classes and no others."""
    wanted = list(dict.fromkeys(scopes))
    for data_class in wanted:
        if data_class not in STEWARD_SCOPES:
            known = ", ".join(STEWARD_SCOPES)
            message = f"no workflow leads into {data_class}: refused as a scope; known: {known}"
            raise ScopeRefused(message)
    with translated_errors():
        registered = connection.execute(
            text("SELECT 1 FROM control.stewards WHERE steward_name = :name"), {"name": name}
        ).first()
        if registered is None:
            message = "no steward of that name; `classline steward list` shows them"
            raise UnknownOwner(message)
        connection.execute(
            text(
                "DELETE FROM control.steward_scopes WHERE steward_name = :name "
                "AND NOT to_class = ANY(:scopes)"
            ),
            {"name": name, "scopes": [str(scope) for scope in wanted]},
        )
        connection.execute(
            text(
                "INSERT INTO control.steward_scopes (steward_name, to_class) "
                "SELECT :name, unnest(CAST(:scopes AS text[])) ON CONFLICT DO NOTHING"
            ),
            {"name": name, "scopes": [str(scope) for scope in wanted]},
        )


def add_identity(connection: Connection, name: str, kind: IdentityKind, identity: str) -> None:
    """Record that the steward writes code, or signs in, under that identity."""
    identity = identity.strip()
    if not identity or len(identity) > _LONGEST_IDENTITY or not identity.isprintable():
        message = "an identity is a name, an address, or issuer|subject, on one line; give such"
        raise IdentityTaken(message)
    with translated_errors():
        added = connection.execute(
            text(
                "INSERT INTO control.steward_identities (kind, identity, steward_name) "
                "SELECT :kind, :identity, steward_name FROM control.stewards "
                "WHERE steward_name = :name ON CONFLICT (kind, identity) DO UPDATE "
                "SET steward_name = excluded.steward_name "
                "WHERE steward_identities.steward_name = excluded.steward_name"
            ),
            {"kind": str(kind), "identity": identity, "name": name},
        )
    if not added.rowcount:
        message = (
            "no steward of that name, or another steward has this identity: refused, since an "
            "identity is one person's; `classline steward list` shows who has which"
        )
        raise IdentityTaken(message)
