"""Who is at the command line: what a credential proves, never what someone says."""

from __future__ import annotations

from pathlib import Path

from stores.platform import SERVICE, Platform
from stores.steward_credentials import read_credential

__all__ = ["requester"]


def requester(platform: Platform, credential: Path | None) -> str:
    """The steward whose credential the database accepts; without one, the service itself."""
    if credential is None:
        return SERVICE
    with platform.steward_session(read_credential(credential)) as session:
        return session.name()
