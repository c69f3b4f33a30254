"""The ledger: a trigger written out for each table, a leaf for every transition, handovers.

The class of every column it adds:

control.ledger_handovers.new_key: ascend_platform_metric
control.ledger_handovers.old_key: ascend_platform_metric
control.ledger_handovers.tree_size: ascend_platform_metric
control.ledger_handovers.note: ascend_platform_metric
control.ledger_handovers.reason: ascend_platform_metric
control.ledger_handovers.handed_at: ascend_platform_metric
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0025"
down_revision = "0022"


def upgrade() -> None:
    """Give every table its own trigger, transitions of before their leaf, the key a successor."""
    run_sql("0025_ledger_triggers.sql")
    run_sql("0025_ledger_handovers.sql")
