-- CL010 not the caller's to do   CL011 declaration differs   CL020 state   CL021 no approval
-- CL022 checks   CL023 digest   CL024 floors   CL025 schema   CL026 four eyes   CL027 unknown

CREATE FUNCTION control.require_platform() RETURNS void
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM control.claim_with_class('ascend_platform_metric');
    IF NOT control.is_kind('platform') THEN
        RAISE EXCEPTION 'only the platform may do this' USING ERRCODE = 'CL010';
    END IF;
END $$;

-- Queues an event unless the newest one of its kind and subject says the same already.
CREATE FUNCTION control.tell_once(kind_ text, prefix text, digest text) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(kind_ || ' ' || prefix, 0));
    INSERT INTO control.outbox (kind, subject)
        SELECT kind_, prefix || digest
        WHERE prefix || digest IS DISTINCT FROM (
            SELECT o.subject FROM control.outbox o
            WHERE o.kind = kind_ AND starts_with(o.subject, prefix)
            ORDER BY o.event_id DESC LIMIT 1);
END $$;

CREATE FUNCTION control.schema_of(class_ text) RETURNS text
LANGUAGE sql IMMUTABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE class_
        WHEN 'tenant_private' THEN 'tenant_private' WHEN 'fund_private' THEN 'fund_private'
        WHEN 'anonymized_benchmark' THEN 'anonymized'
        WHEN 'ascend_platform_metric' THEN 'platform' END
$$;

-- A declaration says what the tables say, and is nowhere looser than its floor.
CREATE FUNCTION control.require_sound_declaration(g control.workflow_registrations) RETURNS void
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE f control.class_floors;
BEGIN
    SELECT * INTO f FROM control.class_floors c
        WHERE c.from_class = g.from_class AND c.to_class = g.to_class;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no floor is set for % -> %, so nothing may be promoted',
            g.from_class, g.to_class USING ERRCODE = 'CL024';
    END IF;
    IF COALESCE(array_length(g.sources, 1), 0) = 0 OR EXISTS (
        SELECT FROM unnest(g.sources) AS s (name)
        WHERE NOT COALESCE(split_part(s.name, '.', 1) = control.schema_of(g.from_class)
                           AND to_regclass(s.name) IS NOT NULL, false)
    ) THEN
        RAISE EXCEPTION 'a source is no table of class %', g.from_class USING ERRCODE = 'CL011';
    END IF;
    IF NOT COALESCE(
        split_part(g.target, '.', 1) = control.schema_of(g.to_class)
        AND ((g.publish_mode = 'once' AND to_regclass(g.target) IS NOT NULL)
             OR (g.publish_mode = 'newest' AND g.target = 'platform.capability_index_by_tool')),
        false)
    THEN
        RAISE EXCEPTION 'the target is no store of class % that takes this mode', g.to_class
            USING ERRCODE = 'CL011';
    END IF;
    IF NOT COALESCE(
        g.required_checks @> ARRAY['output_schema', 'no_pii_shaped_value', 'k_distinct_tenants']
        AND array_position(g.required_checks, NULL) IS NULL, false)
    THEN
        RAISE EXCEPTION 'the three checks of every promotion are required' USING ERRCODE = 'CL011';
    END IF;
    IF jsonb_typeof(g.policy) IS DISTINCT FROM 'object' OR NOT COALESCE(
        (g.policy->>'k_tenants')::integer >= f.k_tenants
        AND (g.policy->>'k_after_leaving_out_a_fund')::integer >= f.k_after_leaving_out_a_fund
        AND (g.policy->>'k_funds')::integer >= f.k_funds
        AND (g.policy->>'max_share')::numeric <= f.max_share
        AND (g.policy->>'max_share')::numeric > 0
        AND (g.policy->>'p_percent')::integer >= f.p_percent, false)
    THEN
        RAISE EXCEPTION 'the policy is looser than the floors of % -> %', g.from_class, g.to_class
            USING ERRCODE = 'CL024';
    END IF;
END $$;

