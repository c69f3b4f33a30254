-- CL038 undoes what an attack wrote; it never leaves its function.
-- The functions as they are, but for what is said here. What is not found stops the migration.
-- Texts are released only by versions whose text path a red team attacks; those that were registered
-- before stay on record, and are in force no longer.
CREATE FUNCTION control.require_red_team(g control.workflow_registrations) RETURNS void
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF g.target IN ('anonymized.pattern_bank', 'anonymized.anonymized_review_patterns',
                    'anonymized.anonymized_brief_patterns')
       AND NOT COALESCE(g.required_checks @> ARRAY['red_team'], false)
    THEN
        RAISE EXCEPTION 'whoever releases text is attacked by the red team first'
            USING ERRCODE = 'CL011', HINT = 'declare the check red_team';
    END IF;
END $$;
ALTER FUNCTION control.require_red_team(control.workflow_registrations) OWNER TO cl_key;
REVOKE ALL ON FUNCTION control.require_red_team(control.workflow_registrations) FROM PUBLIC;
SELECT pg_temp.amend('require_sound_declaration', '    IF jsonb_typeof(g.policy)',
'    PERFORM control.require_red_team(g);
    IF jsonb_typeof(g.policy)');
SELECT pg_temp.amend('publish', '    a := control.approval_in_force(',
'    PERFORM control.require_red_team(g);
    a := control.approval_in_force(');
-- The hint named a command that there is none of.
SELECT pg_temp.amend('require_four_eyes', '`classline steward scope`',
                     '`classline steward change NAME --scope CLASS`');
-- What a terminal takes for the beginning of a command may be one character beyond ASCII.
SELECT pg_temp.amend('require_four_eyes', '[\x01-\x08\x0b-\x1f\x7f]', '[\x01-\x08\x0b-\x1f\x7f-\x9f]');
DROP FUNCTION pg_temp.amend(text, text, text);

-- The steward who answers for what an audit found: an audit is of every store, so of every class.
-- What they say is held to what a decision's reason is held to.
CREATE FUNCTION control.steward_of_audits(said text) RETURNS text
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE steward text := control.steward_name();
BEGIN
    IF length(said) > 2000 OR said ~ '[\x01-\x08\x0b-\x1f\x7f-\x9f]' THEN
        RAISE EXCEPTION 'a reason has at most 2,000 characters, and none that controls a terminal'
            USING ERRCODE = 'CL055', HINT = 'say it shorter, and put what is long where it can be linked to';
    END IF;
    IF (SELECT count(DISTINCT s.to_class) FROM control.steward_scopes s
        WHERE s.steward_name = steward
          AND s.to_class IN ('fund_private', 'anonymized_benchmark', 'ascend_platform_metric')) < 3
    THEN
        RAISE EXCEPTION 'an audit is of every class, and this steward does not decide about each'
            USING ERRCODE = 'CL052',
            HINT = 'another steward answers for it, or an administrator widens the scope:'
                ' `classline steward change NAME --scope CLASS`, once for each class';
    END IF;
    RETURN steward;
END $$;
ALTER FUNCTION control.steward_of_audits(text) OWNER TO cl_key;
REVOKE ALL ON FUNCTION control.steward_of_audits(text) FROM PUBLIC;

-- A steward lets a finding stand for a while.
CREATE OR REPLACE FUNCTION control.acknowledge_finding(
    finding text, reason_ text, until_ timestamptz
) RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    steward text := control.steward_of_audits(reason_);
    acknowledged bigint;
BEGIN
    IF length(btrim(COALESCE(reason_, ''))) < 3 THEN
        RAISE EXCEPTION 'an acknowledgement needs a reason of 3 to 2,000 characters'
            USING ERRCODE = 'CL037';
    END IF;
    IF until_ IS NULL OR until_ <= clock_timestamp()
       OR until_ > clock_timestamp() + interval '366 days' THEN
        RAISE EXCEPTION 'an acknowledgement ends within a year, and not in the past'
            USING ERRCODE = 'CL037';
    END IF;
    IF NOT EXISTS (
        SELECT FROM control.audit_reports r,
                    jsonb_array_elements(r.report->'findings') AS f (found)
        WHERE f.found->>'id' = finding
    ) THEN
        RAISE EXCEPTION 'no audit on record found that' USING ERRCODE = 'CL037',
            HINT = '`classline audit show` prints the ids of findings';
    END IF;
    INSERT INTO control.audit_acknowledgements
        (finding_id, reason, acknowledged_by, expires_at)
        VALUES (finding, reason_, steward, until_)
        RETURNING acknowledgement_id INTO acknowledged;
    INSERT INTO platform.kv_audit (actor, action, subject, from_value, to_value, reason)
        VALUES (steward, 'finding acknowledged', finding, 'open', 'until ' || until_, reason_);
    RETURN acknowledged;
END $$;

-- A steward signs off a report as it was filed, once.
CREATE OR REPLACE FUNCTION control.sign_off_audit(audit uuid, digest text, note_ text)
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE steward text := control.steward_of_audits(note_);
BEGIN
    IF length(btrim(COALESCE(note_, ''))) < 3 THEN
        RAISE EXCEPTION 'a sign-off needs a note of 3 to 2,000 characters'
            USING ERRCODE = 'CL037';
    END IF;
    IF NOT EXISTS (SELECT FROM control.audit_reports r
                   WHERE r.audit_id = audit AND r.report_digest = digest) THEN
        RAISE EXCEPTION 'no report of that audit has this digest' USING ERRCODE = 'CL037',
            HINT = 'sign off what `classline audit show` prints, with its digest';
    END IF;
    IF EXISTS (SELECT FROM control.audit_signoffs s WHERE s.audit_id = audit) THEN
        RAISE EXCEPTION 'that audit is signed off already' USING ERRCODE = 'CL037';
    END IF;
    INSERT INTO control.audit_signoffs (audit_id, report_digest, signed_by, note)
        VALUES (audit, digest, steward, note_);
    INSERT INTO platform.kv_audit (actor, action, subject, from_value, to_value, reason)
        VALUES (steward, 'audit signed off', audit::text, NULL, digest, note_);
END $$;

-- Attacks a candidate's cells as their readers could, and counts where that comes off. A reader knows
-- what is released, a tenant its own part besides, a fund those of its companies, and everybody what
-- was released earlier. The release guard judges the cells too, and what it writes is undone.
CREATE FUNCTION control.attack_cells(promotion uuid) RETURNS jsonb
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    p control.promotions := control.own_promotion(promotion);
    mode text;
    few integer;
    alone jsonb;
    compared jsonb;
    held_by jsonb;
BEGIN
    IF NOT control.is_open(p.state) THEN
        RAISE EXCEPTION 'a promotion that is % is attacked no more', p.state
            USING ERRCODE = 'CL020';
    END IF;
    -- As publish() does: a release that is judged meanwhile would be judged on other ground.
    PERFORM pg_advisory_xact_lock(hashtextextended('release guard', 0));
    SELECT g.publish_mode INTO mode FROM control.workflow_registrations g
        WHERE g.workflow = p.workflow AND g.source_digest = p.source_digest;
    SELECT f.k INTO few FROM control.policy_in_force(promotion) f;

    WITH parts AS (
        SELECT c.cell_no, c.measured, c.amount, x.fund_id
        FROM control.contributions_to(ARRAY[promotion]) c
        JOIN control.cell_contributors x
          ON x.promotion_id = promotion AND x.cell_no = c.cell_no AND x.tenant_id = c.tenant_id
    ),
    owned AS (
        SELECT f.cell_no, f.measured, max(f.tenants) AS tenants FROM (
            SELECT cell_no, measured, count(*) AS tenants FROM parts
            WHERE fund_id IS NOT NULL AND p.to_class = 'anonymized_benchmark'
            GROUP BY cell_no, measured, fund_id) f
        GROUP BY f.cell_no, f.measured
    ),
    ranked AS (
        SELECT t.*, row_number() OVER (
            PARTITION BY t.cell_no, t.measured ORDER BY t.amount DESC) AS place
        FROM parts t
    ),
    sums AS (
        SELECT r.cell_no, r.measured, count(*) AS tenants, sum(r.amount) AS total,
               max(r.amount) AS largest,
               COALESCE(max(r.amount) FILTER (WHERE r.place = 2), 0) AS second
        FROM ranked r GROUP BY r.cell_no, r.measured
    )
    SELECT jsonb_build_object(
        'cells', count(DISTINCT s.cell_no),
        'parts', count(*),
        -- The second largest takes its own part out: what is left is the largest and a tenth more.
        'guessed', count(*) FILTER (
            WHERE s.largest > 0 AND (s.total - s.largest - s.second) * 10 < s.largest),
        'singled_out', count(*) FILTER (WHERE s.tenants - COALESCE(o.tenants, 1) <= 1))
    INTO alone FROM sums s LEFT JOIN owned o USING (cell_no, measured);

    BEGIN
        PERFORM control.judge(p, mode);
        WITH pairs AS MATERIALIZED (
            SELECT j.cell_no, j.released, e.promotion_id AS earlier, e.cell_no AS earlier_no
            FROM control.judged_cells j
            JOIN control.earlier_releases(promotion) e USING (cell_key)
            WHERE j.promotion_id = promotion AND e.state_digest <> j.state_digest
        ),
        told AS (
            SELECT q.cell_no, q.earlier, q.released, c.measured, c.tenant_id, 1 AS side,
                   c.row_count, c.amount, c.digest
            FROM pairs q JOIN control.contributions_to(ARRAY[promotion]) c
              ON c.cell_no = q.cell_no
            UNION ALL
            SELECT q.cell_no, q.earlier, q.released, c.measured, c.tenant_id, -1,
                   c.row_count, c.amount, c.digest
            FROM pairs q
            JOIN control.contributions_to(ARRAY(SELECT DISTINCT a.earlier FROM pairs a)) c
              ON c.promotion_id = q.earlier AND c.cell_no = q.earlier_no
        ),
        changed AS (
            SELECT t.cell_no, t.earlier, t.released, t.measured, t.tenant_id FROM told t
            GROUP BY t.cell_no, t.earlier, t.released, t.measured, t.tenant_id
            HAVING sum(t.side * t.row_count) <> 0 OR sum(t.side * t.amount) <> 0
                OR sum(t.side * t.digest) <> 0
        ),
        differences AS (
            SELECT c.released, count(*) AS tenants FROM changed c
            GROUP BY c.cell_no, c.earlier, c.released, c.measured
        )
        SELECT jsonb_build_object(
            'differences', count(*),
            'telling', count(*) FILTER (WHERE d.tenants < few),
            'telling_released', count(*) FILTER (WHERE d.tenants < few AND d.released))
        INTO compared FROM differences d;
        SELECT jsonb_object_agg('held_' || h.rule, h.cells) INTO held_by FROM (
            SELECT j.rule, count(*) AS cells FROM control.judged_cells j
            WHERE j.promotion_id = promotion AND j.rule IS NOT NULL GROUP BY j.rule) h;
        RAISE EXCEPTION 'undone' USING ERRCODE = 'CL038';
    EXCEPTION WHEN SQLSTATE 'CL038' THEN
        NULL;
    END;
    RETURN alone || compared || COALESCE(held_by, '{}');
END $$;
ALTER FUNCTION control.attack_cells(uuid) OWNER TO cl_key;
REVOKE ALL ON FUNCTION control.attack_cells(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION control.attack_cells(uuid) TO anonymizer_r;
