"""One-time links: how a steward of this machine signs in without a provider.

A link carries a random code. Its file, named by the code's digest, holds the credential for ten
minutes in the folder of secrets; using the link removes it.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from stores.home import Home
from stores.secret_files import read_secret_json, write_secret_json
from stores.steward_credentials import StewardCredential

__all__ = ["make_link", "redeem"]

_LIFETIME_SECONDS = 600


def make_link(
    home: Home, url: str, credential: StewardCredential, *, now: Callable[[], float] = time.time
) -> str:
    """A link that signs that steward in, once, within ten minutes."""
    folder = _folder(home)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in folder.glob("*.json"):
        if _expired(path, now()):
            path.unlink(missing_ok=True)
    code = secrets.token_urlsafe(32)
    write_secret_json(
        _path(home, code),
        {
            "name": credential.name,
            "login": credential.login,
            "password": credential.password,
            "expires_at": now() + _LIFETIME_SECONDS,
        },
    )
    return f"{url}/enter?code={code}"


def redeem(
    home: Home, code: str, *, now: Callable[[], float] = time.time
) -> StewardCredential | None:
    """The credential behind that code, the first time and in time; None otherwise."""
    path = _path(home, code)
    taken = path.with_suffix(f".{secrets.token_hex(8)}")
    try:
        path.rename(taken)  # of two who use it at once, one succeeds
    except OSError:
        return None
    try:
        content = read_secret_json(taken)
    finally:
        taken.unlink()
    expires_at = content.get("expires_at")
    if not isinstance(expires_at, int | float) or expires_at < now():
        return None
    return StewardCredential(str(content["name"]), str(content["login"]), str(content["password"]))


def _expired(path: Path, now: float) -> bool:
    try:
        return path.stat().st_mtime + _LIFETIME_SECONDS < now
    except OSError:
        return False


def _folder(home: Home) -> Path:
    return home.secrets / "desk-links"


def _path(home: Home, code: str) -> Path:
    return _folder(home) / f"{hashlib.sha256(code.encode()).hexdigest()}.json"
