"""Files that hold secrets: written whole, mode 0600, and refused when others may read them."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from stores.errors import CredentialRefused

__all__ = ["exclusive", "flush_folder", "read_secret_json", "write_secret_json"]


def write_secret_json(path: Path, content: object) -> None:
    """Replace the file in one step; nobody ever sees half of it or may read it."""
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        json.dump(content, handle, indent=1, sort_keys=True)
        handle.flush()
        os.fsync(handle.fileno())
    scratch.replace(path)


def flush_folder(folder: Path) -> None:
    """Have the folder's own entries on the disk: which files it has, not what is in them."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_secret_json(path: Path) -> dict[str, object]:
    """The file's content; refused where the group or others may read it."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = (
            f"{path}: not readable as a credential ({type(error).__name__}); name another file"
        )
        raise CredentialRefused(message) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        message = f"{path}: others may read it, so it is refused; run `chmod 600 {path}`"
        raise CredentialRefused(message)
    try:
        content = json.loads(text)
    except ValueError:
        message = f"{path}: not a credential file (it is not JSON); name another file"
        raise CredentialRefused(message) from None
    if not isinstance(content, dict):
        message = f"{path}: not a credential file (it holds no fields); name another file"
        raise CredentialRefused(message)
    return cast("dict[str, object]", content)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock of that file against other processes of this installation."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
