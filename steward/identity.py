"""Who is at the command line: what a credential proves, never what someone says."""

from __future__ import annotations

from stores.platform import SERVICE, Platform
from stores.steward_credentials import StewardCredential

__all__ = ["requester"]


def requester(platform: Platform, credential: StewardCredential | None) -> str:
    """The steward whose credential the database accepts; without one, the service itself."""
    if credential is None:
        return SERVICE
    with platform.steward_session(credential) as session:
        return session.name()
