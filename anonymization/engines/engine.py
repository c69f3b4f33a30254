"""What an engine does: read a table's columns under plain names, and answer portable SQL.

Columns are renamed where a table is scanned, so that one and the same SQL text, without a quoted
name or a function of one dialect, runs on every engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from anonymization.engines.sources import Table

if TYPE_CHECKING:
    from anonymization.engines.domains import Domain

__all__ = ["Engine"]


class Engine(Protocol):
    """A compute engine; what it holds goes when it is closed.

    ``domains`` remembers the values of columns already read, by table and column. A table whose
    files changed is another table, and what is counted is refused where they change meanwhile.
    ``row_bytes`` is how much of a table may be read into this process; none where it is 0.
    """

    domains: dict[tuple[Table, str], Domain]
    row_bytes: int

    def scan(self, name: str, table: Table, columns: Mapping[str, str]) -> None:
        """Let ``name`` stand for the table's columns, each under its new name (new -> old)."""
        ...

    def register(self, name: str, rows: pa.Table) -> None:
        """Let ``name`` stand for these rows."""
        ...

    def fetch(self, sql: str) -> pa.Table:
        """The rows of a SELECT."""
        ...
