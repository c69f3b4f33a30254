-- CL028 the family's partition is frozen   CL029 another family over the same measures
CREATE TABLE control.benchmark_families (
    family TEXT NOT NULL,
    target TEXT NOT NULL,
    sources TEXT[] NOT NULL,
    measures TEXT[] NOT NULL,
    partition JSONB NOT NULL,
    partition_digest TEXT NOT NULL,
    partition_version INTEGER DEFAULT 1 NOT NULL,
    frozen_by UUID NOT NULL,
    frozen_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT benchmark_families_pkey PRIMARY KEY (family),
    CONSTRAINT benchmark_families_target_key UNIQUE (target)
);
COMMENT ON TABLE control.benchmark_families IS '[ascend_platform_metric] Families of benchmarks, each with the one partition its cells keep for ever.';
COMMENT ON COLUMN control.benchmark_families.family IS '[ascend_platform_metric] Name of the family';
COMMENT ON COLUMN control.benchmark_families.target IS '[ascend_platform_metric] Dataset it is released into';
COMMENT ON COLUMN control.benchmark_families.sources IS '[ascend_platform_metric] Datasets it is made of';
COMMENT ON COLUMN control.benchmark_families.measures IS '[ascend_platform_metric] Source columns it aggregates';
COMMENT ON COLUMN control.benchmark_families.partition IS '[ascend_platform_metric] Its dimensions and their chosen levels';
COMMENT ON COLUMN control.benchmark_families.partition_digest IS '[ascend_platform_metric] SHA-256 of the partition';
COMMENT ON COLUMN control.benchmark_families.partition_version IS '[ascend_platform_metric] Running number of the partition';
COMMENT ON COLUMN control.benchmark_families.frozen_by IS '[ascend_platform_metric] The promotion that released its first cells';
COMMENT ON COLUMN control.benchmark_families.frozen_at IS '[ascend_platform_metric] When';
CREATE TABLE control.measure_contributions (
    promotion_id UUID NOT NULL,
    cell_no INTEGER NOT NULL,
    tenant_id TEXT NOT NULL,
    measured TEXT NOT NULL,
    row_count BIGINT NOT NULL,
    amount NUMERIC NOT NULL,
    digest NUMERIC NOT NULL,
    CONSTRAINT measure_contributions_pkey PRIMARY KEY (promotion_id, cell_no, tenant_id, measured)
);
COMMENT ON TABLE control.measure_contributions IS '[tenant_private] What each tenant adds to each measure of a cell. Never published.';
COMMENT ON COLUMN control.measure_contributions.promotion_id IS '[tenant_private] The promotion';
COMMENT ON COLUMN control.measure_contributions.cell_no IS '[tenant_private] Number of the cell in its candidate';
COMMENT ON COLUMN control.measure_contributions.tenant_id IS '[tenant_private] The tenant';
COMMENT ON COLUMN control.measure_contributions.measured IS '[tenant_private] Source columns that the measure aggregates';
COMMENT ON COLUMN control.measure_contributions.row_count IS '[tenant_private] Its rows that the measure counts';
COMMENT ON COLUMN control.measure_contributions.amount IS '[tenant_private] Their part of the cell''s sum';
COMMENT ON COLUMN control.measure_contributions.digest IS '[tenant_private] Sum of keyed digests of what the measure reads of them';
CREATE TABLE control.judged_cells (
    promotion_id UUID NOT NULL,
    cell_no INTEGER NOT NULL,
    family TEXT NOT NULL,
    cell_key JSONB NOT NULL,
    state_digest TEXT NOT NULL,
    released BOOLEAN NOT NULL,
    rule TEXT,
    supersedes UUID,
    superseded_by UUID,
    CONSTRAINT judged_cells_pkey PRIMARY KEY (promotion_id, cell_no),
    CONSTRAINT judged_cells_family_cell_key_promotion_id_key
        UNIQUE (family, cell_key, promotion_id)
);
COMMENT ON TABLE control.judged_cells IS '[tenant_private] What the release guard decided of each cell: released, or held and by which rule. Never published.';
COMMENT ON COLUMN control.judged_cells.promotion_id IS '[tenant_private] The promotion';
COMMENT ON COLUMN control.judged_cells.cell_no IS '[tenant_private] Number of the cell in its candidate';
COMMENT ON COLUMN control.judged_cells.family IS '[tenant_private] The family';
COMMENT ON COLUMN control.judged_cells.cell_key IS '[tenant_private] The cell: one value per dimension';
COMMENT ON COLUMN control.judged_cells.state_digest IS '[tenant_private] Digest of who stands behind it, and with what';
COMMENT ON COLUMN control.judged_cells.released IS '[tenant_private] Whether it was released; that a release was revoked changes nothing here';
COMMENT ON COLUMN control.judged_cells.rule IS '[tenant_private] The rule that held it';
COMMENT ON COLUMN control.judged_cells.supersedes IS '[tenant_private] The promotion whose cell it replaced';
COMMENT ON COLUMN control.judged_cells.superseded_by IS '[tenant_private] The promotion that replaced it';
ALTER TABLE control.cell_contributors
    ADD COLUMN digest NUMERIC DEFAULT 0 NOT NULL,
    ADD COLUMN row_digests BIGINT[] DEFAULT '{}' NOT NULL;
