"""Every administrator's write across a class boundary leaves a row; an audit counts by class.

It adds no column.
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0016"
down_revision = "0012"


def upgrade() -> None:
    """Create the triggers, and replace the auditor's function."""
    run_sql("0016_admin_writes.sql")
