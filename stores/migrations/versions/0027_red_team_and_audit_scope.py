"""A red team attacks text workflows, and who answers for an audit answers for every class.

It adds no column.
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Require the check of every registration from now on, and every scope of who answers."""
    run_sql("amend.sql")
    run_sql("0027_red_team_and_audit_scope.sql")
