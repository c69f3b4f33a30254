-- As 0026 has it, and with the same results in three fifths of the time: what cells that were released before
-- differ by.
CREATE OR REPLACE FUNCTION control.differences(
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
    -- What each tenant adds to a measure, in the new state and in up to three earlier ones: in each
    -- at most once.
    shares AS MATERIALIZED (
        SELECT p.cell_no, p.measured, p.tenant_id,
               COALESCE(max(p.row_count) FILTER (WHERE p.place = 0), 0)::numeric AS row_count,
               COALESCE(max(p.row_count) FILTER (WHERE p.place = 1), 0)::numeric AS row_count_1,
               COALESCE(max(p.row_count) FILTER (WHERE p.place = 2), 0)::numeric AS row_count_2,
               COALESCE(max(p.row_count) FILTER (WHERE p.place = 3), 0)::numeric AS row_count_3,
               COALESCE(max(p.amount) FILTER (WHERE p.place = 0), 0) AS amount,
               COALESCE(max(p.amount) FILTER (WHERE p.place = 1), 0) AS amount_1,
               COALESCE(max(p.amount) FILTER (WHERE p.place = 2), 0) AS amount_2,
               COALESCE(max(p.amount) FILTER (WHERE p.place = 3), 0) AS amount_3,
               COALESCE(max(p.digest) FILTER (WHERE p.place = 0), 0) AS digest,
               COALESCE(max(p.digest) FILTER (WHERE p.place = 1), 0) AS digest_1,
               COALESCE(max(p.digest) FILTER (WHERE p.place = 2), 0) AS digest_2,
               COALESCE(max(p.digest) FILTER (WHERE p.place = 3), 0) AS digest_3
        FROM parts p GROUP BY p.cell_no, p.measured, p.tenant_id
    ),
    -- Every sum is made of one by which it differs in one state: no number is computed twice, as
    -- it was where each sum was computed anew wherever it is looked at.
    signs AS MATERIALIZED (
        SELECT depth, place, sign
        FROM generate_series(0, 3) depth, generate_series(1, 3) place, generate_series(-1, 1) sign
        WHERE depth >= place OR sign = 0
    ),
    with_first AS (
        SELECT s.cell_no, s.measured, s.tenant_id, d.depth, k.sign AS combination,
               CASE k.sign WHEN 0 THEN s.row_count WHEN 1 THEN s.row_count + s.row_count_1
                    ELSE s.row_count - s.row_count_1 END AS row_count,
               CASE k.sign WHEN 0 THEN s.amount WHEN 1 THEN s.amount + s.amount_1
                    ELSE s.amount - s.amount_1 END AS amount,
               CASE k.sign WHEN 0 THEN s.digest WHEN 1 THEN s.digest + s.digest_1
                    ELSE s.digest - s.digest_1 END AS digest,
               s.row_count_2, s.amount_2, s.digest_2, s.row_count_3, s.amount_3, s.digest_3
        FROM shares s JOIN depths d USING (cell_no)
        JOIN signs k ON k.depth = d.depth AND k.place = 1
        OFFSET 0
    ),
    with_second AS (
        SELECT s.cell_no, s.measured, s.tenant_id, s.depth,
               3 * s.combination + k.sign AS combination,
               CASE k.sign WHEN 0 THEN s.row_count WHEN 1 THEN s.row_count + s.row_count_2
                    ELSE s.row_count - s.row_count_2 END AS row_count,
               CASE k.sign WHEN 0 THEN s.amount WHEN 1 THEN s.amount + s.amount_2
                    ELSE s.amount - s.amount_2 END AS amount,
               CASE k.sign WHEN 0 THEN s.digest WHEN 1 THEN s.digest + s.digest_2
                    ELSE s.digest - s.digest_2 END AS digest,
               s.row_count_3, s.amount_3, s.digest_3
        FROM with_first s JOIN signs k ON k.depth = s.depth AND k.place = 2
        OFFSET 0
    ),
    with_third AS (
        SELECT s.cell_no, s.measured, s.tenant_id, 3 * s.combination + k.sign AS combination,
               CASE k.sign WHEN 0 THEN s.row_count WHEN 1 THEN s.row_count + s.row_count_3
                    ELSE s.row_count - s.row_count_3 END AS row_count,
               CASE k.sign WHEN 0 THEN s.amount WHEN 1 THEN s.amount + s.amount_3
                    ELSE s.amount - s.amount_3 END AS amount,
               CASE k.sign WHEN 0 THEN s.digest WHEN 1 THEN s.digest + s.digest_3
                    ELSE s.digest - s.digest_3 END AS digest
        FROM with_second s JOIN signs k ON k.depth = s.depth AND k.place = 3
        OFFSET 0
    ),
    combined AS (
        SELECT t.cell_no, t.measured, t.tenant_id, t.combination,
               abs(t.row_count) AS row_count, abs(t.amount) AS amount
        FROM with_third t WHERE t.row_count <> 0 OR t.amount <> 0 OR t.digest <> 0
        OFFSET 0
    ),
    sums AS MATERIALIZED (
        SELECT c.cell_no, c.combination, c.measured,
               array_agg(c.tenant_id ORDER BY c.tenant_id COLLATE "C") AS tenants,
               sum(c.amount) AS total, max(c.amount) AS largest,
               COALESCE((array_agg(c.amount ORDER BY c.amount DESC))[2], 0) AS second,
               sum(c.row_count) AS total_rows, max(c.row_count) AS largest_rows
        FROM combined c GROUP BY c.cell_no, c.combination, c.measured
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
