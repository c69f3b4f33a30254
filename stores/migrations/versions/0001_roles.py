"""Group roles, schemas and what PUBLIC may do: nothing.

It adds no column.
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0001"
down_revision: str | None = None


def upgrade() -> None:
    """Create the roles and schemas."""
    run_sql("0001_roles.sql")
