"""The service's own secrets: the key that signs claims, the control key, every login's password.

Made on first start in one 0600 file, and never written anywhere else.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from catalog.data_classes import PrincipalKind
from stores.errors import CredentialRefused, UnknownOwner
from stores.home import Home
from stores.secret_files import exclusive, read_secret_json, write_secret_json

__all__ = [
    "Keyring",
    "LoginSecret",
    "forget_login",
    "new_login",
    "open_keyring",
    "replace_keys",
    "store_logins",
]

_LETTER = {
    PrincipalKind.TENANT: "t",
    PrincipalKind.FUND: "f",
    PrincipalKind.PLATFORM: "p",
    PrincipalKind.STEWARD: "s",
    PrincipalKind.LOADER: "l",
    PrincipalKind.ANONYMIZER: "a",
    PrincipalKind.AUDITOR: "u",
}


@dataclass(frozen=True, slots=True)
class LoginSecret:
    """One database login: its opaque name, its password and whom it speaks for."""

    login: str
    kind: PrincipalKind
    owner: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Keyring:
    """The secrets of one installation; ``repr`` shows none of them."""

    path: Path
    kid: str
    signing_key: bytes = field(repr=False)
    control_key: bytes = field(repr=False)
    logins: dict[tuple[PrincipalKind, str], LoginSecret] = field(repr=False)

    def login(self, kind: PrincipalKind, owner: str) -> LoginSecret:
        """The login that speaks for that owner."""
        secret = self.logins.get((kind, owner))
        if secret is None:
            message = f"no {kind} login is registered under that id; `classline status` counts them"
            raise UnknownOwner(message)
        return secret


def new_login(kind: PrincipalKind, owner: str) -> LoginSecret:
    """A fresh login under an opaque name, since role names can be confirmed by guessing."""
    name = f"{_LETTER[kind]}_{secrets.token_hex(8)}"
    return LoginSecret(name, kind, owner, secrets.token_hex(24))


def open_keyring(home: Home) -> Keyring:
    """The installation's keyring; made on first use."""
    path = home.secrets / "keyring.json"
    with exclusive(home.root / ".keyring.lock"):
        if not path.exists():
            write_secret_json(
                path,
                {
                    "kid": f"k{secrets.token_hex(4)}",
                    "signing_key": secrets.token_hex(32),
                    "control_key": secrets.token_hex(32),
                    "logins": [],
                },
            )
    content = read_secret_json(path)
    try:
        rows = cast("list[dict[str, str]]", content["logins"])
        logins = [
            LoginSecret(row["login"], PrincipalKind(row["kind"]), row["owner"], row["password"])
            for row in rows
        ]
        return Keyring(
            path=path,
            kid=str(content["kid"]),
            signing_key=bytes.fromhex(str(content["signing_key"])),
            control_key=bytes.fromhex(str(content["control_key"])),
            logins={(secret.kind, secret.owner): secret for secret in logins},
        )
    except (KeyError, TypeError, ValueError):
        message = f"{path}: the keyring is damaged; restore it from a backup of {home.secrets}"
        raise CredentialRefused(message) from None


def store_logins(home: Home, added: Iterable[LoginSecret]) -> None:
    """Add logins to the keyring's file before their roles are committed."""
    _rewrite(home, added, {})


def forget_login(home: Home, kind: PrincipalKind, owner: str) -> None:
    """Take that owner's login out of the keyring's file, where it still is."""
    path = home.secrets / "keyring.json"
    with exclusive(home.root / ".keyring.lock"):
        content = read_secret_json(path)
        rows = cast("list[dict[str, str]]", content["logins"])
        left = [row for row in rows if (row["kind"], row["owner"]) != (str(kind), owner)]
        if len(left) < len(rows):
            write_secret_json(path, content | {"logins": left})


def replace_keys(
    home: Home, *, kid: str, signing_key: bytes, logins: Iterable[LoginSecret]
) -> None:
    """Put a new signing key and new logins in the places of the old ones, in one step."""
    _rewrite(home, logins, {"kid": kid, "signing_key": signing_key.hex()})


def _rewrite(home: Home, logins: Iterable[LoginSecret], changes: dict[str, str]) -> None:
    path = home.secrets / "keyring.json"
    with exclusive(home.root / ".keyring.lock"):
        content = read_secret_json(path)
        rows = cast("list[dict[str, str]]", content["logins"])
        known = {(row["kind"], row["owner"]): row for row in rows}
        for secret in logins:
            known[str(secret.kind), secret.owner] = {
                "login": secret.login,
                "kind": str(secret.kind),
                "owner": secret.owner,
                "password": secret.password,
            }
        write_secret_json(path, content | changes | {"logins": list(known.values())})
