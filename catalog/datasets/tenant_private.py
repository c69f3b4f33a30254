"""Datasets that belong to one tenant each: a portfolio company's own data."""

from __future__ import annotations

from catalog.data_classes import DataClass
from catalog.registry import Column, ColumnType, Dataset, ForeignKey, StoreKind

__all__ = ["DATASETS", "LOADED"]

_OWNER = "team:tenant-data"
_T, _D, _TS = ColumnType.TEXT, ColumnType.DATE, ColumnType.TIMESTAMP
_INT, _NUM = ColumnType.INTEGER, ColumnType.NUMERIC

_TENANT_ID = Column("tenant_id", _T, "Opaque id of the portfolio company that owns the row")


def _dataset(
    name: str,
    description: str,
    key: tuple[str, ...],
    *columns: Column,
    foreign_keys: tuple[ForeignKey, ...] = (),
    kind: StoreKind = StoreKind.TABLE,
    key_pattern: str | None = None,
    physical: str | None = None,
) -> Dataset:
    return Dataset(
        name=name,
        schema="tenant_private",
        data_class=DataClass.TENANT_PRIVATE,
        description=description,
        owner=_OWNER,
        columns=(_TENANT_ID, *columns),
        primary_key=("tenant_id", *key),
        foreign_keys=foreign_keys,
        kind=kind,
        key_pattern=key_pattern,
        physical=physical,
    )


def _belongs_to(column: str, target: str) -> tuple[ForeignKey, ...]:
    return (ForeignKey(("tenant_id", column), f"tenant_private.{target}", ("tenant_id", column)),)


