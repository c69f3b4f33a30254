-- Patterns from texts: where drafts and their outcomes are kept, where patterns are released to,
-- and what a run may know of names so that none of them gets there.
CREATE TABLE tenant_private.sdr_drafts (
    tenant_id TEXT NOT NULL,
    draft_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    step INTEGER NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    replied BOOLEAN NOT NULL,
    meeting_booked BOOLEAN NOT NULL,
    CONSTRAINT sdr_drafts_step_check CHECK (step >= 1),
    CONSTRAINT sdr_drafts_sent_at_check
        CHECK (sent_at BETWEEN '1900-01-01 00:00+00' AND '2200-01-01 00:00+00'),
    CONSTRAINT sdr_drafts_pkey PRIMARY KEY (tenant_id, draft_id),
    CONSTRAINT sdr_drafts_account_id_fkey FOREIGN KEY (tenant_id, account_id)
        REFERENCES tenant_private.crm_accounts (tenant_id, account_id)
);
COMMENT ON TABLE tenant_private.sdr_drafts IS '[tenant_private] Outreach that agents drafted for sales development, and what came of it.';
COMMENT ON COLUMN tenant_private.sdr_drafts.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN tenant_private.sdr_drafts.draft_id IS '[tenant_private] The draft''s id';
COMMENT ON COLUMN tenant_private.sdr_drafts.account_id IS '[tenant_private] The account it was written to';
COMMENT ON COLUMN tenant_private.sdr_drafts.channel IS '[tenant_private] email, linkedin or call_script';
COMMENT ON COLUMN tenant_private.sdr_drafts.step IS '[tenant_private] Position in its sequence, from 1';
COMMENT ON COLUMN tenant_private.sdr_drafts.sent_at IS '[tenant_private] When it was sent';
COMMENT ON COLUMN tenant_private.sdr_drafts.subject IS '[tenant_private] Subject line';
COMMENT ON COLUMN tenant_private.sdr_drafts.body IS '[tenant_private] Text of the draft';
COMMENT ON COLUMN tenant_private.sdr_drafts.replied IS '[tenant_private] Whether an answer came';
COMMENT ON COLUMN tenant_private.sdr_drafts.meeting_booked IS '[tenant_private] Whether a meeting came of it';
CREATE UNLOGGED TABLE staging.staged_sdr_drafts (
    load_id UUID NOT NULL,
    tenant_id TEXT NOT NULL,
    draft_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    step INTEGER NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    replied BOOLEAN NOT NULL,
    meeting_booked BOOLEAN NOT NULL,
    CONSTRAINT staged_sdr_drafts_pkey PRIMARY KEY (load_id, tenant_id, draft_id)
);
COMMENT ON TABLE staging.staged_sdr_drafts IS '[tenant_private] Rows of one load on their way to tenant_private.sdr_drafts.';
COMMENT ON COLUMN staging.staged_sdr_drafts.load_id IS '[tenant_private] The load that the row came with';
COMMENT ON COLUMN staging.staged_sdr_drafts.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN staging.staged_sdr_drafts.draft_id IS '[tenant_private] The draft''s id';
COMMENT ON COLUMN staging.staged_sdr_drafts.account_id IS '[tenant_private] The account it was written to';
COMMENT ON COLUMN staging.staged_sdr_drafts.channel IS '[tenant_private] email, linkedin or call_script';
COMMENT ON COLUMN staging.staged_sdr_drafts.step IS '[tenant_private] Position in its sequence, from 1';
COMMENT ON COLUMN staging.staged_sdr_drafts.sent_at IS '[tenant_private] When it was sent';
COMMENT ON COLUMN staging.staged_sdr_drafts.subject IS '[tenant_private] Subject line';
COMMENT ON COLUMN staging.staged_sdr_drafts.body IS '[tenant_private] Text of the draft';
COMMENT ON COLUMN staging.staged_sdr_drafts.replied IS '[tenant_private] Whether an answer came';
COMMENT ON COLUMN staging.staged_sdr_drafts.meeting_booked IS '[tenant_private] Whether a meeting came of it';
CREATE TABLE anonymized.anonymized_review_patterns (
    item_id TEXT NOT NULL,
    content TEXT NOT NULL,
    embedding VECTOR(384) NOT NULL,
    theme TEXT NOT NULL,
    structure TEXT NOT NULL,
    quarter TEXT NOT NULL,
    reviews BIGINT NOT NULL,
    promotion_id UUID NOT NULL,
    CONSTRAINT anonymized_review_patterns_pkey PRIMARY KEY (item_id),
    CONSTRAINT anonymized_review_patterns_theme_structure_quarter_key
        UNIQUE (theme, structure, quarter)
);
COMMENT ON TABLE anonymized.anonymized_review_patterns IS '[anonymized_benchmark] What reviews of pipelines conclude across tenants, embedded from anonymized text.';
COMMENT ON COLUMN anonymized.anonymized_review_patterns.item_id IS '[anonymized_benchmark] The item''s id';
COMMENT ON COLUMN anonymized.anonymized_review_patterns.content IS '[anonymized_benchmark] The anonymized text that was embedded';
COMMENT ON COLUMN anonymized.anonymized_review_patterns.embedding IS '[anonymized_benchmark] Embedding of the anonymized text, 384 dimensions';
COMMENT ON COLUMN anonymized.anonymized_review_patterns.theme IS '[anonymized_benchmark] What the texts are about; ''*'' where that is not told';
COMMENT ON COLUMN anonymized.anonymized_review_patterns.structure IS '[anonymized_benchmark] How the texts are built: length, what they ask, whom they name';
COMMENT ON COLUMN anonymized.anonymized_review_patterns.quarter IS '[anonymized_benchmark] Quarter of the texts, as 2017-Q3';
COMMENT ON COLUMN anonymized.anonymized_review_patterns.reviews IS '[anonymized_benchmark] Number of reviews';
COMMENT ON COLUMN anonymized.anonymized_review_patterns.promotion_id IS '[anonymized_benchmark] The promotion that released the row';
CREATE INDEX anonymized_review_patterns_embedding_hnsw
    ON anonymized.anonymized_review_patterns
    USING hnsw (embedding vector_cosine_ops) WITH (ef_construction = 128);
