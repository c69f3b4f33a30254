-- CL020 state   CL023 digest or count   CL024 floors   CL025 schema   CL028 partition
-- A candidate is filed in parts, inside one transaction: begun, added to, completed. What is not
-- completed cannot be committed.
CREATE TABLE control.open_filings (
    promotion_id UUID NOT NULL,
    run_id UUID NOT NULL,
    parts BIGINT NOT NULL,
    cells BIGINT NOT NULL,
    contributions BIGINT NOT NULL,
    digest TEXT NOT NULL,
    CONSTRAINT open_filings_pkey PRIMARY KEY (promotion_id)
);
COMMENT ON TABLE control.open_filings IS '[tenant_private] How far the filing of a candidate has come; it ends with its transaction.';
COMMENT ON COLUMN control.open_filings.promotion_id IS '[tenant_private] The promotion';
COMMENT ON COLUMN control.open_filings.run_id IS '[tenant_private] The run that files it';
COMMENT ON COLUMN control.open_filings.parts IS '[tenant_private] Parts that have come';
COMMENT ON COLUMN control.open_filings.cells IS '[tenant_private] Their cells';
COMMENT ON COLUMN control.open_filings.contributions IS '[tenant_private] Their contributions';
COMMENT ON COLUMN control.open_filings.digest IS '[tenant_private] Digest of the parts as they came, each over the one before';
ALTER TABLE control.open_filings OWNER TO cl_key;
ALTER TABLE control.open_filings ENABLE ROW LEVEL SECURITY;

DROP FUNCTION control.file_candidate(
    jsonb, jsonb, integer[], text[], text[], bigint[], numeric[], numeric[], text[]);

-- Begins a candidate of the run's workflow, or finds the one that was filed under this key. Whoever
-- files another of the workflow waits until this transaction ends.
CREATE FUNCTION control.begin_candidate(p jsonb)
RETURNS TABLE (promotion_id uuid, already_recorded boolean, from_class text)
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
    -- Candidates of one workflow are filed one at a time: each sees what it supersedes.
    PERFORM pg_advisory_xact_lock(hashtextextended('candidates ' || g.workflow, 0));
    INSERT INTO control.promotions (
        promotion_id, idempotency_key, base_key, attempt, workflow, source_digest, run_id,
        from_class, to_class, sources, target, policy, snapshot_digest, candidate_digest,
        closed_before, rows_in, cells_in, cells_kept, suppressed, state, requested_by, family,
        partition)
    VALUES (
        filed, p->>'idempotency_key', p->>'base_key', (p->>'attempt')::integer, g.workflow,
        g.source_digest, r.run_id, g.from_class, g.to_class, g.sources, g.target, g.policy,
        p->>'snapshot_digest', '', (p->>'closed_before')::date, (p->>'rows_in')::bigint,
        0, 0, '{}', 'drafted', p->>'requested_by', g.family, p->'partition')
    ON CONFLICT (idempotency_key) DO NOTHING;
    IF NOT FOUND THEN
        RETURN QUERY SELECT o.promotion_id, true, o.from_class FROM control.promotions o
            WHERE o.idempotency_key = p->>'idempotency_key';
        RETURN;
    END IF;
    INSERT INTO control.open_filings (promotion_id, run_id, parts, cells, contributions, digest)
        VALUES (filed, r.run_id, 0, 0, 0, '');
    RETURN QUERY SELECT filed, false, g.from_class;
END $$;

-- The filing, locked, if this transaction and the caller's open run began it. Nobody else sees one.
CREATE FUNCTION control.own_filing(promotion uuid) RETURNS control.open_filings
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r control.workflow_runs := control.open_run();
    f control.open_filings;
BEGIN
    SELECT * INTO f FROM control.open_filings o
        WHERE o.promotion_id = promotion AND o.run_id = r.run_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this run is not filing a candidate of this number' USING ERRCODE = 'CL020',
            HINT = 'a candidate is added to in the transaction that began it, until it is complete';
    END IF;
    RETURN f;
END $$;

-- Adds a part: cells, which are numbered on from those before, and who contributed to them or to
-- earlier ones. All of it are texts, of JSON and of arrays, so that what is digested is what was
-- sent. Measured is empty for the whole cell; there alone a contribution names the digests of its
-- rows' identities, as an array's text.
CREATE FUNCTION control.add_to_candidate(
    promotion uuid, part bigint, cells_ text, cell_nos text, tenants text, measured_ text,
    row_counts text, amounts text, digests text, rows_ text
) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    most_cells constant integer := 10000;
    most_contributions constant integer := 500000;
    f control.open_filings := control.own_filing(promotion);
    from_class_ text := (SELECT o.from_class FROM control.promotions o
                         WHERE o.promotion_id = promotion);
    added constant jsonb := cells_::jsonb;
    nos constant integer[] := cell_nos::integer[];
    whose constant text[] := tenants::text[];
    known text[];
    told bigint := 0;
    more bigint;
