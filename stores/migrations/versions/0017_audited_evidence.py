"""What the auditor counts of a store inside its run: labels, nulls, cells; and texts it may scan.

It adds no column.
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0017"
down_revision = "0015"


def upgrade() -> None:
    """Create the auditor's functions."""
    run_sql("0017_audited_evidence.sql")
