"""The function through which a load reaches the tenants' tables.

It adds no column.
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create the function."""
    run_sql("0010_ingest.sql")