CREATE TABLE anonymized.anonymized_brief_patterns (
    item_id TEXT NOT NULL,
    content TEXT NOT NULL,
    embedding VECTOR(384) NOT NULL,
    theme TEXT NOT NULL,
    structure TEXT NOT NULL,
    quarter TEXT NOT NULL,
    briefs BIGINT NOT NULL,
    promotion_id UUID NOT NULL,
    CONSTRAINT anonymized_brief_patterns_pkey PRIMARY KEY (item_id),
    CONSTRAINT anonymized_brief_patterns_theme_structure_quarter_key
        UNIQUE (theme, structure, quarter)
);
COMMENT ON TABLE anonymized.anonymized_brief_patterns IS '[anonymized_benchmark] What briefs for operating partners say across funds, embedded from anonymized text.';
COMMENT ON COLUMN anonymized.anonymized_brief_patterns.item_id IS '[anonymized_benchmark] The item''s id';
COMMENT ON COLUMN anonymized.anonymized_brief_patterns.content IS '[anonymized_benchmark] The anonymized text that was embedded';
COMMENT ON COLUMN anonymized.anonymized_brief_patterns.embedding IS '[anonymized_benchmark] Embedding of the anonymized text, 384 dimensions';
COMMENT ON COLUMN anonymized.anonymized_brief_patterns.theme IS '[anonymized_benchmark] What the texts are about; ''*'' where that is not told';
COMMENT ON COLUMN anonymized.anonymized_brief_patterns.structure IS '[anonymized_benchmark] How the texts are built: length, what they ask, whom they name';
COMMENT ON COLUMN anonymized.anonymized_brief_patterns.quarter IS '[anonymized_benchmark] Quarter of the texts, as 2017-Q3';
COMMENT ON COLUMN anonymized.anonymized_brief_patterns.briefs IS '[anonymized_benchmark] Number of briefs';
COMMENT ON COLUMN anonymized.anonymized_brief_patterns.promotion_id IS '[anonymized_benchmark] The promotion that released the row';
CREATE INDEX anonymized_brief_patterns_embedding_hnsw
    ON anonymized.anonymized_brief_patterns
    USING hnsw (embedding vector_cosine_ops) WITH (ef_construction = 128);
