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

__all__ = ["credential_of_sign_in", "keep_credential", "kept_credential"]


def keep_credential(home: Home, credential: StewardCredential) -> None:
    """Keep a copy, mode 0600, in the folder of secrets."""
    folder = _folder(home)
    folder.mkdir(mode=0o700, exist_ok=True)
    write_credential(folder / f"{credential.name}.json", credential)


def kept_credential(home: Home, name: str) -> StewardCredential | None:
    """The steward's kept credential, if there is one."""
    path = _folder(home) / f"{name}.json"
    return read_credential(path) if path.exists() else None


def credential_of_sign_in(platform: Platform, issuer: str, subject: str) -> StewardCredential:
    """The credential of the steward whom that issuer knows by that subject; refused without one."""
    with platform.platform_session("sign-in") as session:
        found = session.records(
            "steward_identities",
            "kind = :kind AND identity = :identity",
            kind=str(IdentityKind.SIGN_IN),
            identity=f"{issuer}|{subject}",
        )
    credential = kept_credential(platform.home, found[0]["steward_name"]) if found else None
    if credential is None:
        message = (
            "who signed in is no steward here: refused; an administrator adds them with "
            "`classline steward change NAME --sign-in 'ISSUER|SUBJECT'`"
        )
        raise CredentialRefused(message)
    return credential


def _folder(home: Home) -> Path:
    return home.secrets / "stewards"
