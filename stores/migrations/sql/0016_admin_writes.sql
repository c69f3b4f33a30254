-- A row of platform.kv_audit for every write of an administrator that crosses a class boundary: the
-- tables below say who belongs to whom, who may log in as what, who decides, what verifies claims
-- and how low a floor may lie.  A statement typed by hand leaves its row too.
-- Arguments: what is written, its subject's columns, its value's columns.
CREATE FUNCTION control.record_admin_write() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    what text := TG_ARGV[0];
    who text := session_user || COALESCE(' (' || system_user || ')', '');
    why text := COALESCE(NULLIF(current_setting('classline.reason', true), ''), 'no reason given');
    old_row jsonb := CASE WHEN TG_OP IN ('UPDATE', 'DELETE') THEN to_jsonb(OLD) END;
    new_row jsonb := CASE WHEN TG_OP IN ('INSERT', 'UPDATE') THEN to_jsonb(NEW) END;
    old_subject text; new_subject text; old_value text; new_value text;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO platform.kv_audit (actor, action, subject, reason)
            VALUES (who, what || 's emptied', TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, why);
        RETURN NULL;
    END IF;
    SELECT string_agg(old_row->>c, ' ' ORDER BY n), string_agg(new_row->>c, ' ' ORDER BY n)
        INTO old_subject, new_subject
        FROM string_to_table(TG_ARGV[1], ' ') WITH ORDINALITY AS s (c, n);
    SELECT string_agg(old_row->>c, ' ' ORDER BY n), string_agg(new_row->>c, ' ' ORDER BY n)
        INTO old_value, new_value
        FROM string_to_table(TG_ARGV[2], ' ') WITH ORDINALITY AS s (c, n);
    IF old_subject = new_subject THEN
        INSERT INTO platform.kv_audit (actor, action, subject, from_value, to_value, reason)
            SELECT who, what || ' changed', new_subject, old_value, new_value, why
            WHERE old_value IS DISTINCT FROM new_value;
        RETURN NULL;
    END IF;
    INSERT INTO platform.kv_audit (actor, action, subject, from_value, reason)
        SELECT who, what || ' removed', old_subject, old_value, why WHERE old_row IS NOT NULL;
    INSERT INTO platform.kv_audit (actor, action, subject, to_value, reason)
        SELECT who, what || ' added', new_subject, new_value, why WHERE new_row IS NOT NULL;
    RETURN NULL;
END $$;
ALTER FUNCTION control.record_admin_write() OWNER TO cl_key;
REVOKE ALL ON FUNCTION control.record_admin_write() FROM PUBLIC;

DO $$
DECLARE t record;
BEGIN
    FOR t IN SELECT * FROM (VALUES
        ('portfolio_membership', 'portfolio membership', 'tenant_id', 'fund_id'),
        ('logins', 'login', 'login', 'kind tenant_id fund_id'),
        ('stewards', 'steward', 'steward_name', 'login'),
        ('signing_keys', 'signing key', 'kid', 'not_after'),
        ('class_floors', 'floor', 'from_class to_class',
         'k_tenants k_after_leaving_out_a_fund k_funds max_share p_percent')
    ) AS v (table_name, what, subject, value) LOOP
        EXECUTE format(
            'CREATE TRIGGER admin_write AFTER INSERT OR UPDATE OR DELETE ON control.%I'
            ' FOR EACH ROW EXECUTE FUNCTION control.record_admin_write(%L, %L, %L)',
            t.table_name, t.what, t.subject, t.value);
        EXECUTE format(
            'CREATE TRIGGER admin_truncate AFTER TRUNCATE ON control.%I'
            ' FOR EACH STATEMENT EXECUTE FUNCTION control.record_admin_write(%L, %L, %L)',
            t.table_name, t.what, t.subject, t.value);
        EXECUTE format(
            'ALTER TABLE control.%I ENABLE ALWAYS TRIGGER admin_write,'
            ' ENABLE ALWAYS TRIGGER admin_truncate', t.table_name);
    END LOOP;
END $$;

-- An ordinary trigger sleeps in a session that says it replays another server's writes.
ALTER TABLE control.approvals ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE control.check_results ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE control.revoked_claims ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE platform.decision_log ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE platform.kv_audit ENABLE ALWAYS TRIGGER append_only;

-- As 0014 has it, and the claim must name the class of what is counted.
CREATE OR REPLACE FUNCTION control.audit_count(dataset text) RETURNS bigint
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
    PERFORM control.claim_with_class(CASE split_part(dataset, '.', 1)
        WHEN 'anonymized' THEN 'anonymized_benchmark'
        WHEN 'platform' THEN 'ascend_platform_metric'
        ELSE split_part(dataset, '.', 1) END);
    EXECUTE format('SELECT count(*) FROM %s', target) INTO counted;
    RETURN counted;
END $$;
GRANT EXECUTE ON FUNCTION control.claim_with_class(text) TO cl_auditor;
