-- CL020 no transition of a promotion   CL022 checks   CL026 four eyes   CL027 unknown, or no reason
-- CL030 what is set is not changed
CREATE TABLE control.promotion_edges (
    from_state TEXT NOT NULL,
    to_state TEXT NOT NULL,
    CONSTRAINT promotion_edges_pkey PRIMARY KEY (from_state, to_state)
);
COMMENT ON TABLE control.promotion_edges IS '[ascend_platform_metric] Which state of a promotion may follow which. Fixed.';
COMMENT ON COLUMN control.promotion_edges.from_state IS '[ascend_platform_metric] The state it is in';
COMMENT ON COLUMN control.promotion_edges.to_state IS '[ascend_platform_metric] A state that may follow';
CREATE TABLE control.promotion_transitions (
    transition_id BIGINT GENERATED ALWAYS AS IDENTITY,
    promotion_id UUID NOT NULL,
    from_state TEXT,
    to_state TEXT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    happened_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT promotion_transitions_pkey PRIMARY KEY (promotion_id, transition_id)
);
COMMENT ON TABLE control.promotion_transitions IS '[ascend_platform_metric] Every change of a promotion''s state, written with it. Append only.';
COMMENT ON COLUMN control.promotion_transitions.transition_id IS '[ascend_platform_metric] Running number';
COMMENT ON COLUMN control.promotion_transitions.promotion_id IS '[ascend_platform_metric] The promotion';
COMMENT ON COLUMN control.promotion_transitions.from_state IS '[ascend_platform_metric] The state before, empty at its beginning';
COMMENT ON COLUMN control.promotion_transitions.to_state IS '[ascend_platform_metric] The state since';
COMMENT ON COLUMN control.promotion_transitions.actor IS '[ascend_platform_metric] Who did it: a steward, a service and for whom, or an administrator';
COMMENT ON COLUMN control.promotion_transitions.reason IS '[ascend_platform_metric] Why';
COMMENT ON COLUMN control.promotion_transitions.happened_at IS '[ascend_platform_metric] When';
CREATE TABLE control.tenant_removals (
    tenant_digest TEXT NOT NULL,
    tenant_id TEXT,
    pseudonym TEXT NOT NULL,
    stage TEXT NOT NULL,
    reason TEXT NOT NULL,
    rows_erased JSONB DEFAULT '{}' NOT NULL,
    released_cells JSONB DEFAULT '{}' NOT NULL,
    begun_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT tenant_removals_pkey PRIMARY KEY (tenant_digest)
);
COMMENT ON TABLE control.tenant_removals IS '[tenant_private] Tenants that were removed, and what is known of it.';
COMMENT ON COLUMN control.tenant_removals.tenant_digest IS '[tenant_private] Keyed hash of the tenant''s id: who knows the id can ask for its removal';
COMMENT ON COLUMN control.tenant_removals.tenant_id IS '[tenant_private] The id, until the removal is finished';
COMMENT ON COLUMN control.tenant_removals.pseudonym IS '[tenant_private] What stands for it behind cells that were released: nothing leads back from it';
COMMENT ON COLUMN control.tenant_removals.stage IS '[tenant_private] What is done of it';
COMMENT ON COLUMN control.tenant_removals.reason IS '[tenant_private] Why';
COMMENT ON COLUMN control.tenant_removals.rows_erased IS '[tenant_private] Rows erased, by table';
COMMENT ON COLUMN control.tenant_removals.released_cells IS '[tenant_private] Numbers of the released cells it had contributed to, by promotion';
COMMENT ON COLUMN control.tenant_removals.begun_at IS '[tenant_private] When';
COMMENT ON COLUMN control.tenant_removals.finished_at IS '[tenant_private] When nothing of it was left';
CREATE TABLE control.former_owners (
    tenant_id TEXT NOT NULL,
    fund_id TEXT NOT NULL,
    CONSTRAINT former_owners_pkey PRIMARY KEY (tenant_id, fund_id)
);
COMMENT ON TABLE control.former_owners IS '[tenant_private] Which fund once owned which portfolio company, where only an erased candidate told it.';
COMMENT ON COLUMN control.former_owners.tenant_id IS '[tenant_private] The portfolio company';
COMMENT ON COLUMN control.former_owners.fund_id IS '[tenant_private] The fund, which goes on knowing what it saw';
ALTER TABLE control.promotions ADD COLUMN erased_at TIMESTAMP WITH TIME ZONE;
COMMENT ON COLUMN control.promotions.erased_at IS '[ascend_platform_metric] When its candidate was erased';
COMMENT ON COLUMN control.promotions.state IS '[ascend_platform_metric] Where it stands: see control.promotion_edges';

