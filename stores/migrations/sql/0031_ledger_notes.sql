-- CL034 what is no note of the ledger.  What a platform login sends to be kept is held against the
-- ledger as far as the database can tell: it has the leaves, and no way to verify a signature.
-- The Merkle tree of RFC 6962, as lineage/ledger_tree.py has it: the hashes of the complete subtrees
-- of the first leaves, largest first, from those of a smaller tree on.  NULL where leaves are missing.
CREATE FUNCTION control.grown_frontier(from_size bigint, from_frontier bytea, to_size bigint)
RETURNS bytea
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    subtrees bytea := from_frontier;
    size bigint := from_size;
    node bytea;
    merged bigint;
    l record;
BEGIN
    FOR l IN SELECT x.position, x.leaf FROM control.ledger_leaves x
             WHERE x.position >= from_size AND x.position < to_size ORDER BY x.position LOOP
        IF l.position <> size THEN
            RETURN NULL;
        END IF;
        node := sha256('\x00'::bytea || l.leaf);
        merged := size;
        WHILE merged & 1 = 1 LOOP
            node := sha256('\x01'::bytea || substr(subtrees, length(subtrees) - 31) || node);
            subtrees := substr(subtrees, 1, length(subtrees) - 32);
            merged := merged >> 1;
        END LOOP;
        subtrees := subtrees || node;
        size := size + 1;
    END LOOP;
    RETURN CASE WHEN size = to_size THEN subtrees END;
END $$;

