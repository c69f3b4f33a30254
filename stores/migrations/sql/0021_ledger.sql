-- CL030 append-only   CL033 the ledger's own order and sizes
-- A leaf for every row that decides, promotes or audits, written by triggers in the row's own
-- transaction: nobody who writes such a row can leave its leaf out.  Writers take no lock of each
-- other's; the sealer numbers what is committed.
CREATE TABLE control.ledger_entries (
    entry_id BIGINT GENERATED ALWAYS AS IDENTITY,
    kind TEXT NOT NULL,
    row_key TEXT NOT NULL,
    leaf BYTEA NOT NULL,
    salt BYTEA NOT NULL,
    record TEXT NOT NULL,
    written_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT ledger_entries_pkey PRIMARY KEY (entry_id)
);
COMMENT ON TABLE control.ledger_entries IS '[ascend_platform_metric] One entry for every promotion step, decision, audited write and class change. Never changed; erased whole, on record.';
COMMENT ON COLUMN control.ledger_entries.entry_id IS '[ascend_platform_metric] Running number; numbers may be missing';
COMMENT ON COLUMN control.ledger_entries.kind IS '[ascend_platform_metric] What was recorded: promotion, approval, kv_audit, class_change or erasure';
COMMENT ON COLUMN control.ledger_entries.row_key IS '[ascend_platform_metric] Key of the row that it is about';
COMMENT ON COLUMN control.ledger_entries.leaf IS '[ascend_platform_metric] SHA-256 of the salt and the record';
COMMENT ON COLUMN control.ledger_entries.salt IS '[ascend_platform_metric] Random, so that a leaf cannot be guessed';
COMMENT ON COLUMN control.ledger_entries.record IS '[ascend_platform_metric] Canonical JSON (RFC 8785) of what was recorded; people, logins, tenants and free texts by pseudonym';
COMMENT ON COLUMN control.ledger_entries.written_at IS '[ascend_platform_metric] When it was written';
CREATE TABLE control.ledger_leaves (
    position BIGINT NOT NULL,
    entry_id BIGINT NOT NULL,
    leaf BYTEA NOT NULL,
    CONSTRAINT ledger_leaves_pkey PRIMARY KEY (position),
    CONSTRAINT ledger_leaves_entry_id_key UNIQUE (entry_id)
);
COMMENT ON TABLE control.ledger_leaves IS '[ascend_platform_metric] The leaves of the Merkle tree in the order that the sealer gave them. Append only.';
COMMENT ON COLUMN control.ledger_leaves.position IS '[ascend_platform_metric] Place in the tree, from 0, without a gap';
COMMENT ON COLUMN control.ledger_leaves.entry_id IS '[ascend_platform_metric] The entry';
COMMENT ON COLUMN control.ledger_leaves.leaf IS '[ascend_platform_metric] Its leaf, which stays when the entry is erased';
CREATE TABLE control.ledger_checkpoints (
    tree_size BIGINT NOT NULL,
    root BYTEA NOT NULL,
    frontier BYTEA NOT NULL,
    note TEXT NOT NULL,
    sealed_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT ledger_checkpoints_pkey PRIMARY KEY (tree_size)
);
COMMENT ON TABLE control.ledger_checkpoints IS '[ascend_platform_metric] Signed heads of the Merkle tree; what counts is their copy outside the database. Append only.';
COMMENT ON COLUMN control.ledger_checkpoints.tree_size IS '[ascend_platform_metric] Leaves under this root';
COMMENT ON COLUMN control.ledger_checkpoints.root IS '[ascend_platform_metric] Root hash (RFC 6962)';
COMMENT ON COLUMN control.ledger_checkpoints.frontier IS '[ascend_platform_metric] Hashes of the complete subtrees, largest first: where the next seal goes on';
COMMENT ON COLUMN control.ledger_checkpoints.note IS '[ascend_platform_metric] The signed checkpoint (C2SP tlog-checkpoint)';
COMMENT ON COLUMN control.ledger_checkpoints.sealed_at IS '[ascend_platform_metric] When it was signed';
CREATE TABLE control.pseudonym_keys (
    purpose TEXT NOT NULL,
    ipad BYTEA NOT NULL,
    opad BYTEA NOT NULL,
    CONSTRAINT pseudonym_keys_pkey PRIMARY KEY (purpose)
);
COMMENT ON TABLE control.pseudonym_keys IS '[tenant_private] Keys of pseudonyms, as padded key blocks (RFC 2104).';
COMMENT ON COLUMN control.pseudonym_keys.purpose IS '[tenant_private] Where the pseudonyms stand';
COMMENT ON COLUMN control.pseudonym_keys.ipad IS '[tenant_private] Key block combined with the inner pad';
COMMENT ON COLUMN control.pseudonym_keys.opad IS '[tenant_private] Key block combined with the outer pad';

