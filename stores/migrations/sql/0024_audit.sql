-- CL037 the audit's own records: what a report, an acknowledgement or a sign-off lacks
-- A report holds rules, places and counts; never a value, an owner's name or an id.
CREATE TABLE control.audit_reports (
    audit_id UUID NOT NULL,
    kind TEXT NOT NULL,
    report JSONB NOT NULL,
    report_digest TEXT NOT NULL,
    open_findings INTEGER NOT NULL,
    filed_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT audit_reports_pkey PRIMARY KEY (audit_id)
);
COMMENT ON TABLE control.audit_reports IS '[ascend_platform_metric] What each audit found: rules, places and counts. Append only.';
COMMENT ON COLUMN control.audit_reports.audit_id IS '[ascend_platform_metric] The audit run';
COMMENT ON COLUMN control.audit_reports.kind IS '[ascend_platform_metric] quarterly, daily or full';
COMMENT ON COLUMN control.audit_reports.report IS '[ascend_platform_metric] Stores, samples and findings, by rule, place and count';
COMMENT ON COLUMN control.audit_reports.report_digest IS '[ascend_platform_metric] SHA-256 of the report''s canonical JSON (RFC 8785)';
COMMENT ON COLUMN control.audit_reports.open_findings IS '[ascend_platform_metric] Findings that nobody had acknowledged';
COMMENT ON COLUMN control.audit_reports.filed_at IS '[ascend_platform_metric] When it was filed';
CREATE TABLE control.audit_acknowledgements (
    acknowledgement_id BIGINT GENERATED ALWAYS AS IDENTITY,
    finding_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    acknowledged_by TEXT NOT NULL,
    acknowledged_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT audit_acknowledgements_pkey PRIMARY KEY (acknowledgement_id)
);
COMMENT ON TABLE control.audit_acknowledgements IS '[ascend_platform_metric] Findings that a steward knows of, why, and until when. Append only.';
COMMENT ON COLUMN control.audit_acknowledgements.acknowledgement_id IS '[ascend_platform_metric] Running number';
COMMENT ON COLUMN control.audit_acknowledgements.finding_id IS '[ascend_platform_metric] The finding''s id, the same in every audit';
COMMENT ON COLUMN control.audit_acknowledgements.reason IS '[ascend_platform_metric] Why it may stand';
COMMENT ON COLUMN control.audit_acknowledgements.acknowledged_by IS '[ascend_platform_metric] The steward';
COMMENT ON COLUMN control.audit_acknowledgements.acknowledged_at IS '[ascend_platform_metric] When';
COMMENT ON COLUMN control.audit_acknowledgements.expires_at IS '[ascend_platform_metric] From when on it is open again';
CREATE TABLE control.audit_signoffs (
    audit_id UUID NOT NULL,
    report_digest TEXT NOT NULL,
    signed_by TEXT NOT NULL,
    note TEXT NOT NULL,
    signed_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT audit_signoffs_pkey PRIMARY KEY (audit_id)
);
COMMENT ON TABLE control.audit_signoffs IS '[ascend_platform_metric] Which steward signed off which report. Append only.';
COMMENT ON COLUMN control.audit_signoffs.audit_id IS '[ascend_platform_metric] The audit run';
COMMENT ON COLUMN control.audit_signoffs.report_digest IS '[ascend_platform_metric] Digest of the report that was signed off';
COMMENT ON COLUMN control.audit_signoffs.signed_by IS '[ascend_platform_metric] The steward';
COMMENT ON COLUMN control.audit_signoffs.note IS '[ascend_platform_metric] What the steward concluded';
COMMENT ON COLUMN control.audit_signoffs.signed_at IS '[ascend_platform_metric] When';

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['audit_reports', 'audit_acknowledgements', 'audit_signoffs'] LOOP
        EXECUTE format('ALTER TABLE control.%I OWNER TO cl_key', name);
        EXECUTE format('ALTER TABLE control.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY platform_reads ON control.%I FOR SELECT TO platform_rw'
            ' USING ((SELECT control.platform_reads()))', name);
        EXECUTE format('GRANT SELECT ON control.%I TO platform_rw', name);
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON control.%I'
            ' FOR EACH STATEMENT EXECUTE FUNCTION control.refuse_change()', name);
        EXECUTE format('ALTER TABLE control.%I ENABLE ALWAYS TRIGGER append_only', name);
    END LOOP;
END $$;

