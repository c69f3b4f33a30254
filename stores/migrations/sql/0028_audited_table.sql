-- A store is looked up by its schema and name, as the index of pg_class has them. Joined to one
-- text, every call read the whole of pg_class: a thousand audited tables cost a million rows.
CREATE OR REPLACE FUNCTION control.audited_table(dataset text) RETURNS regclass
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c jsonb := control.claim();
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
        WHERE n.nspname = split_part(dataset, '.', 1)
          AND k.relname = substr(dataset, strpos(dataset, '.') + 1) AND k.relkind = 'r'
          AND n.nspname IN ('tenant_private', 'fund_private', 'anonymized', 'platform');
    IF target IS NULL THEN
        RAISE EXCEPTION 'no store of that name can be audited' USING ERRCODE = 'CL031';
    END IF;
    PERFORM control.claim_with_class(CASE split_part(dataset, '.', 1)
        WHEN 'anonymized' THEN 'anonymized_benchmark'
        WHEN 'platform' THEN 'ascend_platform_metric'
        ELSE split_part(dataset, '.', 1) END);
    RETURN target;
END $$;

-- The same refusals as every other question of the auditor.
CREATE OR REPLACE FUNCTION control.audit_count(dataset text) RETURNS bigint
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target regclass := control.audited_table(dataset);
    counted bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM %s', target) INTO counted;
    RETURN counted;
END $$;
