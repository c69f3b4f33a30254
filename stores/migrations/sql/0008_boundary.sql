-- Owners. Nobody can log in as one.
DO $$
DECLARE t record;
BEGIN
    FOR t IN
        SELECT schemaname, tablename,
               CASE WHEN schemaname IN ('control', 'quarantine') THEN 'cl_key'
                    WHEN schemaname = 'staging' THEN 'cl_ingest' ELSE 'cl_owner' END AS owner
        FROM pg_tables
        WHERE schemaname IN ('tenant_private', 'fund_private', 'anonymized', 'platform',
                             'control', 'quarantine', 'staging')
    LOOP
        EXECUTE format('ALTER TABLE %I.%I OWNER TO %I', t.schemaname, t.tablename, t.owner);
        EXECUTE format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY', t.schemaname, t.tablename);
        IF t.owner = 'cl_owner' THEN
            EXECUTE format('ALTER TABLE %I.%I FORCE ROW LEVEL SECURITY', t.schemaname, t.tablename);
        END IF;
    END LOOP;
END $$;

-- Staging is written with COPY, which row-level security forbids; nobody may read it but its owner.
DO $$
DECLARE t record;
BEGIN
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'staging' LOOP
        EXECUTE format('ALTER TABLE staging.%I DISABLE ROW LEVEL SECURITY', t.tablename);
        EXECUTE format('GRANT INSERT ON staging.%I TO loader_w', t.tablename);
    END LOOP;
END $$;
GRANT USAGE ON SCHEMA staging TO loader_w;

INSERT INTO control.class_floors
    (from_class, to_class, k_tenants, k_after_leaving_out_a_fund, k_funds, max_share, p_percent)
VALUES
    ('tenant_private', 'anonymized_benchmark', 5, 5, 0, 0.60, 10),
    ('fund_private', 'anonymized_benchmark', 5, 0, 3, 0.60, 10),
    ('tenant_private', 'fund_private', 3, 0, 0, 0.60, 10),
    ('tenant_private', 'ascend_platform_metric', 1, 0, 0, 1, 0);

-- Claims.  CL001 missing  CL002 malformed or forged  CL003 expired  CL004 of another login or owner
--          CL005 class not in the claim  CL006 run not open
CREATE FUNCTION control.claim() RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    token text := current_setting('classline.claim', true);
    kid_ text := split_part(token, '.', 1);
    body text := split_part(token, '.', 2);
    mac text := split_part(token, '.', 3);
    k control.signing_keys;
    c jsonb;
BEGIN
    IF token IS NULL OR token = '' THEN
        RAISE EXCEPTION 'no claim is set for this session' USING ERRCODE = 'CL001',
            HINT = 'open a session through stores.sessions';
    END IF;
    SELECT * INTO k FROM control.signing_keys
        WHERE kid = kid_ AND not_after > clock_timestamp();
    IF NOT FOUND OR
       sha256(k.opad || sha256(k.opad || sha256(k.ipad || convert_to(kid_ || '.' || body, 'UTF8'))))
       IS DISTINCT FROM
       sha256(k.opad || CASE WHEN mac ~ '^[0-9a-f]{64}$' THEN decode(mac, 'hex') ELSE ''::bytea END)
    THEN
        RAISE EXCEPTION 'the claim is not signed by a key in force' USING ERRCODE = 'CL002';
    END IF;
    c := convert_from(decode(body, 'hex'), 'UTF8')::jsonb;
    IF (c->>'login') IS DISTINCT FROM session_user::text THEN
        RAISE EXCEPTION 'the claim belongs to another login' USING ERRCODE = 'CL004';
    END IF;
    IF COALESCE((c->>'exp')::float8, 0) <= extract(epoch FROM clock_timestamp()) THEN
        RAISE EXCEPTION 'the claim has expired' USING ERRCODE = 'CL003';
    END IF;
    RETURN c;
END $$;

