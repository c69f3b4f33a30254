"""Revoked claims, claims bound to a connection, and the auditor, who counts and sees nothing.

The class of every column it adds:

control.revoked_claims.jti: ascend_platform_metric
control.revoked_claims.revoked_at: ascend_platform_metric
control.revoked_claims.revoked_by: ascend_platform_metric
control.revoked_claims.reason: ascend_platform_metric
control.audit_runs.run_id: ascend_platform_metric
control.audit_runs.reason: ascend_platform_metric
control.audit_runs.started_at: ascend_platform_metric
control.audit_runs.closes_at: ascend_platform_metric
control.audit_runs.finished_at: ascend_platform_metric
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Create the tables, functions and grants."""
    run_sql("0014_principals.sql")