INSERT INTO control.promotion_edges (from_state, to_state) VALUES
    ('drafted', 'candidate'),
    ('candidate', 'checked'),
    ('candidate', 'held'), ('candidate', 'rejected'), ('candidate', 'superseded'),
    ('checked', 'awaiting_review'), ('checked', 'approved'),
    ('checked', 'held'), ('checked', 'rejected'), ('checked', 'superseded'),
    ('awaiting_review', 'approved'),
    ('awaiting_review', 'held'), ('awaiting_review', 'rejected'), ('awaiting_review', 'superseded'),
    ('approved', 'published'), ('approved', 'awaiting_review'),
    ('approved', 'held'), ('approved', 'rejected'), ('approved', 'superseded'),
    ('published', 'superseded'), ('published', 'revoked');
INSERT INTO control.promotion_transitions (promotion_id, to_state, actor, reason, happened_at)
    SELECT promotion_id, state, 'revision 0022', 'it stood so when transitions began to be kept',
           clock_timestamp()
    FROM control.promotions ORDER BY created_at, promotion_id;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['promotion_edges', 'promotion_transitions', 'tenant_removals',
                                'former_owners'] LOOP
        EXECUTE format('ALTER TABLE control.%I OWNER TO cl_key', name);
        EXECUTE format('ALTER TABLE control.%I ENABLE ROW LEVEL SECURITY', name);
        CONTINUE WHEN name IN ('tenant_removals', 'former_owners');
        EXECUTE format(
            'CREATE POLICY platform_reads ON control.%I FOR SELECT TO platform_rw'
            ' USING ((SELECT control.platform_reads()))', name);
        EXECUTE format('GRANT SELECT ON control.%I TO platform_rw', name);
    END LOOP;
END $$;

CREATE FUNCTION control.is_open(state_ text) RETURNS boolean
LANGUAGE sql IMMUTABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT state_ IN ('candidate', 'checked', 'awaiting_review', 'approved')
$$;

CREATE FUNCTION control.require_reason(reason_ text) RETURNS void
LANGUAGE plpgsql IMMUTABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT COALESCE(length(btrim(reason_)) BETWEEN 3 AND 2000, false) THEN
        RAISE EXCEPTION 'a decision needs a reason of 3 to 2000 characters'
            USING ERRCODE = 'CL027', HINT = 'say in a sentence or two why';
    END IF;
END $$;

-- Who acts: a steward by name, a service, or an administrator as the server knows them.
CREATE FUNCTION control.acting(for_whom text) RETURNS text
LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE(
        (SELECT s.steward_name FROM control.stewards s WHERE s.login = session_user),
        (SELECT l.kind || ' for ' || for_whom FROM control.logins l WHERE l.login = session_user),
        session_user || COALESCE(' (' || system_user || ')', ''))
$$;

