-- What publish() decides is decided as before, of ten thousand cells at a time and mostly at once.

-- Every family whose cells stand beside the promotion's own, its own among them.
CREATE FUNCTION control.families_beside(promotion uuid) RETURNS text[]
LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(DISTINCT f.family) FILTER (WHERE f.family <> p.family) || min(p.family)
    FROM control.promotions p
    LEFT JOIN control.workflow_registrations g
      ON g.workflow = p.workflow AND g.source_digest = p.source_digest
    LEFT JOIN LATERAL control.families_sharing(
        p.family, p.target, control.measured_columns(g.measures)) f ON true
    WHERE p.promotion_id = promotion
$$;

CREATE OR REPLACE FUNCTION control.earlier_releases(promotion uuid)
RETURNS SETOF control.judged_cells
LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT j.* FROM control.judged_cells j
    WHERE j.family = ANY (control.families_beside(promotion)) AND j.released
      AND j.promotion_id <> promotion
$$;

-- Who owns whom, or ever did as far as a candidate recorded it.
CREATE FUNCTION control.owned_ever() RETURNS TABLE (tenant_id text, fund_id text)
LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT c.tenant_id, c.fund_id FROM control.cell_contributors c
    WHERE c.fund_id IS NOT NULL
    UNION SELECT m.tenant_id, m.fund_id FROM control.portfolio_membership m
    UNION SELECT h.tenant_id, h.fund_id FROM control.former_owners h
$$;

-- The digest of each cell's state, and the first rule that the state breaks by itself. That is all
-- there is to decide of a cell that was never released: there is nothing to subtract it from.
CREATE FUNCTION control.own_states(
    promotion uuid, first_no bigint, last_no bigint, owned_ text[], owners_ text[]
) RETURNS TABLE (cell_no integer, state_digest text, measured text[], rule text)
LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH parts AS (
        SELECT c.cell_no, '' AS measured, c.tenant_id, c.row_count, c.amount, c.digest
        FROM control.cell_contributors c
        WHERE c.promotion_id = promotion AND c.cell_no BETWEEN first_no AND last_no
        UNION ALL
        SELECT m.cell_no, m.measured, m.tenant_id, m.row_count, m.amount, m.digest
        FROM control.measure_contributions m
        WHERE m.promotion_id = promotion AND m.cell_no BETWEEN first_no AND last_no
          AND m.measured <> ''
    ),
    shares AS (
        SELECT t.cell_no, t.measured, t.tenant_id, abs(t.row_count) AS row_count,
               abs(t.amount) AS amount,
               t.row_count <> 0 OR t.amount <> 0 OR t.digest <> 0 AS counts,
               concat_ws(', ', to_json(t.tenant_id), t.row_count, trim_scale(t.amount), t.digest)
                   AS told
        FROM parts t
    ),
    sums AS MATERIALIZED (
        SELECT s.cell_no, s.measured,
               -- What jsonb_build_array() writes of each share, a line each, in half the time: its
               -- digest is compared with those that are kept.
               '[' || to_json(s.measured)::text || ', ' || string_agg(
                   s.told, E']\n[' || to_json(s.measured)::text || ', '
                   ORDER BY s.tenant_id COLLATE "C") || ']' AS told,
               array_agg(s.tenant_id ORDER BY s.tenant_id COLLATE "C")
                   FILTER (WHERE s.counts) AS tenants,
               sum(s.amount) AS total,
               max(s.amount) AS largest,
               COALESCE((array_agg(s.amount ORDER BY s.amount DESC))[2], 0) AS second,
               sum(s.row_count) AS total_rows,
               max(s.row_count) AS largest_rows
        FROM shares s GROUP BY s.cell_no, s.measured
    ),
    -- How many funds there are, and how many tenants one of them owns, is asked once of each
    -- set of tenants: there are far fewer sets than cells and measures.
    circles AS MATERIALIZED (
        SELECT row_number() OVER () AS circle, d.tenants
        FROM (SELECT DISTINCT s.tenants FROM sums s WHERE s.tenants IS NOT NULL) d
    ),
    owned AS (
        SELECT o.tenant_id, o.fund_id, count(*) OVER (PARTITION BY o.tenant_id) = 1 AS alone
        FROM unnest(owned_, owners_) AS o (tenant_id, fund_id)
    ),
    by_fund AS (
        SELECT c.circle, o.fund_id, count(*) AS tenants, bool_or(o.alone) AS alone
        FROM circles c CROSS JOIN unnest(c.tenants) AS t (tenant_id)
        JOIN owned o USING (tenant_id)
        GROUP BY c.circle, o.fund_id
    ),
    funds AS (
        SELECT b.circle, max(b.tenants) AS tenants, count(*) FILTER (WHERE b.alone) AS funds
        FROM by_fund b GROUP BY b.circle
    ),
    broken AS (
        SELECT s.cell_no, s.measured, s.told, CASE
            WHEN cardinality(s.tenants) < p.k THEN 1
            -- A tenant without a fund is a fund of its own: it can subtract itself.
            WHEN p.k_without_fund > 0 AND cardinality(s.tenants)
                 - greatest(COALESCE(f.tenants, 0), 1) < p.k_without_fund THEN 2
            WHEN COALESCE(f.funds, 0) < p.k_funds AND s.tenants IS NOT NULL THEN 3
            -- What is no number is larger than everything: its share would break nothing.
            WHEN NOT s.total < 'Infinity' OR s.largest > p.max_share * s.total
                 OR s.largest_rows > p.max_share * s.total_rows THEN 4
            WHEN (s.total - s.largest - s.second) * 100 < p.p_percent * s.largest THEN 5
        END AS rule
        FROM sums s LEFT JOIN circles c USING (tenants) LEFT JOIN funds f USING (circle)
        CROSS JOIN control.policy_in_force(promotion) p
    )
    SELECT b.cell_no,
           encode(sha256(convert_to(
               string_agg(b.told, E'\n' ORDER BY b.measured COLLATE "C"), 'UTF8')), 'hex'),
           array_agg(b.measured ORDER BY b.measured COLLATE "C"),
           (ARRAY['k_tenants', 'k_after_leaving_out_a_fund', 'k_funds', 'dominance',
                  'p_percent'])[min(b.rule)]
    FROM broken b GROUP BY b.cell_no