ALTER TABLE anonymized.pattern_bank
    ADD COLUMN channel TEXT NOT NULL,
    ADD COLUMN sector TEXT NOT NULL,
    ADD COLUMN step TEXT NOT NULL,
    ADD COLUMN structure TEXT NOT NULL,
    ADD COLUMN quarter TEXT NOT NULL,
    ADD COLUMN uses BIGINT NOT NULL,
    ADD COLUMN reply_rate NUMERIC,
    ADD COLUMN meeting_rate NUMERIC,
    ADD CONSTRAINT pattern_bank_channel_sector_step_structure_quarter_key
        UNIQUE (channel, sector, step, structure, quarter);
COMMENT ON COLUMN anonymized.pattern_bank.channel IS '[anonymized_benchmark] Where the tactic is used: email, linkedin or call_script';
COMMENT ON COLUMN anonymized.pattern_bank.sector IS '[anonymized_benchmark] Sector written to; ''*'' where that is not told';
COMMENT ON COLUMN anonymized.pattern_bank.step IS '[anonymized_benchmark] Position in a sequence; ''*'' where that is not told';
COMMENT ON COLUMN anonymized.pattern_bank.structure IS '[anonymized_benchmark] How the texts are built: length, what they ask, whom they name';
COMMENT ON COLUMN anonymized.pattern_bank.quarter IS '[anonymized_benchmark] Quarter of the texts, as 2017-Q3';
COMMENT ON COLUMN anonymized.pattern_bank.uses IS '[anonymized_benchmark] Number of drafts';
COMMENT ON COLUMN anonymized.pattern_bank.reply_rate IS '[anonymized_benchmark] Share that was answered, 0 to 1';
COMMENT ON COLUMN anonymized.pattern_bank.meeting_rate IS '[anonymized_benchmark] Share that led to a meeting, 0 to 1';

-- The new tables get what 0008, 0012, 0014 and 0015 gave the others.
ALTER TABLE staging.staged_sdr_drafts OWNER TO cl_ingest;
GRANT INSERT ON staging.staged_sdr_drafts TO loader_w;

ALTER TABLE tenant_private.sdr_drafts OWNER TO cl_owner;
ALTER TABLE tenant_private.sdr_drafts ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenant_private.sdr_drafts FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON tenant_private.sdr_drafts TO tenant_rw
    USING (tenant_id = (SELECT control.tenant()))
    WITH CHECK (tenant_id = (SELECT control.tenant()));
CREATE POLICY ingest ON tenant_private.sdr_drafts TO cl_ingest USING (true) WITH CHECK (true);
CREATE POLICY run_sources ON tenant_private.sdr_drafts FOR SELECT TO anonymizer_r
    USING ((SELECT control.run_reads('tenant_private.sdr_drafts')));