LOADED: tuple[Dataset, ...] = (
    _dataset(
        "crm_accounts",
        "Companies that a portfolio company sells to.",
        ("account_id",),
        Column("account_id", _T, "The account's id in the tenant's CRM"),
        Column("name", _T, "Company name"),
        Column("sector", _T, "Industry sector as the CRM spells it", nullable=True),
        Column("employees", _INT, "Number of employees", nullable=True),
        Column("annual_revenue", _NUM, "Annual revenue in millions of US dollars", nullable=True),
        Column("year_established", _INT, "Year the company was founded", nullable=True),
        Column("country", _T, "Country of its office", nullable=True),
        Column("parent_name", _T, "Name of the parent company", nullable=True),
    ),
    _dataset(
        "crm_contacts",
        "People at those companies.",
        ("contact_id",),
        Column("contact_id", _T, "The contact's id in the tenant's CRM"),
        Column("account_id", _T, "The account the person works for"),
        Column("full_name", _T, "The person's name"),
        Column("email", _T, "Work e-mail address", nullable=True),
        Column("phone", _T, "Phone number", nullable=True),
        Column("title", _T, "Job title", nullable=True),
        foreign_keys=_belongs_to("account_id", "crm_accounts"),
    ),
    _dataset(
        "crm_opportunities",
        "Deals a portfolio company works on, has won or has lost.",
        ("opportunity_id",),
        Column("opportunity_id", _T, "The deal's id in the tenant's CRM"),
        Column("account_id", _T, "The account; open deals may have none yet", nullable=True),
        Column("agent_name", _T, "The sales agent who owns the deal"),
        Column("product", _T, "Product offered"),
        Column("product_series", _T, "Series the product belongs to"),
        Column("deal_stage", _T, "Prospecting, Engaging, Won or Lost"),
        Column("engaged_on", _D, "Day the deal was engaged", nullable=True),
        Column("closed_on", _D, "Day it was won or lost", nullable=True),
        Column("close_value", _NUM, "Value won, in US dollars; 0 if lost", nullable=True),
        foreign_keys=_belongs_to("account_id", "crm_accounts"),
    ),
    _dataset(
        "calls",
        "Sales calls and the notes taken in them.",
        ("call_id",),
        Column("call_id", _T, "The call's id"),
        Column("contact_id", _T, "The person called"),
        Column("agent_name", _T, "The sales agent who called"),
        Column("started_at", _TS, "When the call began"),
        Column("duration_seconds", _INT, "Length in seconds"),
        Column("outcome", _T, "connected, voicemail, no_answer or meeting_booked"),
        Column("notes", _T, "Notes taken in the call", free_text=True),
        foreign_keys=_belongs_to("contact_id", "crm_contacts"),
    ),
    _dataset(
        "emails",
        "E-mail exchanged with contacts.",
        ("email_id",),
        Column("email_id", _T, "The message's id"),
        Column("contact_id", _T, "The person at the other end"),
        Column("direction", _T, "inbound or outbound"),
        Column("sent_at", _TS, "When it was sent"),
        Column("subject", _T, "Subject line", free_text=True),
        Column("body", _T, "Text of the message", free_text=True),
        foreign_keys=_belongs_to("contact_id", "crm_contacts"),
    ),
    _dataset(
        "prospects",
        "People who may become contacts.",
        ("prospect_id",),
        Column("prospect_id", _T, "The prospect's id"),
        Column("full_name", _T, "The person's name"),
        Column("company", _T, "The company the person works for"),
        Column("email", _T, "Work e-mail address", nullable=True),
        Column("source", _T, "Where the prospect came from"),
        Column("score", _INT, "Fit from 0 to 100"),
    ),
    _dataset(
        "drafts",
        "Texts that agents drafted for people to send.",
        ("draft_id",),
        Column("draft_id", _T, "The draft's id"),
        Column("channel", _T, "email, linkedin or call_script"),
        Column("created_at", _TS, "When it was drafted"),
        Column("subject", _T, "Subject line", free_text=True),
        Column("body", _T, "Text of the draft", free_text=True),
    ),
    _dataset(
        "sdr_drafts",
        "Outreach that agents drafted for sales development, and what came of it.",
        ("draft_id",),
        Column("draft_id", _T, "The draft's id"),
        Column("account_id", _T, "The account it was written to"),
        Column("channel", _T, "email, linkedin or call_script"),
        Column("step", _INT, "Position in its sequence, from 1"),
        Column("sent_at", _TS, "When it was sent"),
        Column("subject", _T, "Subject line", free_text=True),
        Column("body", _T, "Text of the draft", free_text=True),
        Column("replied", ColumnType.BOOLEAN, "Whether an answer came"),
        Column("meeting_booked", ColumnType.BOOLEAN, "Whether a meeting came of it"),
        foreign_keys=_belongs_to("account_id", "crm_accounts"),
    ),
    _dataset(
        "conversations",
        "Turns of conversations between people and agents.",
        ("conversation_id", "turn"),
        Column("conversation_id", _T, "The conversation's id"),
        Column("turn", _INT, "Position in the conversation, from 1"),
        Column("role", _T, "user or agent"),
        Column("said_at", _TS, "When it was said"),
        Column("content", _T, "What was said", free_text=True),
    ),
    _dataset(
        "oauth_tokens",
        "Access to the tenant's other systems. No workflow may read it.",
        ("provider", "account_email"),
        Column("provider", _T, "The system the token opens"),
        Column("account_email", _T, "The account it acts for"),
        Column("access_token", _T, "The access token"),
        Column("refresh_token", _T, "The refresh token", nullable=True),
        Column("scopes", ColumnType.TEXT_ARRAY, "What it permits"),
        Column("expires_at", _TS, "When the access token ends"),
    ),
    _dataset(
        "agent_runs",
        "Each run of a tool by the tenant's agents.",
        ("run_id",),
        Column("run_id", _T, "The run's id"),
        Column("tool_name", _T, "The tool that ran"),
        Column("started_at", _TS, "When it began"),
        Column("latency_ms", _INT, "How long it took, in milliseconds"),
        Column("cost_usd", _NUM, "What it cost, in US dollars"),
        Column("outcome", _T, "succeeded, failed or escalated"),
    ),
    _dataset(
        "episodic_memories",
        "What agents remember of single events.",
        ("memory_id",),
        Column("memory_id", _T, "The memory's id"),
        Column("happened_at", _TS, "When it happened"),
        Column("summary", _T, "What happened", free_text=True),
        Column("salience", ColumnType.DOUBLE, "How much it matters, from 0 to 1"),
    ),
    _dataset(
        "pipeline_reviews",
        "Weekly reviews of the tenant's pipeline.",
        ("review_id",),
        Column("review_id", _T, "The review's id"),
        Column("reviewed_on", _D, "Day of the review"),
        Column("author_name", _T, "Who reviewed"),
        Column("forecast_value", _NUM, "Forecast for the quarter, in US dollars"),
        Column("summary", _T, "What was concluded", free_text=True),
    ),
    _dataset(
        "semantic_memories",
        "What agents know, as embedded texts: one namespace per tenant.",
        ("item_id",),
        Column("item_id", _T, "The item's id"),
        Column("content", _T, "The text that was embedded", free_text=True),
        Column("embedding", ColumnType.VECTOR_384, "The text's embedding, 384 dimensions"),
        Column("created_at", _TS, "When it was stored"),
        kind=StoreKind.VECTOR_NAMESPACE,
    ),
)
"""Datasets that a load fills: each has a staging twin."""

_ENTRY = (
    Column("value", ColumnType.JSON, "The value"),
    Column("updated_at", _TS, "When it was written", default="clock_timestamp()"),
    Column("expires_at", _TS, "When it ends; never, where empty", nullable=True),
)

_KEY_VALUE: tuple[Dataset, ...] = (
    _dataset(
        "tenant_kv_entries",
        "The tenant's key-value store; each key's prefix is registered by itself.",
        ("key",),
        Column("key", _T, "The key, prefix first"),
        *_ENTRY,
    ),
    _dataset(
        "tenant_state",
        "What the tenant's agents keep between runs: tenant:{key}.",
        ("key",),
        Column("key", _T, "The last part of the key"),
        *_ENTRY,
        kind=StoreKind.KV_PREFIX,
        key_pattern="tenant:{key}",
        physical="tenant_private.tenant_kv_entries",
    ),
)

DATASETS: tuple[Dataset, ...] = (*LOADED, *_KEY_VALUE)
