"""Who the stewards are: registered, given scopes and identities, and listed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from catalog.data_classes import DataClass
from stores.boundary.provisioning import add_steward, give_reason
from stores.boundary.steward_scopes import (
    STEWARD_SCOPES,
    IdentityKind,
    ScopeRefused,
    add_identity,
    give_scopes,
)
from stores.kept_credentials import keep_credential, kept_credential
from stores.platform import Platform
from stores.steward_credentials import read_credential, write_credential

__all__ = ["change_steward", "register_steward", "stewards"]


def register_steward(
    platform: Platform,
    name: str,
    *,
    scopes: Iterable[DataClass] | None = None,
    authors: Iterable[str] = (),
    sign_ins: Iterable[str] = (),
) -> Path:
    """Register a steward; returns where the credential was written for them to take."""
    wanted = tuple(scopes or STEWARD_SCOPES)
    credential = add_steward(platform, name, wanted)
    path = platform.home.stewards / f"{name}.json"
    write_credential(path, credential)
    change_steward(platform, name, authors=authors, sign_ins=sign_ins)
    return path


def change_steward(
    platform: Platform,
    name: str,
    *,
    scopes: Sequence[DataClass] | None = None,
    authors: Iterable[str] = (),
    sign_ins: Iterable[str] = (),
) -> None:
    """Set the steward's scopes where some are named; add identities.

    A steward who signs in decides through the service, which keeps a copy of their credential.
    """
    sign_ins = list(sign_ins)
    if sign_ins and kept_credential(platform.home, name) is None:
        handed_out = platform.home.stewards / f"{name}.json"
        if not handed_out.exists():
            message = (
                f"the credential of {name} is not in {handed_out}: put it there for a moment, so "
                "that the service can keep a copy for whom signs in; refused"
            )
            raise ScopeRefused(message)
        keep_credential(platform.home, read_credential(handed_out))
    with platform.admin_engine().begin() as connection:
        give_reason(connection, "classline steward change")
        if scopes:
            give_scopes(connection, name, scopes)
        for identity in authors:
            add_identity(connection, name, IdentityKind.AUTHOR, identity)
        for identity in sign_ins:
            add_identity(connection, name, IdentityKind.SIGN_IN, identity)


def stewards(platform: Platform) -> list[dict[str, Any]]:
    """Every steward with scopes and identities."""
    with platform.platform_session("stewards") as session:
        known = session.records("stewards")
        scopes = session.records("steward_scopes")
        identities = session.records("steward_identities")
    return [
        {
            "name": steward["steward_name"],
            "added_at": steward["added_at"],
            "scopes": [
                row["to_class"] for row in scopes if row["steward_name"] == steward["steward_name"]
            ],
            **{
                f"{kind}s": [
                    row["identity"]
                    for row in identities
                    if row["kind"] == kind and row["steward_name"] == steward["steward_name"]
                ]
                for kind in IdentityKind
            },
        }
        for steward in known
    ]
