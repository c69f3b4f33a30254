"""Tables of the schemas control and quarantine: who is who, and what is being promoted.

The class of every column it adds:

control.tenants.tenant_id: tenant_private
control.tenants.external_name: tenant_private
control.tenants.created_at: tenant_private
control.funds.fund_id: tenant_private
control.funds.external_name: tenant_private
control.funds.created_at: tenant_private
control.portfolio_membership.tenant_id: tenant_private
control.portfolio_membership.fund_id: tenant_private
control.portfolio_membership.since: tenant_private
control.logins.login: tenant_private
control.logins.kind: tenant_private
control.logins.tenant_id: tenant_private
control.logins.fund_id: tenant_private
control.logins.created_at: tenant_private
control.signing_keys.kid: tenant_private
control.signing_keys.ipad: tenant_private
control.signing_keys.opad: tenant_private
control.signing_keys.not_after: tenant_private
control.class_floors.from_class: ascend_platform_metric
control.class_floors.to_class: ascend_platform_metric
control.class_floors.k_tenants: ascend_platform_metric
control.class_floors.k_after_leaving_out_a_fund: ascend_platform_metric
control.class_floors.k_funds: ascend_platform_metric
control.class_floors.max_share: ascend_platform_metric
control.class_floors.p_percent: ascend_platform_metric
control.stewards.steward_name: ascend_platform_metric
control.stewards.login: ascend_platform_metric
control.stewards.added_at: ascend_platform_metric
control.stewards.added_by: ascend_platform_metric
control.workflow_registrations.workflow: ascend_platform_metric
control.workflow_registrations.source_digest: ascend_platform_metric
control.workflow_registrations.sources: ascend_platform_metric
control.workflow_registrations.target: ascend_platform_metric
control.workflow_registrations.from_class: ascend_platform_metric
control.workflow_registrations.to_class: ascend_platform_metric
control.workflow_registrations.policy: ascend_platform_metric
control.workflow_registrations.required_checks: ascend_platform_metric
control.workflow_registrations.publish_mode: ascend_platform_metric
control.workflow_registrations.requested_by: ascend_platform_metric
control.workflow_registrations.registered_at: ascend_platform_metric
control.approvals.approval_id: ascend_platform_metric
control.approvals.workflow: ascend_platform_metric
control.approvals.source_digest: ascend_platform_metric
control.approvals.steward_name: ascend_platform_metric
control.approvals.decision: ascend_platform_metric
control.approvals.reason: ascend_platform_metric
control.approvals.decided_at: ascend_platform_metric
control.approvals.expires_at: ascend_platform_metric
control.workflow_runs.run_id: ascend_platform_metric
control.workflow_runs.workflow: ascend_platform_metric
control.workflow_runs.source_digest: ascend_platform_metric
control.workflow_runs.started_at: ascend_platform_metric
control.workflow_runs.closes_at: ascend_platform_metric
control.workflow_runs.finished_at: ascend_platform_metric
control.promotions.promotion_id: ascend_platform_metric
control.promotions.idempotency_key: ascend_platform_metric
control.promotions.base_key: ascend_platform_metric
control.promotions.attempt: ascend_platform_metric
control.promotions.workflow: ascend_platform_metric
control.promotions.source_digest: ascend_platform_metric
control.promotions.run_id: ascend_platform_metric
control.promotions.from_class: ascend_platform_metric
control.promotions.to_class: ascend_platform_metric
control.promotions.sources: ascend_platform_metric
control.promotions.target: ascend_platform_metric
control.promotions.policy: ascend_platform_metric
control.promotions.snapshot_digest: ascend_platform_metric
control.promotions.candidate_digest: ascend_platform_metric
control.promotions.closed_before: ascend_platform_metric
control.promotions.rows_in: ascend_platform_metric
control.promotions.cells_in: ascend_platform_metric
control.promotions.cells_kept: ascend_platform_metric
control.promotions.suppressed: ascend_platform_metric
control.promotions.state: ascend_platform_metric
control.promotions.state_reason: ascend_platform_metric
control.promotions.requested_by: ascend_platform_metric
control.promotions.approved_by: ascend_platform_metric
control.promotions.approval_id: ascend_platform_metric
control.promotions.rows_published: ascend_platform_metric
control.promotions.cells_held: ascend_platform_metric
control.promotions.created_at: ascend_platform_metric
control.promotions.published_at: ascend_platform_metric
control.check_results.result_id: ascend_platform_metric
control.check_results.promotion_id: ascend_platform_metric
control.check_results.phase: ascend_platform_metric
control.check_results.check_name: ascend_platform_metric
control.check_results.passed: ascend_platform_metric
control.check_results.observed: ascend_platform_metric
control.check_results.candidate_digest: ascend_platform_metric
control.check_results.checked_at: ascend_platform_metric
control.cell_contributors.promotion_id: tenant_private
control.cell_contributors.cell_no: tenant_private
control.cell_contributors.tenant_id: tenant_private
control.cell_contributors.fund_id: tenant_private
control.cell_contributors.row_count: tenant_private
control.cell_contributors.amount: tenant_private
control.outbox.event_id: ascend_platform_metric
control.outbox.kind: ascend_platform_metric
control.outbox.subject: ascend_platform_metric
control.outbox.created_at: ascend_platform_metric
control.outbox.attempts: ascend_platform_metric
control.outbox.last_error: ascend_platform_metric
control.outbox.delivered_at: ascend_platform_metric
quarantine.candidate_cells.promotion_id: tenant_private
quarantine.candidate_cells.cell_no: tenant_private
quarantine.candidate_cells.cell: tenant_private
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the tables with their comments."""
    run_sql("0006_control.sql")
