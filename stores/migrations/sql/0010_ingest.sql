-- A load writes staging blind, then asks for its rows to be moved: the loader reads nothing.
CREATE FUNCTION control.ingest(dataset text, load uuid)
RETURNS TABLE (inserted bigint, updated bigint, unchanged bigint)
LANGUAGE plpgsql
-- public holds the operators of the vector type, and nobody but the superuser may write there.
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    target regclass := to_regclass('tenant_private.' || quote_ident(dataset));
    all_columns text;
    key_columns text;
    assignments text;
    differences text;
    total bigint;
BEGIN
    PERFORM control.claim_with_class('tenant_private');
    IF NOT control.is_kind('loader') THEN
        RAISE EXCEPTION 'only a loader may ingest' USING ERRCODE = 'CL004';
    END IF;
    IF target IS NULL THEN
        RAISE EXCEPTION 'no tenant table of that name exists' USING ERRCODE = 'CL031';
    END IF;
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
           string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
               FILTER (WHERE a.attnum = ANY (i.indkey)),
           string_agg(format('%1$I = excluded.%1$I', a.attname), ', ')
               FILTER (WHERE NOT a.attnum = ANY (i.indkey)),
           string_agg(format('t.%1$I IS DISTINCT FROM excluded.%1$I', a.attname), ' OR ')
               FILTER (WHERE NOT a.attnum = ANY (i.indkey))
      INTO all_columns, key_columns, assignments, differences
      FROM pg_attribute a JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
      WHERE a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped;
    EXECUTE format('SELECT count(*) FROM staging.%I WHERE load_id = $1', 'staged_' || dataset)
        INTO total USING load;
    EXECUTE format(
        'WITH moved AS ('
        '  INSERT INTO %1$s AS t (%2$s) SELECT %2$s FROM staging.%3$I WHERE load_id = $1'
        '  ON CONFLICT (%4$s) DO UPDATE SET %5$s WHERE %6$s RETURNING (xmax = 0) AS fresh)'
        ' SELECT count(*) FILTER (WHERE fresh), count(*) FILTER (WHERE NOT fresh) FROM moved',
        target, all_columns, 'staged_' || dataset, key_columns, assignments, differences)
        INTO inserted, updated USING load;
    unchanged := total - inserted - updated;
    EXECUTE format('DELETE FROM staging.%I WHERE load_id = $1', 'staged_' || dataset) USING load;
    RETURN NEXT;
END $$;
ALTER FUNCTION control.ingest(text, uuid) OWNER TO cl_ingest;
REVOKE ALL ON FUNCTION control.ingest(text, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION control.ingest(text, uuid) TO loader_w;
GRANT EXECUTE ON FUNCTION control.claim_with_class(text), control.is_kind(text) TO cl_ingest;
