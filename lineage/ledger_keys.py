"""The ledger's own key: made on first use, mode 0600, in a file of its own.

While it is rotated the key to come stands in a second file, and the one that went in a third until
it is overwritten; every step may be the last before a crash, and is taken up by the next.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lineage.ledger_notes import SigningKey
from stores.errors import CredentialRefused
from stores.home import Home
from stores.secret_files import exclusive, flush_folder, read_secret_json, write_secret_json

__all__ = ["PendingKey", "finish_key_change", "ledger_key", "make_next_key", "pending_key"]

_SEED_BYTES = 32
_PRESENT, _NEXT, _RETIRED = "ledger-key.json", "ledger-key.next.json", "ledger-key.retired.json"


@dataclass(frozen=True, slots=True)
class PendingKey:
    """A key to which the ledger is being handed, and why."""

    key: SigningKey
    reason: str


def ledger_key(home: Home) -> SigningKey:
    """The key that signs this installation's checkpoints.

    Its name is the ledger's origin: random, since it leaves the installation with every checkpoint.
    """
    path = home.secrets / _PRESENT
    with _locked(home):
        if not path.exists():
            made = SigningKey.fresh(f"classline/ledger-{secrets.token_hex(6)}")
            write_secret_json(path, {"name": made.name, "seed": made.seed.hex()})
        return _read(path, read_secret_json(path))


def pending_key(home: Home) -> PendingKey | None:
    """The key that a rotation made and that is not in use yet."""
    path = home.secrets / _NEXT
    with _locked(home):
        if not path.exists():
            return None
        content = read_secret_json(path)
        return PendingKey(_read(path, content), str(content.get("reason", "")))


def make_next_key(home: Home, name: str, reason: str) -> SigningKey:
    """A key for the ledger of that name, on the disk when this returns."""
    path = home.secrets / _NEXT
    made = SigningKey.fresh(name)
    with _locked(home):
        write_secret_json(path, {"name": name, "seed": made.seed.hex(), "reason": reason})
        flush_folder(home.secrets)
    return made


def finish_key_change(home: Home) -> None:
    """Put the key to come, if there is one, in the place of the present one, and destroy that."""
    present, coming, retired = (home.secrets / name for name in (_PRESENT, _NEXT, _RETIRED))
    with _locked(home):
        if coming.exists():
            retired.unlink(missing_ok=True)
            os.link(present, retired)  # so that what is replaced can still be overwritten
            flush_folder(home.secrets)
            coming.replace(present)
            flush_folder(home.secrets)
        if retired.exists():
            if not retired.samefile(present):
                _overwrite(retired)
            retired.unlink()
            flush_folder(home.secrets)
        for half_written in home.secrets.glob(f".{_NEXT}.*"):
            half_written.unlink()


@contextmanager
def _locked(home: Home) -> Iterator[None]:
    with exclusive(home.root / ".keyring.lock"):
        yield


def _read(path: Path, content: dict[str, object]) -> SigningKey:
    try:
        key = SigningKey(str(content["name"]), bytes.fromhex(str(content["seed"])))
    except (KeyError, ValueError):
        key = SigningKey("", b"")
    if not key.name or len(key.seed) != _SEED_BYTES:
        message = f"{path}: the ledger's key is damaged; restore it from a backup of {path.parent}"
        raise CredentialRefused(message)
    return key


def _overwrite(path: Path) -> None:
    """Zeros over the file's bytes, on the disk when this returns."""
    with path.open("r+b") as handle:
        handle.write(bytes(path.stat().st_size))
        handle.flush()
        os.fsync(handle.fileno())
