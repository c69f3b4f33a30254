"""The functions through which a promotion runs; publish() is the only way into a release.

It adds no column.
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create the functions."""
    run_sql("0009_promotion.sql")