CREATE FUNCTION control.claim_with_class(class_ text) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE c jsonb := control.claim();
BEGIN
    IF NOT COALESCE(c->'classes' ? class_, false) THEN
        RAISE EXCEPTION 'the claim does not name the class %', class_ USING ERRCODE = 'CL005';
    END IF;
    RETURN c;
END $$;

CREATE FUNCTION control.tenant() RETURNS text
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c jsonb := control.claim_with_class('tenant_private');
    owner text;
BEGIN
    SELECT l.tenant_id INTO owner FROM control.logins l
        WHERE l.login = session_user AND l.kind = 'tenant' AND l.tenant_id = c->>'tenant';
    IF owner IS NULL THEN
        RAISE EXCEPTION 'the claim names another tenant than the login' USING ERRCODE = 'CL004';
    END IF;
    RETURN owner;
END $$;

CREATE FUNCTION control.fund() RETURNS text
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c jsonb := control.claim_with_class('fund_private');
    owner text;
BEGIN
    SELECT l.fund_id INTO owner FROM control.logins l
        WHERE l.login = session_user AND l.kind = 'fund' AND l.fund_id = c->>'fund';
    IF owner IS NULL THEN
        RAISE EXCEPTION 'the claim names another fund than the login' USING ERRCODE = 'CL004';
    END IF;
    RETURN owner;
END $$;

CREATE FUNCTION control.is_kind(kind_ text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL RESTRICTED
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM control.logins WHERE login = session_user AND kind = kind_)
$$;

