"""What a check of the boundary is, and how it asks the database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from catalog.registry import Registry
from stores.platform import Platform

__all__ = ["Check", "Inspected", "changed_texts"]

_CHANGED = """
SELECT t.name FROM unnest(CAST(:names AS text[]), CAST(:digests AS text[])) AS t (name, digest)
LEFT JOIN pg_proc p ON p.oid = to_regprocedure('control.' || t.name)
LEFT JOIN pg_language l ON l.oid = p.prolang
WHERE encode(sha256(convert_to(l.lanname || ' ' || p.prosrc, 'UTF8')), 'hex')
      IS DISTINCT FROM t.digest
ORDER BY t.name
"""


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


def changed_texts(seen: Inspected, texts: Mapping[str, str]) -> list[str]:
    """Which functions of schema control are not there, or read otherwise.

    ``texts`` maps signatures to the SHA-256 of language and text, in hexadecimal.
    """
    rows = seen.rows(_CHANGED, names=list(texts), digests=list(texts.values()))
    return [f"the text of control.{row.name} is not the one that is known" for row in rows]
