-- Who may decide about what, and who wrote what is decided about.  Codes of a decision:
--   CL050 what was recorded of a version does not fit   CL051 nothing is recorded of who wrote it
--   CL052 outside the steward's scope                    CL053 approved twice
--   CL054 somebody decided since it was looked at        CL055 a reason nobody can read
--   CL056 cells that may not be shown                    CL026 also: who wrote it may not approve it
CREATE TABLE control.steward_scopes (
    steward_name TEXT NOT NULL,
    to_class TEXT NOT NULL,
    added_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT steward_scopes_pkey PRIMARY KEY (steward_name, to_class)
);
COMMENT ON TABLE control.steward_scopes IS '[ascend_platform_metric] Which classes each steward may let data into.';
COMMENT ON COLUMN control.steward_scopes.steward_name IS '[ascend_platform_metric] The steward';
COMMENT ON COLUMN control.steward_scopes.to_class IS '[ascend_platform_metric] Class of the target';
COMMENT ON COLUMN control.steward_scopes.added_at IS '[ascend_platform_metric] Since when';
CREATE TABLE control.steward_identities (
    kind TEXT NOT NULL,
    identity TEXT NOT NULL,
    steward_name TEXT NOT NULL,
    added_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT steward_identities_pkey PRIMARY KEY (kind, identity)
);
COMMENT ON TABLE control.steward_identities IS '[ascend_platform_metric] Under which names a steward writes code and signs in.';
COMMENT ON COLUMN control.steward_identities.kind IS '[ascend_platform_metric] author: a name or address in git; sign_in: issuer and subject';
COMMENT ON COLUMN control.steward_identities.identity IS '[ascend_platform_metric] The name, the address, or issuer|subject';
COMMENT ON COLUMN control.steward_identities.steward_name IS '[ascend_platform_metric] The steward';
COMMENT ON COLUMN control.steward_identities.added_at IS '[ascend_platform_metric] Since when';
CREATE TABLE control.source_texts (
    text_digest TEXT NOT NULL,
    source TEXT NOT NULL,
    kept_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT source_texts_pkey PRIMARY KEY (text_digest)
);
COMMENT ON TABLE control.source_texts IS '[ascend_platform_metric] Texts of the modules that stewards decided about, by digest. Append only.';
COMMENT ON COLUMN control.source_texts.text_digest IS '[ascend_platform_metric] SHA-256 of the text';
COMMENT ON COLUMN control.source_texts.source IS '[ascend_platform_metric] Text of the module';
COMMENT ON COLUMN control.source_texts.kept_at IS '[ascend_platform_metric] When it was kept';
CREATE TABLE control.version_provenance (
    provenance_id BIGINT GENERATED ALWAYS AS IDENTITY,
    workflow TEXT NOT NULL,
    source_digest TEXT NOT NULL,
    modules JSONB NOT NULL,
    authors TEXT[] NOT NULL,
    since_approval BIGINT,
    lock_digest TEXT,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT version_provenance_pkey PRIMARY KEY (provenance_id)
);
COMMENT ON TABLE control.version_provenance IS '[ascend_platform_metric] Who wrote a version of a workflow, and of which texts it consists. Append only.';
COMMENT ON COLUMN control.version_provenance.provenance_id IS '[ascend_platform_metric] Running number';
COMMENT ON COLUMN control.version_provenance.workflow IS '[ascend_platform_metric] The workflow';
COMMENT ON COLUMN control.version_provenance.source_digest IS '[ascend_platform_metric] Its source digest';
COMMENT ON COLUMN control.version_provenance.modules IS '[ascend_platform_metric] Digest of the text of each of its modules';
COMMENT ON COLUMN control.version_provenance.authors IS '[ascend_platform_metric] Who wrote them since the last approval';
COMMENT ON COLUMN control.version_provenance.since_approval IS '[ascend_platform_metric] That approval; none means ever';
COMMENT ON COLUMN control.version_provenance.lock_digest IS '[ascend_platform_metric] SHA-256 of the lock file';
COMMENT ON COLUMN control.version_provenance.recorded_at IS '[ascend_platform_metric] When it was recorded';

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'steward_scopes', 'steward_identities', 'source_texts', 'version_provenance'
    ] LOOP
        EXECUTE format('ALTER TABLE control.%I OWNER TO cl_key', name);
        EXECUTE format('ALTER TABLE control.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY platform_reads ON control.%I FOR SELECT TO platform_rw'
            ' USING ((SELECT control.platform_reads()))', name);
        EXECUTE format('GRANT SELECT ON control.%I TO platform_rw', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['source_texts', 'version_provenance'] LOOP
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON control.%I'
            ' FOR EACH STATEMENT EXECUTE FUNCTION control.refuse_change()', name);
        EXECUTE format('ALTER TABLE control.%I ENABLE ALWAYS TRIGGER append_only', name);
    END LOOP;
