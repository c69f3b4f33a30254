-- Adds to the claim's codes:  CL007 revoked   CL008 bound to another backend
CREATE TABLE control.revoked_claims (
    jti TEXT NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    revoked_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT revoked_claims_pkey PRIMARY KEY (jti)
);
COMMENT ON TABLE control.revoked_claims IS '[ascend_platform_metric] Claims that ended before their time. Append only.';
COMMENT ON COLUMN control.revoked_claims.jti IS '[ascend_platform_metric] Id of the claim';
COMMENT ON COLUMN control.revoked_claims.revoked_at IS '[ascend_platform_metric] When';
COMMENT ON COLUMN control.revoked_claims.revoked_by IS '[ascend_platform_metric] Login that revoked it';
COMMENT ON COLUMN control.revoked_claims.reason IS '[ascend_platform_metric] Why';
CREATE TABLE control.audit_runs (
    run_id UUID NOT NULL,
    reason TEXT NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    closes_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT audit_runs_pkey PRIMARY KEY (run_id)
);
COMMENT ON TABLE control.audit_runs IS '[ascend_platform_metric] Runs of audits; the auditor counts only inside an open one.';
COMMENT ON COLUMN control.audit_runs.run_id IS '[ascend_platform_metric] The run';
COMMENT ON COLUMN control.audit_runs.reason IS '[ascend_platform_metric] Why it was opened';
COMMENT ON COLUMN control.audit_runs.started_at IS '[ascend_platform_metric] When it was opened';
COMMENT ON COLUMN control.audit_runs.closes_at IS '[ascend_platform_metric] When it ends at the latest';
COMMENT ON COLUMN control.audit_runs.finished_at IS '[ascend_platform_metric] When it was closed';

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['revoked_claims', 'audit_runs'] LOOP
        EXECUTE format('ALTER TABLE control.%I OWNER TO cl_key', name);
        EXECUTE format('ALTER TABLE control.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY platform_reads ON control.%I FOR SELECT TO platform_rw'
            ' USING ((SELECT control.platform_reads()))', name);
        EXECUTE format('GRANT SELECT ON control.%I TO platform_rw', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['auditor_r', 'cl_auditor'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', name);
        END IF;
    END LOOP;
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO auditor_r', current_database());
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON control.revoked_claims
    FOR EACH STATEMENT EXECUTE FUNCTION control.refuse_change();
GRANT USAGE ON SCHEMA control TO auditor_r;

CREATE OR REPLACE FUNCTION control.claim() RETURNS jsonb
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
    IF (c->>'pid') IS NOT NULL AND (c->>'pid')::integer <> pg_backend_pid() THEN
        RAISE EXCEPTION 'the claim is bound to another connection' USING ERRCODE = 'CL008';
    END IF;
    IF COALESCE((c->>'exp')::float8, 0) <= extract(epoch FROM clock_timestamp()) THEN
        RAISE EXCEPTION 'the claim has expired' USING ERRCODE = 'CL003';
    END IF;
    IF (c->>'jti') IS NULL
       OR EXISTS (SELECT FROM control.revoked_claims WHERE jti = c->>'jti') THEN
        RAISE EXCEPTION 'the claim was revoked' USING ERRCODE = 'CL007';
    END IF;
    RETURN c;
END $$;

CREATE FUNCTION control.revoke_claim(claim_id text, reason_ text) RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM control.require_platform();
    IF length(btrim(COALESCE(reason_, ''))) < 3 OR COALESCE(claim_id, '') = '' THEN
        RAISE EXCEPTION 'a revocation names a claim and a reason' USING ERRCODE = 'CL027';
    END IF;
    INSERT INTO control.revoked_claims (jti, revoked_by, reason)
        VALUES (claim_id, session_user, reason_) ON CONFLICT DO NOTHING;
    IF FOUND THEN
        INSERT INTO platform.kv_audit (actor, action, subject, to_value, reason)
            VALUES (session_user, 'claim revoked', claim_id, 'revoked', reason_);
    END IF;
    RETURN FOUND;
END $$;

CREATE FUNCTION control.start_audit(reason_ text, minutes integer) RETURNS uuid
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE run uuid := gen_random_uuid();
BEGIN
    PERFORM control.require_platform();
    IF length(btrim(COALESCE(reason_, ''))) < 3 OR NOT COALESCE(minutes BETWEEN 1 AND 1440, false)
    THEN
        RAISE EXCEPTION 'an audit run needs a reason and ends within a day' USING ERRCODE = 'CL027';
    END IF;
    INSERT INTO control.audit_runs (run_id, reason, closes_at)
        VALUES (run, reason_, clock_timestamp() + make_interval(mins => minutes));
    RETURN run;
END $$;

CREATE FUNCTION control.finish_audit(run uuid) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM control.require_platform();
    UPDATE control.audit_runs SET finished_at = clock_timestamp()
        WHERE run_id = run AND finished_at IS NULL;
END $$;

-- The auditor holds no grant on any table: a count is all this function gives.
CREATE FUNCTION control.audit_count(dataset text) RETURNS bigint
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c jsonb := control.claim();
    counted bigint;
    target regclass;
BEGIN
    IF NOT control.is_kind('auditor') OR NOT EXISTS (
        SELECT FROM control.audit_runs r
        WHERE r.run_id = (c->>'run')::uuid AND r.finished_at IS NULL
          AND r.closes_at > clock_timestamp()
    ) THEN
        RAISE EXCEPTION 'the claim names no open audit run' USING ERRCODE = 'CL006';
    END IF;
    SELECT k.oid INTO target FROM pg_class k JOIN pg_namespace n ON n.oid = k.relnamespace
        WHERE n.nspname || '.' || k.relname = dataset AND k.relkind = 'r'
          AND n.nspname IN ('tenant_private', 'fund_private', 'anonymized', 'platform');
    IF target IS NULL THEN
        RAISE EXCEPTION 'no store of that name can be audited' USING ERRCODE = 'CL031';
    END IF;
    EXECUTE format('SELECT count(*) FROM %s', target) INTO counted;
    RETURN counted;
END $$;

DO $$
DECLARE t record;
BEGIN
    FOR t IN SELECT schemaname, tablename FROM pg_tables
             WHERE schemaname IN ('tenant_private', 'fund_private', 'anonymized', 'platform') LOOP
        EXECUTE format(
            'CREATE POLICY audit_counts ON %I.%I FOR SELECT TO cl_auditor USING (true)',
            t.schemaname, t.tablename);
        EXECUTE format('GRANT SELECT ON %I.%I TO cl_auditor', t.schemaname, t.tablename);
    END LOOP;
END $$;
GRANT USAGE ON SCHEMA tenant_private, fund_private, anonymized, platform, control TO cl_auditor;
GRANT EXECUTE ON FUNCTION control.claim(), control.is_kind(text) TO cl_auditor;
GRANT SELECT ON control.audit_runs TO cl_auditor;
CREATE POLICY counting ON control.audit_runs FOR SELECT TO cl_auditor USING (true);

DO $$
DECLARE f text;
BEGIN
    FOREACH f IN ARRAY ARRAY[
        'control.revoke_claim(text, text)', 'control.start_audit(text, integer)',
        'control.finish_audit(uuid)', 'control.audit_count(text)'
    ] LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO %I', f,
                       CASE WHEN f LIKE '%audit_count%' THEN 'cl_auditor' ELSE 'cl_key' END);
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION control.revoke_claim(text, text), control.start_audit(text, integer),
    control.finish_audit(uuid) TO platform_rw;
GRANT EXECUTE ON FUNCTION control.audit_count(text) TO auditor_r;