CREATE FUNCTION control.may_read(class_ text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL RESTRICTED
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT control.claim_with_class(class_) IS NOT NULL
$$;

CREATE FUNCTION control.platform_reads() RETURNS boolean
LANGUAGE sql STABLE PARALLEL RESTRICTED
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT control.claim_with_class('ascend_platform_metric') IS NOT NULL
       AND control.is_kind('platform')
$$;

CREATE FUNCTION control.open_run() RETURNS control.workflow_runs
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c jsonb := control.claim_with_class('tenant_private');
    r control.workflow_runs;
BEGIN
    SELECT * INTO r FROM control.workflow_runs w
        WHERE w.run_id = (c->>'run')::uuid AND w.workflow = c->>'workflow'
          AND w.finished_at IS NULL AND w.closes_at > clock_timestamp();
    IF NOT FOUND OR NOT control.is_kind('anonymizer') THEN
        RAISE EXCEPTION 'the claim names no open run of a registered workflow'
            USING ERRCODE = 'CL006';
    END IF;
    RETURN r;
END $$;

CREATE FUNCTION control.run_reads(dataset text) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE r control.workflow_runs := control.open_run();
BEGIN
    IF NOT EXISTS (
        SELECT FROM control.workflow_registrations g
        WHERE g.workflow = r.workflow AND g.source_digest = r.source_digest
          AND dataset = ANY (g.sources)
    ) THEN
        RAISE EXCEPTION 'the run''s workflow does not declare % as a source', dataset
            USING ERRCODE = 'CL006';
    END IF;
    RETURN true;
END $$;

CREATE FUNCTION control.run_owns(promotion uuid) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE r control.workflow_runs := control.open_run();
BEGIN
    RETURN EXISTS (
        SELECT FROM control.promotions p
        WHERE p.promotion_id = promotion AND p.workflow = r.workflow
          AND p.source_digest = r.source_digest
    );
END $$;

-- Tenants: their own rows.  Anonymizer: the sources of its run's workflow, never oauth_tokens.
DO $$
DECLARE t record;
BEGIN
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'tenant_private' LOOP
        EXECUTE format(
            'CREATE POLICY own_rows ON tenant_private.%I TO tenant_rw'
            ' USING (tenant_id = (SELECT control.tenant()))'
            ' WITH CHECK (tenant_id = (SELECT control.tenant()))', t.tablename);
        EXECUTE format(
            'GRANT SELECT, INSERT, UPDATE, DELETE ON tenant_private.%I TO tenant_rw', t.tablename);
        EXECUTE format(
            'CREATE POLICY ingest ON tenant_private.%I TO cl_ingest USING (true) WITH CHECK (true)',
            t.tablename);
        EXECUTE format(
            'GRANT SELECT, INSERT, UPDATE ON tenant_private.%I TO cl_ingest', t.tablename);
        IF t.tablename <> 'oauth_tokens' THEN
            EXECUTE format(
                'CREATE POLICY run_sources ON tenant_private.%I FOR SELECT TO anonymizer_r'
                ' USING ((SELECT control.run_reads(%L)))',
                t.tablename, 'tenant_private.' || t.tablename);
            EXECUTE format('GRANT SELECT ON tenant_private.%I TO anonymizer_r', t.tablename);
        END IF;
    END LOOP;
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'fund_private' LOOP
        EXECUTE format(
            'CREATE POLICY own_rows ON fund_private.%I FOR SELECT TO fund_r'
            ' USING (fund_id = (SELECT control.fund()))', t.tablename);
        EXECUTE format('GRANT SELECT ON fund_private.%I TO fund_r', t.tablename);
        EXECUTE format(
            'CREATE POLICY published ON fund_private.%I FOR INSERT TO cl_key WITH CHECK (true)',
            t.tablename);
        EXECUTE format('GRANT INSERT ON fund_private.%I TO cl_key', t.tablename);
    END LOOP;
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'anonymized' LOOP
        EXECUTE format(
            'CREATE POLICY every_reader ON anonymized.%I FOR SELECT'
            ' TO tenant_rw, fund_r, platform_rw, steward_w, anonymizer_r'
            ' USING ((SELECT control.may_read(''anonymized_benchmark'')))', t.tablename);
        EXECUTE format(
            'GRANT SELECT ON anonymized.%I TO tenant_rw, fund_r, platform_rw, steward_w,'
            ' anonymizer_r', t.tablename);
        EXECUTE format(
            'CREATE POLICY published ON anonymized.%I FOR INSERT TO cl_key WITH CHECK (true)',
            t.tablename);
        EXECUTE format('GRANT INSERT ON anonymized.%I TO cl_key', t.tablename);
    END LOOP;
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'platform' LOOP
        EXECUTE format(
            'CREATE POLICY platform_reads ON platform.%I FOR SELECT TO platform_rw'
            ' USING ((SELECT control.platform_reads()))', t.tablename);
        EXECUTE format('GRANT SELECT ON platform.%I TO platform_rw', t.tablename);
        EXECUTE format(
            'CREATE POLICY written ON platform.%I TO cl_key USING (true) WITH CHECK (true)',
            t.tablename);
    END LOOP;
END $$;
GRANT INSERT ON platform.agent_run_aggregates, platform.decision_log, platform.kv_audit,
    platform.error_ledger TO cl_key;
GRANT SELECT, INSERT, UPDATE ON platform.kv_entries TO cl_key;

-- The platform reads what is recorded of workflows and promotions.
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'class_floors', 'stewards', 'workflow_registrations', 'approvals', 'workflow_runs',
        'promotions', 'check_results', 'outbox'
    ] LOOP
        EXECUTE format(
            'CREATE POLICY platform_reads ON control.%I FOR SELECT TO platform_rw'
            ' USING ((SELECT control.platform_reads()))', name);
        EXECUTE format('GRANT SELECT ON control.%I TO platform_rw', name);
    END LOOP;
END $$;

-- The anonymizer reads, inside its run, who owns whom and the candidates of its own workflow.
CREATE POLICY inside_a_run ON control.portfolio_membership FOR SELECT TO anonymizer_r
    USING ((SELECT (control.open_run()).run_id IS NOT NULL));
