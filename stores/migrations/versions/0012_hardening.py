"""Closes catalogs, statistics and server functions through which a login could learn of others.

It adds no column.
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0012"
down_revision = "0014"


def upgrade() -> None:
    """Take the privileges from PUBLIC and purge what the planner gathered."""
    run_sql("0012_hardening.sql")
