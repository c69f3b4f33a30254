"""Claims, row-level security and grants: who may reach which row.

It adds no column.
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the functions, policies and grants."""
    run_sql("0008_boundary.sql")
