CREATE TABLE tenant_private.crm_accounts (
    tenant_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    name TEXT NOT NULL,
    sector TEXT,
    employees INTEGER,
    annual_revenue NUMERIC,
    year_established INTEGER,
    country TEXT,
    parent_name TEXT,
    CONSTRAINT crm_accounts_pkey PRIMARY KEY (tenant_id, account_id)
);
COMMENT ON TABLE tenant_private.crm_accounts IS '[tenant_private] Companies that a portfolio company sells to.';
COMMENT ON COLUMN tenant_private.crm_accounts.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN tenant_private.crm_accounts.account_id IS '[tenant_private] The account''s id in the tenant''s CRM';
COMMENT ON COLUMN tenant_private.crm_accounts.name IS '[tenant_private] Company name';
COMMENT ON COLUMN tenant_private.crm_accounts.sector IS '[tenant_private] Industry sector as the CRM spells it';
COMMENT ON COLUMN tenant_private.crm_accounts.employees IS '[tenant_private] Number of employees';
COMMENT ON COLUMN tenant_private.crm_accounts.annual_revenue IS '[tenant_private] Annual revenue in millions of US dollars';
COMMENT ON COLUMN tenant_private.crm_accounts.year_established IS '[tenant_private] Year the company was founded';
COMMENT ON COLUMN tenant_private.crm_accounts.country IS '[tenant_private] Country of its office';
COMMENT ON COLUMN tenant_private.crm_accounts.parent_name IS '[tenant_private] Name of the parent company';
CREATE TABLE tenant_private.crm_contacts (
    tenant_id TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    full_name TEXT NOT NULL,
    email TEXT,
    phone TEXT,
    title TEXT,
    CONSTRAINT crm_contacts_pkey PRIMARY KEY (tenant_id, contact_id),
    CONSTRAINT crm_contacts_account_id_fkey FOREIGN KEY(tenant_id, account_id) REFERENCES tenant_private.crm_accounts (tenant_id, account_id)
);
COMMENT ON TABLE tenant_private.crm_contacts IS '[tenant_private] People at those companies.';
COMMENT ON COLUMN tenant_private.crm_contacts.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN tenant_private.crm_contacts.contact_id IS '[tenant_private] The contact''s id in the tenant''s CRM';
COMMENT ON COLUMN tenant_private.crm_contacts.account_id IS '[tenant_private] The account the person works for';
COMMENT ON COLUMN tenant_private.crm_contacts.full_name IS '[tenant_private] The person''s name';
COMMENT ON COLUMN tenant_private.crm_contacts.email IS '[tenant_private] Work e-mail address';
COMMENT ON COLUMN tenant_private.crm_contacts.phone IS '[tenant_private] Phone number';
COMMENT ON COLUMN tenant_private.crm_contacts.title IS '[tenant_private] Job title';
CREATE TABLE tenant_private.crm_opportunities (
    tenant_id TEXT NOT NULL,
    opportunity_id TEXT NOT NULL,
    account_id TEXT,
    agent_name TEXT NOT NULL,
    product TEXT NOT NULL,
    product_series TEXT NOT NULL,
    deal_stage TEXT NOT NULL,
    engaged_on DATE,
    closed_on DATE,
    close_value NUMERIC,
    CONSTRAINT crm_opportunities_pkey PRIMARY KEY (tenant_id, opportunity_id),
    CONSTRAINT crm_opportunities_account_id_fkey FOREIGN KEY(tenant_id, account_id) REFERENCES tenant_private.crm_accounts (tenant_id, account_id)
);
COMMENT ON TABLE tenant_private.crm_opportunities IS '[tenant_private] Deals a portfolio company works on, has won or has lost.';
COMMENT ON COLUMN tenant_private.crm_opportunities.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN tenant_private.crm_opportunities.opportunity_id IS '[tenant_private] The deal''s id in the tenant''s CRM';
COMMENT ON COLUMN tenant_private.crm_opportunities.account_id IS '[tenant_private] The account; open deals may have none yet';
COMMENT ON COLUMN tenant_private.crm_opportunities.agent_name IS '[tenant_private] The sales agent who owns the deal';
COMMENT ON COLUMN tenant_private.crm_opportunities.product IS '[tenant_private] Product offered';
COMMENT ON COLUMN tenant_private.crm_opportunities.product_series IS '[tenant_private] Series the product belongs to';
COMMENT ON COLUMN tenant_private.crm_opportunities.deal_stage IS '[tenant_private] Prospecting, Engaging, Won or Lost';
COMMENT ON COLUMN tenant_private.crm_opportunities.engaged_on IS '[tenant_private] Day the deal was engaged';
COMMENT ON COLUMN tenant_private.crm_opportunities.closed_on IS '[tenant_private] Day it was won or lost';
COMMENT ON COLUMN tenant_private.crm_opportunities.close_value IS '[tenant_private] Value won, in US dollars; 0 if lost';
CREATE TABLE tenant_private.calls (
    tenant_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    agent_name TEXT NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    duration_seconds INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    notes TEXT NOT NULL,
    CONSTRAINT calls_pkey PRIMARY KEY (tenant_id, call_id),
    CONSTRAINT calls_contact_id_fkey FOREIGN KEY(tenant_id, contact_id) REFERENCES tenant_private.crm_contacts (tenant_id, contact_id)
);
COMMENT ON TABLE tenant_private.calls IS '[tenant_private] Sales calls and the notes taken in them.';
COMMENT ON COLUMN tenant_private.calls.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN tenant_private.calls.call_id IS '[tenant_private] The call''s id';
COMMENT ON COLUMN tenant_private.calls.contact_id IS '[tenant_private] The person called';
COMMENT ON COLUMN tenant_private.calls.agent_name IS '[tenant_private] The sales agent who called';
COMMENT ON COLUMN tenant_private.calls.started_at IS '[tenant_private] When the call began';
COMMENT ON COLUMN tenant_private.calls.duration_seconds IS '[tenant_private] Length in seconds';
COMMENT ON COLUMN tenant_private.calls.outcome IS '[tenant_private] connected, voicemail, no_answer or meeting_booked';
COMMENT ON COLUMN tenant_private.calls.notes IS '[tenant_private] Notes taken in the call';
CREATE TABLE tenant_private.emails (
    tenant_id TEXT NOT NULL,
    email_id TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    direction TEXT NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    CONSTRAINT emails_pkey PRIMARY KEY (tenant_id, email_id),
    CONSTRAINT emails_contact_id_fkey FOREIGN KEY(tenant_id, contact_id) REFERENCES tenant_private.crm_contacts (tenant_id, contact_id)
);
COMMENT ON TABLE tenant_private.emails IS '[tenant_private] E-mail exchanged with contacts.';
COMMENT ON COLUMN tenant_private.emails.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN tenant_private.emails.email_id IS '[tenant_private] The message''s id';
COMMENT ON COLUMN tenant_private.emails.contact_id IS '[tenant_private] The person at the other end';
COMMENT ON COLUMN tenant_private.emails.direction IS '[tenant_private] inbound or outbound';
COMMENT ON COLUMN tenant_private.emails.sent_at IS '[tenant_private] When it was sent';
COMMENT ON COLUMN tenant_private.emails.subject IS '[tenant_private] Subject line';
COMMENT ON COLUMN tenant_private.emails.body IS '[tenant_private] Text of the message';
CREATE TABLE tenant_private.prospects (
    tenant_id TEXT NOT NULL,
    prospect_id TEXT NOT NULL,
    full_name TEXT NOT NULL,
    company TEXT NOT NULL,
    email TEXT,
    source TEXT NOT NULL,
    score INTEGER NOT NULL,
    CONSTRAINT prospects_pkey PRIMARY KEY (tenant_id, prospect_id)
);
COMMENT ON TABLE tenant_private.prospects IS '[tenant_private] People who may become contacts.';
COMMENT ON COLUMN tenant_private.prospects.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN tenant_private.prospects.prospect_id IS '[tenant_private] The prospect''s id';
COMMENT ON COLUMN tenant_private.prospects.full_name IS '[tenant_private] The person''s name';
COMMENT ON COLUMN tenant_private.prospects.company IS '[tenant_private] The company the person works for';
COMMENT ON COLUMN tenant_private.prospects.email IS '[tenant_private] Work e-mail address';
COMMENT ON COLUMN tenant_private.prospects.source IS '[tenant_private] Where the prospect came from';
COMMENT ON COLUMN tenant_private.prospects.score IS '[tenant_private] Fit from 0 to 100';
CREATE TABLE tenant_private.drafts (
    tenant_id TEXT NOT NULL,
    draft_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    CONSTRAINT drafts_pkey PRIMARY KEY (tenant_id, draft_id)
);
COMMENT ON TABLE tenant_private.drafts IS '[tenant_private] Texts that agents drafted for people to send.';
COMMENT ON COLUMN tenant_private.drafts.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN tenant_private.drafts.draft_id IS '[tenant_private] The draft''s id';
COMMENT ON COLUMN tenant_private.drafts.channel IS '[tenant_private] email, linkedin or call_script';
COMMENT ON COLUMN tenant_private.drafts.created_at IS '[tenant_private] When it was drafted';
COMMENT ON COLUMN tenant_private.drafts.subject IS '[tenant_private] Subject line';
COMMENT ON COLUMN tenant_private.drafts.body IS '[tenant_private] Text of the draft';
CREATE TABLE tenant_private.conversations (
    tenant_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    turn INTEGER NOT NULL,
    role TEXT NOT NULL,
    said_at TIMESTAMP WITH TIME ZONE NOT NULL,
    content TEXT NOT NULL,
    CONSTRAINT conversations_pkey PRIMARY KEY (tenant_id, conversation_id, turn)
);
COMMENT ON TABLE tenant_private.conversations IS '[tenant_private] Turns of conversations between people and agents.';
COMMENT ON COLUMN tenant_private.conversations.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN tenant_private.conversations.conversation_id IS '[tenant_private] The conversation''s id';
COMMENT ON COLUMN tenant_private.conversations.turn IS '[tenant_private] Position in the conversation, from 1';
COMMENT ON COLUMN tenant_private.conversations.role IS '[tenant_private] user or agent';
COMMENT ON COLUMN tenant_private.conversations.said_at IS '[tenant_private] When it was said';
COMMENT ON COLUMN tenant_private.conversations.content IS '[tenant_private] What was said';
CREATE TABLE tenant_private.oauth_tokens (
    tenant_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    account_email TEXT NOT NULL,
    access_token TEXT NOT NULL,
    refresh_token TEXT,
    scopes TEXT[] NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT oauth_tokens_pkey PRIMARY KEY (tenant_id, provider, account_email)
);
COMMENT ON TABLE tenant_private.oauth_tokens IS '[tenant_private] Access to the tenant''s other systems. No workflow may read it.';
COMMENT ON COLUMN tenant_private.oauth_tokens.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN tenant_private.oauth_tokens.provider IS '[tenant_private] The system the token opens';
COMMENT ON COLUMN tenant_private.oauth_tokens.account_email IS '[tenant_private] The account it acts for';
COMMENT ON COLUMN tenant_private.oauth_tokens.access_token IS '[tenant_private] The access token';
COMMENT ON COLUMN tenant_private.oauth_tokens.refresh_token IS '[tenant_private] The refresh token';
COMMENT ON COLUMN tenant_private.oauth_tokens.scopes IS '[tenant_private] What it permits';
COMMENT ON COLUMN tenant_private.oauth_tokens.expires_at IS '[tenant_private] When the access token ends';
CREATE TABLE tenant_private.agent_runs (
    tenant_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    tool_name TEXT NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    latency_ms INTEGER NOT NULL,
    cost_usd NUMERIC NOT NULL,
    outcome TEXT NOT NULL,
    CONSTRAINT agent_runs_pkey PRIMARY KEY (tenant_id, run_id)
);
COMMENT ON TABLE tenant_private.agent_runs IS '[tenant_private] Each run of a tool by the tenant''s agents.';
COMMENT ON COLUMN tenant_private.agent_runs.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN tenant_private.agent_runs.run_id IS '[tenant_private] The run''s id';
COMMENT ON COLUMN tenant_private.agent_runs.tool_name IS '[tenant_private] The tool that ran';
COMMENT ON COLUMN tenant_private.agent_runs.started_at IS '[tenant_private] When it began';
COMMENT ON COLUMN tenant_private.agent_runs.latency_ms IS '[tenant_private] How long it took, in milliseconds';
COMMENT ON COLUMN tenant_private.agent_runs.cost_usd IS '[tenant_private] What it cost, in US dollars';
COMMENT ON COLUMN tenant_private.agent_runs.outcome IS '[tenant_private] succeeded, failed or escalated';
CREATE TABLE tenant_private.episodic_memories (
    tenant_id TEXT NOT NULL,
    memory_id TEXT NOT NULL,
    happened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    summary TEXT NOT NULL,
    salience DOUBLE PRECISION NOT NULL,
    CONSTRAINT episodic_memories_pkey PRIMARY KEY (tenant_id, memory_id)
);
COMMENT ON TABLE tenant_private.episodic_memories IS '[tenant_private] What agents remember of single events.';
COMMENT ON COLUMN tenant_private.episodic_memories.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN tenant_private.episodic_memories.memory_id IS '[tenant_private] The memory''s id';
COMMENT ON COLUMN tenant_private.episodic_memories.happened_at IS '[tenant_private] When it happened';
COMMENT ON COLUMN tenant_private.episodic_memories.summary IS '[tenant_private] What happened';
COMMENT ON COLUMN tenant_private.episodic_memories.salience IS '[tenant_private] How much it matters, from 0 to 1';
CREATE TABLE tenant_private.pipeline_reviews (
    tenant_id TEXT NOT NULL,
    review_id TEXT NOT NULL,
    reviewed_on DATE NOT NULL,
    author_name TEXT NOT NULL,
    forecast_value NUMERIC NOT NULL,
    summary TEXT NOT NULL,
    CONSTRAINT pipeline_reviews_pkey PRIMARY KEY (tenant_id, review_id)
);
COMMENT ON TABLE tenant_private.pipeline_reviews IS '[tenant_private] Weekly reviews of the tenant''s pipeline.';
COMMENT ON COLUMN tenant_private.pipeline_reviews.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN tenant_private.pipeline_reviews.review_id IS '[tenant_private] The review''s id';
COMMENT ON COLUMN tenant_private.pipeline_reviews.reviewed_on IS '[tenant_private] Day of the review';
COMMENT ON COLUMN tenant_private.pipeline_reviews.author_name IS '[tenant_private] Who reviewed';
COMMENT ON COLUMN tenant_private.pipeline_reviews.forecast_value IS '[tenant_private] Forecast for the quarter, in US dollars';
COMMENT ON COLUMN tenant_private.pipeline_reviews.summary IS '[tenant_private] What was concluded';
CREATE TABLE tenant_private.semantic_memories (
    tenant_id TEXT NOT NULL,
    item_id TEXT NOT NULL,
    content TEXT NOT NULL,
    embedding VECTOR(384) NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT semantic_memories_pkey PRIMARY KEY (tenant_id, item_id)
);
COMMENT ON TABLE tenant_private.semantic_memories IS '[tenant_private] What agents know, as embedded texts: one namespace per tenant.';
COMMENT ON COLUMN tenant_private.semantic_memories.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN tenant_private.semantic_memories.item_id IS '[tenant_private] The item''s id';
COMMENT ON COLUMN tenant_private.semantic_memories.content IS '[tenant_private] The text that was embedded';
COMMENT ON COLUMN tenant_private.semantic_memories.embedding IS '[tenant_private] The text''s embedding, 384 dimensions';
COMMENT ON COLUMN tenant_private.semantic_memories.created_at IS '[tenant_private] When it was stored';
