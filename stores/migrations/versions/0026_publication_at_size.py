"""The release guard and what surrounds it, for publications of a million cells.

No column is added.
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Replace functions by ones that decide the same of many cells at once."""
    run_sql("amend.sql")
    run_sql("0026_publication_at_size.sql")