-- Before every write: a legal edge, and nothing changed of what was set.
CREATE FUNCTION control.guard_promotion() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moved boolean;
    changed text[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a promotion is never deleted' USING ERRCODE = 'CL030',
            HINT = 'withdraw it with `classline promotions revoke`';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NOT COALESCE(
            NEW.state = 'drafted' AND NEW.state_reason IS NULL AND NEW.candidate_digest = ''
            AND num_nonnulls(NEW.approved_by, NEW.approval_id, NEW.rows_published, NEW.cells_held,
                             NEW.published_at, NEW.cells_superseding, NEW.erased_at) = 0
            AND NEW.held = '{}' AND NEW.superseded = '{}', false)
        THEN
            RAISE EXCEPTION 'a promotion begins drafted, with nothing decided of it'
                USING ERRCODE = 'CL020';
        END IF;
        RETURN NEW;
    END IF;
    moved := OLD.state IS DISTINCT FROM NEW.state;
    IF moved AND NOT EXISTS (SELECT FROM control.promotion_edges e
                             WHERE e.from_state = OLD.state AND e.to_state = NEW.state) THEN
        RAISE EXCEPTION 'a promotion that is % does not become %', OLD.state, NEW.state
            USING ERRCODE = 'CL020', HINT = 'control.promotion_edges holds what may follow';
    END IF;
    SELECT array_agg(o.key ORDER BY o.key) INTO changed
        FROM jsonb_each(to_jsonb(OLD)) o JOIN jsonb_each(to_jsonb(NEW)) n USING (key)
        WHERE o.value IS DISTINCT FROM n.value AND NOT CASE
            WHEN o.key IN ('state', 'state_reason') THEN moved
            WHEN o.key = 'candidate_digest' THEN
                OLD.state = 'drafted' AND NEW.state = 'candidate' AND OLD.candidate_digest = ''
            WHEN o.key IN ('approved_by', 'approval_id', 'rows_published', 'cells_held',
                           'published_at') THEN
                moved AND NEW.state = 'published' AND o.value = 'null'
            WHEN o.key = 'cells_superseding' THEN OLD.state = 'approved' AND o.value = 'null'
            WHEN o.key = 'held' THEN OLD.state = 'approved' AND o.value = '{}'
            -- Each later promotion adds its cells, once.
            WHEN o.key = 'superseded' THEN n.value @> o.value
            WHEN o.key = 'erased_at' THEN o.value = 'null' AND NOT control.is_open(NEW.state)
            ELSE false END;
    IF changed IS NOT NULL THEN
        RAISE EXCEPTION 'what is set of a promotion is not changed: % of one that is %',
            array_to_string(changed, ', '), OLD.state USING ERRCODE = 'CL030';
    END IF;
    RETURN NEW;
END $$;

-- After every write that moves it: the transition, with who and why.
CREATE FUNCTION control.record_transition() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE was text := CASE WHEN TG_OP = 'UPDATE' THEN OLD.state END;
BEGIN
    IF was IS DISTINCT FROM NEW.state THEN
        INSERT INTO control.promotion_transitions
            (promotion_id, from_state, to_state, actor, reason)
        VALUES (
            NEW.promotion_id, was, NEW.state, control.acting(NEW.requested_by),
            COALESCE(NULLIF(btrim(NEW.state_reason), ''), CASE NEW.state
                WHEN 'drafted' THEN 'a run of its workflow began it'
                WHEN 'candidate' THEN 'its cells were filed'
                WHEN 'checked' THEN 'every required check passed'
                WHEN 'published' THEN format('approval %s by %s is in force', NEW.approval_id,
                                             NEW.approved_by)
                ELSE 'no reason given' END));
    END IF;
    RETURN NULL;
END $$;

-- A transition is written by the change itself and by nothing else.
CREATE FUNCTION control.guard_transition() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF pg_trigger_depth() < 2 OR NOT EXISTS (
        SELECT FROM control.promotions p
        WHERE p.promotion_id = NEW.promotion_id AND p.state = NEW.to_state)
    THEN
        RAISE EXCEPTION 'a transition is recorded by the change of state alone'
            USING ERRCODE = 'CL030';
    END IF;
    RETURN NEW;
END $$;

-- Whether each required check's latest result of that phase passed on the candidate as filed.
CREATE FUNCTION control.checks_passed(promotion uuid, phase_ text) RETURNS boolean
LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE(bool_and(COALESCE(
        latest.passed AND latest.candidate_digest = p.candidate_digest, false)), false)
    FROM control.promotions p
    JOIN control.workflow_registrations g
      ON g.workflow = p.workflow AND g.source_digest = p.source_digest
    CROSS JOIN unnest(g.required_checks) AS required (name)
    LEFT JOIN LATERAL (
        SELECT r.passed, r.candidate_digest FROM control.check_results r
        WHERE r.promotion_id = promotion AND r.check_name = required.name AND r.phase = phase_
        ORDER BY r.result_id DESC LIMIT 1) latest ON true
    WHERE p.promotion_id = promotion
$$;

CREATE OR REPLACE FUNCTION control.record_checks(promotion uuid, phase_ text, results jsonb)
RETURNS void
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
    IF p.state = 'candidate' AND control.checks_passed(promotion, 'candidate') THEN
        UPDATE control.promotions SET state = 'checked', state_reason = NULL
            WHERE promotion_id = promotion;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION control.await_review(promotion uuid, reason text) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE p control.promotions := control.own_promotion(promotion);
BEGIN
    IF p.state = 'candidate' THEN
        RAISE EXCEPTION 'a candidate waits for review once its checks have passed'
            USING ERRCODE = 'CL022', HINT = 'run its checks first';
    END IF;
    UPDATE control.promotions SET state = 'awaiting_review', state_reason = reason
        WHERE promotion_id = promotion AND state <> 'awaiting_review';
END $$;

CREATE OR REPLACE FUNCTION control.hold(promotion uuid, reason text) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE p control.promotions := control.own_promotion(promotion);
BEGIN
    UPDATE control.promotions SET state = 'held', state_reason = reason
        WHERE promotion_id = promotion AND state <> 'held';
END $$;

CREATE OR REPLACE FUNCTION control.ended_attempts(base text) RETURNS integer
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM control.open_run();
    RETURN (SELECT count(*) FROM control.promotions
            WHERE base_key = base AND state IN ('held', 'rejected', 'superseded', 'revoked'));
END $$;

-- Older candidates of the workflow: who approved one now would release what is out of date.
CREATE FUNCTION control.supersede_candidates(filed uuid) RETURNS void
LANGUAGE sql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE control.promotions o
        SET state = 'superseded', state_reason = 'a newer candidate of this workflow was filed'
        FROM control.promotions p
        WHERE p.promotion_id = filed AND o.workflow = p.workflow AND o.promotion_id <> filed
          AND control.is_open(o.state) AND o.closed_before <= p.closed_before
$$;

-- Releases of which no cell stands any more since this one.
CREATE FUNCTION control.supersede_releases(published uuid) RETURNS void
LANGUAGE sql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE control.promotions o
        SET state = 'superseded', state_reason = 'later releases replaced every cell of it'
        WHERE o.state = 'published'
          AND o.promotion_id IN (SELECT e.promotion_id FROM control.judged_cells e
                                 WHERE e.superseded_by = published)
          AND NOT EXISTS (SELECT FROM control.judged_cells r
                          WHERE r.promotion_id = o.promotion_id AND r.released
                            AND r.superseded_by IS NULL)
$$;

-- The approval that publish() has found becomes the promotion's state before it is published.
CREATE FUNCTION control.take_approval(p control.promotions, a control.approvals) RETURNS void
LANGUAGE sql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE control.promotions o
        SET state = 'approved',
            state_reason = format('approval %s by %s is in force', a.approval_id, a.steward_name)
        WHERE o.promotion_id = p.promotion_id AND o.state <> 'approved'
$$;

-- A decision moves what it is about, whatever wrote it. Decisions about one digest take turns, so
-- that of two opposite ones the later is the last: it sees what the earlier has done.
CREATE FUNCTION control.await_turn_to_decide() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM control.require_reason(NEW.reason);
    PERFORM pg_advisory_xact_lock(
        hashtextextended('decision ' || NEW.workflow || ' ' || NEW.source_digest, 0));
    IF EXISTS (SELECT FROM control.approvals a
               WHERE a.workflow = NEW.workflow AND a.source_digest = NEW.source_digest
                 AND a.approval_id > NEW.approval_id) THEN
        RAISE EXCEPTION 'another decision about this version was made at the same time'
            USING ERRCODE = 'CL027', HINT = 'look at it with `classline review show`, then decide';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION control.move_on_decision() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE newest text;
BEGIN
    IF NEW.decision = 'rejected' THEN
        UPDATE control.promotions o SET state = 'rejected', state_reason = NEW.reason
            WHERE o.workflow = NEW.workflow AND o.source_digest = NEW.source_digest
              AND control.is_open(o.state);
        RETURN NULL;
    END IF;
    IF NOT EXISTS (
        SELECT FROM control.promotions o
        WHERE o.workflow = NEW.workflow AND o.source_digest = NEW.source_digest
          AND o.state IN ('checked', 'awaiting_review')
    ) AND EXISTS (
        SELECT FROM control.approvals a
        WHERE a.workflow = NEW.workflow AND a.source_digest = NEW.source_digest
          AND a.approval_id < NEW.approval_id AND a.steward_name = NEW.steward_name
          AND a.decision = 'approved' AND a.expires_at > clock_timestamp() + interval '30 days'
          AND NOT EXISTS (SELECT FROM control.approvals r
                          WHERE r.workflow = a.workflow AND r.source_digest = a.source_digest
                            AND r.decision = 'rejected' AND r.approval_id > a.approval_id))
    THEN
        RAISE EXCEPTION 'this steward''s approval of this version is in force, and nothing waits'
            USING ERRCODE = 'CL027', HINT = 'it can be renewed in its last thirty days';
    END IF;
    SELECT o.state INTO newest FROM control.promotions o
        WHERE o.workflow = NEW.workflow AND o.source_digest = NEW.source_digest
        ORDER BY o.created_at DESC LIMIT 1;
    IF newest = 'revoked' THEN
        RAISE EXCEPTION 'the last release of this version was revoked, and nothing of it waits'
            USING ERRCODE = 'CL027', HINT = 'run the workflow again and review its new candidate';
    END IF;
    UPDATE control.promotions o
        SET state = 'approved',
            state_reason = format('approval %s by %s: %s', NEW.approval_id, NEW.steward_name,
                                  NEW.reason)
        WHERE o.workflow = NEW.workflow AND o.source_digest = NEW.source_digest
          AND o.state IN ('checked', 'awaiting_review')
          AND o.requested_by IS DISTINCT FROM NEW.steward_name;
    RETURN NULL;
END $$;

CREATE TRIGGER guarded BEFORE INSERT OR UPDATE OR DELETE ON control.promotions
    FOR EACH ROW EXECUTE FUNCTION control.guard_promotion();
CREATE TRIGGER recorded AFTER INSERT OR UPDATE ON control.promotions
    FOR EACH ROW EXECUTE FUNCTION control.record_transition();
CREATE TRIGGER kept BEFORE TRUNCATE ON control.promotions
    FOR EACH STATEMENT EXECUTE FUNCTION control.refuse_change();
CREATE TRIGGER guarded BEFORE INSERT ON control.promotion_transitions
    FOR EACH ROW EXECUTE FUNCTION control.guard_transition();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON control.promotion_transitions
    FOR EACH STATEMENT EXECUTE FUNCTION control.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON control.promotion_edges
    FOR EACH STATEMENT EXECUTE FUNCTION control.refuse_change();
CREATE TRIGGER fixed BEFORE INSERT ON control.promotion_edges
    FOR EACH STATEMENT EXECUTE FUNCTION control.refuse_change();
CREATE TRIGGER taking_turns BEFORE INSERT ON control.approvals
    FOR EACH ROW EXECUTE FUNCTION control.await_turn_to_decide();
CREATE TRIGGER moving AFTER INSERT ON control.approvals
    FOR EACH ROW EXECUTE FUNCTION control.move_on_decision();
ALTER TABLE control.promotions
    ENABLE ALWAYS TRIGGER guarded, ENABLE ALWAYS TRIGGER recorded, ENABLE ALWAYS TRIGGER kept;
ALTER TABLE control.promotion_transitions
    ENABLE ALWAYS TRIGGER guarded, ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE control.promotion_edges
    ENABLE ALWAYS TRIGGER fixed, ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE control.approvals
    ENABLE ALWAYS TRIGGER taking_turns, ENABLE ALWAYS TRIGGER moving;

-- A release is withdrawn by deleting its rows: the next statement of any reader finds them gone.
DO $$
DECLARE t record;
BEGIN
    FOR t IN SELECT schemaname, tablename FROM pg_tables
             WHERE schemaname IN ('fund_private', 'anonymized') LOOP
        EXECUTE format('GRANT DELETE ON %I.%I TO cl_key', t.schemaname, t.tablename);
    END LOOP;
END $$;
GRANT DELETE ON platform.agent_run_aggregates, platform.kv_entries TO cl_key;

-- Releases that read what this one had released, and what was made of those in turn.
CREATE FUNCTION control.releases_built_on(promotion uuid)
RETURNS TABLE (promotion_id uuid, workflow text, target text, state text)
LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE built AS (
        SELECT p.promotion_id, p.workflow, p.target, p.state, p.published_at
        FROM control.promotions p WHERE p.promotion_id = promotion
        UNION
        SELECT d.promotion_id, d.workflow, d.target, d.state, d.published_at
        FROM built b JOIN control.promotions d
          ON b.target = ANY (d.sources) AND d.created_at >= b.published_at
         AND (control.is_open(d.state) OR d.state = 'published')
    )
    SELECT b.promotion_id, b.workflow, b.target, b.state FROM built b
    WHERE b.promotion_id <> promotion ORDER BY b.workflow, b.promotion_id
$$;

-- Withdraws a release. The guard goes on counting it: what was shown once is known. The approval
-- ends too, or the next run would release the same cells again.
CREATE FUNCTION control.revoke_promotion(promotion uuid, reason_ text) RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    steward text := control.steward_name();
    p control.promotions;
    g control.workflow_registrations;
    withdrawn bigint;
BEGIN
    PERFORM control.require_reason(reason_);
    -- publish() locks its candidate, then the guard: so does this, or the two could block.
    PERFORM FROM control.promotions o
        JOIN control.promotions r ON r.workflow = o.workflow AND r.source_digest = o.source_digest
        WHERE r.promotion_id = promotion AND control.is_open(o.state)
        ORDER BY o.promotion_id FOR UPDATE OF o;
    PERFORM pg_advisory_xact_lock(hashtextextended('release guard', 0));
    SELECT * INTO p FROM control.promotions o WHERE o.promotion_id = promotion FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no promotion has this id' USING ERRCODE = 'CL027',
            HINT = '`classline promotions --json` shows the ids';
    END IF;
    IF p.state <> 'published' THEN
        RAISE EXCEPTION 'a promotion that is % cannot be revoked: readers see nothing of it', p.state
            USING ERRCODE = 'CL020',
            HINT = 'what waits is ended with `classline review reject`';
    END IF;
    SELECT * INTO g FROM control.workflow_registrations w
        WHERE w.workflow = p.workflow AND w.source_digest = p.source_digest;
    EXECUTE format('DELETE FROM %s WHERE promotion_id = $1', CASE g.publish_mode
        WHEN 'newest' THEN 'platform.kv_entries'::regclass ELSE g.target::regclass END)
        USING promotion;
    GET DIAGNOSTICS withdrawn = ROW_COUNT;
    UPDATE control.promotions o SET state = 'revoked', state_reason = reason_
        WHERE o.promotion_id = promotion;
    INSERT INTO control.approvals
        (workflow, source_digest, steward_name, decision, reason, expires_at)
        VALUES (p.workflow, p.source_digest, steward, 'rejected',
                left('a release was revoked: ' || reason_, 2000), clock_timestamp());
    INSERT INTO platform.decision_log (decided_by, subject, decision, reason)
        VALUES (steward, promotion::text, 'revoked', reason_);
    INSERT INTO platform.kv_audit (actor, action, subject, from_value, to_value, reason)
        VALUES (steward, 'promotion revoked', promotion::text, p.to_class, 'withdrawn', reason_);
    INSERT INTO control.alerts (kind, severity, subject, message) VALUES (
        'promotion_revoked', 'warning',
        CASE WHEN p.workflow ~ '^[a-z][a-z0-9_]{0,63}$' THEN p.workflow ELSE 'workflow' END,
        'A steward revoked a release: its rows are withdrawn from every reader.');
    RETURN withdrawn;
END $$;

-- Erases a candidate that has ended or is published: its cells, and who stood behind those that
-- were not released. Whom a fund ever owned is remembered: it can subtract them.
CREATE FUNCTION control.erase_candidate(promotion uuid) RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE erased bigint;
BEGIN
    PERFORM FROM control.promotions o
        WHERE o.promotion_id = promotion AND NOT control.is_open(o.state) FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a candidate that waits is not erased' USING ERRCODE = 'CL020';
    END IF;
    WITH gone AS (
        DELETE FROM control.cell_contributors c
        WHERE c.promotion_id = promotion AND NOT EXISTS (
            SELECT FROM control.judged_cells j WHERE j.promotion_id = promotion
              AND j.cell_no = c.cell_no AND j.released)
        RETURNING c.tenant_id, c.fund_id)
    INSERT INTO control.former_owners (tenant_id, fund_id)
        SELECT DISTINCT g.tenant_id, g.fund_id FROM gone g
        WHERE g.fund_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM control.portfolio_membership m
            WHERE m.tenant_id = g.tenant_id AND m.fund_id = g.fund_id)
        ON CONFLICT DO NOTHING;
    DELETE FROM control.measure_contributions c
        WHERE c.promotion_id = promotion AND NOT EXISTS (
            SELECT FROM control.judged_cells j WHERE j.promotion_id = promotion
              AND j.cell_no = c.cell_no AND j.released);
    DELETE FROM quarantine.candidate_cells c WHERE c.promotion_id = promotion;
    GET DIAGNOSTICS erased = ROW_COUNT;
    UPDATE control.promotions o SET erased_at = clock_timestamp()
        WHERE o.promotion_id = promotion AND o.erased_at IS NULL;
    RETURN erased;
