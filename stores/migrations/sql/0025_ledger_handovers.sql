-- CL033 the ledger's own order, sizes and keys
CREATE TABLE control.ledger_handovers (
    new_key TEXT NOT NULL,
    old_key TEXT NOT NULL,
    tree_size BIGINT NOT NULL,
    note TEXT NOT NULL,
    reason TEXT NOT NULL,
    handed_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT ledger_handovers_pkey PRIMARY KEY (new_key),
    CONSTRAINT ledger_handovers_old_key_key UNIQUE (old_key)
);
COMMENT ON TABLE control.ledger_handovers IS '[ascend_platform_metric] Each time the ledger''s key was replaced; what counts is the note, signed by both keys. Append only.';
COMMENT ON COLUMN control.ledger_handovers.new_key IS '[ascend_platform_metric] The key that signs since (C2SP signed-note)';
COMMENT ON COLUMN control.ledger_handovers.old_key IS '[ascend_platform_metric] The key that signed until then';
COMMENT ON COLUMN control.ledger_handovers.tree_size IS '[ascend_platform_metric] Leaves that the old key signed';
COMMENT ON COLUMN control.ledger_handovers.note IS '[ascend_platform_metric] The handover, signed by both keys';
COMMENT ON COLUMN control.ledger_handovers.reason IS '[ascend_platform_metric] Why';
COMMENT ON COLUMN control.ledger_handovers.handed_at IS '[ascend_platform_metric] When it was recorded';
ALTER TABLE control.ledger_handovers OWNER TO cl_key;
ALTER TABLE control.ledger_handovers ENABLE ROW LEVEL SECURITY;
CREATE POLICY platform_reads ON control.ledger_handovers FOR SELECT TO platform_rw
    USING ((SELECT control.platform_reads()));
GRANT SELECT ON control.ledger_handovers TO platform_rw;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON control.ledger_handovers
    FOR EACH STATEMENT EXECUTE FUNCTION control.refuse_change();
ALTER TABLE control.ledger_handovers ENABLE ALWAYS TRIGGER append_only;

-- Keeps a handover; the same again is nothing, another of the same keys is refused.
CREATE FUNCTION control.record_handover(
    size bigint, old_key_ text, new_key_ text, note_ text, reason_ text
) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM control.require_platform();
    PERFORM control.require_reason(reason_);
    IF size > (SELECT COALESCE(max(position) + 1, 0) FROM control.ledger_leaves) THEN
        RAISE EXCEPTION 'a handover covers leaves that have no place' USING ERRCODE = 'CL033';
    END IF;
    INSERT INTO control.ledger_handovers (new_key, old_key, tree_size, note, reason)
        VALUES (new_key_, old_key_, size, note_, reason_) ON CONFLICT DO NOTHING;
    IF NOT EXISTS (SELECT FROM control.ledger_handovers h
                   WHERE h.new_key = new_key_ AND h.note = note_) THEN
        RAISE EXCEPTION 'another handover of this key is recorded' USING ERRCODE = 'CL033';
    END IF;
END $$;

-- As before, but an entry that says which key may sign is never erased.
CREATE OR REPLACE FUNCTION control.erase_ledger_entries(kinds text[], keys text[]) RETURNS bigint
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
        WHERE e.kind = ANY (kinds) AND e.row_key = ANY (keys)
          AND e.kind NOT IN ('erasure', 'handover');
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

COMMENT ON COLUMN control.ledger_entries.kind IS '[ascend_platform_metric] What was recorded: promotion, transition, approval, kv_audit, class_change, handover or erasure';

ALTER FUNCTION control.record_handover(bigint, text, text, text, text) OWNER TO cl_key;
REVOKE ALL ON FUNCTION control.record_handover(bigint, text, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION control.record_handover(bigint, text, text, text, text) TO platform_rw;
SELECT control.keep_ledger_of('control.ledger_handovers', 'handover', 'new_key',
    'new_key old_key tree_size note handed_at');
