"""What a check of the boundary is, and how it asks the database."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from catalog.registry import Registry
from stores.platform import Platform

__all__ = ["Check", "Inspected", "text_digest"]


@dataclass(frozen=True, slots=True)
class Inspected:
    """The database under inspection, seen by its administrator."""

    connection: Connection
    platform: Platform
    registry: Registry

    def rows(self, query: str, **parameters: object) -> Sequence[Row[Any]]:
        """What that query finds; only catalogs and counts are ever asked for."""
        return self.connection.execute(text(query), parameters).all()


@dataclass(frozen=True, slots=True)
class Check:
    """One rule: what must hold, what to do where it does not, and how to find where."""

    rule: str
    holds: str
    remedy: str
    violations: Callable[[Inspected], Iterable[str]]


def text_digest(seen: Inspected, name: str) -> str:
    """SHA-256 of language and text of that function of schema control; empty where it is none."""
    rows = seen.rows(
        "SELECT l.lanname || ' ' || p.prosrc AS text FROM pg_proc p "
        "JOIN pg_language l ON l.oid = p.prolang WHERE p.oid = to_regprocedure(:name)",
        name=f"control.{name}",
    )
    return hashlib.sha256(rows[0].text.encode()).hexdigest() if rows else ""