END $$;

-- A load is for tenants there are: not for one that was removed meanwhile, or is being removed.
CREATE FUNCTION control.require_registered(owners text[]) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM control.tenants t WHERE t.tenant_id = ANY (owners) FOR KEY SHARE;
    IF EXISTS (SELECT FROM unnest(owners) AS o (id)
               WHERE NOT EXISTS (SELECT FROM control.tenants t WHERE t.tenant_id = o.id)) THEN
        RAISE EXCEPTION 'a row belongs to no registered tenant' USING ERRCODE = 'CL031',
            HINT = 'load it again: tenants are registered when a load begins';
    END IF;
END $$;

-- Ends what has waited too long, and erases every candidate of that age.
CREATE FUNCTION control.erase_old_candidates(days integer)
RETURNS TABLE (candidates bigint, cells bigint)
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE filed_before timestamptz;
BEGIN
    PERFORM control.require_platform();
    IF NOT COALESCE(days BETWEEN 1 AND 365, false) THEN
        RAISE EXCEPTION 'a candidate lives from 1 to 365 days' USING ERRCODE = 'CL027';
    END IF;
    filed_before := clock_timestamp() - make_interval(days => days);
    UPDATE control.promotions o
        SET state = 'held', state_reason = 'its time to live has ended: run the workflow again'
        WHERE control.is_open(o.state) AND o.created_at < filed_before;
    RETURN QUERY SELECT count(*), COALESCE(sum(control.erase_candidate(o.promotion_id)), 0)::bigint
        FROM control.promotions o
        WHERE o.erased_at IS NULL AND NOT control.is_open(o.state) AND o.created_at < filed_before;
