"""Changes of a steward: what they decide about, and under which names they are known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from catalog.data_classes import DataClass
from stores.boundary.provisioning import give_reason
from stores.boundary.steward_scopes import IdentityKind, ScopeRefused, add_identity, give_scopes
from stores.kept_credentials import keep_credential, kept_credential
from stores.platform import Platform
from stores.steward_credentials import read_credential

__all__ = ["change_steward"]


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