CREATE FUNCTION control.register_workflow(p jsonb) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE g control.workflow_registrations;
BEGIN
    PERFORM control.require_platform();
    g := jsonb_populate_record(
        NULL::control.workflow_registrations,
        p || jsonb_build_object('registered_at', clock_timestamp()));
    PERFORM control.require_sound_declaration(g);
    INSERT INTO control.workflow_registrations SELECT g.*
        ON CONFLICT (workflow, source_digest) DO NOTHING;
    IF NOT EXISTS (
        SELECT FROM control.workflow_registrations w
        WHERE w.workflow = g.workflow AND w.source_digest = g.source_digest
          AND (w.sources, w.target, w.from_class, w.to_class, w.policy, w.required_checks,
               w.publish_mode)
            = (g.sources, g.target, g.from_class, g.to_class, g.policy, g.required_checks,
               g.publish_mode)
    ) THEN
        RAISE EXCEPTION 'workflow % is registered with another declaration under this digest',
            g.workflow USING ERRCODE = 'CL011';
    END IF;
    PERFORM control.tell_once('workflow', g.workflow || ' ', g.source_digest);
END $$;

CREATE FUNCTION control.start_run(workflow_ text, digest text, minutes integer) RETURNS uuid
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE run uuid := gen_random_uuid();
BEGIN
    PERFORM control.require_platform();
    IF NOT COALESCE(minutes BETWEEN 1 AND 240, false) THEN
        RAISE EXCEPTION 'a run ends within four hours' USING ERRCODE = 'CL027';
    END IF;
    IF NOT EXISTS (SELECT FROM control.workflow_registrations
                   WHERE workflow = workflow_ AND source_digest = digest) THEN
        RAISE EXCEPTION 'workflow % is not registered with this digest', workflow_
            USING ERRCODE = 'CL027',
            HINT = 'run it once as it is now: `classline run` registers a version';
    END IF;
    INSERT INTO control.workflow_runs (run_id, workflow, source_digest, closes_at)
        VALUES (run, workflow_, digest, clock_timestamp() + make_interval(mins => minutes));
    RETURN run;
END $$;

CREATE FUNCTION control.finish_run(run uuid) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM control.require_platform();
    UPDATE control.workflow_runs SET finished_at = clock_timestamp()
        WHERE run_id = run AND finished_at IS NULL;
END $$;

CREATE FUNCTION control.candidate_digest(promotion uuid) RETURNS text
LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(sha256(convert_to(
        COALESCE(string_agg(cell_no || ' ' || cell::text, E'\n' ORDER BY cell_no), ''), 'UTF8')),
        'hex')
    FROM quarantine.candidate_cells WHERE promotion_id = promotion
$$;

-- How many attempts at this release ended without one: the next attempt is one more.
CREATE FUNCTION control.ended_attempts(base text) RETURNS integer
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM control.open_run();
    RETURN (SELECT count(*) FROM control.promotions
            WHERE base_key = base AND state IN ('held', 'rejected'));
END $$;