COMMENT ON COLUMN control.cell_contributors.digest IS '[tenant_private] Sum of keyed digests of what its rows hold';
COMMENT ON COLUMN control.cell_contributors.row_digests IS '[tenant_private] Keyed digest of the identity of each of its rows';
ALTER TABLE control.workflow_registrations
    ADD COLUMN family TEXT,
    ADD COLUMN measures JSONB,
    ADD COLUMN dimensions JSONB;
COMMENT ON COLUMN control.workflow_registrations.family IS '[ascend_platform_metric] The benchmark family it releases';
COMMENT ON COLUMN control.workflow_registrations.measures IS '[ascend_platform_metric] Source columns that each measure aggregates';
COMMENT ON COLUMN control.workflow_registrations.dimensions IS '[ascend_platform_metric] How a row falls into a cell, and the levels there are';
ALTER TABLE control.promotions
    ADD COLUMN family TEXT,
    ADD COLUMN partition JSONB,
    ADD COLUMN cells_superseding BIGINT,
    ADD COLUMN held JSONB DEFAULT '{}' NOT NULL,
    ADD COLUMN superseded JSONB DEFAULT '{}' NOT NULL;
COMMENT ON COLUMN control.promotions.cells_held IS '[ascend_platform_metric] Cells the release guard held back: they stay as they are';
COMMENT ON COLUMN control.promotions.family IS '[ascend_platform_metric] The benchmark family';
COMMENT ON COLUMN control.promotions.partition IS '[ascend_platform_metric] Its dimensions and their levels';
COMMENT ON COLUMN control.promotions.cells_superseding IS '[ascend_platform_metric] Rows among those written that replaced an earlier release of their cell';
COMMENT ON COLUMN control.promotions.held IS '[ascend_platform_metric] Cells held, counted by rule';
COMMENT ON COLUMN control.promotions.superseded IS '[ascend_platform_metric] Numbers of its cells that later promotions replaced, by promotion';

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['benchmark_families', 'measure_contributions', 'judged_cells'] LOOP
        EXECUTE format('ALTER TABLE control.%I OWNER TO cl_key', name);
        EXECUTE format('ALTER TABLE control.%I ENABLE ROW LEVEL SECURITY', name);
    END LOOP;
END $$;
CREATE POLICY platform_reads ON control.benchmark_families FOR SELECT TO platform_rw
    USING ((SELECT control.platform_reads()));
GRANT SELECT ON control.benchmark_families TO platform_rw;

-- A correction replaces its cell's row: the publisher may now update, and still never delete.
DO $$
DECLARE t record;
BEGIN
    FOR t IN SELECT schemaname, tablename FROM pg_tables
             WHERE schemaname IN ('fund_private', 'anonymized') LOOP
        EXECUTE format('DROP POLICY published ON %I.%I', t.schemaname, t.tablename);
        EXECUTE format(
            'CREATE POLICY published ON %I.%I TO cl_key USING (true) WITH CHECK (true)',
            t.schemaname, t.tablename);
        EXECUTE format('GRANT SELECT, UPDATE ON %I.%I TO cl_key', t.schemaname, t.tablename);
    END LOOP;
END $$;
GRANT SELECT, UPDATE ON platform.agent_run_aggregates TO cl_key;

CREATE FUNCTION control.partition_digest(partition_ jsonb) RETURNS text
LANGUAGE sql IMMUTABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(sha256(convert_to(partition_::text, 'UTF8')), 'hex')
$$;

