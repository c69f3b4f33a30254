"""sdr_draft_to_pattern_bank: which tactics of outreach are answered, without anybody's prose.

A tactic is channel, sector, step and structure in a quarter. Its text says in our words how such
drafts are built, and shows the sentences that enough tenants share.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from anonymization.dimensions import HIDDEN, Dimension, placed_by
from anonymization.sectors import SECTORS, sector_dimension
from anonymization.text.features import ADDRESS, LENGTH, REQUEST, structure_dimension
from anonymization.text.release import PREPARED_TEXTS, TextRelease
from anonymization.workflow import Measure, Period, Workflow
from catalog.floors import DisclosurePolicy
from expectations.suites import TEXT_CANDIDATE

__all__ = ["SDR_DRAFT_TO_PATTERN_BANK"]

_D = "tenant_private.sdr_drafts"
_A = "tenant_private.crm_accounts"
_TEXTS = (f"{_D}.body", f"{_D}.subject")
_CHANNELS = {"email": "by e-mail", "linkedin": "on LinkedIn", "call_script": "by telephone"}
_CHANNEL_LIST = ", ".join(f"'{name}'" for name in _CHANNELS)
_OTHER_CHANNEL = "another way"
_STEPS = ("1", "2", "3", "4 and later")
_STRUCTURE = structure_dimension((LENGTH, REQUEST, ADDRESS), _TEXTS)

_DIMENSIONS = (
    Dimension(
        "channel",
        f"CASE WHEN d.channel IN ({_CHANNEL_LIST}) THEN d.channel ELSE 'other' END",
        (f"{_D}.channel",),
    ),
    sector_dimension("a.sector", (f"{_A}.sector",)),
    Dimension(
        "step",
        f"CASE WHEN d.step < 4 THEN CAST(d.step AS text) ELSE '{_STEPS[-1]}' END",
        (f"{_D}.step",),
        may_be_hidden=True,
    ),
    _STRUCTURE,
    Dimension(
        "quarter",
        "to_char(d.sent_at AT TIME ZONE 'UTC', 'YYYY-\"Q\"Q')",
        (f"{_D}.sent_at",),
    ),
)

_CLOSED = "d.sent_at < CAST(:closed_before AS timestamp) AT TIME ZONE 'UTC'"

_ROWS = f"""
    SELECT t.tenant_id,
           t.source_row,
           {placed_by(_DIMENSIONS)},
           t.templates,
           CASE WHEN d.replied THEN 1 ELSE 0 END AS replied,
           CASE WHEN d.meeting_booked THEN 1 ELSE 0 END AS met,
           1 AS amount
    FROM {PREPARED_TEXTS}
    JOIN tenant_private.sdr_drafts d
      ON d.tenant_id = t.tenant_id AND d.draft_id = t.source_row
    JOIN tenant_private.crm_accounts a
      ON a.tenant_id = d.tenant_id AND a.account_id = d.account_id
    WHERE {_CLOSED}
"""  # noqa: S608 - made of constants of this module


def _described(cell: Mapping[str, object]) -> str:
    channel = _CHANNELS.get(str(cell["channel"]), _OTHER_CHANNEL)
    sector = "" if cell["sector"] == HIDDEN else f" to accounts in {cell['sector']}"
    step = "" if cell["step"] == HIDDEN else f", step {cell['step']}"
    return f"Outreach {channel}{sector}{step}: {cell['structure']}."


SDR_DRAFT_TO_PATTERN_BANK = Workflow(
    name="sdr_draft_to_pattern_bank",
    family="sdr_tactics",
    description="Tells everyone which tactics of outreach are answered, without anybody's prose.",
    sources=(_D, _A),
    target="anonymized.pattern_bank",
    policy=DisclosurePolicy(
        k_tenants=5, k_after_leaving_out_a_fund=5, max_share=Decimal("0.60"), p_percent=10
    ),
    rows=_ROWS,
    dimensions=_DIMENSIONS,
    measures=(
        Measure("uses", "count(*)", (f"{_D}.draft_id",)),
        Measure("reply_rate", "avg(replied)", (f"{_D}.replied",), ("replied",), decimals=2),
        Measure("meeting_rate", "avg(met)", (f"{_D}.meeting_booked",), ("met",), decimals=2),
    ),
    period=Period.QUARTER,
    module=__name__,
    suppression=0.10,
    allowed_values={
        "channel": frozenset({*_CHANNELS, "other"}),
        "sector": SECTORS,
        "step": frozenset({*_STEPS, HIDDEN}),
        "structure": _STRUCTURE.values,
    },
    required_checks=TEXT_CANDIDATE,
    text=TextRelease(
        reads=f"SELECT d.tenant_id, d.draft_id AS source_row, ARRAY[d.subject, d.body] AS texts "  # noqa: S608
        f"FROM tenant_private.sdr_drafts d WHERE {_CLOSED}",
        from_columns=_TEXTS,
        features=(LENGTH, REQUEST, ADDRESS),
        described=_described,
        sharers="several senders",
    ),
)
