"""The outbox's patience: back-off, order per target, dead letters; and what it is told by itself.

The class of every column it adds:

control.outbox.refusals: ascend_platform_metric
control.outbox.next_attempt_at: ascend_platform_metric
control.outbox.leased_until: ascend_platform_metric
control.outbox.dead_at: ascend_platform_metric
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0019"
down_revision = "0023"


def upgrade() -> None:
    """Add the columns, the functions and the triggers."""
    run_sql("0019_outbox_delivery.sql")