-- What two partitions of one declaration have in common: everything but the level chosen.
CREATE FUNCTION control.declared_dimensions(dimensions jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_agg(d.value - 'level' ORDER BY d.place)
    FROM jsonb_array_elements(dimensions) WITH ORDINALITY AS d (value, place)
$$;

CREATE FUNCTION control.measured_columns(measures jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE(array_agg(DISTINCT c.name ORDER BY c.name), '{}')
    FROM jsonb_each(measures) m CROSS JOIN jsonb_array_elements_text(m.value) AS c (name)
$$;

-- Families whose releases the same readers could subtract from those of this one. A fund's own
-- cells and a benchmark for all are kept apart by leave-one-fund-out: see decision 9.
CREATE FUNCTION control.families_sharing(family_ text, target_ text, measures_ text[])
RETURNS SETOF control.benchmark_families
LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT f.* FROM control.benchmark_families f
    WHERE f.family = family_ OR f.target = target_ OR (
        f.measures && measures_
        AND starts_with(f.target, 'fund_private.') = starts_with(target_, 'fund_private.'))
$$;

-- A frozen family keeps its partition, and so does every family over a measure it has.
CREATE FUNCTION control.require_partition(
    family_ text, target_ text, measures_ text[], partition_ jsonb, with_levels boolean
) RETURNS void
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE f control.benchmark_families;
BEGIN
    FOR f IN SELECT * FROM control.families_sharing(family_, target_, measures_) LOOP
        IF (f.family = family_) <> (f.target = target_) THEN
            RAISE EXCEPTION 'a family has one target and a target one family: % belongs to %',
                f.target, f.family USING ERRCODE = 'CL029',
                HINT = 'release the family into its own target';
        END IF;
        CONTINUE WHEN f.partition = partition_ OR (NOT with_levels AND
            control.declared_dimensions(f.partition) = control.declared_dimensions(partition_));
        IF f.family = family_ THEN
            RAISE EXCEPTION 'the partition of family % is frozen since its first release', family_
                USING ERRCODE = 'CL028',
                HINT = 'keep its dimensions, hierarchies and levels: cells cut in another way'
                       ' could be subtracted from those released';
        END IF;
        RAISE EXCEPTION 'family % shares a measure with family %, but not its partition',
            family_, f.family USING ERRCODE = 'CL029',
            HINT = 'take its dimensions and levels, or measure something else: cells of two'
                   ' partitions could be subtracted from each other';
    END LOOP;
END $$;

CREATE FUNCTION control.require_family(g control.workflow_registrations) RETURNS void
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT COALESCE(
        g.family <> '' AND jsonb_typeof(g.measures) = 'object'
        AND jsonb_typeof(g.dimensions) = 'array' AND jsonb_array_length(g.dimensions) > 0
        AND cardinality(control.measured_columns(g.measures)) > 0
        AND NOT EXISTS (
            SELECT FROM jsonb_array_elements(g.dimensions) d
            WHERE NOT COALESCE(d->>'column' <> '' AND d->>'expression' <> ''
                               AND (d->>'levels')::integer >= 1 AND NOT d ? 'level', false))
        AND NOT EXISTS (SELECT FROM jsonb_each(g.measures) m
                        WHERE jsonb_array_length(m.value) = 0), false)
    THEN
        RAISE EXCEPTION 'a workflow names its benchmark family, what it measures and how rows'
            ' fall into cells' USING ERRCODE = 'CL011';
    END IF;
    PERFORM control.require_partition(
        g.family, g.target, control.measured_columns(g.measures), g.dimensions, false);
END $$;

CREATE OR REPLACE FUNCTION control.register_workflow(p jsonb) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE g control.workflow_registrations;
BEGIN
    PERFORM control.require_platform();
    g := jsonb_populate_record(
        NULL::control.workflow_registrations,
        p || jsonb_build_object('registered_at', clock_timestamp()));
    PERFORM control.require_sound_declaration(g);
    PERFORM control.require_family(g);
    INSERT INTO control.workflow_registrations SELECT g.*
        ON CONFLICT (workflow, source_digest) DO NOTHING;
    IF NOT EXISTS (
        SELECT FROM control.workflow_registrations w
        WHERE w.workflow = g.workflow AND w.source_digest = g.source_digest
          AND (w.sources, w.target, w.from_class, w.to_class, w.policy, w.required_checks,
               w.publish_mode, w.family, w.measures, w.dimensions)
            = (g.sources, g.target, g.from_class, g.to_class, g.policy, g.required_checks,
               g.publish_mode, g.family, g.measures, g.dimensions)
    ) THEN
        RAISE EXCEPTION 'workflow % is registered with another declaration under this digest',
            g.workflow USING ERRCODE = 'CL011';
    END IF;
    PERFORM control.tell_once('workflow', g.workflow || ' ', g.source_digest);
END $$;

-- The partition that this run's releases must keep; null before the first release.
CREATE FUNCTION control.frozen_partition() RETURNS jsonb
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r control.workflow_runs := control.open_run();
    g control.workflow_registrations;
BEGIN
    SELECT * INTO g FROM control.workflow_registrations w
        WHERE w.workflow = r.workflow AND w.source_digest = r.source_digest;
    RETURN (SELECT f.partition
            FROM control.families_sharing(
                g.family, g.target, control.measured_columns(g.measures)) f
            ORDER BY f.family = g.family DESC, f.frozen_at LIMIT 1);
END $$;

DROP FUNCTION control.file_candidate(jsonb, jsonb, integer[], text[], bigint[], numeric[]);

-- Contributions are flat: the measured source columns ('' for the whole cell), and for the whole
-- cell the digests of its rows' identities as an array's text.
CREATE FUNCTION control.file_candidate(
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
        SELECT filed, u.cell_no, u.tenant_id, m.fund_id, u.row_count, u.amount, u.digest,
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
        WHERE c.promotion_id = filed AND NOT EXISTS (
            SELECT FROM control.tenants t WHERE t.tenant_id = c.tenant_id)
    ) THEN
        RAISE EXCEPTION 'a contributor is no registered tenant' USING ERRCODE = 'CL024';
    END IF;
    UPDATE control.promotions o SET candidate_digest = control.candidate_digest(filed)
        WHERE o.promotion_id = filed;
    RETURN QUERY SELECT filed, false;
END $$;

-- Floor and workflow's own policy, whichever is tighter.
CREATE FUNCTION control.policy_in_force(
    promotion uuid, OUT k integer, OUT k_without_fund integer, OUT k_funds integer,
    OUT max_share numeric, OUT p_percent integer
)
LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT greatest(f.k_tenants, (o.policy->>'k_tenants')::integer),
           greatest(f.k_after_leaving_out_a_fund,
                    (o.policy->>'k_after_leaving_out_a_fund')::integer),
           greatest(f.k_funds, (o.policy->>'k_funds')::integer),
           least(f.max_share, (o.policy->>'max_share')::numeric),
           greatest(f.p_percent, (o.policy->>'p_percent')::integer)
    FROM control.promotions o
    JOIN control.class_floors f USING (from_class, to_class)
    WHERE o.promotion_id = promotion
$$;

-- Whether what was filed about contributions fits the cells: every row once, every measure told.
CREATE FUNCTION control.require_whole_contributions(p control.promotions) RETURNS void
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
        WHERE c.promotion_id = p.promotion_id AND c.fund_id IS DISTINCT FROM m.fund_id;
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

-- Everybody's part of a candidate's cells: of each as a whole (measured = '') and of each measure.
CREATE FUNCTION control.contributions_to(promotions_ uuid[])
RETURNS TABLE (promotion_id uuid, cell_no integer, measured text, tenant_id text,
               row_count bigint, amount numeric, digest numeric)
LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.promotion_id, c.cell_no, '', c.tenant_id, c.row_count, c.amount, c.digest
    FROM control.cell_contributors c WHERE c.promotion_id = ANY (promotions_)
    UNION ALL
    SELECT m.promotion_id, m.cell_no, m.measured, m.tenant_id, m.row_count, m.amount, m.digest
    FROM control.measure_contributions m WHERE m.promotion_id = ANY (promotions_)
$$;

-- Released before, by this family or one that shares a measure: revoked and replaced ones count.
CREATE FUNCTION control.earlier_releases(promotion uuid) RETURNS SETOF control.judged_cells
LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT j.* FROM control.promotions p
    JOIN control.workflow_registrations g
      ON g.workflow = p.workflow AND g.source_digest = p.source_digest
    CROSS JOIN LATERAL control.families_sharing(
        p.family, p.target, control.measured_columns(g.measures)) f
    JOIN control.judged_cells j ON j.family = f.family
    WHERE p.promotion_id = promotion AND j.released AND j.promotion_id <> promotion
$$;

-- The first rule that a cell breaks, alone or combined with up to three earlier releases of it.
-- For every signed combination, the tenants whose combined contribution is not zero must be none
-- or satisfy the policy; a fund subtracts every tenant it ever owned.
CREATE FUNCTION control.differencing_rules(promotion uuid)
RETURNS TABLE (cell_no integer, rule text)
LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH policy AS (SELECT * FROM control.policy_in_force(promotion)),
    judged AS (
        SELECT j.cell_no, j.cell_key, j.state_digest FROM control.judged_cells j
        WHERE j.promotion_id = promotion AND j.rule IS NULL
    ),
    -- Equal states count once: they combine to nothing new.
    states AS (
        SELECT DISTINCT ON (j.cell_no, e.state_digest)
               j.cell_no, e.promotion_id, e.cell_no AS earlier_no, e.state_digest
        FROM judged j
        JOIN control.earlier_releases(promotion) e USING (cell_key)
        WHERE e.state_digest <> j.state_digest
        ORDER BY j.cell_no, e.state_digest
    ),
    earlier AS (
        SELECT s.*, row_number() OVER (PARTITION BY s.cell_no ORDER BY s.state_digest) AS place
        FROM states s
    ),
    depths AS (
        SELECT j.cell_no, COALESCE(max(e.place), 0) AS depth
        FROM judged j LEFT JOIN earlier e USING (cell_no) GROUP BY j.cell_no
    ),
    contributions AS (
        SELECT * FROM control.contributions_to(
            ARRAY(SELECT DISTINCT e.promotion_id FROM earlier e) || promotion)
    ),
    parts AS (
        SELECT j.cell_no, 0 AS place, c.measured, c.tenant_id, c.row_count, c.amount, c.digest
        FROM judged j JOIN contributions c ON c.promotion_id = promotion AND c.cell_no = j.cell_no
        UNION ALL
        SELECT e.cell_no, e.place, c.measured, c.tenant_id, c.row_count, c.amount, c.digest
        FROM earlier e
        JOIN contributions c ON c.promotion_id = e.promotion_id AND c.cell_no = e.earlier_no
    ),
    combinations AS (
        SELECT row_number() OVER () AS combination, ARRAY[a, b, c] AS signs,
               CASE WHEN c <> 0 THEN 3 WHEN b <> 0 THEN 2 WHEN a <> 0 THEN 1 ELSE 0 END AS depth
        FROM generate_series(-1, 1) a, generate_series(-1, 1) b, generate_series(-1, 1) c
    ),
    combined AS (
        SELECT t.cell_no, k.combination, t.measured, t.tenant_id,
               abs(sum(s.sign * t.row_count)) AS row_count, abs(sum(s.sign * t.amount)) AS amount
        FROM parts t
        JOIN depths d USING (cell_no)
        JOIN combinations k ON k.depth <= d.depth
        CROSS JOIN LATERAL (
            SELECT CASE WHEN t.place = 0 THEN 1 ELSE k.signs[t.place::integer] END AS sign) s
        WHERE s.sign <> 0
        GROUP BY t.cell_no, k.combination, t.measured, t.tenant_id
        HAVING sum(s.sign * t.row_count) <> 0 OR sum(s.sign * t.amount) <> 0
            OR sum(s.sign * t.digest) <> 0
    ),
    owned AS (
        SELECT DISTINCT c.tenant_id, c.fund_id FROM control.cell_contributors c
        WHERE c.fund_id IS NOT NULL
        UNION SELECT m.tenant_id, m.fund_id FROM control.portfolio_membership m
    ),
    of_one_fund AS (
        SELECT o.tenant_id, min(o.fund_id) AS fund_id FROM owned o
        GROUP BY o.tenant_id HAVING count(*) = 1
    ),
    by_fund AS (
        SELECT c.cell_no, c.combination, c.measured, count(*) AS tenants
        FROM combined c JOIN owned o USING (tenant_id)
        GROUP BY c.cell_no, c.combination, c.measured, o.fund_id
    ),
    by_largest_fund AS (
        SELECT b.cell_no, b.combination, b.measured, max(b.tenants) AS tenants
        FROM by_fund b GROUP BY b.cell_no, b.combination, b.measured
    ),
    ranked AS (
        SELECT c.*, f.fund_id, row_number() OVER (
            PARTITION BY c.cell_no, c.combination, c.measured ORDER BY c.amount DESC) AS place
        FROM combined c LEFT JOIN of_one_fund f USING (tenant_id)
    ),
    sums AS (
        SELECT r.cell_no, r.combination, r.measured, count(*) AS tenants,
               count(DISTINCT r.fund_id) AS funds, sum(r.amount) AS total,
               max(r.amount) AS largest,
               COALESCE(max(r.amount) FILTER (WHERE r.place = 2), 0) AS second,
               sum(r.row_count) AS total_rows, max(r.row_count) AS largest_rows
        FROM ranked r GROUP BY r.cell_no, r.combination, r.measured
    ),
    broken AS (
        SELECT s.cell_no, CASE
            WHEN s.tenants < p.k THEN 1
            -- A tenant without a fund is a fund of its own: it can subtract itself.
            WHEN p.k_without_fund > 0
                 AND s.tenants - greatest(COALESCE(b.tenants, 0), 1) < p.k_without_fund THEN 2
            WHEN s.funds < p.k_funds THEN 3
            WHEN s.largest > p.max_share * s.total
                 OR s.largest_rows > p.max_share * s.total_rows THEN 4
            WHEN (s.total - s.largest - s.second) * 100 < p.p_percent * s.largest THEN 5
        END AS rule
        FROM sums s LEFT JOIN by_largest_fund b USING (cell_no, combination, measured)
        CROSS JOIN policy p
    )
    SELECT b.cell_no, (ARRAY['k_tenants', 'k_after_leaving_out_a_fund', 'k_funds', 'dominance',
                             'p_percent'])[min(b.rule)]
    FROM broken b WHERE b.rule IS NOT NULL GROUP BY b.cell_no
$$;

-- Decides of every cell of a candidate whether it is released, and records by which rule it is not.
CREATE FUNCTION control.judge(p control.promotions, publish_mode text) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    most_corrections constant integer := 3;
    wrong bigint;
BEGIN
    -- Nothing is known of how many rows combine; joined one by one, they take minutes.
    PERFORM set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true);
    SELECT count(*) INTO wrong FROM quarantine.candidate_cells q
        CROSS JOIN jsonb_array_elements(p.partition) d
        WHERE q.promotion_id = p.promotion_id
          AND COALESCE(q.cell->(d->>'column'), 'null') = 'null';
    IF wrong > 0 THEN
        RAISE EXCEPTION '% cells lack a dimension of their partition', wrong
            USING ERRCODE = 'CL025';
    END IF;
    INSERT INTO control.judged_cells (promotion_id, cell_no, family, cell_key, state_digest,
                                      released)
        SELECT p.promotion_id, q.cell_no, p.family,
               (SELECT jsonb_object_agg(d->>'column', q.cell->(d->>'column'))
                FROM jsonb_array_elements(p.partition) d), '', false
        FROM quarantine.candidate_cells q WHERE q.promotion_id = p.promotion_id;
    UPDATE control.judged_cells j SET state_digest = s.digest
        FROM (SELECT c.cell_no, encode(sha256(convert_to(string_agg(
                  jsonb_build_array(c.measured, c.tenant_id, c.row_count, trim_scale(c.amount),
                                    c.digest)::text,
                  E'\n' ORDER BY c.measured COLLATE "C", c.tenant_id COLLATE "C"), 'UTF8')),
                  'hex') AS digest
              FROM control.contributions_to(ARRAY[p.promotion_id]) c GROUP BY c.cell_no) s
        WHERE j.promotion_id = p.promotion_id AND j.cell_no = s.cell_no;

    UPDATE control.judged_cells j
        SET supersedes = e.promotion_id,
            rule = CASE WHEN e.state_digest = j.state_digest THEN 'unchanged' END
        FROM control.judged_cells e
        WHERE j.promotion_id = p.promotion_id AND e.family = j.family
          AND e.cell_key = j.cell_key AND e.promotion_id <> p.promotion_id
          AND e.released AND e.superseded_by IS NULL;
    IF publish_mode = 'newest' THEN
        UPDATE control.judged_cells j SET rule = 'newer_period'
            FROM platform.kv_entries k
            WHERE j.promotion_id = p.promotion_id
              AND k.key = 'capability_index:' || (j.cell_key->>'tool_name')
              AND (k.value->>'month')::date > (j.cell_key->>'month')::date;
    END IF;

    -- A row that was released in one cell is in no other, or the two could be subtracted. What one
    -- fund is shown and what another is are never in one hand.
    WITH own AS MATERIALIZED (
        SELECT k.cell_no, k.cell_key, u.row_digest
        FROM control.judged_cells k
        JOIN control.cell_contributors c USING (promotion_id, cell_no)
        CROSS JOIN unnest(c.row_digests) AS u (row_digest)
        WHERE k.promotion_id = p.promotion_id AND k.rule IS NULL
    ),
    seen AS MATERIALIZED (
        SELECT DISTINCT e.cell_key, u.row_digest
        FROM control.earlier_releases(p.promotion_id) e
        JOIN control.cell_contributors c USING (promotion_id, cell_no)
        CROSS JOIN unnest(c.row_digests) AS u (row_digest)
    )
    UPDATE control.judged_cells j SET rule = 'row_moved'
        FROM (SELECT DISTINCT o.cell_no FROM own o JOIN seen s USING (row_digest)
              WHERE s.cell_key <> o.cell_key
                AND s.cell_key->'fund_id' IS NOT DISTINCT FROM o.cell_key->'fund_id') moved
        WHERE j.promotion_id = p.promotion_id AND j.cell_no = moved.cell_no;

    UPDATE control.judged_cells j SET rule = 'corrections'
        FROM (SELECT k.cell_no
              FROM control.judged_cells k
              JOIN control.earlier_releases(p.promotion_id) e USING (cell_key)
              WHERE k.promotion_id = p.promotion_id AND k.state_digest <> e.state_digest
              GROUP BY k.cell_no
              HAVING count(DISTINCT e.state_digest) > most_corrections) worn
        WHERE j.promotion_id = p.promotion_id AND j.cell_no = worn.cell_no AND j.rule IS NULL;

    UPDATE control.judged_cells j SET rule = d.rule
        FROM control.differencing_rules(p.promotion_id) d
        WHERE j.promotion_id = p.promotion_id AND j.cell_no = d.cell_no;
    UPDATE control.judged_cells j SET released = j.rule IS NULL,
            supersedes = CASE WHEN j.rule IS NULL THEN j.supersedes END
        WHERE j.promotion_id = p.promotion_id;
END $$;

-- Writes what the guard released into the target's table; returns the cells that found a row of
-- their key there which no record tells of: they are held.
CREATE FUNCTION control.write_rows(p control.promotions, target regclass) RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    dimensions text;
    replaced text;
BEGIN
    SELECT string_agg(quote_ident(d->>'column'), ', ') INTO dimensions
        FROM jsonb_array_elements(p.partition) d;
    SELECT string_agg(format('%1$I = excluded.%1$I', a.attname), ', ') INTO replaced
        FROM pg_attribute a
        WHERE a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped
          AND a.attname NOT IN (SELECT d->>'column' FROM jsonb_array_elements(p.partition) d);
    EXECUTE format(
        'INSERT INTO %1$s AS t SELECT r.* FROM control.judged_cells j'
        ' JOIN quarantine.candidate_cells c USING (promotion_id, cell_no)'
        ' CROSS JOIN LATERAL jsonb_populate_record(NULL::%1$s,'
        ' c.cell || jsonb_build_object(''promotion_id'', c.promotion_id)) r'
        ' WHERE j.promotion_id = $1 AND j.released ORDER BY j.cell_no'
        ' ON CONFLICT (%2$s) DO UPDATE SET %3$s WHERE EXISTS ('
        ' SELECT FROM control.judged_cells k WHERE k.promotion_id = $1 AND k.released'
        ' AND k.supersedes = t.promotion_id AND k.cell_key <@ to_jsonb(t))',
        target, dimensions, replaced) USING p.promotion_id;
    EXECUTE format(
        'UPDATE control.judged_cells j SET released = false, supersedes = NULL,'
        ' rule = ''unrecorded'' WHERE j.promotion_id = $1 AND j.released AND NOT EXISTS ('
        ' SELECT FROM %s t WHERE t.promotion_id = $1 AND j.cell_key <@ to_jsonb(t))', target)
        USING p.promotion_id;
    RETURN (SELECT count(*) FROM control.judged_cells j
            WHERE j.promotion_id = p.promotion_id AND j.released);
END $$;

CREATE FUNCTION control.write_keys(p control.promotions) RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO platform.kv_entries AS e (key, value, promotion_id, updated_at)
        SELECT 'capability_index:' || (c.cell->>'tool_name'), c.cell - 'tool_name',
               p.promotion_id, clock_timestamp()
        FROM quarantine.candidate_cells c
        JOIN control.judged_cells j USING (promotion_id, cell_no)
        WHERE c.promotion_id = p.promotion_id AND j.released
        ON CONFLICT (key) DO UPDATE SET value = excluded.value,
            promotion_id = excluded.promotion_id, updated_at = excluded.updated_at
            WHERE (e.value->>'month')::date < (excluded.value->>'month')::date OR EXISTS (
                SELECT FROM control.judged_cells k
                WHERE k.promotion_id = p.promotion_id AND k.released
                  AND k.supersedes = e.promotion_id
                  AND 'capability_index:' || (k.cell_key->>'tool_name') = e.key
                  AND k.cell_key->'month' = e.value->'month');
    UPDATE control.judged_cells j SET released = false, supersedes = NULL, rule = 'unrecorded'
        WHERE j.promotion_id = p.promotion_id AND j.released AND NOT EXISTS (
            SELECT FROM platform.kv_entries e
            WHERE e.promotion_id = p.promotion_id
              AND e.key = 'capability_index:' || (j.cell_key->>'tool_name'));
    RETURN (SELECT count(*) FROM control.judged_cells j
            WHERE j.promotion_id = p.promotion_id AND j.released);
END $$;

-- What was released is remembered: the family's partition, and whose cells were replaced.
CREATE FUNCTION control.record_release(p control.promotions, measures_ jsonb) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO control.benchmark_families AS f
        (family, target, sources, measures, partition, partition_digest, frozen_by)
        SELECT p.family, p.target, p.sources, control.measured_columns(measures_), p.partition,
               control.partition_digest(p.partition), p.promotion_id
        WHERE EXISTS (SELECT FROM control.judged_cells j
                      WHERE j.promotion_id = p.promotion_id AND j.released)
        ON CONFLICT (family) DO UPDATE SET
            sources = ARRAY(SELECT unnest(f.sources || excluded.sources) AS x GROUP BY x ORDER BY x),
            measures = ARRAY(
                SELECT unnest(f.measures || excluded.measures) AS x GROUP BY x ORDER BY x);
    UPDATE control.judged_cells e SET superseded_by = p.promotion_id
        FROM control.judged_cells j
        WHERE j.promotion_id = p.promotion_id AND j.released AND e.promotion_id = j.supersedes
          AND e.family = j.family AND e.cell_key = j.cell_key;
    UPDATE control.promotions o
        SET superseded = o.superseded || jsonb_build_object(p.promotion_id::text, s.cells)
        FROM (SELECT e.promotion_id, jsonb_agg(e.cell_no ORDER BY e.cell_no) AS cells
              FROM control.judged_cells e WHERE e.superseded_by = p.promotion_id
              GROUP BY e.promotion_id) s
        WHERE o.promotion_id = s.promotion_id;
    UPDATE control.promotions o SET
        cells_superseding = (SELECT count(*) FROM control.judged_cells j
                             WHERE j.promotion_id = p.promotion_id AND j.released
                               AND j.supersedes IS NOT NULL),
        held = COALESCE((SELECT jsonb_object_agg(r.rule, r.cells) FROM (
            SELECT j.rule, count(*) AS cells FROM control.judged_cells j
            WHERE j.promotion_id = p.promotion_id AND NOT j.released GROUP BY j.rule) r), '{}')
        WHERE o.promotion_id = p.promotion_id;
END $$;

CREATE OR REPLACE FUNCTION control.publish(promotion uuid)
RETURNS TABLE (rows_published bigint, cells_held bigint, approved_by text)
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    p control.promotions := control.own_promotion(promotion);
    g control.workflow_registrations;
    a control.approvals;
    target regclass;
    below bigint;
    wrong bigint;
    written bigint;
BEGIN
    IF p.state = 'published' THEN
        RETURN QUERY SELECT p.rows_published, p.cells_held, p.approved_by;
        RETURN;
    END IF;
    IF p.state NOT IN ('candidate', 'awaiting_review') THEN
        RAISE EXCEPTION 'a promotion that is % cannot be published', p.state
            USING ERRCODE = 'CL020';
    END IF;
    SELECT * INTO g FROM control.workflow_registrations w
        WHERE w.workflow = p.workflow AND w.source_digest = p.source_digest;
    a := control.approval_in_force(p.workflow, p.source_digest, p.requested_by);
    IF a.approval_id IS NULL THEN
        RAISE EXCEPTION 'no approval of this source digest of % by another than its requester is in force',
            p.workflow
            USING ERRCODE = 'CL021';
    END IF;
    IF control.candidate_digest(promotion) IS DISTINCT FROM p.candidate_digest THEN
        RAISE EXCEPTION 'the candidate is not the one that was filed' USING ERRCODE = 'CL023';
    END IF;
    IF COALESCE(array_length(g.required_checks, 1), 0) = 0 OR EXISTS (
        SELECT FROM unnest(g.required_checks) AS required (name)
        CROSS JOIN unnest(ARRAY['candidate', 'publish']) AS phases (phase)
        LEFT JOIN LATERAL (
            SELECT r.passed, r.candidate_digest FROM control.check_results r
            WHERE r.promotion_id = promotion AND r.check_name = required.name
              AND r.phase = phases.phase
            ORDER BY r.result_id DESC LIMIT 1) latest ON true
        WHERE NOT COALESCE(latest.passed AND latest.candidate_digest = p.candidate_digest, false)
    ) THEN
        RAISE EXCEPTION 'a required check has not passed on this candidate'
            USING ERRCODE = 'CL022';
    END IF;
    below := control.cells_below_policy(promotion);
    IF below > 0 THEN
        RAISE EXCEPTION '% cells are below the floors of % -> %', below, p.from_class, p.to_class
            USING ERRCODE = 'CL024';
    END IF;

    IF p.family IS NULL THEN
        RAISE EXCEPTION 'the candidate was filed before releases were guarded'
            USING ERRCODE = 'CL028', HINT = 'run the workflow again';
    END IF;
    -- One release is judged at a time, on what is there now: two at once would not see each other.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'a release is judged on what is there now, not on an older snapshot'
            USING ERRCODE = 'CL020', HINT = 'publish in a READ COMMITTED transaction';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('release guard', 0));
    PERFORM control.require_partition(
        p.family, p.target, control.measured_columns(g.measures), p.partition, true);

    -- A fund's cell may rest on that fund's own portfolio companies alone.
    SELECT count(*) INTO wrong FROM quarantine.candidate_cells c
    WHERE p.to_class = 'fund_private' AND c.promotion_id = promotion AND (
        c.cell->>'fund_id' IS NULL OR EXISTS (
            SELECT FROM control.cell_contributors x
            WHERE x.promotion_id = promotion AND x.cell_no = c.cell_no
              AND x.fund_id IS DISTINCT FROM c.cell->>'fund_id'));
    IF wrong > 0 THEN
        RAISE EXCEPTION '% cells rest on tenants of another fund', wrong USING ERRCODE = 'CL024';
    END IF;

    SELECT count(*) INTO wrong FROM quarantine.candidate_cells c
    WHERE c.promotion_id = promotion AND (
        (c.cell ? 'month' AND NOT COALESCE((c.cell->>'month')::date < p.closed_before, false))
        OR (c.cell ? 'quarter' AND NOT COALESCE(
            c.cell->>'quarter' < to_char(p.closed_before, 'YYYY-"Q"Q'), false)));
    IF wrong > 0 THEN
        RAISE EXCEPTION '% cells describe a period that has not ended', wrong
            USING ERRCODE = 'CL024';
    END IF;

    PERFORM control.require_whole_contributions(p);
    IF g.publish_mode = 'newest' THEN
        IF p.to_class <> 'ascend_platform_metric'
           OR g.target <> 'platform.capability_index_by_tool' THEN
            RAISE EXCEPTION 'only the platform''s own keys may be replaced' USING ERRCODE = 'CL025';
        END IF;
        SELECT count(*) INTO wrong FROM quarantine.candidate_cells c
        WHERE c.promotion_id = promotion AND (
            SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(c.cell) k
        ) IS DISTINCT FROM ARRAY[
            'cost_per_run_usd', 'latency_p50_ms', 'month', 'runs', 'success_rate', 'tool_name'];
        IF wrong > 0 THEN
            RAISE EXCEPTION '% cells do not have the fields of their key', wrong
                USING ERRCODE = 'CL025';
        END IF;
        PERFORM control.judge(p, g.publish_mode);
        written := control.write_keys(p);
    ELSE
        target := to_regclass(g.target);
        IF target IS NULL OR NOT EXISTS (
            SELECT FROM pg_class k JOIN pg_namespace n ON n.oid = k.relnamespace
            WHERE k.oid = target AND n.nspname = control.schema_of(p.to_class)
        ) THEN
            RAISE EXCEPTION 'the target is not a table of class %', p.to_class
                USING ERRCODE = 'CL025';
        END IF;
        SELECT count(*) INTO wrong FROM quarantine.candidate_cells c
        WHERE c.promotion_id = promotion AND (
            SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(c.cell) k
        ) IS DISTINCT FROM (
            SELECT array_agg(t.attname::text ORDER BY t.attname::text) FROM pg_attribute t
            WHERE t.attrelid = target AND t.attnum > 0 AND NOT t.attisdropped
              AND t.attname <> 'promotion_id');
        IF wrong > 0 THEN
            RAISE EXCEPTION '% cells do not have the columns of their target', wrong
                USING ERRCODE = 'CL025';
        END IF;
        PERFORM control.judge(p, g.publish_mode);
        written := control.write_rows(p, target);
    END IF;
    PERFORM control.record_release(p, g.measures);
    UPDATE control.promotions o SET
        state = 'published', state_reason = NULL, approved_by = a.steward_name,
        approval_id = a.approval_id, rows_published = written,
        cells_held = o.cells_kept - written, published_at = clock_timestamp()
        WHERE o.promotion_id = promotion;
    INSERT INTO control.outbox (kind, subject) VALUES ('promotion', promotion::text);
    RETURN QUERY SELECT written, p.cells_kept - written, a.steward_name;
