"""Candidates of any size are filed in parts; corrections are compared in less time.

The class of every column it adds:

control.open_filings.promotion_id: tenant_private
control.open_filings.run_id: tenant_private
control.open_filings.parts: tenant_private
control.open_filings.cells: tenant_private
control.open_filings.contributions: tenant_private
control.open_filings.digest: tenant_private
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0030"
down_revision = "0028"


def upgrade() -> None:
    """Create the table of open filings and what fills one; make digests and comparisons anew."""
    run_sql("amend.sql")
    run_sql("0030_filing_in_parts.sql")
    run_sql("0030_candidate_digest.sql")
    run_sql("0030_corrections.sql")