END $$;
ALTER TABLE control.steward_scopes ADD CONSTRAINT steward_scopes_known CHECK (
    to_class IN ('fund_private', 'anonymized_benchmark', 'ascend_platform_metric'));
ALTER TABLE control.steward_identities ADD CONSTRAINT steward_identities_known CHECK (
    kind IN ('author', 'sign_in') AND btrim(identity) = identity AND identity <> '');

DO $$
DECLARE t record;
BEGIN
    FOR t IN SELECT * FROM (VALUES
        ('steward_scopes', 'steward scope', 'steward_name to_class', 'to_class'),
        ('steward_identities', 'steward identity', 'kind identity', 'steward_name')
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

-- Stewards of before decide about what they decided about until now.
SELECT set_config('classline.reason', 'revision 0023: scopes of the stewards there were', true);
INSERT INTO control.steward_scopes (steward_name, to_class)
    SELECT s.steward_name, c FROM control.stewards s
    CROSS JOIN unnest(ARRAY['fund_private', 'anonymized_benchmark', 'ascend_platform_metric']) c;

-- What a version consists of and who wrote it since the last approval, as the service found it.
CREATE FUNCTION control.record_provenance(p jsonb) RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    people text[];
    newest control.version_provenance;
    recorded bigint;
BEGIN
    PERFORM control.require_platform();
    IF NOT EXISTS (SELECT FROM control.workflow_registrations
                   WHERE workflow = p->>'workflow' AND source_digest = p->>'source_digest') THEN
        RAISE EXCEPTION 'workflow % is not registered with this digest', p->>'workflow'
            USING ERRCODE = 'CL027',
            HINT = 'run it once as it is now: `classline run` registers a version';
    END IF;
    SELECT array_agg(DISTINCT a ORDER BY a) INTO people
        FROM jsonb_array_elements_text(p->'authors') a WHERE btrim(a) <> '';
    IF jsonb_typeof(p->'modules') IS DISTINCT FROM 'object' OR p->'modules' = '{}'
       OR p->'authors' IS NULL THEN
        RAISE EXCEPTION 'a version consists of modules that somebody wrote'
            USING ERRCODE = 'CL050';
    END IF;
    INSERT INTO control.source_texts (text_digest, source)
        SELECT t.key, t.value FROM jsonb_each_text(p->'texts') t
        ON CONFLICT (text_digest) DO NOTHING;
    IF EXISTS (
        SELECT FROM jsonb_each_text(p->'modules') m
        LEFT JOIN control.source_texts t ON t.text_digest = m.value
        WHERE t.source IS NULL
           OR encode(sha256(convert_to(t.source, 'UTF8')), 'hex') <> t.text_digest
    ) THEN
        RAISE EXCEPTION 'the text of a module is missing or is not the one of its digest'
            USING ERRCODE = 'CL050';
    END IF;
    SELECT * INTO newest FROM control.version_provenance v
        WHERE v.workflow = p->>'workflow' AND v.source_digest = p->>'source_digest'
        ORDER BY v.provenance_id DESC LIMIT 1;
    IF (newest.modules, newest.authors, newest.since_approval, newest.lock_digest)
       IS NOT DISTINCT FROM (p->'modules', COALESCE(people, '{}'),
                             (p->>'since_approval')::bigint, p->>'lock_digest') THEN
        RETURN newest.provenance_id;
    END IF;
    INSERT INTO control.version_provenance
        (workflow, source_digest, modules, authors, since_approval, lock_digest)
        VALUES (p->>'workflow', p->>'source_digest', p->'modules', COALESCE(people, '{}'),
                (p->>'since_approval')::bigint, p->>'lock_digest')
        RETURNING provenance_id INTO recorded;
    RETURN recorded;
END $$;

-- However an approval comes to stand: not by who wrote the version, not twice, not out of scope.
CREATE FUNCTION control.require_four_eyes() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    to_class_ text;
    v control.version_provenance;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(
        'decision ' || NEW.workflow || ' ' || NEW.source_digest, 0));
    IF length(NEW.reason) > 2000 OR NEW.reason ~ '[\x01-\x08\x0b-\x1f\x7f]' THEN
        RAISE EXCEPTION 'a reason has at most 2,000 characters, and none that controls a terminal'
            USING ERRCODE = 'CL055', HINT = 'say it shorter, and put what is long where it can be linked to';
    END IF;
    SELECT g.to_class INTO to_class_ FROM control.workflow_registrations g
        WHERE g.workflow = NEW.workflow AND g.source_digest = NEW.source_digest;
    IF NOT EXISTS (SELECT FROM control.steward_scopes s
                   WHERE s.steward_name = NEW.steward_name AND s.to_class = to_class_) THEN
        RAISE EXCEPTION 'this steward does not decide what becomes %', COALESCE(to_class_, 'that')
            USING ERRCODE = 'CL052',
            HINT = 'another steward decides, or an administrator widens the scope: `classline steward scope`';
    END IF;
    IF NEW.decision <> 'approved' THEN
        RETURN NEW;
    END IF;
    SELECT * INTO v FROM control.version_provenance o
        WHERE o.workflow = NEW.workflow AND o.source_digest = NEW.source_digest
        ORDER BY o.provenance_id DESC LIMIT 1;
    IF v.provenance_id IS NULL THEN
        RAISE EXCEPTION 'nothing is recorded of who wrote this version of %', NEW.workflow
            USING ERRCODE = 'CL051',
            HINT = 'decide with `classline review` or the review desk, where the history of its source can be read';
    END IF;
    IF EXISTS (
        SELECT FROM unnest(v.authors) AS a (author)
        CROSS JOIN LATERAL (VALUES
            (lower(btrim(split_part(a.author, '<', 1)))),
            (lower(btrim(split_part(a.author, '<', 2), ' >'))),
            (lower(split_part(btrim(split_part(a.author, '<', 2), ' >'), '@', 1)))
        ) AS said (part)
        WHERE said.part <> '' AND said.part IN (
            SELECT lower(i.identity) FROM control.steward_identities i
            WHERE i.steward_name = NEW.steward_name
            UNION SELECT lower(NEW.steward_name))
    ) THEN
        RAISE EXCEPTION 'who wrote a version of a workflow may not approve it'
            USING ERRCODE = 'CL026', HINT = 'ask a steward who changed none of its files';
    END IF;
    IF EXISTS (
        SELECT FROM control.approvals a
        WHERE a.workflow = NEW.workflow AND a.source_digest = NEW.source_digest
          AND a.steward_name = NEW.steward_name AND a.decision = 'approved'
          AND a.expires_at > clock_timestamp() + interval '30 days'
          AND NOT EXISTS (
              SELECT FROM control.approvals later
              WHERE later.workflow = a.workflow AND later.source_digest = a.source_digest
                AND later.decision = 'rejected' AND later.approval_id > a.approval_id)
    ) THEN
        RAISE EXCEPTION 'this steward has approved this version, and that approval is in force'
            USING ERRCODE = 'CL053', HINT = 'nothing is left to do; it can be renewed in its last 30 days';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER four_eyes BEFORE INSERT ON control.approvals
    FOR EACH ROW EXECUTE FUNCTION control.require_four_eyes();
