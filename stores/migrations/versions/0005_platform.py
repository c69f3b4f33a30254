"""Tables of the schema platform: the platform's own operation.

The class of every column it adds:

platform.error_ledger.error_id: ascend_platform_metric
platform.error_ledger.occurred_at: ascend_platform_metric
platform.error_ledger.component: ascend_platform_metric
platform.error_ledger.error_code: ascend_platform_metric
platform.error_ledger.occurrences: ascend_platform_metric
platform.error_ledger.tenant_id: ascend_platform_metric
platform.decision_log.decision_id: ascend_platform_metric
platform.decision_log.decided_at: ascend_platform_metric
platform.decision_log.decided_by: ascend_platform_metric
platform.decision_log.subject: ascend_platform_metric
platform.decision_log.decision: ascend_platform_metric
platform.decision_log.reason: ascend_platform_metric
platform.kv_audit.entry_id: ascend_platform_metric
platform.kv_audit.written_at: ascend_platform_metric
platform.kv_audit.actor: ascend_platform_metric
platform.kv_audit.action: ascend_platform_metric
platform.kv_audit.subject: ascend_platform_metric
platform.kv_audit.from_value: ascend_platform_metric
platform.kv_audit.to_value: ascend_platform_metric
platform.kv_audit.reason: ascend_platform_metric
platform.agent_run_aggregates.tool_name: ascend_platform_metric
platform.agent_run_aggregates.month: ascend_platform_metric
platform.agent_run_aggregates.runs: ascend_platform_metric
platform.agent_run_aggregates.success_rate: ascend_platform_metric
platform.agent_run_aggregates.latency_p50_ms: ascend_platform_metric
platform.agent_run_aggregates.latency_p95_ms: ascend_platform_metric
platform.agent_run_aggregates.cost_per_run_usd: ascend_platform_metric
platform.agent_run_aggregates.promotion_id: ascend_platform_metric
platform.kv_entries.key: ascend_platform_metric
platform.kv_entries.value: ascend_platform_metric
platform.kv_entries.updated_at: ascend_platform_metric
platform.kv_entries.promotion_id: ascend_platform_metric
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the tables with their comments."""
    run_sql("0005_platform.sql")
