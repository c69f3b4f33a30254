"""An auditor's store is looked up by an index, not by reading all of PostgreSQL's catalog.

It adds no column.
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Replace the auditor's lookup, and count through it."""
    run_sql("0028_audited_table.sql")
