"""Alerts and notices: what they say, whether they were delivered.

The class of every column it adds:

control.alerts.alert_id: ascend_platform_metric
control.alerts.raised_at: ascend_platform_metric
control.alerts.kind: ascend_platform_metric
control.alerts.severity: ascend_platform_metric
control.alerts.subject: ascend_platform_metric
control.alerts.owners: ascend_platform_metric
control.alerts.message: ascend_platform_metric
control.alerts.held_back: ascend_platform_metric
control.alerts.run_id: ascend_platform_metric
control.alerts.leased_until: ascend_platform_metric
control.alerts.delivered_at: ascend_platform_metric
control.alerts.last_error: ascend_platform_metric
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0013"
down_revision = "0011"


def upgrade() -> None:
    """Create the table and its functions."""
    run_sql("0013_alerts.sql")
