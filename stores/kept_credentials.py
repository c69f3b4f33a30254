"""Copies of stewards' credentials that the service keeps, to act for whom it has authenticated.

A steward who signs in on the review desk or through Dagster's proxy holds no file; the service
opens the session under the steward's own login all the same, so that the database knows who acts.
"""

from __future__ import annotations

from pathlib import Path

from stores.boundary.steward_scopes import IdentityKind
from stores.errors import CredentialRefused
from stores.home import Home
from stores.platform import Platform
from stores.steward_credentials import StewardCredential, read_credential, write_credential

__all__ = [
    "credential_of",
    "credential_of_sign_in",
    "keep_credential",
    "kept_credential",
    "steward_of_sign_in",
]


def keep_credential(home: Home, credential: StewardCredential) -> None:
    """Keep a copy, mode 0600, in the folder of secrets."""
    folder = _folder(home)
    folder.mkdir(mode=0o700, exist_ok=True)
    write_credential(folder / f"{credential.name}.json", credential)


def kept_credential(home: Home, name: str) -> StewardCredential | None:
    """The steward's kept credential, if there is one."""
    path = _folder(home) / f"{name}.json"
    return read_credential(path) if path.exists() else None


def steward_of_sign_in(platform: Platform, identity: str) -> str | None:
    """The steward who signs in under that identity, `issuer|subject`; None where nobody does."""
    with platform.platform_session("sign-in") as session:
        found = session.records_ascend_platform_metric(
            "steward_identities",
            "kind = :kind AND identity = :identity",
            kind=str(IdentityKind.SIGN_IN),
            identity=identity,
        )
    return str(found[0]["steward_name"]) if found else None


def credential_of_sign_in(platform: Platform, issuer: str, subject: str) -> StewardCredential:
    """The credential of the steward whom that issuer knows by that subject; refused without one."""
    name = steward_of_sign_in(platform, f"{issuer}|{subject}")
    return credential_of(platform, name)


def credential_of(platform: Platform, name: str | None) -> StewardCredential:
    """The kept credential of that steward; refused without one."""
    credential = kept_credential(platform.home, name) if name and _is_name(name) else None
    if credential is None:
        message = (
            "who signed in is no steward here: refused; an administrator adds them with "
            "`classline steward change NAME --sign-in 'ISSUER|SUBJECT'`"
        )
        raise CredentialRefused(message)
    return credential


def _is_name(name: str) -> bool:
    """Whether it can be a steward's name, and so a file's."""
    return name.isascii() and name.replace("-", "").replace(".", "").isalnum()


def _folder(home: Home) -> Path:
    return home.secrets / "stewards"
