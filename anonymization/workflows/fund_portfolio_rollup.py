"""fund_portfolio_rollup: how a fund's portfolio sells, per stage and month."""

from __future__ import annotations

import os
from decimal import Decimal

from anonymization.workflow import (
    Dimension,
    IllegalWorkflow,
    Measure,
    Period,
    Workflow,
    placed_by,
)
from catalog.floors import DisclosurePolicy

__all__ = ["FUND_PORTFOLIO_ROLLUP", "fund_portfolio_rollup"]

_OPPORTUNITIES = "tenant_private.crm_opportunities"
_STAGE = f"{_OPPORTUNITIES}.deal_stage"
_ENGAGED = f"{_OPPORTUNITIES}.engaged_on"
_CLOSED = f"{_OPPORTUNITIES}.closed_on"
_VALUE = f"{_OPPORTUNITIES}.close_value"

_DIMENSIONS = (
    Dimension(
        "fund_id",
        "p.fund_id",
        (f"{_OPPORTUNITIES}.tenant_id", "control.portfolio_membership.fund_id"),
    ),
    Dimension(
        "stage",
        "CASE WHEN o.deal_stage IN ('Won', 'Lost') THEN 'Closed' ELSE o.deal_stage END",
        (_STAGE,),
    ),
    Dimension(
        "month",
        "CAST(date_trunc('month', COALESCE(o.closed_on, o.engaged_on)) AS date)",
        (_CLOSED, _ENGAGED),
    ),
)

_ROWS = f"""
    SELECT o.tenant_id,
           o.opportunity_id AS source_row,
           {placed_by(_DIMENSIONS)},
           CASE o.deal_stage WHEN 'Won' THEN 1 WHEN 'Lost' THEN 0 END AS won,
           CASE WHEN o.deal_stage = 'Won' THEN o.close_value END AS won_value,
           o.closed_on - o.engaged_on AS cycle_days,
           CASE WHEN o.deal_stage = 'Won' THEN COALESCE(o.close_value, 0) ELSE 0 END AS amount
    FROM tenant_private.crm_opportunities o
    JOIN control.portfolio_membership p USING (tenant_id)
    WHERE o.deal_stage IN ('Engaging', 'Won', 'Lost')
      AND COALESCE(o.closed_on, o.engaged_on) < :closed_before
"""  # noqa: S608 - made of constants of this module


def fund_portfolio_rollup(fund_min_portcos: int = 5) -> Workflow:
    """The workflow, for cells of at least that many distinct portcos (floor: 3)."""
    return Workflow(
        name="fund_portfolio_rollup",
        family="portfolio_metric_rollups",
        description="Rolls each fund's deals up per stage and month, for the fund alone.",
        sources=(_OPPORTUNITIES,),
        target="fund_private.portfolio_metric_rollups",
        policy=DisclosurePolicy(
            k_tenants=fund_min_portcos, max_share=Decimal("0.60"), p_percent=10
        ),
        rows=_ROWS,
        dimensions=_DIMENSIONS,
        measures=(
            Measure("deals", "count(*)", (f"{_OPPORTUNITIES}.opportunity_id",)),
            Measure("win_rate", "avg(won)", (_STAGE,), ("won",), decimals=2),
            Measure(
                "value",
                "sum(won_value)",
                (_VALUE, _STAGE),
                ("won_value",),
                significant_digits=3,
            ),
            Measure(
                "cycle_days",
                "avg(cycle_days)",
                (_ENGAGED, _CLOSED),
                ("cycle_days",),
                decimals=0,
            ),
        ),
        period=Period.MONTH,
        module=__name__,
        allowed_values={"stage": frozenset({"Engaging", "Closed"})},
    )


def _fund_min_portcos() -> int:
    given = os.environ.get("CLASSLINE_FUND_MIN_PORTCOS", "5")
    if not given.isascii() or not given.isdigit():
        message = (
            "CLASSLINE_FUND_MIN_PORTCOS is no whole number; set it to 3 or more, or unset it for 5"
        )
        raise IllegalWorkflow(message)
    return int(given)


FUND_PORTFOLIO_ROLLUP = fund_portfolio_rollup(_fund_min_portcos())