CREATE POLICY audit_counts ON tenant_private.sdr_drafts FOR SELECT TO cl_auditor USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON tenant_private.sdr_drafts TO tenant_rw;
GRANT SELECT, INSERT, UPDATE ON tenant_private.sdr_drafts TO cl_ingest;
GRANT SELECT ON tenant_private.sdr_drafts TO anonymizer_r, cl_auditor;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['anonymized_review_patterns', 'anonymized_brief_patterns'] LOOP
        EXECUTE format('ALTER TABLE anonymized.%I OWNER TO cl_owner', name);
        EXECUTE format('ALTER TABLE anonymized.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE anonymized.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY every_reader ON anonymized.%I FOR SELECT'
            ' TO tenant_rw, fund_r, platform_rw, steward_w, anonymizer_r'
            ' USING ((SELECT control.may_read(''anonymized_benchmark'')))', name);
        EXECUTE format(
            'CREATE POLICY published ON anonymized.%I TO cl_key USING (true) WITH CHECK (true)',
            name);
        EXECUTE format(
            'CREATE POLICY audit_counts ON anonymized.%I FOR SELECT TO cl_auditor USING (true)',
            name);
        EXECUTE format(
            'GRANT SELECT ON anonymized.%I TO tenant_rw, fund_r, platform_rw, steward_w,'
            ' anonymizer_r, cl_auditor', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON anonymized.%I TO cl_key', name);
    END LOOP;
END $$;

-- The planner's samples of tenants' values show in EXPLAIN's estimates.
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT a.attname FROM pg_attribute a
                WHERE a.attrelid = 'tenant_private.sdr_drafts'::regclass AND a.attnum > 0 LOOP
        EXECUTE format(
            'ALTER TABLE tenant_private.sdr_drafts ALTER COLUMN %I SET STATISTICS 0', name);
    END LOOP;
END $$;

-- Where a fund's data is the source, the fund is the contributor, and is counted as its own fund.
COMMENT ON COLUMN control.cell_contributors.tenant_id IS '[tenant_private] The tenant, or the fund where a fund''s data is the source';
COMMENT ON COLUMN control.measure_contributions.tenant_id IS '[tenant_private] The tenant, or the fund where a fund''s data is the source';
CREATE OR REPLACE FUNCTION control.file_candidate(
    p jsonb, cells jsonb, cell_nos integer[], tenants text[], measured_ text[],
    row_counts bigint[], amounts numeric[], digests numeric[], rows_ text[]
) RETURNS TABLE (promotion_id uuid, already_recorded boolean)
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    r control.workflow_runs := control.open_run();
    g control.workflow_registrations;
    filed uuid := gen_random_uuid();
BEGIN
    SELECT * INTO g FROM control.workflow_registrations w
        WHERE w.workflow = r.workflow AND w.source_digest = r.source_digest;
    IF NOT COALESCE((p->>'closed_before')::date <= (clock_timestamp() AT TIME ZONE 'UTC')::date,
                    false) THEN
        RAISE EXCEPTION 'only periods that have ended are released' USING ERRCODE = 'CL024';
    END IF;
    IF NOT COALESCE(
        control.declared_dimensions(p->'partition') = g.dimensions
        AND NOT EXISTS (
            SELECT FROM jsonb_array_elements(p->'partition') d
            WHERE NOT COALESCE((d->>'level')::integer >= 0
                               AND (d->>'level')::integer < (d->>'levels')::integer, false)),
        false)
    THEN
        RAISE EXCEPTION 'the candidate''s partition is not one that % declares', g.workflow
            USING ERRCODE = 'CL028', HINT = 'file it with the declared dimensions and levels';
    END IF;
    INSERT INTO control.promotions (
        promotion_id, idempotency_key, base_key, attempt, workflow, source_digest, run_id,
        from_class, to_class, sources, target, policy, snapshot_digest, candidate_digest,
        closed_before, rows_in, cells_in, cells_kept, suppressed, state, requested_by, family,
        partition)
    VALUES (
        filed, p->>'idempotency_key', p->>'base_key', (p->>'attempt')::integer, g.workflow,
        g.source_digest, r.run_id, g.from_class, g.to_class, g.sources, g.target, g.policy,
        p->>'snapshot_digest', '', (p->>'closed_before')::date, (p->>'rows_in')::bigint,
        (p->>'cells_in')::bigint, jsonb_array_length(cells), p->'suppressed', 'candidate',
        p->>'requested_by', g.family, p->'partition')
    ON CONFLICT (idempotency_key) DO NOTHING;
    IF NOT FOUND THEN
        RETURN QUERY SELECT o.promotion_id, true FROM control.promotions o
            WHERE o.idempotency_key = p->>'idempotency_key';
        RETURN;
    END IF;
    INSERT INTO quarantine.candidate_cells (promotion_id, cell_no, cell)
        SELECT filed, c.no::integer, c.cell
        FROM jsonb_array_elements(cells) WITH ORDINALITY AS c (cell, no);
    INSERT INTO control.cell_contributors
        (promotion_id, cell_no, tenant_id, fund_id, row_count, amount, digest, row_digests)
        SELECT filed, u.cell_no, u.tenant_id,
               CASE g.from_class WHEN 'fund_private' THEN u.tenant_id ELSE m.fund_id END,
               u.row_count, u.amount, u.digest,
               u.rows::bigint[]
        FROM unnest(cell_nos, tenants, measured_, row_counts, amounts, digests, rows_)
            AS u (cell_no, tenant_id, measured, row_count, amount, digest, rows)
        LEFT JOIN control.portfolio_membership m USING (tenant_id)
        WHERE u.measured = '';
    INSERT INTO control.measure_contributions
        (promotion_id, cell_no, tenant_id, measured, row_count, amount, digest)
        SELECT filed, u.cell_no, u.tenant_id, u.measured, u.row_count, u.amount, u.digest
        FROM unnest(cell_nos, tenants, measured_, row_counts, amounts, digests)
            AS u (cell_no, tenant_id, measured, row_count, amount, digest)
        WHERE u.measured <> '';
    IF EXISTS (
        SELECT FROM control.cell_contributors c
        WHERE c.promotion_id = filed AND NOT CASE g.from_class
            WHEN 'fund_private'
            THEN EXISTS (SELECT FROM control.funds f WHERE f.fund_id = c.tenant_id)
            ELSE EXISTS (SELECT FROM control.tenants t WHERE t.tenant_id = c.tenant_id) END
    ) THEN
        RAISE EXCEPTION 'a contributor is no registered tenant, or fund where funds are counted'
            USING ERRCODE = 'CL024';
    END IF;
    UPDATE control.promotions o SET candidate_digest = control.candidate_digest(filed)
        WHERE o.promotion_id = filed;
    RETURN QUERY SELECT filed, false;
END $$;

CREATE OR REPLACE FUNCTION control.require_whole_contributions(p control.promotions) RETURNS void
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE wrong bigint;
BEGIN
    SELECT count(*) INTO wrong FROM control.cell_contributors c
        WHERE c.promotion_id = p.promotion_id AND cardinality(c.row_digests) <> c.row_count;
    IF wrong > 0 THEN
        RAISE EXCEPTION '% contributions do not name each of their rows', wrong
            USING ERRCODE = 'CL024';
    END IF;
    SELECT count(*) - count(DISTINCT u.row_digest) INTO wrong
        FROM control.cell_contributors c CROSS JOIN unnest(c.row_digests) AS u (row_digest)
        WHERE c.promotion_id = p.promotion_id;
    IF wrong > 0 THEN
        RAISE EXCEPTION '% rows stand in more than one cell', wrong USING ERRCODE = 'CL024',
            HINT = 'a source row falls into one cell of its family: mend the workflow''s join';
    END IF;
    SELECT count(*) INTO wrong FROM control.cell_contributors c
        LEFT JOIN control.portfolio_membership m USING (tenant_id)
        WHERE c.promotion_id = p.promotion_id AND c.fund_id IS DISTINCT FROM
            CASE p.from_class WHEN 'fund_private' THEN c.tenant_id ELSE m.fund_id END;
    IF wrong > 0 THEN
        RAISE EXCEPTION '% contributions are of tenants whose fund has changed since', wrong
            USING ERRCODE = 'CL024', HINT = 'run the workflow again';
    END IF;
    -- What a measure shows is vouched for by contributions to that measure.
    SELECT count(*) INTO wrong FROM quarantine.candidate_cells q
        JOIN control.workflow_registrations g
          ON g.workflow = p.workflow AND g.source_digest = p.source_digest
        CROSS JOIN LATERAL jsonb_object_keys(q.cell) AS k (name)
        WHERE q.promotion_id = p.promotion_id AND g.measures ? k.name
          AND q.cell->k.name <> 'null' AND NOT EXISTS (
              SELECT FROM control.measure_contributions c
              WHERE c.promotion_id = p.promotion_id AND c.cell_no = q.cell_no
                AND c.measured = (SELECT string_agg(s.name, ' ' ORDER BY s.name)
                    FROM jsonb_array_elements_text(g.measures->k.name) AS s (name)));
    IF wrong > 0 THEN
        RAISE EXCEPTION '% values come without who contributed to them', wrong
            USING ERRCODE = 'CL024';
    END IF;
END $$;

-- Of a fund's data a run reads the briefs alone, with a claim that names their class.
CREATE POLICY run_sources ON fund_private.op_partner_briefs FOR SELECT TO anonymizer_r
    USING ((SELECT control.may_read('fund_private'))
           AND (SELECT control.run_reads('fund_private.op_partner_briefs')));
GRANT SELECT ON fund_private.op_partner_briefs TO anonymizer_r;
GRANT USAGE ON SCHEMA fund_private TO anonymizer_r;

-- Text is released only by workflows that looked for every known identifier in it.
ALTER TABLE control.workflow_registrations ADD CONSTRAINT workflow_registrations_text_check CHECK (
    target NOT IN ('anonymized.pattern_bank', 'anonymized.anonymized_review_patterns',
                   'anonymized.anonymized_brief_patterns')
    OR required_checks @> ARRAY['no_known_identifiers', 'embedded_from_content']);

-- Whether the open run's workflow must show that no known identifier leaves: only such a run may
-- know them.
CREATE FUNCTION control.require_looking_run() RETURNS void
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE r control.workflow_runs := control.open_run();
BEGIN
    IF NOT EXISTS (
        SELECT FROM control.workflow_registrations g
        WHERE g.workflow = r.workflow AND g.source_digest = r.source_digest
          AND 'no_known_identifiers' = ANY (g.required_checks)
    ) THEN
        RAISE EXCEPTION 'the run''s workflow does not look for known identifiers, so it may not'
            ' know them' USING ERRCODE = 'CL006',
            HINT = 'declare the check no_known_identifiers';
    END IF;
END $$;

CREATE FUNCTION control.owner_names() RETURNS SETOF text
LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.external_name FROM control.tenants t
    UNION SELECT f.external_name FROM control.funds f
$$;

-- What all tenants are known by: names, addresses and phones, and nothing else of their rows.
CREATE FUNCTION control.known_identifiers() RETURNS TABLE (kind text, identifier text)
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM control.require_looking_run();
    RETURN QUERY
        SELECT 'ACCOUNT_NAME', n.name FROM control.owner_names() AS n (name)
        UNION SELECT 'ACCOUNT_NAME', a.name FROM tenant_private.crm_accounts a
        UNION SELECT 'ACCOUNT_NAME', a.parent_name FROM tenant_private.crm_accounts a
            WHERE a.parent_name IS NOT NULL
        UNION SELECT 'ACCOUNT_NAME', p.company FROM tenant_private.prospects p
        UNION SELECT 'PERSON_NAME', c.full_name FROM tenant_private.crm_contacts c
        UNION SELECT 'PERSON_NAME', p.full_name FROM tenant_private.prospects p
        UNION SELECT 'PERSON_NAME', o.agent_name FROM tenant_private.crm_opportunities o
        UNION SELECT 'PERSON_NAME', c.agent_name FROM tenant_private.calls c
        UNION SELECT 'PERSON_NAME', r.author_name FROM tenant_private.pipeline_reviews r
        UNION SELECT 'EMAIL', c.email FROM tenant_private.crm_contacts c WHERE c.email IS NOT NULL
        UNION SELECT 'EMAIL', p.email FROM tenant_private.prospects p WHERE p.email IS NOT NULL
        UNION SELECT 'PHONE', c.phone FROM tenant_private.crm_contacts c WHERE c.phone IS NOT NULL;
END $$;

DO $$
DECLARE f text;
BEGIN
    FOREACH f IN ARRAY ARRAY['require_looking_run()', 'owner_names()', 'known_identifiers()'] LOOP
        EXECUTE format('ALTER FUNCTION control.%s OWNER TO %I', f,
                       CASE f WHEN 'known_identifiers()' THEN 'cl_auditor' ELSE 'cl_key' END);
        EXECUTE format('REVOKE ALL ON FUNCTION control.%s FROM PUBLIC', f);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION control.require_looking_run(), control.owner_names() TO cl_auditor;
GRANT EXECUTE ON FUNCTION control.known_identifiers() TO anonymizer_r;