BEGIN
    IF part IS DISTINCT FROM f.parts + 1 THEN
        RAISE EXCEPTION 'part % of a candidate came where part % was due', part, f.parts + 1
            USING ERRCODE = 'CL023', HINT = 'file it anew: each part comes once, in order';
    END IF;
    IF NOT COALESCE(jsonb_typeof(added) = 'array' AND jsonb_array_length(added) <= most_cells
                    AND cardinality(nos) <= most_contributions, false) THEN
        RAISE EXCEPTION 'a part has at most % cells and % contributions', most_cells,
            most_contributions USING ERRCODE = 'CL025', HINT = 'send it in smaller parts';
    END IF;
    IF EXISTS (SELECT FROM unnest(nos) AS n (no)
               WHERE NOT COALESCE(n.no BETWEEN 1 AND f.cells + jsonb_array_length(added), false))
    THEN
        RAISE EXCEPTION 'a contribution is to no cell that was filed' USING ERRCODE = 'CL024';
    END IF;
    -- Who is locked here is not removed before this candidate is there to be found.
    IF from_class_ = 'fund_private' THEN
        SELECT array_agg(k.id) INTO known FROM (
            SELECT x.fund_id AS id FROM control.funds x
            WHERE x.fund_id = ANY (ARRAY(SELECT DISTINCT unnest(whose))) FOR KEY SHARE) k;
    ELSE
        SELECT array_agg(k.id) INTO known FROM (
            SELECT x.tenant_id AS id FROM control.tenants x
            WHERE x.tenant_id = ANY (ARRAY(SELECT DISTINCT unnest(whose))) FOR KEY SHARE) k;
    END IF;
    IF cardinality(ARRAY(SELECT DISTINCT unnest(whose))) <> COALESCE(cardinality(known), 0) THEN
        RAISE EXCEPTION 'a contributor is no registered tenant, or fund where funds are counted'
            USING ERRCODE = 'CL024';
    END IF;
    INSERT INTO quarantine.candidate_cells (promotion_id, cell_no, cell)
        SELECT promotion, (f.cells + c.no)::integer, c.cell
        FROM jsonb_array_elements(added) WITH ORDINALITY AS c (cell, no);
    INSERT INTO control.cell_contributors
        (promotion_id, cell_no, tenant_id, fund_id, row_count, amount, digest, row_digests)
        SELECT promotion, u.cell_no, u.tenant_id,
               CASE from_class_ WHEN 'fund_private' THEN u.tenant_id ELSE m.fund_id END,
               u.row_count, u.amount, u.digest, u.rows::bigint[]
        FROM unnest(nos, whose, measured_::text[], row_counts::bigint[], amounts::numeric[],
                    digests::numeric[], rows_::text[])
            AS u (cell_no, tenant_id, measured, row_count, amount, digest, rows)
        LEFT JOIN control.portfolio_membership m USING (tenant_id)
        WHERE u.measured = '';
    GET DIAGNOSTICS more = ROW_COUNT;
    told := told + more;
    INSERT INTO control.measure_contributions
        (promotion_id, cell_no, tenant_id, measured, row_count, amount, digest)
        SELECT promotion, u.cell_no, u.tenant_id, u.measured, u.row_count, u.amount, u.digest
        FROM unnest(nos, whose, measured_::text[], row_counts::bigint[], amounts::numeric[],
                    digests::numeric[])
            AS u (cell_no, tenant_id, measured, row_count, amount, digest)
        WHERE u.measured <> '';
    GET DIAGNOSTICS more = ROW_COUNT;
    told := told + more;
    IF (SELECT bool_or(k.n IS DISTINCT FROM told) FROM (VALUES
            (cardinality(nos)), (cardinality(whose)), (cardinality(measured_::text[])),
            (cardinality(row_counts::bigint[])), (cardinality(amounts::numeric[])),
            (cardinality(digests::numeric[])), (cardinality(rows_::text[]))) AS k (n)) THEN
        RAISE EXCEPTION 'what is told of contributions is not told of each' USING ERRCODE = 'CL025';
    END IF;
    UPDATE control.open_filings o
        SET parts = f.parts + 1, cells = f.cells + jsonb_array_length(added),
            contributions = f.contributions + told,
            digest = encode(sha256(convert_to(concat_ws(
                E'\n', f.digest, cells_, cell_nos, tenants, measured_, row_counts, amounts, digests,
                rows_), 'UTF8')), 'hex')
        WHERE o.promotion_id = promotion;