$$;

-- The same of cells that were released before: the first rule that some signed combination with
-- their earlier states breaks. Everything is looked up by key, however long the history is.
CREATE FUNCTION control.differences(
    promotion uuid, cells_ integer[], families text[], owned_ text[], owners_ text[]
) RETURNS TABLE (cell_no integer, rule text)
LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH judged AS MATERIALIZED (
        SELECT j.cell_no, j.cell_key, j.state_digest FROM control.judged_cells j
        WHERE j.promotion_id = promotion AND j.cell_no = ANY (cells_)
    ),
    -- Equal states count once: they combine to nothing new.
    states AS (
        SELECT DISTINCT ON (j.cell_no, e.state_digest)
               j.cell_no, e.promotion_id, e.cell_no AS earlier_no, e.state_digest
        FROM judged j CROSS JOIN LATERAL (
            SELECT r.promotion_id, r.cell_no, r.state_digest FROM control.judged_cells r
            WHERE r.family = ANY (families) AND r.cell_key = j.cell_key AND r.released
              AND r.promotion_id <> promotion AND r.state_digest <> j.state_digest OFFSET 0) e
        ORDER BY j.cell_no, e.state_digest
    ),
    earlier AS MATERIALIZED (
        SELECT s.*, row_number() OVER (PARTITION BY s.cell_no ORDER BY s.state_digest) AS place
        FROM states s
    ),
    depths AS (
        SELECT j.cell_no, least(COALESCE(max(e.place), 0), 3) AS depth
        FROM judged j LEFT JOIN earlier e USING (cell_no) GROUP BY j.cell_no
    ),
    released AS (
        SELECT j.cell_no, 0 AS place, promotion AS promotion_id, j.cell_no AS its_no FROM judged j
        UNION ALL SELECT e.cell_no, e.place, e.promotion_id, e.earlier_no FROM earlier e
    ),
    parts AS (
        SELECT r.cell_no, r.place, c.* FROM released r CROSS JOIN LATERAL (
            SELECT '' AS measured, x.tenant_id, x.row_count, x.amount, x.digest
            FROM control.cell_contributors x
            WHERE x.promotion_id = r.promotion_id AND x.cell_no = r.its_no
            UNION ALL
            SELECT m.measured, m.tenant_id, m.row_count, m.amount, m.digest
            FROM control.measure_contributions m
            WHERE m.promotion_id = r.promotion_id AND m.cell_no = r.its_no AND m.measured <> ''
            OFFSET 0) c
    ),
    -- What each tenant adds to a measure, in the new state and in up to three earlier ones.
    shares AS MATERIALIZED (
        SELECT p.cell_no, p.measured, p.tenant_id,
               COALESCE(sum(p.row_count) FILTER (WHERE p.place = 0), 0) AS rows_0,
               COALESCE(sum(p.row_count) FILTER (WHERE p.place = 1), 0) AS rows_1,
               COALESCE(sum(p.row_count) FILTER (WHERE p.place = 2), 0) AS rows_2,
               COALESCE(sum(p.row_count) FILTER (WHERE p.place = 3), 0) AS rows_3,
               COALESCE(sum(p.amount) FILTER (WHERE p.place = 0), 0) AS amount_0,
               COALESCE(sum(p.amount) FILTER (WHERE p.place = 1), 0) AS amount_1,
               COALESCE(sum(p.amount) FILTER (WHERE p.place = 2), 0) AS amount_2,
               COALESCE(sum(p.amount) FILTER (WHERE p.place = 3), 0) AS amount_3,
               COALESCE(sum(p.digest) FILTER (WHERE p.place = 0), 0) AS digest_0,
               COALESCE(sum(p.digest) FILTER (WHERE p.place = 1), 0) AS digest_1,
               COALESCE(sum(p.digest) FILTER (WHERE p.place = 2), 0) AS digest_2,
               COALESCE(sum(p.digest) FILTER (WHERE p.place = 3), 0) AS digest_3
        FROM parts p GROUP BY p.cell_no, p.measured, p.tenant_id
    ),
    combinations AS MATERIALIZED (
        SELECT d AS depth, row_number() OVER () AS combination, a, b, c
        FROM generate_series(0, 3) d, generate_series(-1, 1) a, generate_series(-1, 1) b,
             generate_series(-1, 1) c
        WHERE (d >= 1 OR a = 0) AND (d >= 2 OR b = 0) AND (d >= 3 OR c = 0)
    ),
    combined AS (
        SELECT s.cell_no, k.combination, s.measured, s.tenant_id,
               abs(s.rows_0 + k.a * s.rows_1 + k.b * s.rows_2 + k.c * s.rows_3) AS row_count,
               abs(s.amount_0 + k.a * s.amount_1 + k.b * s.amount_2 + k.c * s.amount_3) AS amount,
               s.digest_0 + k.a * s.digest_1 + k.b * s.digest_2 + k.c * s.digest_3 AS digest
        FROM shares s JOIN depths d USING (cell_no) JOIN combinations k USING (depth)
    ),
    sums AS MATERIALIZED (
        SELECT c.cell_no, c.combination, c.measured,
               array_agg(c.tenant_id ORDER BY c.tenant_id COLLATE "C") AS tenants,
               sum(c.amount) AS total, max(c.amount) AS largest,
               COALESCE((array_agg(c.amount ORDER BY c.amount DESC))[2], 0) AS second,
               sum(c.row_count) AS total_rows, max(c.row_count) AS largest_rows
        FROM combined c WHERE c.row_count <> 0 OR c.amount <> 0 OR c.digest <> 0
        GROUP BY c.cell_no, c.combination, c.measured
    ),
    circles AS MATERIALIZED (
        SELECT row_number() OVER () AS circle, d.tenants
        FROM (SELECT DISTINCT s.tenants FROM sums s) d
    ),
    owned AS (
        SELECT o.tenant_id, o.fund_id, count(*) OVER (PARTITION BY o.tenant_id) = 1 AS alone
        FROM unnest(owned_, owners_) AS o (tenant_id, fund_id)
    ),
    by_fund AS (
        SELECT c.circle, o.fund_id, count(*) AS tenants, bool_or(o.alone) AS alone
        FROM circles c CROSS JOIN unnest(c.tenants) AS t (tenant_id)
        JOIN owned o USING (tenant_id)
        GROUP BY c.circle, o.fund_id
    ),
    funds AS (
        SELECT b.circle, max(b.tenants) AS tenants, count(*) FILTER (WHERE b.alone) AS funds
        FROM by_fund b GROUP BY b.circle
    ),
    broken AS (
        SELECT s.cell_no, CASE
            WHEN cardinality(s.tenants) < p.k THEN 1
            WHEN p.k_without_fund > 0 AND cardinality(s.tenants)
                 - greatest(COALESCE(f.tenants, 0), 1) < p.k_without_fund THEN 2
            WHEN COALESCE(f.funds, 0) < p.k_funds THEN 3
            -- What is no number is larger than everything: its share would break nothing.
            WHEN NOT s.total < 'Infinity' OR s.largest > p.max_share * s.total
                 OR s.largest_rows > p.max_share * s.total_rows THEN 4
            WHEN (s.total - s.largest - s.second) * 100 < p.p_percent * s.largest THEN 5
        END AS rule
        FROM sums s JOIN circles c USING (tenants) LEFT JOIN funds f USING (circle)
        CROSS JOIN control.policy_in_force(promotion) p
    )
    SELECT b.cell_no, (ARRAY['k_tenants', 'k_after_leaving_out_a_fund', 'k_funds', 'dominance',
                             'p_percent'])[min(b.rule)]
    FROM broken b WHERE b.rule IS NOT NULL GROUP BY b.cell_no
