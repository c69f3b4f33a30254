"""A reason reads as it is stored, a note is one of the ledger, a busy DataHub is left alone.

It adds no column.
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """Refuse what hides in a reason and what is no note; let the outbox rest as a whole."""
    run_sql("amend.sql")
    run_sql("0031_readable_reasons.sql")
    run_sql("0031_outbox_rest.sql")
    run_sql("0031_ledger_notes.sql")
