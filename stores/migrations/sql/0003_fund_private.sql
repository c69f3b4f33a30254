CREATE TABLE fund_private.portfolio_metric_rollups (
    fund_id TEXT NOT NULL,
    stage TEXT NOT NULL,
    month DATE NOT NULL,
    deals BIGINT NOT NULL,
    win_rate NUMERIC,
    value NUMERIC,
    cycle_days NUMERIC,
    promotion_id UUID NOT NULL,
    CONSTRAINT portfolio_metric_rollups_pkey PRIMARY KEY (fund_id, stage, month)
);
COMMENT ON TABLE fund_private.portfolio_metric_rollups IS '[fund_private] How a fund''s portfolio sells: deals per stage and month.';
COMMENT ON COLUMN fund_private.portfolio_metric_rollups.fund_id IS '[fund_private] Opaque id of the fund that owns the row';
COMMENT ON COLUMN fund_private.portfolio_metric_rollups.stage IS '[fund_private] Stage of the pipeline: Engaging or Closed';
COMMENT ON COLUMN fund_private.portfolio_metric_rollups.month IS '[fund_private] First day of the month';
COMMENT ON COLUMN fund_private.portfolio_metric_rollups.deals IS '[fund_private] Number of deals';
COMMENT ON COLUMN fund_private.portfolio_metric_rollups.win_rate IS '[fund_private] Share of closed deals that were won, 0 to 1';
COMMENT ON COLUMN fund_private.portfolio_metric_rollups.value IS '[fund_private] Value won, in US dollars, rounded';
COMMENT ON COLUMN fund_private.portfolio_metric_rollups.cycle_days IS '[fund_private] Mean days from engaged to closed';
COMMENT ON COLUMN fund_private.portfolio_metric_rollups.promotion_id IS '[fund_private] The promotion that released the row';
CREATE TABLE fund_private.cross_portco_views (
    fund_id TEXT NOT NULL,
    view_name TEXT NOT NULL,
    as_of DATE NOT NULL,
    content JSONB NOT NULL,
    promotion_id UUID NOT NULL,
    CONSTRAINT cross_portco_views_pkey PRIMARY KEY (fund_id, view_name, as_of)
);
COMMENT ON TABLE fund_private.cross_portco_views IS '[fund_private] Views across a fund''s portfolio companies.';
COMMENT ON COLUMN fund_private.cross_portco_views.fund_id IS '[fund_private] Opaque id of the fund that owns the row';
COMMENT ON COLUMN fund_private.cross_portco_views.view_name IS '[fund_private] Name of the view';
COMMENT ON COLUMN fund_private.cross_portco_views.as_of IS '[fund_private] Day it describes';
COMMENT ON COLUMN fund_private.cross_portco_views.content IS '[fund_private] The view''s aggregates';
COMMENT ON COLUMN fund_private.cross_portco_views.promotion_id IS '[fund_private] The promotion that released the row';
CREATE TABLE fund_private.op_partner_briefs (
    fund_id TEXT NOT NULL,
    brief_id TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    written_at TIMESTAMP WITH TIME ZONE NOT NULL,
    promotion_id UUID NOT NULL,
    CONSTRAINT op_partner_briefs_pkey PRIMARY KEY (fund_id, brief_id)
);
COMMENT ON TABLE fund_private.op_partner_briefs IS '[fund_private] Briefs for a fund''s operating partners.';
COMMENT ON COLUMN fund_private.op_partner_briefs.fund_id IS '[fund_private] Opaque id of the fund that owns the row';
COMMENT ON COLUMN fund_private.op_partner_briefs.brief_id IS '[fund_private] The brief''s id';
COMMENT ON COLUMN fund_private.op_partner_briefs.title IS '[fund_private] Title';
COMMENT ON COLUMN fund_private.op_partner_briefs.body IS '[fund_private] Text of the brief';
COMMENT ON COLUMN fund_private.op_partner_briefs.written_at IS '[fund_private] When it was written';
COMMENT ON COLUMN fund_private.op_partner_briefs.promotion_id IS '[fund_private] The promotion that released the row';
CREATE TABLE fund_private.fund_patterns (
    fund_id TEXT NOT NULL,
    item_id TEXT NOT NULL,
    content TEXT NOT NULL,
    embedding VECTOR(384) NOT NULL,
    promotion_id UUID NOT NULL,
    CONSTRAINT fund_patterns_pkey PRIMARY KEY (fund_id, item_id)
);
COMMENT ON TABLE fund_private.fund_patterns IS '[fund_private] Patterns inside one fund, as embedded texts: one namespace per fund.';
COMMENT ON COLUMN fund_private.fund_patterns.fund_id IS '[fund_private] Opaque id of the fund that owns the row';
COMMENT ON COLUMN fund_private.fund_patterns.item_id IS '[fund_private] The item''s id';
COMMENT ON COLUMN fund_private.fund_patterns.content IS '[fund_private] The text that was embedded';
COMMENT ON COLUMN fund_private.fund_patterns.embedding IS '[fund_private] The text''s embedding, 384 dimensions';
COMMENT ON COLUMN fund_private.fund_patterns.promotion_id IS '[fund_private] The promotion that released the row';
