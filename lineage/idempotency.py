"""The key that makes a release happen once: a keyed hash of all that determines it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence

import rfc8785

__all__ = ["key_blocks", "keyed_hash"]

_BLOCK_BYTES = 64

_Json = str | int | float | bool | None | Sequence["_Json"] | Mapping[str, "_Json"]


def keyed_hash(control_key: bytes, content: Mapping[str, object]) -> str:
    """HMAC-SHA-256 over the canonical JSON (RFC 8785) of the content, in hex.

    Keyed, since digests of rows must not be guessable by who knows candidate rows.
    """
    canonical = rfc8785.dumps(content)  # type: ignore[arg-type]
    return hmac.new(control_key, canonical, hashlib.sha256).hexdigest()


def key_blocks(control_key: bytes, purpose: str) -> tuple[bytes, bytes]:
    """The inner and outer key block (RFC 2104) of a key derived for one purpose.

    The database hashes rows with them: the control key itself stays here.
    """
    derived = hmac.new(control_key, purpose.encode(), hashlib.sha256).digest()
    block = derived.ljust(_BLOCK_BYTES, b"\0")
    return bytes(b ^ 0x36 for b in block), bytes(b ^ 0x5C for b in block)