END $$;

DO $$
DECLARE f text;
BEGIN
    FOREACH f IN ARRAY ARRAY[
        'is_open(text)', 'require_reason(text)', 'acting(text)', 'guard_promotion()',
        'record_transition()', 'guard_transition()', 'checks_passed(uuid, text)',
        'supersede_candidates(uuid)', 'supersede_releases(uuid)',
        'take_approval(control.promotions, control.approvals)', 'await_turn_to_decide()',
        'move_on_decision()', 'releases_built_on(uuid)', 'revoke_promotion(uuid, text)',
        'erase_candidate(uuid)', 'erase_old_candidates(integer)', 'require_registered(text[])'
    ] LOOP
        EXECUTE format('ALTER FUNCTION control.%s OWNER TO cl_key', f);
        EXECUTE format('REVOKE ALL ON FUNCTION control.%s FROM PUBLIC', f);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION control.require_registered(text[]) TO cl_ingest;
GRANT EXECUTE ON FUNCTION control.revoke_promotion(uuid, text), control.releases_built_on(uuid)
    TO steward_w;
GRANT EXECUTE ON FUNCTION control.releases_built_on(uuid), control.erase_old_candidates(integer)
    TO platform_rw;

-- As 0015 has it, but cells are found by equality of their keys: containment was looked for from
-- every cell to every row, which took minutes for some thousand cells.
CREATE OR REPLACE FUNCTION control.write_rows(p control.promotions, target regclass) RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    dimensions text;
    replaced text;
    key text;
