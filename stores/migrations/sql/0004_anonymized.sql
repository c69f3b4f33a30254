CREATE TABLE anonymized.anonymized_industry_benchmarks (
    sector TEXT NOT NULL,
    size_band TEXT NOT NULL,
    product_series TEXT NOT NULL,
    quarter TEXT NOT NULL,
    deals BIGINT NOT NULL,
    win_rate NUMERIC NOT NULL,
    value_p25 NUMERIC,
    value_p50 NUMERIC,
    value_p75 NUMERIC,
    promotion_id UUID NOT NULL,
    CONSTRAINT anonymized_industry_benchmarks_pkey PRIMARY KEY (sector, size_band, product_series, quarter)
);
COMMENT ON TABLE anonymized.anonymized_industry_benchmarks IS '[anonymized_benchmark] How deals go by sector, company size, product series and quarter, across all tenants.';
COMMENT ON COLUMN anonymized.anonymized_industry_benchmarks.sector IS '[anonymized_benchmark] Industry sector of the customer';
COMMENT ON COLUMN anonymized.anonymized_industry_benchmarks.size_band IS '[anonymized_benchmark] Size of the customer by employees';
COMMENT ON COLUMN anonymized.anonymized_industry_benchmarks.product_series IS '[anonymized_benchmark] Series of the product sold';
COMMENT ON COLUMN anonymized.anonymized_industry_benchmarks.quarter IS '[anonymized_benchmark] Quarter in which the deals closed, as 2017-Q3';
COMMENT ON COLUMN anonymized.anonymized_industry_benchmarks.deals IS '[anonymized_benchmark] Number of closed deals';
COMMENT ON COLUMN anonymized.anonymized_industry_benchmarks.win_rate IS '[anonymized_benchmark] Share that was won, 0 to 1';
COMMENT ON COLUMN anonymized.anonymized_industry_benchmarks.value_p25 IS '[anonymized_benchmark] Lower quartile of won value, US dollars, two digits kept';
COMMENT ON COLUMN anonymized.anonymized_industry_benchmarks.value_p50 IS '[anonymized_benchmark] Median of won value, US dollars, two digits kept';
COMMENT ON COLUMN anonymized.anonymized_industry_benchmarks.value_p75 IS '[anonymized_benchmark] Upper quartile of won value, US dollars, two digits kept';
COMMENT ON COLUMN anonymized.anonymized_industry_benchmarks.promotion_id IS '[anonymized_benchmark] The promotion that released the row';
CREATE TABLE anonymized.anonymized_playbooks (
    playbook_id TEXT NOT NULL,
    sector TEXT NOT NULL,
    title TEXT NOT NULL,
    steps TEXT NOT NULL,
    promotion_id UUID NOT NULL,
    CONSTRAINT anonymized_playbooks_pkey PRIMARY KEY (playbook_id)
);
COMMENT ON TABLE anonymized.anonymized_playbooks IS '[anonymized_benchmark] Playbooks that worked, without names.';
COMMENT ON COLUMN anonymized.anonymized_playbooks.playbook_id IS '[anonymized_benchmark] The playbook''s id';
COMMENT ON COLUMN anonymized.anonymized_playbooks.sector IS '[anonymized_benchmark] Sector it is for';
COMMENT ON COLUMN anonymized.anonymized_playbooks.title IS '[anonymized_benchmark] Title';
COMMENT ON COLUMN anonymized.anonymized_playbooks.steps IS '[anonymized_benchmark] What to do, step by step';
COMMENT ON COLUMN anonymized.anonymized_playbooks.promotion_id IS '[anonymized_benchmark] The promotion that released the row';
CREATE TABLE anonymized.anonymized_tactics (
    tactic_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    tactic TEXT NOT NULL,
    uplift NUMERIC,
    promotion_id UUID NOT NULL,
    CONSTRAINT anonymized_tactics_pkey PRIMARY KEY (tactic_id)
);
COMMENT ON TABLE anonymized.anonymized_tactics IS '[anonymized_benchmark] Single tactics and how well they work.';
COMMENT ON COLUMN anonymized.anonymized_tactics.tactic_id IS '[anonymized_benchmark] The tactic''s id';
COMMENT ON COLUMN anonymized.anonymized_tactics.channel IS '[anonymized_benchmark] Where it is used';
COMMENT ON COLUMN anonymized.anonymized_tactics.tactic IS '[anonymized_benchmark] What to do';
COMMENT ON COLUMN anonymized.anonymized_tactics.uplift IS '[anonymized_benchmark] Change in reply rate, as a share';
COMMENT ON COLUMN anonymized.anonymized_tactics.promotion_id IS '[anonymized_benchmark] The promotion that released the row';
CREATE TABLE anonymized.pattern_bank (
    item_id TEXT NOT NULL,
    content TEXT NOT NULL,
    embedding VECTOR(384) NOT NULL,
    promotion_id UUID NOT NULL,
    CONSTRAINT pattern_bank_pkey PRIMARY KEY (item_id)
);
COMMENT ON TABLE anonymized.pattern_bank IS '[anonymized_benchmark] Patterns across tenants, embedded again from anonymized text.';
COMMENT ON COLUMN anonymized.pattern_bank.item_id IS '[anonymized_benchmark] The item''s id';
COMMENT ON COLUMN anonymized.pattern_bank.content IS '[anonymized_benchmark] The anonymized text that was embedded';
COMMENT ON COLUMN anonymized.pattern_bank.embedding IS '[anonymized_benchmark] Embedding of the anonymized text, 384 dimensions';
COMMENT ON COLUMN anonymized.pattern_bank.promotion_id IS '[anonymized_benchmark] The promotion that released the row';
CREATE TABLE anonymized.capability_index (
    item_id TEXT NOT NULL,
    content TEXT NOT NULL,
    embedding VECTOR(384) NOT NULL,
    promotion_id UUID NOT NULL,
    CONSTRAINT capability_index_pkey PRIMARY KEY (item_id)
);
COMMENT ON TABLE anonymized.capability_index IS '[anonymized_benchmark] What agents can do, embedded from anonymized descriptions.';
COMMENT ON COLUMN anonymized.capability_index.item_id IS '[anonymized_benchmark] The item''s id';
COMMENT ON COLUMN anonymized.capability_index.content IS '[anonymized_benchmark] The anonymized text that was embedded';
COMMENT ON COLUMN anonymized.capability_index.embedding IS '[anonymized_benchmark] Embedding of the anonymized text, 384 dimensions';
COMMENT ON COLUMN anonymized.capability_index.promotion_id IS '[anonymized_benchmark] The promotion that released the row';
