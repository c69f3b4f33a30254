"""The states of a promotion, revocation, the end of candidates, and the removal of a tenant.

The class of every column it adds:

control.promotion_edges.from_state: ascend_platform_metric
control.promotion_edges.to_state: ascend_platform_metric
control.promotion_transitions.transition_id: ascend_platform_metric
control.promotion_transitions.promotion_id: ascend_platform_metric
control.promotion_transitions.from_state: ascend_platform_metric
control.promotion_transitions.to_state: ascend_platform_metric
control.promotion_transitions.actor: ascend_platform_metric
control.promotion_transitions.reason: ascend_platform_metric
control.promotion_transitions.happened_at: ascend_platform_metric
control.promotions.erased_at: ascend_platform_metric
control.former_owners.tenant_id: tenant_private
control.former_owners.fund_id: tenant_private
control.tenant_removals.tenant_digest: tenant_private
control.tenant_removals.tenant_id: tenant_private
control.tenant_removals.pseudonym: tenant_private
control.tenant_removals.stage: tenant_private
control.tenant_removals.reason: tenant_private
control.tenant_removals.rows_erased: tenant_private
control.tenant_removals.released_cells: tenant_private
control.tenant_removals.begun_at: tenant_private
control.tenant_removals.finished_at: tenant_private
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0022"
down_revision = "0024"


def upgrade() -> None:
    """Create the tables, triggers and functions, and let the publisher withdraw what it wrote."""
    run_sql("0022_promotion_states.sql")