CREATE FUNCTION control.file_candidate(
    p jsonb, cells jsonb, cell_nos integer[], tenants text[], row_counts bigint[],
    amounts numeric[]
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
    INSERT INTO control.promotions (
        promotion_id, idempotency_key, base_key, attempt, workflow, source_digest, run_id,
        from_class, to_class, sources, target, policy, snapshot_digest, candidate_digest,
        closed_before, rows_in, cells_in, cells_kept, suppressed, state, requested_by)
    VALUES (
        filed, p->>'idempotency_key', p->>'base_key', (p->>'attempt')::integer, g.workflow,
        g.source_digest, r.run_id, g.from_class, g.to_class, g.sources, g.target, g.policy,
        p->>'snapshot_digest', '', (p->>'closed_before')::date, (p->>'rows_in')::bigint, (p->>'cells_in')::bigint,
        jsonb_array_length(cells), p->'suppressed', 'candidate', p->>'requested_by')
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
        (promotion_id, cell_no, tenant_id, fund_id, row_count, amount)
        SELECT filed, u.cell_no, u.tenant_id, m.fund_id, u.row_count, u.amount
        FROM unnest(cell_nos, tenants, row_counts, amounts)
            AS u (cell_no, tenant_id, row_count, amount)
        LEFT JOIN control.portfolio_membership m USING (tenant_id);
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

-- The promotion, locked, if it belongs to the caller's open run.
CREATE FUNCTION control.own_promotion(promotion uuid) RETURNS control.promotions
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r control.workflow_runs := control.open_run();
    p control.promotions;
BEGIN
    SELECT * INTO p FROM control.promotions o WHERE o.promotion_id = promotion
        AND o.workflow = r.workflow AND o.source_digest = r.source_digest FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no such promotion belongs to this run''s workflow' USING ERRCODE = 'CL027';
    END IF;
    RETURN p;
END $$;

CREATE FUNCTION control.read_promotion(promotion uuid) RETURNS SETOF control.promotions
LANGUAGE sql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT (control.own_promotion(promotion)).*
$$;

CREATE FUNCTION control.record_checks(promotion uuid, phase_ text, results jsonb) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE p control.promotions := control.own_promotion(promotion);
BEGIN
    IF phase_ NOT IN ('candidate', 'publish') THEN
        RAISE EXCEPTION 'no such phase of checks' USING ERRCODE = 'CL027';
    END IF;
    INSERT INTO control.check_results
        (promotion_id, phase, check_name, passed, observed, candidate_digest)
        SELECT promotion, phase_, c->>'name', (c->>'passed')::boolean, c->'observed',
               control.candidate_digest(promotion)
        FROM jsonb_array_elements(results) c;
END $$;

CREATE FUNCTION control.await_review(promotion uuid, reason text) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE p control.promotions := control.own_promotion(promotion);
BEGIN
    IF p.state NOT IN ('candidate', 'awaiting_review') THEN
        RAISE EXCEPTION 'a promotion that is % cannot wait for review', p.state
            USING ERRCODE = 'CL020';
    END IF;
    UPDATE control.promotions SET state = 'awaiting_review', state_reason = reason
        WHERE promotion_id = promotion;
END $$;

CREATE FUNCTION control.hold(promotion uuid, reason text) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE p control.promotions := control.own_promotion(promotion);
BEGIN
    IF p.state NOT IN ('candidate', 'awaiting_review', 'held') THEN
        RAISE EXCEPTION 'a promotion that is % cannot be held', p.state USING ERRCODE = 'CL020';
    END IF;
    UPDATE control.promotions SET state = 'held', state_reason = reason
        WHERE promotion_id = promotion;
END $$;

-- The newest approval in force by somebody else than the requester; a later rejection ends it.
CREATE FUNCTION control.approval_in_force(workflow_ text, digest text, requester text)
RETURNS control.approvals
LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.* FROM control.approvals a
    WHERE a.workflow = workflow_ AND a.source_digest = digest AND a.decision = 'approved'
      AND a.expires_at > clock_timestamp() AND a.steward_name IS DISTINCT FROM requester
      AND NOT EXISTS (
          SELECT FROM control.approvals later
          WHERE later.workflow = workflow_ AND later.source_digest = digest
            AND later.decision = 'rejected' AND later.approval_id > a.approval_id)
    ORDER BY a.approval_id DESC LIMIT 1
$$;

-- Cells that break a floor or the workflow's own policy, counted here from who stands behind them.
CREATE FUNCTION control.cells_below_policy(promotion uuid) RETURNS bigint
LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH p AS (
        SELECT greatest(f.k_tenants, (o.policy->>'k_tenants')::integer) AS k,
               greatest(f.k_after_leaving_out_a_fund,
                        (o.policy->>'k_after_leaving_out_a_fund')::integer) AS k_without_fund,
               greatest(f.k_funds, (o.policy->>'k_funds')::integer) AS k_funds,
               least(f.max_share, (o.policy->>'max_share')::numeric) AS max_share,
               greatest(f.p_percent, (o.policy->>'p_percent')::integer) AS p_percent
        FROM control.promotions o
        JOIN control.class_floors f USING (from_class, to_class)
        WHERE o.promotion_id = promotion
    ),
    ranked AS (
        SELECT c.*, row_number() OVER (PARTITION BY cell_no ORDER BY amount DESC) AS place,
               -- Who has no fund is a fund of its own: it can subtract itself.
               CASE WHEN fund_id IS NULL THEN 1
                    ELSE count(*) OVER (PARTITION BY cell_no, fund_id) END AS fund_tenants
        FROM control.cell_contributors c WHERE c.promotion_id = promotion
    ),
    cells AS (
        SELECT cell_no, count(*) AS tenants, count(DISTINCT fund_id) AS funds,
               count(*) - max(fund_tenants) AS tenants_without_fund,
               sum(amount) AS total, max(amount) AS largest, min(amount) AS least,
               COALESCE(max(amount) FILTER (WHERE place = 2), 0) AS second,
               sum(row_count) AS total_rows, max(row_count) AS largest_rows,
               min(row_count) AS least_rows
        FROM ranked GROUP BY cell_no
    )
    SELECT count(*) FROM quarantine.candidate_cells q
    LEFT JOIN cells c USING (cell_no)
    LEFT JOIN p ON true
    WHERE q.promotion_id = promotion AND NOT COALESCE(
        c.tenants >= p.k
        AND (p.k_without_fund = 0 OR c.tenants_without_fund >= p.k_without_fund)
        AND c.funds >= p.k_funds
        -- NaN and infinity compare as larger than everything, so they are refused by name.
        AND c.least >= 0 AND c.largest < 'Infinity'::numeric AND c.least_rows > 0
        AND c.largest_rows <= p.max_share * c.total_rows
        AND (c.total = 0 OR c.largest <= p.max_share * c.total)
        AND (c.total = 0 OR (c.total - c.largest - c.second) * 100 >= p.p_percent * c.largest),
        false)
$$;

CREATE FUNCTION control.publish(promotion uuid)
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
        -- A key's cell of one month is written once: two releases of a cell can be subtracted.
        INSERT INTO platform.kv_entries AS e (key, value, promotion_id, updated_at)
            SELECT 'capability_index:' || (c.cell->>'tool_name'), c.cell - 'tool_name', promotion,
                   clock_timestamp()
            FROM quarantine.candidate_cells c WHERE c.promotion_id = promotion
            ON CONFLICT (key) DO UPDATE SET value = excluded.value,
                promotion_id = excluded.promotion_id, updated_at = excluded.updated_at
                WHERE (e.value->>'month')::date < (excluded.value->>'month')::date;
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
        EXECUTE format(
            'INSERT INTO %1$s SELECT (jsonb_populate_record(NULL::%1$s,'
            ' c.cell || jsonb_build_object(''promotion_id'', c.promotion_id))).*'
            ' FROM quarantine.candidate_cells c WHERE c.promotion_id = $1'
            ' ORDER BY c.cell_no ON CONFLICT DO NOTHING', target) USING promotion;
    END IF;
    GET DIAGNOSTICS written = ROW_COUNT;
    UPDATE control.promotions o SET
        state = 'published', state_reason = NULL, approved_by = a.steward_name,
        approval_id = a.approval_id, rows_published = written,
        cells_held = o.cells_kept - written, published_at = clock_timestamp()
        WHERE o.promotion_id = promotion;
    INSERT INTO control.outbox (kind, subject) VALUES ('promotion', promotion::text);
    RETURN QUERY SELECT written, p.cells_kept - written, a.steward_name;
END $$;

CREATE FUNCTION control.steward_name() RETURNS text
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE name text;
BEGIN
    PERFORM control.claim();
    SELECT s.steward_name INTO name FROM control.stewards s WHERE s.login = session_user;
    IF name IS NULL THEN
        RAISE EXCEPTION 'this login is no steward''s' USING ERRCODE = 'CL010';
    END IF;
    RETURN name;
END $$;

CREATE FUNCTION control.decide(workflow_ text, digest text, decision_ text, reason_ text)
RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    steward text := control.steward_name();
    decided bigint;
BEGIN
    IF decision_ NOT IN ('approved', 'rejected') THEN
        RAISE EXCEPTION 'a decision is approved or rejected' USING ERRCODE = 'CL027';
    END IF;
    IF length(btrim(COALESCE(reason_, ''))) < 3 THEN
        RAISE EXCEPTION 'a decision needs a reason' USING ERRCODE = 'CL027';
    END IF;
    IF NOT EXISTS (SELECT FROM control.workflow_registrations
                   WHERE workflow = workflow_ AND source_digest = digest) THEN
        RAISE EXCEPTION 'workflow % is not registered with this digest', workflow_
            USING ERRCODE = 'CL027',
            HINT = 'run it once as it is now: `classline run` registers a version';
    END IF;
    IF decision_ = 'approved' AND (
        EXISTS (SELECT FROM control.workflow_registrations
                WHERE workflow = workflow_ AND source_digest = digest AND requested_by = steward)
        OR EXISTS (SELECT FROM control.promotions
                   WHERE workflow = workflow_ AND source_digest = digest
                     AND state IN ('candidate', 'awaiting_review') AND requested_by = steward)
    ) THEN
        RAISE EXCEPTION 'who requested a release may not approve it' USING ERRCODE = 'CL026';
    END IF;
    INSERT INTO control.approvals
        (workflow, source_digest, steward_name, decision, reason, expires_at)
        VALUES (workflow_, digest, steward, decision_, reason_,
                clock_timestamp() + interval '1 year')
        RETURNING approval_id INTO decided;
    INSERT INTO platform.decision_log (decided_by, subject, decision, reason)
        VALUES (steward, workflow_ || ' ' || digest, decision_, reason_);
    INSERT INTO platform.kv_audit (actor, action, subject, from_value, to_value, reason)
        SELECT steward, 'workflow ' || decision_, workflow_ || ' ' || digest, g.from_class,
               g.to_class, reason_
        FROM control.workflow_registrations g
        WHERE g.workflow = workflow_ AND g.source_digest = digest;
    IF decision_ = 'rejected' THEN
        UPDATE control.promotions SET state = 'rejected', state_reason = reason_
            WHERE workflow = workflow_ AND source_digest = digest
              AND state IN ('candidate', 'awaiting_review');
    END IF;
    RETURN decided;
END $$;

CREATE FUNCTION control.note_errors(component_ text, code text, how_many bigint) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM control.require_platform();
    INSERT INTO platform.error_ledger (component, error_code, occurrences)
        VALUES (component_, code, how_many);
END $$;

CREATE FUNCTION control.catalog_changed(digest text) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM control.require_platform();
    PERFORM control.tell_once('catalog', '', digest);
END $$;

CREATE FUNCTION control.outbox_result(event bigint, error text) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM control.require_platform();
    UPDATE control.outbox SET attempts = attempts + 1, last_error = error,
        delivered_at = CASE WHEN error IS NULL THEN clock_timestamp() END
        WHERE event_id = event AND delivered_at IS NULL;
END $$;

-- A DataHub that was emptied or exchanged is told everything again.
CREATE FUNCTION control.outbox_again() RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE again bigint;
BEGIN
    PERFORM control.require_platform();
    UPDATE control.outbox SET delivered_at = NULL WHERE delivered_at IS NOT NULL;
    GET DIAGNOSTICS again = ROW_COUNT;
    RETURN again;
END $$;

DO $$
DECLARE f record;
BEGIN
    FOR f IN SELECT p.oid::regprocedure AS signature FROM pg_proc p
             JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'control' LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO cl_key', f.signature);
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f.signature);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION control.register_workflow(jsonb), control.start_run(text, text, integer),
    control.finish_run(uuid), control.note_errors(text, text, bigint),
    control.catalog_changed(text), control.outbox_result(bigint, text), control.outbox_again()
    TO platform_rw;
GRANT EXECUTE ON FUNCTION
    control.ended_attempts(text),
    control.file_candidate(jsonb, jsonb, integer[], text[], bigint[], numeric[]),
    control.read_promotion(uuid), control.record_checks(uuid, text, jsonb),
    control.await_review(uuid, text), control.hold(uuid, text), control.publish(uuid)
    TO anonymizer_r;
GRANT EXECUTE ON FUNCTION control.steward_name(), control.decide(text, text, text, text)
    TO steward_w;