END $$;

-- Completes a candidate that holds what was sent, each cell once. From now on it can be seen, and
-- nothing of it is changed.
CREATE FUNCTION control.complete_candidate(promotion uuid, sent jsonb) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    f control.open_filings := control.own_filing(promotion);
    dimensions text[];
    twice bigint;
BEGIN
    IF NOT COALESCE(
        (sent->>'parts')::bigint = f.parts AND (sent->>'cells')::bigint = f.cells
        AND (sent->>'contributions')::bigint = f.contributions
        AND sent->>'digest' = f.digest, false)
    THEN
        RAISE EXCEPTION 'what came of the candidate is not what was sent' USING ERRCODE = 'CL023',
            HINT = 'file it anew';
    END IF;
    SELECT array_agg(d->>'column') INTO dimensions
        FROM control.promotions o, jsonb_array_elements(o.partition) d
        WHERE o.promotion_id = promotion;
    SELECT count(*) - count(DISTINCT k.cell_key) INTO twice FROM (
        SELECT (SELECT jsonb_agg(c.cell->n.name) FROM unnest(dimensions) AS n (name))::text
                   COLLATE "C" AS cell_key
        FROM quarantine.candidate_cells c WHERE c.promotion_id = promotion) k;
    IF twice > 0 THEN
        RAISE EXCEPTION '% cells of the candidate were filed before', twice USING ERRCODE = 'CL025',
            HINT = 'a cell stands in a candidate once';
    END IF;
    DELETE FROM control.open_filings o WHERE o.promotion_id = promotion;
    UPDATE control.promotions o SET state = 'candidate', cells_kept = f.cells,
            cells_in = (sent->>'cells_in')::bigint, suppressed = sent->'suppressed',
            candidate_digest = control.candidate_digest(promotion)
        WHERE o.promotion_id = promotion;
    PERFORM control.supersede_candidates(promotion);
END $$;

-- At the end of every transaction in which a promotion began: whole, or not at all.
CREATE FUNCTION control.require_whole_candidate() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM control.promotions p
               WHERE p.promotion_id = NEW.promotion_id AND p.state = 'drafted') THEN
        RAISE EXCEPTION 'a candidate is filed whole or not at all' USING ERRCODE = 'CL020',
            HINT = 'complete it in the transaction that began it';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER whole AFTER INSERT ON control.promotions
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION control.require_whole_candidate();
ALTER TABLE control.promotions ENABLE ALWAYS TRIGGER whole;

-- The functions as they are, but for what is said here. What is not found stops the migration.
-- What is known of its cells only once they were filed is set with the candidate, once.
SELECT pg_temp.amend('guard_promotion', 'WHEN o.key = ''candidate_digest'' THEN',
    'WHEN o.key IN (''candidate_digest'', ''cells_in'', ''cells_kept'', ''suppressed'') THEN');
-- Its own transaction sees a candidate only once it is whole, too.
SELECT pg_temp.amend('own_promotion', '    RETURN p;',
'    IF p.state = ''drafted'' THEN
        RAISE EXCEPTION ''the candidate is not complete'' USING ERRCODE = ''CL020'',
            HINT = ''complete it, then go on'';
    END IF;
    RETURN p;');
SELECT pg_temp.amend('run_owns', 'AND p.source_digest = r.source_digest',
                     'AND p.source_digest = r.source_digest AND p.state <> ''drafted''');
DROP FUNCTION pg_temp.amend(text, text, text);

DO $$
DECLARE f text;
BEGIN
    FOREACH f IN ARRAY ARRAY[
        'begin_candidate(jsonb)', 'own_filing(uuid)',
        'add_to_candidate(uuid, bigint, text, text, text, text, text, text, text, text)',
        'complete_candidate(uuid, jsonb)', 'require_whole_candidate()'
    ] LOOP
        EXECUTE format('ALTER FUNCTION control.%s OWNER TO cl_key', f);
        EXECUTE format('REVOKE ALL ON FUNCTION control.%s FROM PUBLIC', f);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION control.begin_candidate(jsonb),
    control.add_to_candidate(uuid, bigint, text, text, text, text, text, text, text, text),
    control.complete_candidate(uuid, jsonb) TO anonymizer_r;