-- The root over a frontier.
CREATE FUNCTION control.frontier_root(frontier bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    place integer := length(frontier) - 31;
    root bytea := substr(frontier, greatest(place, 1), 32);
BEGIN
    WHILE place > 32 LOOP
        place := place - 32;
        root := sha256('\x01'::bytea || substr(frontier, place, 32) || root);
    END LOOP;
    RETURN root;
END $$;

-- Refuses a head that is not that of the ledger's first leaves.  It is computed from the newest
-- checkpoint that there is; where that leads elsewhere, from the first leaf: what was kept before
-- the database looked may be anything.
CREATE FUNCTION control.require_head(size bigint, root_ bytea) RETURNS bytea
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    known record;
    frontier bytea;
BEGIN
    IF NOT COALESCE(size BETWEEN 1 AND (SELECT max(position) + 1 FROM control.ledger_leaves), false)
    THEN
        RAISE EXCEPTION 'a head of the ledger covers leaves that have no place, or none'
            USING ERRCODE = 'CL033';
    END IF;
    SELECT c.tree_size, c.frontier INTO known FROM control.ledger_checkpoints c
        WHERE c.tree_size BETWEEN 1 AND size
          AND length(c.frontier) = 32 * bit_count(int8send(c.tree_size))
          AND c.root = control.frontier_root(c.frontier)
        ORDER BY c.tree_size DESC LIMIT 1;
    IF FOUND THEN
        frontier := control.grown_frontier(known.tree_size, known.frontier, size);
    END IF;
    IF control.frontier_root(frontier) IS DISTINCT FROM root_ THEN
        frontier := control.grown_frontier(0, ''::bytea, size);
    END IF;
    IF frontier IS NULL OR control.frontier_root(frontier) IS DISTINCT FROM root_ THEN
        RAISE EXCEPTION 'that is not the root of the ledger''s first % leaves', size
            USING ERRCODE = 'CL033', HINT = 'see `classline ledger verify`';
    END IF;
    RETURN frontier;
END $$;

-- Refuses a note that is not of the form of C2SP tlog-checkpoint and signed-note: origin, size,
-- root, further lines; an empty line; signatures. ids: whose signatures it must have, as hexadecimal
-- key ids; where none is named, any of the origin's.
CREATE FUNCTION control.require_note(
    note text, size bigint, root bytea, further text[], ids text[]
) RETURNS void
LANGUAGE plpgsql IMMUTABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    origin text := split_part(note, E'\n', 1);
    body text := array_to_string(
        ARRAY[origin, size::text, encode(root, 'base64')] || further, E'\n') || E'\n\n';
    lines text[];
    line text;
    signed text[] := '{}';
    content bytea;
BEGIN
    IF NOT COALESCE(length(note) <= 65536 AND origin ~ '^[^\s+\u0000-\u001F\u007F]+$'
                    AND starts_with(note, body) AND right(note, 1) = E'\n', false) THEN
        RAISE EXCEPTION 'a note of the ledger says origin, size and root, and what it hands over'
            USING ERRCODE = 'CL034', HINT = 'see docs/ledger.md';
    END IF;
    lines := string_to_array(
        substr(note, length(body) + 1, greatest(length(note) - length(body) - 1, 0)), E'\n');
    FOREACH line IN ARRAY lines LOOP
        IF NOT line ~ '^\u2014 [^\s+\u0000-\u001F\u007F]+ ([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}(==|[A-Za-z0-9+/]=))?$' THEN
            RAISE EXCEPTION 'a signature line of the note is malformed' USING ERRCODE = 'CL034';
        END IF;
        content := decode(split_part(line, ' ', 3), 'base64');
        -- Four bytes that say which key, and an Ed25519 signature.
        IF split_part(line, ' ', 2) = origin AND length(content) = 68
           AND replace(encode(content, 'base64'), E'\n', '') = split_part(line, ' ', 3) THEN
            signed := signed || encode(substr(content, 1, 4), 'hex');
        END IF;
        IF length(content) <= 4 OR cardinality(lines) > 64 THEN
            RAISE EXCEPTION 'a signature line of the note is malformed' USING ERRCODE = 'CL034';
        END IF;
    END LOOP;
    IF cardinality(signed) = 0 OR NOT signed @> ids THEN
        RAISE EXCEPTION 'the note lacks the signature of a key that it must be signed by'
            USING ERRCODE = 'CL034';
    END IF;
END $$;

-- The id of a verifier key of that origin, written NAME+ID+KEY; NULL where it is none.
CREATE FUNCTION control.verifier_id(key_ text, origin text) RETURNS text
LANGUAGE plpgsql IMMUTABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    id text := substr(key_, length(origin) + 2, 8);
    public_ text := substr(key_, length(origin) + 11);
    content bytea;
BEGIN
    -- 33 bytes: 1 for Ed25519, and the key.
    IF NOT COALESCE(key_ = origin || '+' || id || '+' || public_ AND id ~ '^[0-9a-f]{8}$'
                    AND public_ ~ '^[A-Za-z0-9+/]{44}$', false) THEN
        RETURN NULL;
    END IF;
    content := decode(public_, 'base64');
    RETURN CASE WHEN substr(content, 1, 1) = '\x01'::bytea AND id = encode(substr(sha256(
        convert_to(origin, 'UTF8') || '\x0a'::bytea || content), 1, 4), 'hex') THEN id END;
END $$;

CREATE OR REPLACE FUNCTION control.record_checkpoint(
    size bigint, root_ bytea, frontier_ bytea, note_ text
) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM control.require_platform();
    IF control.require_head(size, root_) IS DISTINCT FROM frontier_ THEN
        RAISE EXCEPTION 'that is not the frontier of the ledger''s first % leaves', size
            USING ERRCODE = 'CL033';
    END IF;
    PERFORM control.require_note(note_, size, root_, '{}', '{}');
    IF size < (SELECT COALESCE(max(c.tree_size), 0) FROM control.ledger_checkpoints c) THEN
        RAISE EXCEPTION 'a larger checkpoint is recorded' USING ERRCODE = 'CL033';
    END IF;
    INSERT INTO control.ledger_checkpoints (tree_size, root, frontier, note)
        VALUES (size, root_, frontier_, note_) ON CONFLICT (tree_size) DO NOTHING;
    IF NOT EXISTS (SELECT FROM control.ledger_checkpoints c
                   WHERE c.tree_size = size AND c.root = root_) THEN
        RAISE EXCEPTION 'another checkpoint of this size is recorded' USING ERRCODE = 'CL033';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION control.record_handover(
    size bigint, old_key_ text, new_key_ text, note_ text, reason_ text
) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    origin text := split_part(note_, E'\n', 1);
    ids text[] := ARRAY[control.verifier_id(old_key_, origin),
                        control.verifier_id(new_key_, origin)];
    root bytea;
BEGIN
    PERFORM control.require_platform();
    PERFORM control.require_reason(reason_);
    IF array_position(ids, NULL) IS NOT NULL OR old_key_ = new_key_ THEN
        RAISE EXCEPTION 'a handover names two verifier keys of its ledger' USING ERRCODE = 'CL034';
    END IF;
    IF NOT COALESCE(split_part(note_, E'\n', 3) ~ '^[A-Za-z0-9+/]{43}=$', false) THEN
        RAISE EXCEPTION 'a note of the ledger says origin, size and root, and what it hands over'
            USING ERRCODE = 'CL034', HINT = 'see docs/ledger.md';
    END IF;
    root := decode(split_part(note_, E'\n', 3), 'base64');
    PERFORM control.require_head(size, root);
    PERFORM control.require_note(
        note_, size, root, ARRAY['handed from ' || old_key_, 'handed to ' || new_key_], ids);
    INSERT INTO control.ledger_handovers (new_key, old_key, tree_size, note, reason)
        VALUES (new_key_, old_key_, size, note_, reason_) ON CONFLICT DO NOTHING;
    IF NOT EXISTS (SELECT FROM control.ledger_handovers h
                   WHERE h.new_key = new_key_ AND h.note = note_) THEN
        RAISE EXCEPTION 'another handover of this key is recorded' USING ERRCODE = 'CL033';
    END IF;
END $$;

DO $$
DECLARE signature text;
BEGIN
    FOREACH signature IN ARRAY ARRAY[
        'grown_frontier(bigint, bytea, bigint)', 'frontier_root(bytea)',
        'require_head(bigint, bytea)', 'require_note(text, bigint, bytea, text[], text[])',
        'verifier_id(text, text)'
    ] LOOP
        EXECUTE format('ALTER FUNCTION control.%s OWNER TO cl_key', signature);
        EXECUTE format('REVOKE ALL ON FUNCTION control.%s FROM PUBLIC', signature);
    END LOOP;
END $$;
