"""A steward's credential: the file by which a person, not a name on a command line, is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from stores.errors import CredentialRefused
from stores.secret_files import read_secret_json, write_secret_json

__all__ = ["StewardCredential", "read_credential", "write_credential"]


@dataclass(frozen=True, slots=True)
class StewardCredential:
    """A steward's own database login."""

    name: str
    login: str
    password: str = field(repr=False)


def write_credential(path: Path, credential: StewardCredential) -> None:
    """Write the file, mode 0600."""
    fields = {
        "name": credential.name,
        "login": credential.login,
        "password": credential.password,
    }
    write_secret_json(path, fields)


def read_credential(path: Path) -> StewardCredential:
    """Read the file; refused when others may read it or it lacks a field."""
    content = read_secret_json(path)
    try:
        return StewardCredential(
            str(content["name"]), str(content["login"]), str(content["password"])
        )
    except KeyError:
        message = f"{path}: not a steward's credential; `classline steward add NAME` makes one"
        raise CredentialRefused(message) from None