-- The report of an audit run that has ended, filed once.
CREATE FUNCTION control.file_audit_report(
    run uuid, kind_ text, report_ jsonb, digest text, open_ integer
) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM control.require_platform();
    IF NOT EXISTS (SELECT FROM control.audit_runs r
                   WHERE r.run_id = run AND r.finished_at IS NOT NULL) THEN
        RAISE EXCEPTION 'no audit run of that id has ended' USING ERRCODE = 'CL037',
            HINT = 'finish the run, then file its report';
    END IF;
    INSERT INTO control.audit_reports (audit_id, kind, report, report_digest, open_findings)
        VALUES (run, kind_, report_, digest, open_);
END $$;

-- A steward lets a finding stand for a while.
CREATE FUNCTION control.acknowledge_finding(finding text, reason_ text, until_ timestamptz)
RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    steward text := control.steward_name();
    acknowledged bigint;
BEGIN
    IF length(btrim(COALESCE(reason_, ''))) < 3 OR length(reason_) > 4000 THEN
        RAISE EXCEPTION 'an acknowledgement needs a reason of 3 to 4,000 characters'
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
CREATE FUNCTION control.sign_off_audit(audit uuid, digest text, note_ text) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE steward text := control.steward_name();
BEGIN
    IF length(btrim(COALESCE(note_, ''))) < 3 OR length(note_) > 4000 THEN
        RAISE EXCEPTION 'a sign-off needs a note of 3 to 4,000 characters'
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

-- A random share of the rows, as texts to scan; the same rows that audit_texts may read.
CREATE FUNCTION control.audit_sample(dataset text, columns_ text[], percent double precision)
RETURNS refcursor
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target regclass := control.audited_table(dataset);
    texts refcursor := 'audited_texts';
    listed text;
BEGIN
    IF COALESCE(cardinality(columns_), 0) = 0 OR split_part(dataset, '.', 1) = 'tenant_private' THEN
        RAISE EXCEPTION 'the auditor may not read these columns' USING ERRCODE = 'CL032',
            HINT = 'of a tenant''s data it reads names alone, to know what a scan must find';
    END IF;
    SELECT string_agg(format('CAST(%I AS text)', u.name), ', ' ORDER BY u.n) INTO listed
        FROM unnest(columns_) WITH ORDINALITY AS u (name, n);
    OPEN texts NO SCROLL FOR EXECUTE format(
        'SELECT %s FROM %s TABLESAMPLE BERNOULLI (%s)', listed, target,
        GREATEST(0, LEAST(100, percent)));
    RETURN texts;
END $$;

-- How many keys each prefix has in a key-value table: the part before the first colon.
CREATE FUNCTION control.audit_prefixes(dataset text)
RETURNS TABLE (prefix text, keys bigint)
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE target regclass := control.audited_table(dataset);
BEGIN
    -- A prefix that is no plain word could be a value: it is told as what it is not.
    RETURN QUERY EXECUTE format(
        'SELECT CASE WHEN p ~ ''^[a-z][a-z0-9_]{0,62}$'' AND p !~ ''tn_[a-z]{16}'' THEN p'
        ' ELSE ''(no registered form)'' END, count(*)'
        ' FROM (SELECT split_part(key, '':'', 1) AS p FROM %s) k GROUP BY 1', target);
END $$;

ALTER FUNCTION control.file_audit_report(uuid, text, jsonb, text, integer) OWNER TO cl_key;
ALTER FUNCTION control.acknowledge_finding(text, text, timestamptz) OWNER TO cl_key;
ALTER FUNCTION control.sign_off_audit(uuid, text, text) OWNER TO cl_key;
ALTER FUNCTION control.audit_sample(text, text[], double precision) OWNER TO cl_auditor;
ALTER FUNCTION control.audit_prefixes(text) OWNER TO cl_auditor;
REVOKE ALL ON FUNCTION control.file_audit_report(uuid, text, jsonb, text, integer),
    control.acknowledge_finding(text, text, timestamptz), control.sign_off_audit(uuid, text, text),
    control.audit_sample(text, text[], double precision), control.audit_prefixes(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION control.file_audit_report(uuid, text, jsonb, text, integer)
    TO platform_rw;
GRANT EXECUTE ON FUNCTION control.acknowledge_finding(text, text, timestamptz),
    control.sign_off_audit(uuid, text, text) TO steward_w;
GRANT EXECUTE ON FUNCTION control.audit_sample(text, text[], double precision),
    control.audit_prefixes(text) TO auditor_r;
