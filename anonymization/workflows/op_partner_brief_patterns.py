"""op_partner_brief_patterns: what briefs for operating partners say, counting funds.

A fund is the contributor here, and its own fund. Five of them are more than the floor of three:
five tenants then stand behind a cell without being counted, and a fund that leaves its own briefs
out still looks at four others.
"""

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

__all__ = ["OP_PARTNER_BRIEF_PATTERNS"]

_B = "fund_private.op_partner_briefs"
_TEXTS = (f"{_B}.body", f"{_B}.title")
_THEMES = {
    "pricing": ("price", "prices", "pricing", "discount", "discounts"),
    "hiring and teams": ("hire", "hiring", "team", "teams", "headcount", "ramp"),
    "pipeline": ("pipeline", "coverage", "deals", "stage", "stages", "win"),
    "outreach": ("calls", "call", "meetings", "outreach", "answered", "voicemail"),
}
_STRUCTURE = structure_dimension((LENGTH, FIGURES), _TEXTS)

_DIMENSIONS = (
    theme_dimension(_TEXTS),
    _STRUCTURE,
    Dimension(
        "quarter",
        "to_char(b.written_at AT TIME ZONE 'UTC', 'YYYY-\"Q\"Q')",
        (f"{_B}.written_at",),
    ),
)
_CLOSED = "b.written_at < CAST(:closed_before AS timestamp) AT TIME ZONE 'UTC'"

_ROWS = f"""
    SELECT t.tenant_id,
           t.source_row,
           {placed_by(_DIMENSIONS)},
           t.templates,
           1 AS amount
    FROM {PREPARED_TEXTS}
    JOIN fund_private.op_partner_briefs b
      ON b.fund_id = t.tenant_id AND b.brief_id = t.source_row
    WHERE {_CLOSED}
"""  # noqa: S608 - made of constants of this module


def _described(cell: Mapping[str, object]) -> str:
    theme = "" if cell["theme"] == HIDDEN else f" about {cell['theme']}"
    return f"Briefs for operating partners{theme}: {cell['structure']}."


OP_PARTNER_BRIEF_PATTERNS = Workflow(
    name="op_partner_brief_patterns",
    family="op_partner_briefs",
    description="Tells everyone what briefs for operating partners say across funds.",
    sources=(_B,),
    target="anonymized.anonymized_brief_patterns",
    policy=DisclosurePolicy(k_tenants=5, k_funds=5, max_share=Decimal("0.60"), p_percent=10),
    rows=_ROWS,
    dimensions=_DIMENSIONS,
    measures=(Measure("briefs", "count(*)", (f"{_B}.brief_id",)),),
    period=Period.QUARTER,
    module=__name__,
    suppression=0.10,
    allowed_values={"theme": theme_values(_THEMES), "structure": _STRUCTURE.values},
    required_checks=TEXT_CANDIDATE,
    text=TextRelease(
        reads=f"SELECT b.fund_id AS tenant_id, b.brief_id AS source_row, "  # noqa: S608
        f"ARRAY[b.title, b.body] AS texts FROM fund_private.op_partner_briefs b WHERE {_CLOSED}",
        from_columns=_TEXTS,
        features=(LENGTH, FIGURES),
        described=_described,
        sharers="several funds",
        themes=_THEMES,
    ),
)
