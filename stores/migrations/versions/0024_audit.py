"""The quarterly audit: reports, acknowledged findings and sign-offs; samples for the auditor.

The class of every column it adds:

control.audit_reports.audit_id: ascend_platform_metric
control.audit_reports.kind: ascend_platform_metric
control.audit_reports.report: ascend_platform_metric
control.audit_reports.report_digest: ascend_platform_metric
control.audit_reports.open_findings: ascend_platform_metric
control.audit_reports.filed_at: ascend_platform_metric
control.audit_acknowledgements.acknowledgement_id: ascend_platform_metric
control.audit_acknowledgements.finding_id: ascend_platform_metric
control.audit_acknowledgements.reason: ascend_platform_metric
control.audit_acknowledgements.acknowledged_by: ascend_platform_metric
control.audit_acknowledgements.acknowledged_at: ascend_platform_metric
control.audit_acknowledgements.expires_at: ascend_platform_metric
control.audit_signoffs.audit_id: ascend_platform_metric
control.audit_signoffs.report_digest: ascend_platform_metric
control.audit_signoffs.signed_by: ascend_platform_metric
control.audit_signoffs.note: ascend_platform_metric
control.audit_signoffs.signed_at: ascend_platform_metric
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0024"
down_revision = "0018"


def upgrade() -> None:
    """Create the tables and the functions."""
    run_sql("0024_audit.sql")