$$;

CREATE OR REPLACE FUNCTION control.differencing_rules(promotion uuid)
RETURNS TABLE (cell_no integer, rule text)
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    at_once constant integer := 1000;
    families text[] := control.families_beside(promotion);
    owned_ text[];
    owners_ text[];
    after bigint := -2147483649;
    waiting integer[];
BEGIN
    IF NOT EXISTS (SELECT FROM control.judged_cells j
                   WHERE j.promotion_id = promotion AND j.rule IS NULL AND NOT j.released) THEN
        RETURN;
    END IF;
    SELECT array_agg(o.tenant_id), array_agg(o.fund_id) INTO owned_, owners_
        FROM control.owned_ever() o;
    LOOP
        SELECT array_agg(u.cell_no), max(u.cell_no) INTO waiting, after FROM (
            SELECT j.cell_no FROM control.judged_cells j
            WHERE j.promotion_id = promotion AND j.cell_no > after
              AND j.rule IS NULL AND NOT j.released
            ORDER BY j.cell_no LIMIT at_once) u;
        EXIT WHEN waiting IS NULL;
        RETURN QUERY SELECT d.cell_no, d.rule
            FROM control.differences(promotion, waiting, families, owned_, owners_) d;
    END LOOP;
END $$;

-- That each value is vouched for, control.judge() looks at with everything else of its cell.
CREATE OR REPLACE FUNCTION control.require_whole_contributions(p control.promotions) RETURNS void
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    unnamed bigint;
    twice bigint;
    moved bigint;
