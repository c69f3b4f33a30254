CREATE UNLOGGED TABLE staging.staged_crm_accounts (
    load_id UUID NOT NULL,
    tenant_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    name TEXT NOT NULL,
    sector TEXT,
    employees INTEGER,
    annual_revenue NUMERIC,
    year_established INTEGER,
    country TEXT,
    parent_name TEXT,
    CONSTRAINT staged_crm_accounts_pkey PRIMARY KEY (load_id, tenant_id, account_id)
);
COMMENT ON TABLE staging.staged_crm_accounts IS '[tenant_private] Rows of one load on their way to tenant_private.crm_accounts.';
COMMENT ON COLUMN staging.staged_crm_accounts.load_id IS '[tenant_private] The load that the row came with';
COMMENT ON COLUMN staging.staged_crm_accounts.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN staging.staged_crm_accounts.account_id IS '[tenant_private] The account''s id in the tenant''s CRM';
COMMENT ON COLUMN staging.staged_crm_accounts.name IS '[tenant_private] Company name';
COMMENT ON COLUMN staging.staged_crm_accounts.sector IS '[tenant_private] Industry sector as the CRM spells it';
COMMENT ON COLUMN staging.staged_crm_accounts.employees IS '[tenant_private] Number of employees';
COMMENT ON COLUMN staging.staged_crm_accounts.annual_revenue IS '[tenant_private] Annual revenue in millions of US dollars';
COMMENT ON COLUMN staging.staged_crm_accounts.year_established IS '[tenant_private] Year the company was founded';
COMMENT ON COLUMN staging.staged_crm_accounts.country IS '[tenant_private] Country of its office';
COMMENT ON COLUMN staging.staged_crm_accounts.parent_name IS '[tenant_private] Name of the parent company';
CREATE UNLOGGED TABLE staging.staged_crm_contacts (
    load_id UUID NOT NULL,
    tenant_id TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    full_name TEXT NOT NULL,
    email TEXT,
    phone TEXT,
    title TEXT,
    CONSTRAINT staged_crm_contacts_pkey PRIMARY KEY (load_id, tenant_id, contact_id)
);
COMMENT ON TABLE staging.staged_crm_contacts IS '[tenant_private] Rows of one load on their way to tenant_private.crm_contacts.';
COMMENT ON COLUMN staging.staged_crm_contacts.load_id IS '[tenant_private] The load that the row came with';
COMMENT ON COLUMN staging.staged_crm_contacts.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN staging.staged_crm_contacts.contact_id IS '[tenant_private] The contact''s id in the tenant''s CRM';
COMMENT ON COLUMN staging.staged_crm_contacts.account_id IS '[tenant_private] The account the person works for';
COMMENT ON COLUMN staging.staged_crm_contacts.full_name IS '[tenant_private] The person''s name';
COMMENT ON COLUMN staging.staged_crm_contacts.email IS '[tenant_private] Work e-mail address';
COMMENT ON COLUMN staging.staged_crm_contacts.phone IS '[tenant_private] Phone number';
COMMENT ON COLUMN staging.staged_crm_contacts.title IS '[tenant_private] Job title';
CREATE UNLOGGED TABLE staging.staged_crm_opportunities (
    load_id UUID NOT NULL,
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
    CONSTRAINT staged_crm_opportunities_pkey PRIMARY KEY (load_id, tenant_id, opportunity_id)
);
COMMENT ON TABLE staging.staged_crm_opportunities IS '[tenant_private] Rows of one load on their way to tenant_private.crm_opportunities.';
COMMENT ON COLUMN staging.staged_crm_opportunities.load_id IS '[tenant_private] The load that the row came with';
COMMENT ON COLUMN staging.staged_crm_opportunities.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN staging.staged_crm_opportunities.opportunity_id IS '[tenant_private] The deal''s id in the tenant''s CRM';
COMMENT ON COLUMN staging.staged_crm_opportunities.account_id IS '[tenant_private] The account; open deals may have none yet';
COMMENT ON COLUMN staging.staged_crm_opportunities.agent_name IS '[tenant_private] The sales agent who owns the deal';
COMMENT ON COLUMN staging.staged_crm_opportunities.product IS '[tenant_private] Product offered';
COMMENT ON COLUMN staging.staged_crm_opportunities.product_series IS '[tenant_private] Series the product belongs to';
COMMENT ON COLUMN staging.staged_crm_opportunities.deal_stage IS '[tenant_private] Prospecting, Engaging, Won or Lost';
COMMENT ON COLUMN staging.staged_crm_opportunities.engaged_on IS '[tenant_private] Day the deal was engaged';
COMMENT ON COLUMN staging.staged_crm_opportunities.closed_on IS '[tenant_private] Day it was won or lost';
COMMENT ON COLUMN staging.staged_crm_opportunities.close_value IS '[tenant_private] Value won, in US dollars; 0 if lost';
CREATE UNLOGGED TABLE staging.staged_calls (
    load_id UUID NOT NULL,
    tenant_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    agent_name TEXT NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    duration_seconds INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    notes TEXT NOT NULL,
    CONSTRAINT staged_calls_pkey PRIMARY KEY (load_id, tenant_id, call_id)
);
COMMENT ON TABLE staging.staged_calls IS '[tenant_private] Rows of one load on their way to tenant_private.calls.';
COMMENT ON COLUMN staging.staged_calls.load_id IS '[tenant_private] The load that the row came with';
COMMENT ON COLUMN staging.staged_calls.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN staging.staged_calls.call_id IS '[tenant_private] The call''s id';
COMMENT ON COLUMN staging.staged_calls.contact_id IS '[tenant_private] The person called';
COMMENT ON COLUMN staging.staged_calls.agent_name IS '[tenant_private] The sales agent who called';
COMMENT ON COLUMN staging.staged_calls.started_at IS '[tenant_private] When the call began';
COMMENT ON COLUMN staging.staged_calls.duration_seconds IS '[tenant_private] Length in seconds';
COMMENT ON COLUMN staging.staged_calls.outcome IS '[tenant_private] connected, voicemail, no_answer or meeting_booked';
COMMENT ON COLUMN staging.staged_calls.notes IS '[tenant_private] Notes taken in the call';
CREATE UNLOGGED TABLE staging.staged_emails (
    load_id UUID NOT NULL,
    tenant_id TEXT NOT NULL,
    email_id TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    direction TEXT NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    CONSTRAINT staged_emails_pkey PRIMARY KEY (load_id, tenant_id, email_id)
);
COMMENT ON TABLE staging.staged_emails IS '[tenant_private] Rows of one load on their way to tenant_private.emails.';
COMMENT ON COLUMN staging.staged_emails.load_id IS '[tenant_private] The load that the row came with';
COMMENT ON COLUMN staging.staged_emails.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN staging.staged_emails.email_id IS '[tenant_private] The message''s id';
COMMENT ON COLUMN staging.staged_emails.contact_id IS '[tenant_private] The person at the other end';
COMMENT ON COLUMN staging.staged_emails.direction IS '[tenant_private] inbound or outbound';
COMMENT ON COLUMN staging.staged_emails.sent_at IS '[tenant_private] When it was sent';
COMMENT ON COLUMN staging.staged_emails.subject IS '[tenant_private] Subject line';
COMMENT ON COLUMN staging.staged_emails.body IS '[tenant_private] Text of the message';
CREATE UNLOGGED TABLE staging.staged_prospects (
    load_id UUID NOT NULL,
    tenant_id TEXT NOT NULL,
    prospect_id TEXT NOT NULL,
    full_name TEXT NOT NULL,
    company TEXT NOT NULL,
    email TEXT,
    source TEXT NOT NULL,
    score INTEGER NOT NULL,
    CONSTRAINT staged_prospects_pkey PRIMARY KEY (load_id, tenant_id, prospect_id)
);
COMMENT ON TABLE staging.staged_prospects IS '[tenant_private] Rows of one load on their way to tenant_private.prospects.';
COMMENT ON COLUMN staging.staged_prospects.load_id IS '[tenant_private] The load that the row came with';
COMMENT ON COLUMN staging.staged_prospects.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN staging.staged_prospects.prospect_id IS '[tenant_private] The prospect''s id';
COMMENT ON COLUMN staging.staged_prospects.full_name IS '[tenant_private] The person''s name';
COMMENT ON COLUMN staging.staged_prospects.company IS '[tenant_private] The company the person works for';
COMMENT ON COLUMN staging.staged_prospects.email IS '[tenant_private] Work e-mail address';
COMMENT ON COLUMN staging.staged_prospects.source IS '[tenant_private] Where the prospect came from';
COMMENT ON COLUMN staging.staged_prospects.score IS '[tenant_private] Fit from 0 to 100';
CREATE UNLOGGED TABLE staging.staged_drafts (
    load_id UUID NOT NULL,
    tenant_id TEXT NOT NULL,
    draft_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    CONSTRAINT staged_drafts_pkey PRIMARY KEY (load_id, tenant_id, draft_id)
);
COMMENT ON TABLE staging.staged_drafts IS '[tenant_private] Rows of one load on their way to tenant_private.drafts.';
COMMENT ON COLUMN staging.staged_drafts.load_id IS '[tenant_private] The load that the row came with';
COMMENT ON COLUMN staging.staged_drafts.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN staging.staged_drafts.draft_id IS '[tenant_private] The draft''s id';
COMMENT ON COLUMN staging.staged_drafts.channel IS '[tenant_private] email, linkedin or call_script';
COMMENT ON COLUMN staging.staged_drafts.created_at IS '[tenant_private] When it was drafted';
COMMENT ON COLUMN staging.staged_drafts.subject IS '[tenant_private] Subject line';
COMMENT ON COLUMN staging.staged_drafts.body IS '[tenant_private] Text of the draft';
CREATE UNLOGGED TABLE staging.staged_conversations (
    load_id UUID NOT NULL,
    tenant_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    turn INTEGER NOT NULL,
    role TEXT NOT NULL,
    said_at TIMESTAMP WITH TIME ZONE NOT NULL,
    content TEXT NOT NULL,
    CONSTRAINT staged_conversations_pkey PRIMARY KEY (load_id, tenant_id, conversation_id, turn)
);
COMMENT ON TABLE staging.staged_conversations IS '[tenant_private] Rows of one load on their way to tenant_private.conversations.';
COMMENT ON COLUMN staging.staged_conversations.load_id IS '[tenant_private] The load that the row came with';
COMMENT ON COLUMN staging.staged_conversations.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN staging.staged_conversations.conversation_id IS '[tenant_private] The conversation''s id';
COMMENT ON COLUMN staging.staged_conversations.turn IS '[tenant_private] Position in the conversation, from 1';
COMMENT ON COLUMN staging.staged_conversations.role IS '[tenant_private] user or agent';
COMMENT ON COLUMN staging.staged_conversations.said_at IS '[tenant_private] When it was said';
COMMENT ON COLUMN staging.staged_conversations.content IS '[tenant_private] What was said';
CREATE UNLOGGED TABLE staging.staged_oauth_tokens (
    load_id UUID NOT NULL,
    tenant_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    account_email TEXT NOT NULL,
    access_token TEXT NOT NULL,
    refresh_token TEXT,
    scopes TEXT[] NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT staged_oauth_tokens_pkey PRIMARY KEY (load_id, tenant_id, provider, account_email)
);
COMMENT ON TABLE staging.staged_oauth_tokens IS '[tenant_private] Rows of one load on their way to tenant_private.oauth_tokens.';
COMMENT ON COLUMN staging.staged_oauth_tokens.load_id IS '[tenant_private] The load that the row came with';
COMMENT ON COLUMN staging.staged_oauth_tokens.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN staging.staged_oauth_tokens.provider IS '[tenant_private] The system the token opens';
COMMENT ON COLUMN staging.staged_oauth_tokens.account_email IS '[tenant_private] The account it acts for';
COMMENT ON COLUMN staging.staged_oauth_tokens.access_token IS '[tenant_private] The access token';
COMMENT ON COLUMN staging.staged_oauth_tokens.refresh_token IS '[tenant_private] The refresh token';
COMMENT ON COLUMN staging.staged_oauth_tokens.scopes IS '[tenant_private] What it permits';
COMMENT ON COLUMN staging.staged_oauth_tokens.expires_at IS '[tenant_private] When the access token ends';
CREATE UNLOGGED TABLE staging.staged_agent_runs (
    load_id UUID NOT NULL,
    tenant_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    tool_name TEXT NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    latency_ms INTEGER NOT NULL,
    cost_usd NUMERIC NOT NULL,
    outcome TEXT NOT NULL,
    CONSTRAINT staged_agent_runs_pkey PRIMARY KEY (load_id, tenant_id, run_id)
);
COMMENT ON TABLE staging.staged_agent_runs IS '[tenant_private] Rows of one load on their way to tenant_private.agent_runs.';
COMMENT ON COLUMN staging.staged_agent_runs.load_id IS '[tenant_private] The load that the row came with';
COMMENT ON COLUMN staging.staged_agent_runs.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN staging.staged_agent_runs.run_id IS '[tenant_private] The run''s id';
COMMENT ON COLUMN staging.staged_agent_runs.tool_name IS '[tenant_private] The tool that ran';
COMMENT ON COLUMN staging.staged_agent_runs.started_at IS '[tenant_private] When it began';
COMMENT ON COLUMN staging.staged_agent_runs.latency_ms IS '[tenant_private] How long it took, in milliseconds';
COMMENT ON COLUMN staging.staged_agent_runs.cost_usd IS '[tenant_private] What it cost, in US dollars';
COMMENT ON COLUMN staging.staged_agent_runs.outcome IS '[tenant_private] succeeded, failed or escalated';
CREATE UNLOGGED TABLE staging.staged_episodic_memories (
    load_id UUID NOT NULL,
    tenant_id TEXT NOT NULL,
    memory_id TEXT NOT NULL,
    happened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    summary TEXT NOT NULL,
    salience DOUBLE PRECISION NOT NULL,
    CONSTRAINT staged_episodic_memories_pkey PRIMARY KEY (load_id, tenant_id, memory_id)
);
COMMENT ON TABLE staging.staged_episodic_memories IS '[tenant_private] Rows of one load on their way to tenant_private.episodic_memories.';
COMMENT ON COLUMN staging.staged_episodic_memories.load_id IS '[tenant_private] The load that the row came with';
COMMENT ON COLUMN staging.staged_episodic_memories.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN staging.staged_episodic_memories.memory_id IS '[tenant_private] The memory''s id';
COMMENT ON COLUMN staging.staged_episodic_memories.happened_at IS '[tenant_private] When it happened';
COMMENT ON COLUMN staging.staged_episodic_memories.summary IS '[tenant_private] What happened';
COMMENT ON COLUMN staging.staged_episodic_memories.salience IS '[tenant_private] How much it matters, from 0 to 1';
CREATE UNLOGGED TABLE staging.staged_pipeline_reviews (
    load_id UUID NOT NULL,
    tenant_id TEXT NOT NULL,
    review_id TEXT NOT NULL,
    reviewed_on DATE NOT NULL,
    author_name TEXT NOT NULL,
    forecast_value NUMERIC NOT NULL,
    summary TEXT NOT NULL,
    CONSTRAINT staged_pipeline_reviews_pkey PRIMARY KEY (load_id, tenant_id, review_id)
);
COMMENT ON TABLE staging.staged_pipeline_reviews IS '[tenant_private] Rows of one load on their way to tenant_private.pipeline_reviews.';
COMMENT ON COLUMN staging.staged_pipeline_reviews.load_id IS '[tenant_private] The load that the row came with';
COMMENT ON COLUMN staging.staged_pipeline_reviews.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN staging.staged_pipeline_reviews.review_id IS '[tenant_private] The review''s id';
COMMENT ON COLUMN staging.staged_pipeline_reviews.reviewed_on IS '[tenant_private] Day of the review';
COMMENT ON COLUMN staging.staged_pipeline_reviews.author_name IS '[tenant_private] Who reviewed';
COMMENT ON COLUMN staging.staged_pipeline_reviews.forecast_value IS '[tenant_private] Forecast for the quarter, in US dollars';
COMMENT ON COLUMN staging.staged_pipeline_reviews.summary IS '[tenant_private] What was concluded';
CREATE UNLOGGED TABLE staging.staged_semantic_memories (
    load_id UUID NOT NULL,
    tenant_id TEXT NOT NULL,
    item_id TEXT NOT NULL,
    content TEXT NOT NULL,
    embedding VECTOR(384) NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT staged_semantic_memories_pkey PRIMARY KEY (load_id, tenant_id, item_id)
);
COMMENT ON TABLE staging.staged_semantic_memories IS '[tenant_private] Rows of one load on their way to tenant_private.semantic_memories.';
COMMENT ON COLUMN staging.staged_semantic_memories.load_id IS '[tenant_private] The load that the row came with';
COMMENT ON COLUMN staging.staged_semantic_memories.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN staging.staged_semantic_memories.item_id IS '[tenant_private] The item''s id';
COMMENT ON COLUMN staging.staged_semantic_memories.content IS '[tenant_private] The text that was embedded';
COMMENT ON COLUMN staging.staged_semantic_memories.embedding IS '[tenant_private] The text''s embedding, 384 dimensions';
COMMENT ON COLUMN staging.staged_semantic_memories.created_at IS '[tenant_private] When it was stored';
