"""Tables of the schema tenant_private: one portfolio company's own data.

The class of every column it adds:

tenant_private.crm_accounts.tenant_id: tenant_private
tenant_private.crm_accounts.account_id: tenant_private
tenant_private.crm_accounts.name: tenant_private
tenant_private.crm_accounts.sector: tenant_private
tenant_private.crm_accounts.employees: tenant_private
tenant_private.crm_accounts.annual_revenue: tenant_private
tenant_private.crm_accounts.year_established: tenant_private
tenant_private.crm_accounts.country: tenant_private
tenant_private.crm_accounts.parent_name: tenant_private
tenant_private.crm_contacts.tenant_id: tenant_private
tenant_private.crm_contacts.contact_id: tenant_private
tenant_private.crm_contacts.account_id: tenant_private
tenant_private.crm_contacts.full_name: tenant_private
tenant_private.crm_contacts.email: tenant_private
tenant_private.crm_contacts.phone: tenant_private
tenant_private.crm_contacts.title: tenant_private
tenant_private.crm_opportunities.tenant_id: tenant_private
tenant_private.crm_opportunities.opportunity_id: tenant_private
tenant_private.crm_opportunities.account_id: tenant_private
tenant_private.crm_opportunities.agent_name: tenant_private
tenant_private.crm_opportunities.product: tenant_private
tenant_private.crm_opportunities.product_series: tenant_private
tenant_private.crm_opportunities.deal_stage: tenant_private
tenant_private.crm_opportunities.engaged_on: tenant_private
tenant_private.crm_opportunities.closed_on: tenant_private
tenant_private.crm_opportunities.close_value: tenant_private
tenant_private.calls.tenant_id: tenant_private
tenant_private.calls.call_id: tenant_private
tenant_private.calls.contact_id: tenant_private
tenant_private.calls.agent_name: tenant_private
tenant_private.calls.started_at: tenant_private
tenant_private.calls.duration_seconds: tenant_private
tenant_private.calls.outcome: tenant_private
tenant_private.calls.notes: tenant_private
tenant_private.emails.tenant_id: tenant_private
tenant_private.emails.email_id: tenant_private
tenant_private.emails.contact_id: tenant_private
tenant_private.emails.direction: tenant_private
tenant_private.emails.sent_at: tenant_private
tenant_private.emails.subject: tenant_private
tenant_private.emails.body: tenant_private
tenant_private.prospects.tenant_id: tenant_private
tenant_private.prospects.prospect_id: tenant_private
tenant_private.prospects.full_name: tenant_private
tenant_private.prospects.company: tenant_private
tenant_private.prospects.email: tenant_private
tenant_private.prospects.source: tenant_private
tenant_private.prospects.score: tenant_private
tenant_private.drafts.tenant_id: tenant_private
tenant_private.drafts.draft_id: tenant_private
tenant_private.drafts.channel: tenant_private
tenant_private.drafts.created_at: tenant_private
tenant_private.drafts.subject: tenant_private
tenant_private.drafts.body: tenant_private
tenant_private.conversations.tenant_id: tenant_private
tenant_private.conversations.conversation_id: tenant_private
tenant_private.conversations.turn: tenant_private
tenant_private.conversations.role: tenant_private
tenant_private.conversations.said_at: tenant_private
tenant_private.conversations.content: tenant_private
tenant_private.oauth_tokens.tenant_id: tenant_private
tenant_private.oauth_tokens.provider: tenant_private
tenant_private.oauth_tokens.account_email: tenant_private
tenant_private.oauth_tokens.access_token: tenant_private
tenant_private.oauth_tokens.refresh_token: tenant_private
tenant_private.oauth_tokens.scopes: tenant_private
tenant_private.oauth_tokens.expires_at: tenant_private
tenant_private.agent_runs.tenant_id: tenant_private
tenant_private.agent_runs.run_id: tenant_private
tenant_private.agent_runs.tool_name: tenant_private
tenant_private.agent_runs.started_at: tenant_private
tenant_private.agent_runs.latency_ms: tenant_private
tenant_private.agent_runs.cost_usd: tenant_private
tenant_private.agent_runs.outcome: tenant_private
tenant_private.episodic_memories.tenant_id: tenant_private
tenant_private.episodic_memories.memory_id: tenant_private
tenant_private.episodic_memories.happened_at: tenant_private
tenant_private.episodic_memories.summary: tenant_private
tenant_private.episodic_memories.salience: tenant_private
tenant_private.pipeline_reviews.tenant_id: tenant_private
tenant_private.pipeline_reviews.review_id: tenant_private
tenant_private.pipeline_reviews.reviewed_on: tenant_private
tenant_private.pipeline_reviews.author_name: tenant_private
tenant_private.pipeline_reviews.forecast_value: tenant_private
tenant_private.pipeline_reviews.summary: tenant_private
tenant_private.semantic_memories.tenant_id: tenant_private
tenant_private.semantic_memories.item_id: tenant_private
tenant_private.semantic_memories.content: tenant_private
tenant_private.semantic_memories.embedding: tenant_private
tenant_private.semantic_memories.created_at: tenant_private
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables with their comments."""
    run_sql("0002_tenant_private.sql")