END $$;

DO $$
DECLARE f text;
BEGIN
    FOREACH f IN ARRAY ARRAY[
        'partition_digest(jsonb)', 'declared_dimensions(jsonb)', 'measured_columns(jsonb)',
        'families_sharing(text, text, text[])',
        'require_partition(text, text, text[], jsonb, boolean)',
        'require_family(control.workflow_registrations)', 'frozen_partition()',
        'file_candidate(jsonb, jsonb, integer[], text[], text[], bigint[], numeric[], numeric[],'
        ' text[])',
        'policy_in_force(uuid)', 'require_whole_contributions(control.promotions)',
        'contributions_to(uuid[])', 'earlier_releases(uuid)', 'differencing_rules(uuid)',
        'judge(control.promotions, text)', 'write_rows(control.promotions, regclass)',
        'write_keys(control.promotions)', 'record_release(control.promotions, jsonb)'
    ] LOOP
        EXECUTE format('ALTER FUNCTION control.%s OWNER TO cl_key', f);
        EXECUTE format('REVOKE ALL ON FUNCTION control.%s FROM PUBLIC', f);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION control.frozen_partition(),
    control.file_candidate(jsonb, jsonb, integer[], text[], text[], bigint[], numeric[], numeric[],
                           text[])
    TO anonymizer_r;