BEGIN
    SELECT string_agg(quote_ident(d->>'column'), ', '),
           format('jsonb_build_object(%s)', string_agg(
               format('%L, t.%I', d->>'column', d->>'column'), ', '))
        INTO dimensions, key FROM jsonb_array_elements(p.partition) d;
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
        ' SELECT FROM control.judged_cells k WHERE k.promotion_id = $1 AND k.family = $2'
        ' AND k.released AND k.supersedes = t.promotion_id AND k.cell_key = %4$s)',
        target, dimensions, replaced, key) USING p.promotion_id, p.family;
    EXECUTE format(
        'UPDATE control.judged_cells j SET released = false, supersedes = NULL,'
        ' rule = ''unrecorded'' WHERE j.promotion_id = $1 AND j.released AND NOT EXISTS ('
        ' SELECT FROM %1$s t WHERE t.promotion_id = $1 AND j.cell_key = %2$s)', target, key)
        USING p.promotion_id;
    RETURN (SELECT count(*) FROM control.judged_cells j
            WHERE j.promotion_id = p.promotion_id AND j.released);
END $$;

-- The functions as they are, but for the states they know. What is not found stops the migration.
CREATE FUNCTION pg_temp.amend(function_ text, was text, now_ text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    body text := pg_get_functiondef((
        SELECT p.oid FROM pg_proc p
        WHERE p.pronamespace = 'control'::regnamespace AND p.proname = function_));
BEGIN
    IF strpos(body, was) = 0 THEN
        RAISE EXCEPTION 'revision 0022: control.% does not read as expected', function_;
    END IF;
    EXECUTE replace(body, was, now_);
END $$;
SELECT pg_temp.amend('file_candidate', 'p->''suppressed'', ''candidate''',
                     'p->''suppressed'', ''drafted''');
SELECT pg_temp.amend('file_candidate', '    INSERT INTO control.promotions (',
'    -- Candidates of one workflow are filed one at a time: each sees what it supersedes.
    PERFORM pg_advisory_xact_lock(hashtextextended(''candidates '' || g.workflow, 0));
    INSERT INTO control.promotions (');
SELECT pg_temp.amend('file_candidate', 'SET candidate_digest = control.candidate_digest(filed)
        WHERE o.promotion_id = filed;',
'SET state = ''candidate'', candidate_digest = control.candidate_digest(filed)
        WHERE o.promotion_id = filed;
    PERFORM control.supersede_candidates(filed);');
SELECT pg_temp.amend('publish', 'p.state NOT IN (''candidate'', ''awaiting_review'')',
                     'NOT control.is_open(p.state)');
SELECT pg_temp.amend('publish', 'PERFORM control.record_release(p, g.measures);',
'PERFORM control.take_approval(p, a);
    PERFORM control.record_release(p, g.measures);');
SELECT pg_temp.amend('publish', '    RETURN QUERY SELECT written,',
'    PERFORM control.supersede_releases(promotion);
    RETURN QUERY SELECT written,');
SELECT pg_temp.amend('decide', 'state IN (''candidate'', ''awaiting_review'')',
                     'control.is_open(state)');
-- A revoked cell stands no more: it is neither replaced nor unchanged.
SELECT pg_temp.amend('judge', 'AND e.released AND e.superseded_by IS NULL;',
'AND e.released AND e.superseded_by IS NULL AND e.promotion_id NOT IN (
              SELECT r.promotion_id FROM control.promotions r WHERE r.state = ''revoked'');');
SELECT pg_temp.amend('differencing_rules',
    'UNION SELECT m.tenant_id, m.fund_id FROM control.portfolio_membership m',
'UNION SELECT m.tenant_id, m.fund_id FROM control.portfolio_membership m
        UNION SELECT h.tenant_id, h.fund_id FROM control.former_owners h');
SELECT pg_temp.amend('ingest', '    total bigint;', '    total bigint;
    owners text[];');
SELECT pg_temp.amend('ingest', '        INTO total USING load;', '        INTO total USING load;
    EXECUTE format(''SELECT array_agg(DISTINCT tenant_id) FROM staging.%I WHERE load_id = $1'',
                   ''staged_'' || dataset) INTO owners USING load;
    PERFORM control.require_registered(owners);');
DROP FUNCTION pg_temp.amend(text, text, text);
