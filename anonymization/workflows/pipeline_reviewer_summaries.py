"""pipeline_reviewer_summaries: what reviews of pipelines conclude, by theme and quarter."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from anonymization.dimensions import HIDDEN, Dimension, placed_by
from anonymization.text.features import (
    FIGURES,
    LENGTH,
    structure_dimension,
    theme_dimension,
    theme_values,
)
from anonymization.text.release import PREPARED_TEXTS, TextRelease
from anonymization.workflow import Measure, Period, Workflow
from catalog.floors import DisclosurePolicy
from expectations.suites import TEXT_CANDIDATE

__all__ = ["PIPELINE_REVIEWER_SUMMARIES"]

_R = "tenant_private.pipeline_reviews"
_TEXTS = (f"{_R}.summary",)
_THEMES = {
    "slipping deals": ("slips", "slip", "slipped", "delayed", "postponed", "silent", "stalled"),
    "discounts and price": ("discount", "discounts", "price", "pricing"),
    "coverage": ("coverage", "target", "shrank", "grew", "stages", "stage"),
    "concentration": ("large", "largest", "carry", "carries", "best"),
}
_STRUCTURE = structure_dimension((LENGTH, FIGURES), _TEXTS)

_DIMENSIONS = (
    theme_dimension(_TEXTS),
    _STRUCTURE,
    Dimension("quarter", "to_char(r.reviewed_on, 'YYYY-\"Q\"Q')", (f"{_R}.reviewed_on",)),
)

_ROWS = f"""
    SELECT t.tenant_id,
           t.source_row,
           {placed_by(_DIMENSIONS)},
           t.templates,
           1 AS amount
    FROM {PREPARED_TEXTS}
    JOIN tenant_private.pipeline_reviews r
      ON r.tenant_id = t.tenant_id AND r.review_id = t.source_row
    WHERE r.reviewed_on < :closed_before
"""  # noqa: S608 - made of constants of this module


def _described(cell: Mapping[str, object]) -> str:
    theme = "" if cell["theme"] == HIDDEN else f" about {cell['theme']}"
    return f"Reviews of pipelines{theme}: {cell['structure']}."


PIPELINE_REVIEWER_SUMMARIES = Workflow(
    name="pipeline_reviewer_summaries",
    family="pipeline_reviews",
    description="Tells everyone what reviews of pipelines conclude, without anybody's prose.",
    sources=(_R,),
    target="anonymized.anonymized_review_patterns",
    policy=DisclosurePolicy(
        k_tenants=5, k_after_leaving_out_a_fund=5, max_share=Decimal("0.60"), p_percent=10
    ),
    rows=_ROWS,
    dimensions=_DIMENSIONS,
    measures=(Measure("reviews", "count(*)", (f"{_R}.review_id",)),),
    period=Period.QUARTER,
    module=__name__,
    suppression=0.10,
    allowed_values={"theme": theme_values(_THEMES), "structure": _STRUCTURE.values},
    required_checks=TEXT_CANDIDATE,
    text=TextRelease(
        reads="SELECT r.tenant_id, r.review_id AS source_row, ARRAY[r.summary] AS texts "
        "FROM tenant_private.pipeline_reviews r WHERE r.reviewed_on < :closed_before",
        from_columns=_TEXTS,
        features=(LENGTH, FIGURES),
        described=_described,
        sharers="several reviewers",
        themes=_THEMES,
    ),
)
