"""Signed claims: what a session says it is, so that PostgreSQL can verify it by itself.

A claim only narrows what its login may do. Format: ``kid.body.mac``; body is hex of JSON, mac is
HMAC-SHA-256 (RFC 2104) over ``kid.body``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

from catalog.data_classes import DataClass

__all__ = ["Claim", "padded_key_blocks", "signed"]

_BLOCK_BYTES = 64


@dataclass(frozen=True, slots=True)
class Claim:
    """Who acts, on which classes, for what purpose and in which run."""

    login: str
    classes: Collection[DataClass]
    purpose: str
    tenant: str | None = None
    fund: str | None = None
    workflow: str | None = None
    run: UUID | None = None
    backend_pid: int | None = None
    lifetime_seconds: int = 900
    jti: str = field(default_factory=lambda: secrets.token_hex(8))


def padded_key_blocks(key: bytes) -> tuple[bytes, bytes]:
    """The key's inner and outer pad blocks, with which PostgreSQL verifies without the key."""
    block = key.ljust(_BLOCK_BYTES, b"\0")
    return bytes(b ^ 0x36 for b in block), bytes(b ^ 0x5C for b in block)


def signed(claim: Claim, *, kid: str, key: bytes) -> str:
    """The claim as a token for ``classline.claim``."""
    content = {
        "login": claim.login,
        "classes": sorted(claim.classes),
        "purpose": claim.purpose,
        "tenant": claim.tenant,
        "fund": claim.fund,
        "workflow": claim.workflow,
        "run": str(claim.run) if claim.run else None,
        "exp": time.time() + claim.lifetime_seconds,
        "jti": claim.jti,
        "pid": claim.backend_pid,
    }
    body = f"{kid}.{json.dumps(content, sort_keys=True).encode().hex()}"
    return f"{body}.{hmac.new(key, body.encode(), hashlib.sha256).hexdigest()}"
