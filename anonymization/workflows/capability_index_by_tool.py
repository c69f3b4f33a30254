"""capability_index_by_tool: one key per tool that says how well it works, over all tenants.

It describes the newest closed month alone, cell by cell what agent_run_aggregates describes: a
total over months would give a suppressed month away by subtraction.
"""

from __future__ import annotations

from decimal import Decimal

from anonymization.workflow import Dimension, Measure, Period, PublishMode, Workflow, placed_by
from catalog.floors import DisclosurePolicy

__all__ = ["CAPABILITY_INDEX_BY_TOOL"]

_R = "tenant_private.agent_runs"

_DIMENSIONS = (
    Dimension("tool_name", "r.tool_name", (f"{_R}.tool_name",)),
    Dimension(
        "month",
        "CAST(date_trunc('month', r.started_at, 'UTC') AS date)",
        (f"{_R}.started_at",),
    ),
)

_ROWS = f"""
    SELECT r.tenant_id,
           r.run_id AS source_row,
           {placed_by(_DIMENSIONS)},
           r.latency_ms,
           r.cost_usd,
           CASE WHEN r.outcome = 'succeeded' THEN 1 ELSE 0 END AS succeeded,
           r.cost_usd AS amount
    FROM tenant_private.agent_runs r
    WHERE r.started_at < CAST(:closed_before AS timestamp) AT TIME ZONE 'UTC'
      AND r.started_at >= (
          SELECT date_trunc('month', max(n.started_at), 'UTC') FROM tenant_private.agent_runs n
          WHERE n.started_at < CAST(:closed_before AS timestamp) AT TIME ZONE 'UTC')
"""  # noqa: S608 - made of constants of this module

CAPABILITY_INDEX_BY_TOOL = Workflow(
    name="capability_index_by_tool",
    family="capability_index_by_tool",
    description="Tells the platform how well each tool worked last month, over all tenants.",
    sources=(_R,),
    target="platform.capability_index_by_tool",
    policy=DisclosurePolicy(k_tenants=5, max_share=Decimal("0.60"), p_percent=10),
    rows=_ROWS,
    dimensions=_DIMENSIONS,
    measures=(
        Measure("runs", "count(*)", (f"{_R}.run_id",)),
        Measure("success_rate", "avg(succeeded)", (f"{_R}.outcome",), ("succeeded",), decimals=3),
        Measure(
            "latency_p50_ms",
            "percentile_cont(0.50) WITHIN GROUP (ORDER BY latency_ms)",
            (f"{_R}.latency_ms",),
            ("latency_ms",),
            significant_digits=2,
        ),
        Measure(
            "cost_per_run_usd",
            "avg(cost_usd)",
            (f"{_R}.cost_usd",),
            ("cost_usd",),
            significant_digits=2,
        ),
    ),
    period=Period.MONTH,
    module=__name__,
    publish_mode=PublishMode.NEWEST,
)