DO $$
DECLARE
    name text;
    -- 64 bytes of the server's strong random source; a pad is as good a key as what it pads.
    ipad bytea := sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
               || sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
    opad bytea := ''::bytea;
BEGIN
    FOR i IN 0..63 LOOP
        opad := opad || set_byte('\x00'::bytea, 0, get_byte(ipad, i) # 54 # 92);
    END LOOP;
    INSERT INTO control.pseudonym_keys VALUES ('ledger', ipad, opad);
    FOREACH name IN ARRAY ARRAY['ledger_entries', 'ledger_leaves', 'ledger_checkpoints',
                                'pseudonym_keys'] LOOP
        EXECUTE format('ALTER TABLE control.%I OWNER TO cl_key', name);
        EXECUTE format('ALTER TABLE control.%I ENABLE ROW LEVEL SECURITY', name);
        IF name <> 'pseudonym_keys' THEN
            EXECUTE format(
                'CREATE POLICY platform_reads ON control.%I FOR SELECT TO platform_rw'
                ' USING ((SELECT control.platform_reads()))', name);
            EXECUTE format('GRANT SELECT ON control.%I TO platform_rw', name);
        END IF;
        IF name IN ('ledger_leaves', 'ledger_checkpoints') THEN
            EXECUTE format(
                'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON control.%I'
                ' FOR EACH STATEMENT EXECUTE FUNCTION control.refuse_change()', name);
            EXECUTE format('ALTER TABLE control.%I ENABLE ALWAYS TRIGGER append_only', name);
        END IF;
    END LOOP;
END $$;

-- RFC 8785 of a value in which every number but an integer of at most 15 digits is said as text.
-- PostgreSQL escapes strings as RFC 8785 does, and a jsonb holds no number that JSON cannot.
CREATE FUNCTION control.canonical_json(value jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    CASE jsonb_typeof(value)
    WHEN 'object' THEN
        IF EXISTS (SELECT FROM jsonb_object_keys(value) k WHERE octet_length(k) <> length(k)) THEN
            -- Keys are ordered by their UTF-16 code units, which is not the order of code points.
            RETURN (
                SELECT '{' || string_agg(
                    to_json(e.key)::text || ':' || control.canonical_json(e.value), ','
                    ORDER BY ARRAY(
                        SELECT unit FROM string_to_table(e.key, NULL)
                            WITH ORDINALITY AS c (letter, place)
                        CROSS JOIN LATERAL (
                            SELECT ascii(c.letter) AS unit, 0 AS half WHERE ascii(c.letter) < 65536
                            UNION ALL SELECT 55296 + ((ascii(c.letter) - 65536) >> 10), 0
                                WHERE ascii(c.letter) >= 65536
                            UNION ALL SELECT 56320 + ((ascii(c.letter) - 65536) & 1023), 1
                                WHERE ascii(c.letter) >= 65536) u
                        ORDER BY place, half)) || '}'
                FROM jsonb_each(value) e);
        END IF;
        RETURN (
            SELECT '{' || COALESCE(string_agg(
                to_json(e.key)::text || ':' || CASE
                    WHEN jsonb_typeof(e.value) IN ('string', 'boolean', 'null') THEN e.value::text
                    ELSE control.canonical_json(e.value) END,
                ',' ORDER BY e.key COLLATE "C"), '') || '}'
            FROM jsonb_each(value) e);
    WHEN 'array' THEN
        RETURN (
            SELECT '[' || COALESCE(string_agg(control.canonical_json(e.value), ',' ORDER BY e.place),
                                   '') || ']'
            FROM jsonb_array_elements(value) WITH ORDINALITY AS e (value, place));
    WHEN 'number' THEN
        IF value::text ~ '^-?(0|[1-9][0-9]{0,14})$' THEN
            RETURN value::text;
        END IF;
        RETURN to_json(value::text)::text;
    ELSE
        RETURN value::text;
    END CASE;
END $$;

-- A keyed pseudonym of a value, as a JSON string: the same for the same value.
CREATE FUNCTION control.pseudonym(value jsonb, k control.pseudonym_keys) RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN '"~' || left(encode(sha256(k.opad || sha256(k.ipad || convert_to(
        control.canonical_json(value), 'UTF8'))), 'hex'), 32) || '"';
END $$;

-- A row as it stands in its record.  shown: the columns whose texts may leave the platform; other
-- texts, and a text that looks like a pseudonym, are pseudonyms.  Strings, the most frequent case,
-- are said here as pseudonym() and canonical_json() say them: this runs in every write's way.
CREATE FUNCTION control.recorded_row(row_ jsonb, shown text[], k control.pseudonym_keys)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (
        SELECT '{' || COALESCE(string_agg(
            to_json(e.key)::text || ':' || CASE jsonb_typeof(e.value)
                WHEN 'string' THEN CASE
                    WHEN e.key = ANY (shown) AND NOT starts_with(e.value::text, '"~')
                    THEN e.value::text
                    ELSE '"~' || left(encode(sha256(k.opad || sha256(
                             k.ipad || convert_to(e.value::text, 'UTF8'))), 'hex'), 32) || '"' END
                WHEN 'null' THEN 'null'
                WHEN 'boolean' THEN e.value::text
                WHEN 'number' THEN control.canonical_json(e.value)
                ELSE CASE WHEN e.key = ANY (shown) THEN control.canonical_json(e.value)
                     ELSE control.pseudonym(e.value, k) END END,
            ',' ORDER BY e.key COLLATE "C"), '') || '}'
        FROM jsonb_each(row_) e);
END $$;

-- The columns of a row whose texts its record shows; of an audited write the subject only where
-- it is a store, a workflow or a floor: no person, login, tenant or fund.
CREATE FUNCTION control.shown_columns(kind_ text, row_ jsonb, declared text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF kind_ IN ('kv_audit', 'class_change') AND (
        starts_with(row_->>'action', 'class ') OR row_->>'action' IN (
            'workflow approved', 'workflow rejected', 'floor added', 'floor changed',
            'floor removed'))
    THEN
        RETURN string_to_array(declared || ' subject from_value to_value', ' ');
    END IF;
    RETURN string_to_array(declared, ' ');
END $$;

CREATE FUNCTION control.append_entry(
    kind_ text, key text, change text, row_ jsonb, shown text[]
) RETURNS void
LANGUAGE plpgsql
SET timezone = 'UTC'
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    k control.pseudonym_keys;
    salt bytea := uuid_send(gen_random_uuid());  -- 122 random bits
    record text;
BEGIN
    SELECT * INTO STRICT k FROM control.pseudonym_keys WHERE purpose = 'ledger';
    record := '{"at":' || to_json(clock_timestamp())::text || ',"change":' || to_json(change)::text
        || ',"key":' || to_json(key)::text || ',"kind":' || to_json(kind_)::text || ',"login":'
        || '"~' || left(encode(sha256(k.opad || sha256(k.ipad || convert_to(
               to_json(session_user::text)::text, 'UTF8'))), 'hex'), 32) || '"'
        || ',"row":' || control.recorded_row(row_, shown, k) || '}';
    INSERT INTO control.ledger_entries (kind, row_key, leaf, salt, record)
        VALUES (kind_, key, sha256(salt || convert_to(record, 'UTF8')), salt, record);
END $$;

-- Arguments: the kind, the column of the key, the columns whose texts may be shown.
CREATE FUNCTION control.append_to_ledger() RETURNS trigger
LANGUAGE plpgsql
SET timezone = 'UTC'
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kind text := TG_ARGV[0];
    row_ jsonb;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        PERFORM control.append_entry(kind, '*', 'truncate', '{}'::jsonb, '{}');
        RETURN NULL;
    END IF;
    IF TG_OP = 'DELETE' THEN
        row_ := to_jsonb(OLD);
    ELSIF TG_OP = 'UPDATE' AND NEW IS NOT DISTINCT FROM OLD THEN
        RETURN NULL;
    ELSE
        row_ := to_jsonb(NEW);
        IF TG_OP = 'UPDATE' AND to_jsonb(OLD)->>TG_ARGV[1] IS DISTINCT FROM row_->>TG_ARGV[1] THEN
            PERFORM control.append_entry(
                kind, to_jsonb(OLD)->>TG_ARGV[1], 'delete', to_jsonb(OLD),
                string_to_array(TG_ARGV[2], ' '));
        END IF;
    END IF;
    IF kind = 'kv_audit' AND starts_with(row_->>'action', 'class ') THEN
        kind := 'class_change';
    END IF;
    PERFORM control.append_entry(
        kind, row_->>TG_ARGV[1], lower(TG_OP), row_,
        control.shown_columns(kind, row_, TG_ARGV[2]));
    RETURN NULL;
END $$;

-- Entries are erased by control.erase_ledger_entries() alone, which leaves an entry of its own.
CREATE FUNCTION control.refuse_entry_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('classline.erasing', true)
                            = pg_current_xact_id()::text THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '%.% is append-only: % refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'CL030',
        HINT = 'control.erase_ledger_entries() erases entries and says so in the ledger';
END $$;
CREATE TRIGGER erased_only BEFORE UPDATE OR DELETE OR TRUNCATE ON control.ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION control.refuse_entry_change();
ALTER TABLE control.ledger_entries ENABLE ALWAYS TRIGGER erased_only;

-- Gives every committed entry without one a place in the tree, in order of writing; returns how
-- many have one.  Places are committed before a checkpoint over them is signed, so no crash can
-- leave a signature over an order that another seal would give anew.
CREATE FUNCTION control.number_leaves() RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE taken bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('ledger leaves', 0));
    SELECT COALESCE(max(position) + 1, 0) INTO taken FROM control.ledger_leaves;
    INSERT INTO control.ledger_leaves (position, entry_id, leaf)
        SELECT taken - 1 + row_number() OVER (ORDER BY e.entry_id), e.entry_id, e.leaf
        FROM control.ledger_entries e
        WHERE NOT EXISTS (SELECT FROM control.ledger_leaves l WHERE l.entry_id = e.entry_id)
        ORDER BY e.entry_id;
    RETURN (SELECT COALESCE(max(position) + 1, 0) FROM control.ledger_leaves);
END $$;

CREATE FUNCTION control.number_ledger() RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM control.require_platform();
    RETURN control.number_leaves();
END $$;

-- Destroys the entries of those rows with their salts; their leaves stay, and an entry names them,
-- so that the ledger verifies without what was erased, and nobody erases unseen.
CREATE FUNCTION control.erase_ledger_entries(kinds text[], keys text[]) RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    entries bigint[];
    leaves jsonb;
BEGIN
    PERFORM control.number_leaves();
    SELECT array_agg(e.entry_id), jsonb_agg(encode(e.leaf, 'hex') ORDER BY e.entry_id)
        INTO entries, leaves
        FROM control.ledger_entries e
        WHERE e.kind = ANY (kinds) AND e.row_key = ANY (keys) AND e.kind <> 'erasure';
    IF entries IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM control.append_entry('erasure', cardinality(entries)::text, 'insert',
                                 jsonb_build_object('leaves', leaves), ARRAY['leaves']);
    PERFORM set_config('classline.erasing', pg_current_xact_id()::text, true);
    DELETE FROM control.ledger_entries WHERE entry_id = ANY (entries);
    PERFORM set_config('classline.erasing', '', true);
    PERFORM control.number_leaves();
    RETURN cardinality(entries);
END $$;

CREATE FUNCTION control.record_checkpoint(size bigint, root_ bytea, frontier_ bytea, note_ text)
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM control.require_platform();
    IF size > (SELECT COALESCE(max(position) + 1, 0) FROM control.ledger_leaves) THEN
        RAISE EXCEPTION 'a checkpoint covers leaves that have no place' USING ERRCODE = 'CL033';
    END IF;
    INSERT INTO control.ledger_checkpoints (tree_size, root, frontier, note)
        VALUES (size, root_, frontier_, note_) ON CONFLICT (tree_size) DO NOTHING;
    IF NOT EXISTS (SELECT FROM control.ledger_checkpoints c
                   WHERE c.tree_size = size AND c.root = root_) THEN
        RAISE EXCEPTION 'another checkpoint of this size is recorded' USING ERRCODE = 'CL033';
    END IF;
END $$;

-- Whether a row says what its record says of it.
CREATE FUNCTION control.matches_record(recorded_row jsonb, row_ jsonb, k control.pseudonym_keys)
RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT NOT EXISTS (
        SELECT FROM jsonb_each(recorded_row) r
        WHERE r.value::text IS DISTINCT FROM CASE
            WHEN starts_with(r.value::text, '"~') THEN control.pseudonym(row_->r.key, k)
            ELSE control.canonical_json(row_->r.key)::jsonb::text END)
$$;

-- Rows that are not as their newest record says, by kind and key.  Unchanged rows are compared as
-- one text; a row that gained a column since, value by value.
CREATE FUNCTION control.ledger_differences()
RETURNS TABLE (kind text, row_key text, difference text)
LANGUAGE plpgsql STABLE
SET timezone = 'UTC'
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    k control.pseudonym_keys;
    t record;
BEGIN
    PERFORM control.require_platform();
    SELECT * INTO STRICT k FROM control.pseudonym_keys WHERE purpose = 'ledger';
    -- What follows finds entries by their columns; here those are held against the records.
    RETURN QUERY
        SELECT e.kind, e.row_key, 'is filed under another name than its record has'
        FROM control.ledger_entries e
        CROSS JOIN LATERAL (SELECT e.record::jsonb AS r OFFSET 0) parsed
        WHERE (e.kind, e.row_key) IS DISTINCT FROM (r->>'kind', r->>'key');
    FOR t IN
        SELECT c.oid::regclass AS name, a.arguments[1] AS kind, a.arguments[2] AS key,
               a.arguments[3] AS shown
        FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
        CROSS JOIN LATERAL (SELECT string_to_array(
            replace(encode(g.tgargs, 'escape'), '\000', E'\n'), E'\n') AS arguments) a
        WHERE g.tgname = 'ledger' AND g.tgfoid = 'control.append_to_ledger()'::regprocedure
    LOOP
        RETURN QUERY EXECUTE format($q$
            WITH newest AS (
                -- By the order that the tree protects, not by the numbers that it does not.
                SELECT DISTINCT ON (e.row_key) e.row_key, e.kind, e.record,
                       e.record ~ '^\{"at":"[^"]*","change":"delete"' AS deleted
                FROM control.ledger_entries e LEFT JOIN control.ledger_leaves l USING (entry_id)
                WHERE e.kind = ANY (CASE WHEN %1$L = 'kv_audit'
                                    THEN '{kv_audit,class_change}'::text[] ELSE ARRAY[%1$L] END)
                  AND e.row_key <> '*'
                ORDER BY e.row_key, l.position DESC NULLS FIRST, e.entry_id DESC),
            compared AS (
                SELECT COALESCE(n.kind, %1$L) AS kind, COALESCE(n.row_key, s.row_key) AS row_key,
                    CASE
                    WHEN n.row_key IS NULL THEN 'has no record'
                    WHEN s.row_key IS NULL THEN CASE WHEN NOT n.deleted THEN 'is gone' END
                    WHEN n.deleted THEN 'is back after it was deleted'
                    WHEN right(n.record, length(s.ending)) <> s.ending
                         AND NOT control.matches_record(n.record::jsonb->'row', s.row_, $1)
                    THEN 'is not what was recorded' END AS difference
                FROM newest n FULL JOIN (
                    SELECT t.%3$I::text AS row_key, to_jsonb(t) AS row_,
                           ',"row":' || control.recorded_row(
                               to_jsonb(t), control.shown_columns(%1$L, to_jsonb(t), %4$L), $1)
                           || '}' AS ending
                    FROM %2$s t) s
                    USING (row_key))
            SELECT c.kind, c.row_key, c.difference FROM compared c
            WHERE c.difference IS NOT NULL$q$, t.kind, t.name, t.key, t.shown) USING k;
    END LOOP;
END $$;

-- Lets every write to a table leave an entry from now on, and records its rows as they are found.
-- Called again, it changes which columns are shown and records nothing twice.
CREATE FUNCTION control.keep_ledger_of(name regclass, kind text, key text, shown text) RETURNS void
LANGUAGE plpgsql
SET timezone = 'UTC'
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r record;
    recorded_as text;
BEGIN
    FOR r IN EXECUTE format(
        'SELECT to_jsonb(t) AS row_ FROM %1$s t WHERE NOT EXISTS ('
        ' SELECT FROM control.ledger_entries e WHERE e.row_key = t.%2$I::text'
        ' AND e.kind = ANY (CASE WHEN %3$L = ''kv_audit'' THEN ''{kv_audit,class_change}''::text[]'
        ' ELSE ARRAY[%3$L] END)) ORDER BY t.%2$I', name, key, kind)
    LOOP
        recorded_as := CASE WHEN kind = 'kv_audit' AND starts_with(r.row_->>'action', 'class ')
                       THEN 'class_change' ELSE kind END;
        PERFORM control.append_entry(recorded_as, r.row_->>key, 'found', r.row_,
                                     control.shown_columns(recorded_as, r.row_, shown));
    END LOOP;
    EXECUTE format('CREATE OR REPLACE TRIGGER ledger AFTER INSERT OR UPDATE OR DELETE ON %s'
                   ' FOR EACH ROW EXECUTE FUNCTION control.append_to_ledger(%L, %L, %L)',
                   name, kind, key, shown);
    EXECUTE format('CREATE OR REPLACE TRIGGER ledger_truncate AFTER TRUNCATE ON %s'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION control.append_to_ledger(%L, %L, %L)',
                   name, kind, key, shown);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER ledger,'
                   ' ENABLE ALWAYS TRIGGER ledger_truncate', name);
END $$;

GRANT SELECT ON platform.kv_audit TO cl_key;

DO $$
DECLARE f text;
BEGIN
    FOREACH f IN ARRAY ARRAY[
        'canonical_json(jsonb)', 'pseudonym(jsonb, control.pseudonym_keys)',
        'recorded_row(jsonb, text[], control.pseudonym_keys)', 'shown_columns(text, jsonb, text)',
        'append_entry(text, text, text, jsonb, text[])', 'append_to_ledger()',
        'refuse_entry_change()', 'erase_ledger_entries(text[], text[])', 'number_leaves()',
        'number_ledger()',
        'record_checkpoint(bigint, bytea, bytea, text)',
        'matches_record(jsonb, jsonb, control.pseudonym_keys)', 'ledger_differences()',
        'keep_ledger_of(regclass, text, text, text)'
    ] LOOP
        EXECUTE format('ALTER FUNCTION control.%s OWNER TO cl_key', f);
        EXECUTE format('REVOKE ALL ON FUNCTION control.%s FROM PUBLIC', f);
    END LOOP;
END $$;
SELECT control.keep_ledger_of('control.promotions', 'promotion', 'promotion_id',
    'promotion_id idempotency_key base_key workflow source_digest run_id from_class to_class'
    ' sources target policy snapshot_digest candidate_digest closed_before suppressed state'
    ' created_at published_at family partition held superseded');
SELECT control.keep_ledger_of('control.approvals', 'approval', 'approval_id',
    'workflow source_digest decision decided_at expires_at');
SELECT control.keep_ledger_of('platform.kv_audit', 'kv_audit', 'entry_id', 'written_at action');
GRANT EXECUTE ON FUNCTION control.number_ledger(),
    control.record_checkpoint(bigint, bytea, bytea, text), control.ledger_differences()
    TO platform_rw;