ALTER TABLE control.approvals ENABLE ALWAYS TRIGGER four_eyes;

-- Nobody decides on what somebody else decided meanwhile; waits for a decision under way.
CREATE FUNCTION control.require_last_decision(workflow_ text, digest text, seen bigint) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE newest control.approvals;
BEGIN
    PERFORM control.steward_name();
    PERFORM pg_advisory_xact_lock(hashtextextended('decision ' || workflow_ || ' ' || digest, 0));
    SELECT * INTO newest FROM control.approvals
        WHERE workflow = workflow_ AND source_digest = digest
        ORDER BY approval_id DESC LIMIT 1;
    IF newest.approval_id IS DISTINCT FROM seen THEN
        RAISE EXCEPTION '% % this version since you looked at it',
            newest.steward_name, newest.decision
            USING ERRCODE = 'CL054', HINT = 'look at the review again, then decide';
    END IF;
END $$;

-- Counts of a candidate's cells: how many tenants and rows stand behind them, and how evenly.
CREATE FUNCTION control.cell_figures(promotion uuid) RETURNS jsonb
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT control.is_kind('steward') THEN
        PERFORM control.require_platform();
    END IF;
    PERFORM control.claim();
    RETURN (
        WITH ranked AS (
            SELECT c.*, row_number() OVER (PARTITION BY cell_no ORDER BY amount DESC) AS place,
                   CASE WHEN fund_id IS NULL THEN 1
                        ELSE count(*) OVER (PARTITION BY cell_no, fund_id) END AS fund_tenants
            FROM control.cell_contributors c WHERE c.promotion_id = promotion
        ),
        cells AS (
            SELECT cell_no, count(*) AS tenants, count(DISTINCT fund_id) AS funds,
                   count(*) - max(fund_tenants) AS without_fund, sum(row_count) AS rows_,
                   sum(amount) AS total, max(amount) AS largest,
                   COALESCE(max(amount) FILTER (WHERE place = 2), 0) AS second,
                   max(row_count)::numeric / sum(row_count) AS row_share
            FROM ranked GROUP BY cell_no
        )
        SELECT jsonb_build_object(
            'cells', count(*),
            'tenants', COALESCE((SELECT jsonb_object_agg(t.tenants, t.n) FROM (
                SELECT tenants, count(*) AS n FROM cells GROUP BY tenants) t), '{}'),
            'rows_log2', COALESCE((SELECT jsonb_object_agg(t.size, t.n) FROM (
                SELECT floor(log(2, rows_::numeric)) AS size, count(*) AS n
                FROM cells WHERE rows_ > 0 GROUP BY 1) t), '{}'),
            'least_tenants', min(tenants),
            'least_without_a_fund', min(without_fund),
            'least_funds', min(funds),
            'largest_share', round(greatest(
                max(row_share), max(CASE WHEN total > 0 THEN largest / total END)), 2),
            'least_p_percent', trunc(min(CASE WHEN largest > 0
                THEN (total - largest - second) * 100 / largest END)))
        FROM cells);
