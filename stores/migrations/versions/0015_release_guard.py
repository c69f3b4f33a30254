"""The release guard: one frozen partition a family, and what was released of every cell.

The class of every column it adds:

control.benchmark_families.family: ascend_platform_metric
control.benchmark_families.target: ascend_platform_metric
control.benchmark_families.sources: ascend_platform_metric
control.benchmark_families.measures: ascend_platform_metric
control.benchmark_families.partition: ascend_platform_metric
control.benchmark_families.partition_digest: ascend_platform_metric
control.benchmark_families.partition_version: ascend_platform_metric
control.benchmark_families.frozen_by: ascend_platform_metric
control.benchmark_families.frozen_at: ascend_platform_metric
control.measure_contributions.promotion_id: tenant_private
control.measure_contributions.cell_no: tenant_private
control.measure_contributions.tenant_id: tenant_private
control.measure_contributions.measured: tenant_private
control.measure_contributions.row_count: tenant_private
control.measure_contributions.amount: tenant_private
control.measure_contributions.digest: tenant_private
control.judged_cells.promotion_id: tenant_private
control.judged_cells.cell_no: tenant_private
control.judged_cells.family: tenant_private
control.judged_cells.cell_key: tenant_private
control.judged_cells.state_digest: tenant_private
control.judged_cells.released: tenant_private
control.judged_cells.rule: tenant_private
control.judged_cells.supersedes: tenant_private
control.judged_cells.superseded_by: tenant_private
control.cell_contributors.digest: tenant_private
control.cell_contributors.row_digests: tenant_private
control.workflow_registrations.family: ascend_platform_metric
control.workflow_registrations.measures: ascend_platform_metric
control.workflow_registrations.dimensions: ascend_platform_metric
control.promotions.family: ascend_platform_metric
control.promotions.partition: ascend_platform_metric
control.promotions.cells_superseding: ascend_platform_metric
control.promotions.held: ascend_platform_metric
control.promotions.superseded: ascend_platform_metric
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0015"
down_revision = "0016"


def upgrade() -> None:
    """Create the tables and functions, and let the publisher replace what it corrects."""
    run_sql("0015_release_guard.sql")
