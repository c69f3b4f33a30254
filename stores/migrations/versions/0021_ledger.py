"""The ledger: a leaf for every decision, promotion step, audited write and class change.

The class of every column it adds:

control.ledger_entries.entry_id: ascend_platform_metric
control.ledger_entries.kind: ascend_platform_metric
control.ledger_entries.row_key: ascend_platform_metric
control.ledger_entries.leaf: ascend_platform_metric
control.ledger_entries.salt: ascend_platform_metric
control.ledger_entries.record: ascend_platform_metric
control.ledger_entries.written_at: ascend_platform_metric
control.ledger_leaves.position: ascend_platform_metric
control.ledger_leaves.entry_id: ascend_platform_metric
control.ledger_leaves.leaf: ascend_platform_metric
control.ledger_checkpoints.tree_size: ascend_platform_metric
control.ledger_checkpoints.root: ascend_platform_metric
control.ledger_checkpoints.frontier: ascend_platform_metric
control.ledger_checkpoints.note: ascend_platform_metric
control.ledger_checkpoints.sealed_at: ascend_platform_metric
control.pseudonym_keys.purpose: tenant_private
control.pseudonym_keys.ipad: tenant_private
control.pseudonym_keys.opad: tenant_private
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0021"
down_revision = "0017"


def upgrade() -> None:
    """Create the tables and the triggers; what is recorded already gets its leaf."""
    run_sql("0021_ledger.sql")
