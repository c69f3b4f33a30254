-- The auditor still holds no grant on any table. Inside an open audit run these functions tell it
-- what each column's comment says, how many nulls there are, and how many stand behind a cell.
-- Texts it may read to scan them: of every store but a tenant's, and of a tenant's own those
-- columns that name the people and companies a scan must know.

-- The table of that name, for an auditor whose claim names an open run and the table's class.
CREATE FUNCTION control.audited_table(dataset text) RETURNS regclass
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
        WHERE n.nspname || '.' || k.relname = dataset AND k.relkind = 'r'
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

-- Each column with the class that its comment begins with, null where it says none.
CREATE FUNCTION control.audit_labels(dataset text)
RETURNS TABLE (column_name text, label text)
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE target regclass := control.audited_table(dataset);
BEGIN
    RETURN QUERY
        SELECT a.attname::text,
               substring(col_description(a.attrelid, a.attnum) FROM '^\[([a-z_]+)\] ')
        FROM pg_attribute a
        WHERE a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attnum;
END $$;

-- Rows, and rows in which that column is null.
CREATE FUNCTION control.audit_nulls(dataset text, of_column text, OUT rows_ bigint, OUT nulls bigint)
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE target regclass := control.audited_table(dataset);
BEGIN
    EXECUTE format('SELECT count(*), count(*) - count(%I) FROM %s', of_column, target)
        INTO rows_, nulls;
END $$;

-- A cursor over texts to scan. It ends with the transaction.
CREATE FUNCTION control.audit_texts(dataset text, columns_ text[]) RETURNS refcursor
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target regclass := control.audited_table(dataset);
    texts refcursor := 'audited_texts';
    listed text;
BEGIN
    IF COALESCE(cardinality(columns_), 0) = 0 OR (
        split_part(dataset, '.', 1) = 'tenant_private' AND EXISTS (
            SELECT FROM unnest(columns_) AS u (name)
            WHERE dataset || '.' || u.name NOT IN (
                'tenant_private.crm_accounts.name', 'tenant_private.crm_accounts.parent_name',
                'tenant_private.crm_contacts.full_name', 'tenant_private.crm_contacts.email',
                'tenant_private.crm_contacts.phone',
                'tenant_private.crm_opportunities.agent_name',
                'tenant_private.prospects.full_name', 'tenant_private.prospects.company',
                'tenant_private.prospects.email'
            )))
    THEN
        RAISE EXCEPTION 'the auditor may not read these columns' USING ERRCODE = 'CL032',
            HINT = 'of a tenant''s data it reads names alone, to know what a scan must find';
    END IF;
    SELECT string_agg(format('CAST(%I AS text)', u.name), ', ' ORDER BY u.n) INTO listed
        FROM unnest(columns_) WITH ORDINALITY AS u (name, n);
    OPEN texts NO SCROLL FOR EXECUTE format('SELECT %s FROM %s', listed, target);
    RETURN texts;
END $$;

-- Who stands behind each cell of what was published there, as numbers that mean nothing elsewhere.
CREATE FUNCTION control.audit_cells(dataset text)
RETURNS TABLE (cell bigint, contributor bigint, contributor_fund bigint, row_count bigint)
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM control.audited_table(dataset);
    RETURN QUERY
        SELECT dense_rank() OVER (ORDER BY c.promotion_id, c.cell_no),
               dense_rank() OVER (ORDER BY c.tenant_id),
               CASE WHEN c.fund_id IS NULL THEN -1
                    ELSE dense_rank() OVER (ORDER BY c.fund_id) END,
               c.row_count::bigint
        FROM control.cell_contributors c
        JOIN control.promotions p ON p.promotion_id = c.promotion_id
        JOIN control.judged_cells j
          ON j.promotion_id = c.promotion_id AND j.cell_no = c.cell_no
        WHERE p.target = dataset AND p.state = 'published'
          AND j.released AND j.superseded_by IS NULL;
END $$;

DO $$
DECLARE f text;
BEGIN
    FOREACH f IN ARRAY ARRAY[
        'control.audited_table(text)', 'control.audit_labels(text)',
        'control.audit_nulls(text, text)', 'control.audit_texts(text, text[])',
        'control.audit_cells(text)'
    ] LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO %I', f,
                       CASE WHEN f LIKE '%audit_cells%' THEN 'cl_key' ELSE 'cl_auditor' END);
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION control.audited_table(text) TO cl_key;
GRANT EXECUTE ON FUNCTION control.audit_labels(text), control.audit_nulls(text, text),
    control.audit_texts(text, text[]), control.audit_cells(text) TO auditor_r;
