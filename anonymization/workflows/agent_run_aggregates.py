"""agent_run_aggregates: how agents' tools perform per month, over all tenants."""

from __future__ import annotations

from decimal import Decimal

from anonymization.workflow import Dimension, Measure, Period, Workflow, placed_by
from catalog.floors import DisclosurePolicy

__all__ = ["AGENT_RUN_AGGREGATES"]

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
"""  # noqa: S608 - made of constants of this module

AGENT_RUN_AGGREGATES = Workflow(
    name="agent_run_aggregates",
    family="agent_run_aggregates",
    description="Shows the platform how each tool performs per month, over all tenants.",
    sources=(_R,),
    target="platform.agent_run_aggregates",
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
            "latency_p95_ms",
            "percentile_cont(0.95) WITHIN GROUP (ORDER BY latency_ms)",
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
)
