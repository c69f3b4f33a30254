"""Tables of the schema fund_private: one fund's aggregates.

The class of every column it adds:

fund_private.portfolio_metric_rollups.fund_id: fund_private
fund_private.portfolio_metric_rollups.stage: fund_private
fund_private.portfolio_metric_rollups.month: fund_private
fund_private.portfolio_metric_rollups.deals: fund_private
fund_private.portfolio_metric_rollups.win_rate: fund_private
fund_private.portfolio_metric_rollups.value: fund_private
fund_private.portfolio_metric_rollups.cycle_days: fund_private
fund_private.portfolio_metric_rollups.promotion_id: fund_private
fund_private.cross_portco_views.fund_id: fund_private
fund_private.cross_portco_views.view_name: fund_private
fund_private.cross_portco_views.as_of: fund_private
fund_private.cross_portco_views.content: fund_private
fund_private.cross_portco_views.promotion_id: fund_private
fund_private.op_partner_briefs.fund_id: fund_private
fund_private.op_partner_briefs.brief_id: fund_private
fund_private.op_partner_briefs.title: fund_private
fund_private.op_partner_briefs.body: fund_private
fund_private.op_partner_briefs.written_at: fund_private
fund_private.op_partner_briefs.promotion_id: fund_private
fund_private.fund_patterns.fund_id: fund_private
fund_private.fund_patterns.item_id: fund_private
fund_private.fund_patterns.content: fund_private
fund_private.fund_patterns.embedding: fund_private
fund_private.fund_patterns.promotion_id: fund_private
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables with their comments."""
    run_sql("0003_fund_private.sql")
