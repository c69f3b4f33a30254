"""Staging twins of the tenant tables, not logged: rows of one load.

The class of every column it adds:

staging.staged_crm_accounts.load_id: tenant_private
staging.staged_crm_accounts.tenant_id: tenant_private
staging.staged_crm_accounts.account_id: tenant_private
staging.staged_crm_accounts.name: tenant_private
staging.staged_crm_accounts.sector: tenant_private
staging.staged_crm_accounts.employees: tenant_private
staging.staged_crm_accounts.annual_revenue: tenant_private
staging.staged_crm_accounts.year_established: tenant_private
staging.staged_crm_accounts.country: tenant_private
staging.staged_crm_accounts.parent_name: tenant_private
staging.staged_crm_contacts.load_id: tenant_private
staging.staged_crm_contacts.tenant_id: tenant_private
staging.staged_crm_contacts.contact_id: tenant_private
staging.staged_crm_contacts.account_id: tenant_private
staging.staged_crm_contacts.full_name: tenant_private
staging.staged_crm_contacts.email: tenant_private
staging.staged_crm_contacts.phone: tenant_private
staging.staged_crm_contacts.title: tenant_private
staging.staged_crm_opportunities.load_id: tenant_private
staging.staged_crm_opportunities.tenant_id: tenant_private
staging.staged_crm_opportunities.opportunity_id: tenant_private
staging.staged_crm_opportunities.account_id: tenant_private
staging.staged_crm_opportunities.agent_name: tenant_private
staging.staged_crm_opportunities.product: tenant_private
staging.staged_crm_opportunities.product_series: tenant_private
staging.staged_crm_opportunities.deal_stage: tenant_private
staging.staged_crm_opportunities.engaged_on: tenant_private
staging.staged_crm_opportunities.closed_on: tenant_private
staging.staged_crm_opportunities.close_value: tenant_private
staging.staged_calls.load_id: tenant_private
staging.staged_calls.tenant_id: tenant_private
staging.staged_calls.call_id: tenant_private
staging.staged_calls.contact_id: tenant_private
staging.staged_calls.agent_name: tenant_private
staging.staged_calls.started_at: tenant_private
staging.staged_calls.duration_seconds: tenant_private
staging.staged_calls.outcome: tenant_private
staging.staged_calls.notes: tenant_private
staging.staged_emails.load_id: tenant_private
staging.staged_emails.tenant_id: tenant_private
staging.staged_emails.email_id: tenant_private
staging.staged_emails.contact_id: tenant_private
staging.staged_emails.direction: tenant_private
staging.staged_emails.sent_at: tenant_private
staging.staged_emails.subject: tenant_private
staging.staged_emails.body: tenant_private
staging.staged_prospects.load_id: tenant_private
staging.staged_prospects.tenant_id: tenant_private
staging.staged_prospects.prospect_id: tenant_private
staging.staged_prospects.full_name: tenant_private
staging.staged_prospects.company: tenant_private
staging.staged_prospects.email: tenant_private
staging.staged_prospects.source: tenant_private
staging.staged_prospects.score: tenant_private
staging.staged_drafts.load_id: tenant_private
staging.staged_drafts.tenant_id: tenant_private
staging.staged_drafts.draft_id: tenant_private
staging.staged_drafts.channel: tenant_private
staging.staged_drafts.created_at: tenant_private
staging.staged_drafts.subject: tenant_private
staging.staged_drafts.body: tenant_private
staging.staged_conversations.load_id: tenant_private
staging.staged_conversations.tenant_id: tenant_private
staging.staged_conversations.conversation_id: tenant_private
staging.staged_conversations.turn: tenant_private
staging.staged_conversations.role: tenant_private
staging.staged_conversations.said_at: tenant_private
staging.staged_conversations.content: tenant_private
staging.staged_oauth_tokens.load_id: tenant_private
staging.staged_oauth_tokens.tenant_id: tenant_private
staging.staged_oauth_tokens.provider: tenant_private
staging.staged_oauth_tokens.account_email: tenant_private
staging.staged_oauth_tokens.access_token: tenant_private
staging.staged_oauth_tokens.refresh_token: tenant_private
staging.staged_oauth_tokens.scopes: tenant_private
staging.staged_oauth_tokens.expires_at: tenant_private
staging.staged_agent_runs.load_id: tenant_private
staging.staged_agent_runs.tenant_id: tenant_private
staging.staged_agent_runs.run_id: tenant_private
staging.staged_agent_runs.tool_name: tenant_private
staging.staged_agent_runs.started_at: tenant_private
staging.staged_agent_runs.latency_ms: tenant_private
staging.staged_agent_runs.cost_usd: tenant_private
staging.staged_agent_runs.outcome: tenant_private
staging.staged_episodic_memories.load_id: tenant_private
staging.staged_episodic_memories.tenant_id: tenant_private
staging.staged_episodic_memories.memory_id: tenant_private
staging.staged_episodic_memories.happened_at: tenant_private
staging.staged_episodic_memories.summary: tenant_private
staging.staged_episodic_memories.salience: tenant_private
staging.staged_pipeline_reviews.load_id: tenant_private
staging.staged_pipeline_reviews.tenant_id: tenant_private
staging.staged_pipeline_reviews.review_id: tenant_private
staging.staged_pipeline_reviews.reviewed_on: tenant_private
staging.staged_pipeline_reviews.author_name: tenant_private
staging.staged_pipeline_reviews.forecast_value: tenant_private
staging.staged_pipeline_reviews.summary: tenant_private
staging.staged_semantic_memories.load_id: tenant_private
staging.staged_semantic_memories.tenant_id: tenant_private
staging.staged_semantic_memories.item_id: tenant_private
staging.staged_semantic_memories.content: tenant_private
staging.staged_semantic_memories.embedding: tenant_private
staging.staged_semantic_memories.created_at: tenant_private
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the tables with their comments."""
    run_sql("0007_staging.sql")
