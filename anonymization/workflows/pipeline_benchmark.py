"""pipeline_benchmark: how deals go by sector, customer size, product series and quarter."""

from __future__ import annotations

from decimal import Decimal

from anonymization.dimensions import HIDDEN, Dimension, placed_by
from anonymization.sectors import SECTORS, sector_dimension
from anonymization.workflow import Measure, Period, Workflow
from catalog.floors import DisclosurePolicy

__all__ = ["PIPELINE_BENCHMARK"]

_O = "tenant_private.crm_opportunities"
_A = "tenant_private.crm_accounts"

_SIZE_BANDS = {
    "up to 999": "up to 4,999",
    "1,000-4,999": "up to 4,999",
    "5,000 and more": "5,000 and more",
}
_SMALL, _MIDDLE, _LARGE = _SIZE_BANDS

_DIMENSIONS = (
    sector_dimension("a.sector", (f"{_A}.sector",)),
    Dimension(
        "size_band",
        f"CASE WHEN a.employees < 1000 THEN '{_SMALL}'"
        f" WHEN a.employees < 5000 THEN '{_MIDDLE}'"
        f" WHEN a.employees >= 5000 THEN '{_LARGE}' END",
        (f"{_A}.employees",),
        coarser=(_SIZE_BANDS,),
        may_be_hidden=True,
    ),
    Dimension("product_series", "o.product_series", (f"{_O}.product_series",), may_be_hidden=True),
    Dimension("quarter", "to_char(o.closed_on, 'YYYY-\"Q\"Q')", (f"{_O}.closed_on",)),
)

_ROWS = f"""
    SELECT o.tenant_id,
           o.opportunity_id AS source_row,
           {placed_by(_DIMENSIONS)},
           CASE WHEN o.deal_stage = 'Won' THEN 1 ELSE 0 END AS won,
           CASE WHEN o.deal_stage = 'Won' THEN o.close_value END AS won_value,
           CASE WHEN o.deal_stage = 'Won' THEN COALESCE(o.close_value, 0) ELSE 0 END AS amount
    FROM tenant_private.crm_opportunities o
    JOIN tenant_private.crm_accounts a USING (tenant_id, account_id)
    WHERE o.deal_stage IN ('Won', 'Lost') AND o.closed_on < :closed_before
"""  # noqa: S608 - made of constants of this module


def _quantile(share: str) -> Measure:
    """A quantile of won value; those who won must be safe among themselves."""
    return Measure(
        f"value_p{share[2:]}",
        f"percentile_cont({share}) WITHIN GROUP (ORDER BY won_value)",
        (f"{_O}.close_value", f"{_O}.deal_stage"),
        ("won_value",),
        significant_digits=2,
    )


PIPELINE_BENCHMARK = Workflow(
    name="pipeline_benchmark",
    family="pipeline_benchmark",
    description="Benchmarks deals across all tenants, in cells that point at none of them.",
    sources=(_O, _A),
    target="anonymized.anonymized_industry_benchmarks",
    policy=DisclosurePolicy(
        k_tenants=5, k_after_leaving_out_a_fund=5, max_share=Decimal("0.60"), p_percent=10
    ),
    rows=_ROWS,
    dimensions=_DIMENSIONS,
    measures=(
        Measure("deals", "count(*)", (f"{_O}.opportunity_id",)),
        Measure("win_rate", "avg(won)", (f"{_O}.deal_stage",), ("won",), decimals=2),
        _quantile("0.25"),
        _quantile("0.50"),
        _quantile("0.75"),
    ),
    period=Period.QUARTER,
    module=__name__,
    suppression=0.05,
    allowed_values={
        "sector": SECTORS,
        "size_band": frozenset({*_SIZE_BANDS, *_SIZE_BANDS.values(), HIDDEN}),
    },
)