BEGIN
    SELECT count(*) FILTER (WHERE cardinality(c.row_digests) <> c.row_count),
           count(*) FILTER (WHERE c.fund_id IS DISTINCT FROM
               CASE p.from_class WHEN 'fund_private' THEN c.tenant_id ELSE m.fund_id END)
        INTO unnamed, moved
        FROM control.cell_contributors c LEFT JOIN control.portfolio_membership m USING (tenant_id)
        WHERE c.promotion_id = p.promotion_id;
    IF unnamed > 0 THEN
        RAISE EXCEPTION '% contributions do not name each of their rows', unnamed
            USING ERRCODE = 'CL024';
    END IF;
    SELECT count(*) - count(DISTINCT u.row_digest) INTO twice
        FROM control.cell_contributors c CROSS JOIN unnest(c.row_digests) AS u (row_digest)
        WHERE c.promotion_id = p.promotion_id;
    IF twice > 0 THEN
        RAISE EXCEPTION '% rows stand in more than one cell', twice USING ERRCODE = 'CL024',
            HINT = 'a source row falls into one cell of its family: mend the workflow''s join';
    END IF;
    IF moved > 0 THEN
        RAISE EXCEPTION '% contributions are of tenants whose fund has changed since', moved
            USING ERRCODE = 'CL024', HINT = 'run the workflow again';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION control.judge(p control.promotions, publish_mode text) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    most_corrections constant integer := 3;
    -- However many cells there are, the shares of so many are in memory.
    at_once constant integer := 10000;
    families text[] := control.families_beside(p.promotion_id);
    released_before boolean := EXISTS (
        SELECT FROM control.judged_cells e WHERE e.family = ANY (families) AND e.released);
    owned_ text[];
    owners_ text[];
    names text[];
    measured_ text[];
    first_no bigint := -2147483648;
    last_no bigint;
    wrong bigint;