END $$;

-- Some of the candidate's cells, for a steward in whose scope they are, once every check has passed
-- on these very cells.  Which ones is drawn from the candidate's digest, so everybody sees the same.
CREATE FUNCTION control.review_cells(promotion uuid, class_ text, how_many integer)
RETURNS TABLE (cell jsonb)
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    steward text := control.steward_name();
    p control.promotions;
    g control.workflow_registrations;
BEGIN
    SELECT * INTO p FROM control.promotions o WHERE o.promotion_id = promotion;
    SELECT * INTO g FROM control.workflow_registrations w
        WHERE w.workflow = p.workflow AND w.source_digest = p.source_digest;
    IF NOT EXISTS (SELECT FROM control.steward_scopes s
                   WHERE s.steward_name = steward AND s.to_class = p.to_class) THEN
        RAISE EXCEPTION 'no candidate in this steward''s scope' USING ERRCODE = 'CL052',
            HINT = 'another steward looks at it';
    END IF;
    IF p.from_class IS DISTINCT FROM class_ THEN
        RAISE EXCEPTION 'these cells are of class %, not %', p.from_class, class_
            USING ERRCODE = 'CL009', HINT = 'name the class of the candidate''s sources';
    END IF;
    IF p.state NOT IN ('candidate', 'checked', 'awaiting_review', 'approved')
       OR control.candidate_digest(promotion) IS DISTINCT FROM p.candidate_digest
       OR COALESCE(array_length(g.required_checks, 1), 0) = 0 OR EXISTS (
        SELECT FROM unnest(g.required_checks) AS required (name)
        LEFT JOIN LATERAL (
            SELECT r.passed, r.candidate_digest FROM control.check_results r
            WHERE r.promotion_id = promotion AND r.check_name = required.name
            ORDER BY r.result_id DESC LIMIT 1) latest ON true
        WHERE NOT COALESCE(latest.passed AND latest.candidate_digest = p.candidate_digest, false)
    ) OR control.cells_below_policy(promotion) > 0 THEN
        RAISE EXCEPTION 'cells are shown only while they wait and after every check has passed'
            USING ERRCODE = 'CL056', HINT = 'see which check did not pass: `classline review show`';
    END IF;
    RETURN QUERY
        SELECT c.cell FROM quarantine.candidate_cells c WHERE c.promotion_id = promotion
        ORDER BY sha256(convert_to(p.candidate_digest || ' ' || c.cell_no, 'UTF8'))
        LIMIT least(greatest(how_many, 0), 20);
END $$;

DO $$
DECLARE f text;
BEGIN
    FOREACH f IN ARRAY ARRAY[
        'record_provenance(jsonb)', 'require_four_eyes()',
        'require_last_decision(text, text, bigint)', 'cell_figures(uuid)',
        'review_cells(uuid, text, integer)'
    ] LOOP
        EXECUTE format('ALTER FUNCTION control.%s OWNER TO cl_key', f);
        EXECUTE format('REVOKE ALL ON FUNCTION control.%s FROM PUBLIC', f);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION control.record_provenance(jsonb), control.cell_figures(uuid)
    TO platform_rw;
GRANT EXECUTE ON FUNCTION control.require_last_decision(text, text, bigint),
    control.cell_figures(uuid), control.review_cells(uuid, text, integer) TO steward_w;