CREATE POLICY own_candidates ON control.cell_contributors FOR SELECT TO anonymizer_r
    USING (promotion_id = (SELECT NULLIF(current_setting('classline.promotion', true), '')::uuid)
           AND (SELECT control.run_owns(
               NULLIF(current_setting('classline.promotion', true), '')::uuid)));
CREATE POLICY own_candidates ON quarantine.candidate_cells FOR SELECT TO anonymizer_r
    USING (promotion_id = (SELECT NULLIF(current_setting('classline.promotion', true), '')::uuid)
           AND (SELECT control.run_owns(
               NULLIF(current_setting('classline.promotion', true), '')::uuid)));
GRANT SELECT ON control.portfolio_membership, control.cell_contributors TO anonymizer_r;
GRANT SELECT ON quarantine.candidate_cells TO anonymizer_r;

GRANT USAGE ON SCHEMA tenant_private TO tenant_rw, anonymizer_r, cl_ingest, cl_key;
GRANT USAGE ON SCHEMA fund_private TO fund_r, cl_key;
GRANT USAGE ON SCHEMA anonymized TO tenant_rw, fund_r, platform_rw, steward_w, anonymizer_r, cl_key;
GRANT USAGE ON SCHEMA platform TO platform_rw, cl_key;
GRANT USAGE ON SCHEMA control
    TO tenant_rw, fund_r, platform_rw, steward_w, anonymizer_r, loader_w, cl_owner, cl_ingest;
GRANT USAGE ON SCHEMA quarantine TO anonymizer_r;

-- Large objects are a store without a label or a policy; advisory locks let one login stop others.
DO $$
DECLARE f record;
BEGIN
    FOR f IN SELECT p.oid::regprocedure AS signature FROM pg_proc p
             WHERE p.pronamespace = 'pg_catalog'::regnamespace
               AND (p.proname ~ '^(lo_|be_lo_|pg_advisory|pg_try_advisory)'
                    OR p.proname IN ('loread', 'lowrite')) LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f.signature);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_advisory_xact_lock(bigint) TO cl_key;

-- What no release could measure is refused where it is written.
ALTER TABLE tenant_private.crm_opportunities
    ADD CHECK (close_value >= 0 AND close_value < 'Infinity'),
    ADD CHECK (engaged_on BETWEEN '1900-01-01' AND '2200-01-01'),
    ADD CHECK (closed_on BETWEEN '1900-01-01' AND '2200-01-01');
ALTER TABLE tenant_private.agent_runs
    ADD CHECK (cost_usd >= 0 AND cost_usd < 'Infinity'),
    ADD CHECK (latency_ms >= 0),
    ADD CHECK (started_at BETWEEN '1900-01-01 00:00+00' AND '2200-01-01 00:00+00');

-- What was decided, checked or audited is never changed again, not even by its owner.
CREATE FUNCTION control.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '%.% is append-only: % refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'CL030';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON control.approvals
    FOR EACH STATEMENT EXECUTE FUNCTION control.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON control.check_results
    FOR EACH STATEMENT EXECUTE FUNCTION control.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON platform.decision_log
    FOR EACH STATEMENT EXECUTE FUNCTION control.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON platform.kv_audit
    FOR EACH STATEMENT EXECUTE FUNCTION control.refuse_change();

DO $$
DECLARE f record;
BEGIN
    FOR f IN SELECT p.oid::regprocedure AS signature FROM pg_proc p
             JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'control' LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO cl_key', f.signature);
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f.signature);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION control.tenant() TO tenant_rw;
GRANT EXECUTE ON FUNCTION control.fund() TO fund_r;
GRANT EXECUTE ON FUNCTION control.may_read(text)
    TO tenant_rw, fund_r, platform_rw, steward_w, anonymizer_r;
GRANT EXECUTE ON FUNCTION control.platform_reads() TO platform_rw;
GRANT EXECUTE ON FUNCTION control.open_run(), control.run_reads(text), control.run_owns(uuid)
    TO anonymizer_r;