BEGIN
    -- Nothing is known of how many rows combine, nor how the tables grow meanwhile: joined one by
    -- one, or sought without an index, they take minutes.
    PERFORM set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true),
            set_config('enable_seqscan', 'off', true);
    SELECT count(*) INTO wrong FROM quarantine.candidate_cells q
        CROSS JOIN jsonb_array_elements(p.partition) d
        WHERE q.promotion_id = p.promotion_id
          AND COALESCE(q.cell->(d->>'column'), 'null') = 'null';
    IF wrong > 0 THEN
        RAISE EXCEPTION '% cells lack a dimension of their partition', wrong
            USING ERRCODE = 'CL025';
    END IF;
    SELECT array_agg(o.tenant_id), array_agg(o.fund_id) INTO owned_, owners_
        FROM control.owned_ever() o;
    -- What a measure shows is vouched for by contributions to that measure.
    SELECT array_agg(m.key), array_agg((SELECT string_agg(c.name, ' ' ORDER BY c.name)
                                        FROM jsonb_array_elements_text(m.value) AS c (name)))
        INTO names, measured_
        FROM control.workflow_registrations g CROSS JOIN jsonb_each(g.measures) m
        WHERE g.workflow = p.workflow AND g.source_digest = p.source_digest;
    -- A cell that was never released is decided here and now, unless a row of it was. Every other
    -- cell waits with no rule and not released: whatever state of it was shown counts below,
    -- replaced and revoked ones too.
    LOOP
        SELECT max(c.cell_no) INTO last_no FROM (
            SELECT q.cell_no FROM quarantine.candidate_cells q
            WHERE q.promotion_id = p.promotion_id AND q.cell_no >= first_no
            ORDER BY q.cell_no LIMIT at_once) c;
        EXIT WHEN last_no IS NULL;
        WITH cells AS MATERIALIZED (
            SELECT q.cell_no, q.cell,
                   (SELECT jsonb_object_agg(d->>'column', q.cell->(d->>'column'))
                    FROM jsonb_array_elements(p.partition) d) AS cell_key
            FROM quarantine.candidate_cells q
            WHERE q.promotion_id = p.promotion_id AND q.cell_no BETWEEN first_no AND last_no
        ),
        states AS MATERIALIZED (
            SELECT * FROM control.own_states(p.promotion_id, first_no, last_no, owned_, owners_)
        ),
        known AS MATERIALIZED (
            SELECT c.cell_no, c.cell_key, released_before AND EXISTS (
                SELECT FROM control.judged_cells e
                WHERE e.family = ANY (families) AND e.cell_key = c.cell_key AND e.released
                  AND e.promotion_id <> p.promotion_id OFFSET 0) AS shown
            FROM cells c
        ),
        judged AS (
            INSERT INTO control.judged_cells (promotion_id, cell_no, family, cell_key,
                                              state_digest, released, rule)
                SELECT p.promotion_id, k.cell_no, p.family, k.cell_key,
                       COALESCE(s.state_digest, ''), NOT k.shown AND s.rule IS NULL,
                       CASE WHEN NOT k.shown THEN s.rule END
                FROM known k LEFT JOIN states s USING (cell_no)
        )
        SELECT wrong + count(*) INTO wrong
            FROM cells c LEFT JOIN states s USING (cell_no)
            CROSS JOIN unnest(names, measured_) AS m (name, measured)
            WHERE c.cell->m.name <> 'null' AND NOT COALESCE(m.measured = ANY (s.measured), false);
        first_no := last_no + 1;
    END LOOP;
    PERFORM set_config('enable_seqscan', 'on', true);
    IF wrong > 0 THEN
        RAISE EXCEPTION '% values come without who contributed to them', wrong
            USING ERRCODE = 'CL024';
    END IF;

    IF released_before THEN
        UPDATE control.judged_cells j
            SET supersedes = e.promotion_id,
                rule = CASE WHEN e.state_digest = j.state_digest THEN 'unchanged' END
            FROM control.judged_cells e
            WHERE j.promotion_id = p.promotion_id AND e.family = j.family
              AND e.cell_key = j.cell_key AND e.promotion_id <> p.promotion_id
              AND e.released AND e.superseded_by IS NULL AND e.promotion_id NOT IN (
                  SELECT r.promotion_id FROM control.promotions r WHERE r.state = 'revoked');
    END IF;
    IF publish_mode = 'newest' THEN
        UPDATE control.judged_cells j SET rule = 'newer_period'
            FROM platform.kv_entries k
            WHERE j.promotion_id = p.promotion_id
              AND k.key = 'capability_index:' || (j.cell_key->>'tool_name')
              AND (k.value->>'month')::date > (j.cell_key->>'month')::date;
    END IF;

    IF released_before THEN
        -- A row that was released in one cell is in no other, or the two could be subtracted. What
        -- one fund is shown and what another is are never in one hand.
        WITH own AS MATERIALIZED (
            SELECT k.cell_no, k.cell_key, u.row_digest
            FROM control.judged_cells k
            JOIN control.cell_contributors c USING (promotion_id, cell_no)
            CROSS JOIN unnest(c.row_digests) AS u (row_digest)
            WHERE k.promotion_id = p.promotion_id
              AND COALESCE(k.rule NOT IN ('unchanged', 'newer_period'), true)
        ),
        seen AS (
            SELECT e.cell_key, u.row_digest
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
    END IF;

    PERFORM set_config('enable_seqscan', 'off', true);
    UPDATE control.judged_cells j SET rule = d.rule
        FROM control.differencing_rules(p.promotion_id) d
        WHERE j.promotion_id = p.promotion_id AND j.cell_no = d.cell_no;
    PERFORM set_config('enable_seqscan', 'on', true);
    UPDATE control.judged_cells j SET released = j.rule IS NULL,
            supersedes = CASE WHEN j.rule IS NULL THEN j.supersedes END
        WHERE j.promotion_id = p.promotion_id AND (
            j.released <> (j.rule IS NULL)
            OR j.rule IS NOT NULL AND j.supersedes IS NOT NULL);
END $$;

CREATE OR REPLACE FUNCTION control.cells_below_policy(promotion uuid) RETURNS bigint
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- However many cells there are, the contributors of so many are in memory.
    at_once constant integer := 50000;
    first_no bigint := -2147483648;
    last_no bigint;
    below bigint := 0;
    was text := current_setting('enable_nestloop');
BEGIN
    -- Nothing is known of how many rows a new candidate has: joined one by one, they take minutes.
    PERFORM set_config('enable_nestloop', 'off', true);
    LOOP
        SELECT max(c.cell_no) INTO last_no FROM (
            SELECT q.cell_no FROM quarantine.candidate_cells q
            WHERE q.promotion_id = promotion AND q.cell_no >= first_no
            ORDER BY q.cell_no LIMIT at_once) c;
        EXIT WHEN last_no IS NULL;
        WITH cells AS MATERIALIZED (
            SELECT c.cell_no, count(*) AS tenants, count(DISTINCT c.fund_id) AS funds,
                   -- Who has no fund is a fund of its own: it can subtract itself.
                   count(*) - greatest(1, cardinality(array_positions(
                       array_agg(c.fund_id) FILTER (WHERE c.fund_id IS NOT NULL),
                       mode() WITHIN GROUP (ORDER BY c.fund_id)))) AS tenants_without_fund,
                   sum(c.amount) AS total, max(c.amount) AS largest, min(c.amount) AS least,
                   COALESCE((array_agg(c.amount ORDER BY c.amount DESC))[2], 0) AS second,
                   sum(c.row_count) AS total_rows, max(c.row_count) AS largest_rows,
                   min(c.row_count) AS least_rows
            FROM control.cell_contributors c
            WHERE c.promotion_id = promotion AND c.cell_no BETWEEN first_no AND last_no
            GROUP BY c.cell_no
        )
        SELECT below + count(*) INTO below FROM (
            SELECT q.cell_no FROM quarantine.candidate_cells q
            WHERE q.promotion_id = promotion AND q.cell_no BETWEEN first_no AND last_no) q
        LEFT JOIN cells c ON c.cell_no = q.cell_no
        CROSS JOIN control.policy_in_force(promotion) p
        WHERE NOT COALESCE(
            c.tenants >= p.k
            AND (p.k_without_fund = 0 OR c.tenants_without_fund >= p.k_without_fund)
            AND c.funds >= p.k_funds
            -- NaN and infinity compare as larger than everything, so they are refused by name.
            AND c.least >= 0 AND c.largest < 'Infinity'::numeric AND c.least_rows > 0
            AND c.largest_rows <= p.max_share * c.total_rows
            AND (c.total = 0 OR c.largest <= p.max_share * c.total)
            AND (c.total = 0
                 OR (c.total - c.largest - c.second) * 100 >= p.p_percent * c.largest),
            false);
        first_no := last_no + 1;
    END LOOP;
    PERFORM set_config('enable_nestloop', was, true);
    RETURN below;
END $$;

-- The functions as they are, but for how they look things up. What is not found stops this.
SELECT pg_temp.amend('record_checks', E'\nBEGIN\n', $new$
    digest text := control.candidate_digest(promotion);
BEGIN
$new$);
SELECT pg_temp.amend('record_checks', $was$c->'observed',
               control.candidate_digest(promotion)$was$, $new$c->'observed', digest$new$);
-- Which cell a key holds is known from the key: it is not sought among all cells.
SELECT pg_temp.amend('write_keys', $was$AND k.supersedes = e.promotion_id
$was$, $new$AND k.supersedes = e.promotion_id
                  AND k.family = p.family AND k.cell_key = (
                      SELECT jsonb_object_agg(d->>'column', CASE d->>'column'
                          WHEN 'tool_name'
                          THEN to_jsonb(substr(e.key, length('capability_index:') + 1))
                          ELSE e.value->(d->>'column') END)
                      FROM jsonb_array_elements(p.partition) d)
$new$);
-- Whether an array holds another is found by trying each number with each: a million cells take
-- hours.
SELECT pg_temp.amend('guard_promotion', 'n.value @> o.value', $new$NOT EXISTS (
                SELECT FROM jsonb_each(o.value) x
                WHERE n.value->x.key IS DISTINCT FROM x.value)$new$);
DROP FUNCTION pg_temp.amend(text, text, text);

DO $$
DECLARE f text;
BEGIN
    FOREACH f IN ARRAY ARRAY[
        'families_beside(uuid)', 'owned_ever()',
        'own_states(uuid, bigint, bigint, text[], text[])',
        'differences(uuid, integer[], text[], text[], text[])'
    ] LOOP
        EXECUTE format('ALTER FUNCTION control.%s OWNER TO cl_key', f);
        EXECUTE format('REVOKE ALL ON FUNCTION control.%s FROM PUBLIC', f);
    END LOOP;
END $$;
