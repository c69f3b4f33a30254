-- The outbox, delivered with patience: an event that DataHub does not take rests for longer each
-- time, and one that it refuses for good becomes a dead letter that people are shown.  All times
-- are the database's: a drainer whose clock is wrong delivers neither too early nor never.
ALTER TABLE control.outbox
    ADD COLUMN refusals INTEGER DEFAULT 0 NOT NULL,
    ADD COLUMN next_attempt_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN leased_until TIMESTAMP WITH TIME ZONE,
    ADD COLUMN dead_at TIMESTAMP WITH TIME ZONE;
COMMENT ON COLUMN control.outbox.refusals IS '[ascend_platform_metric] Deliveries that DataHub answered with a refusal';
COMMENT ON COLUMN control.outbox.next_attempt_at IS '[ascend_platform_metric] Until when it rests after a failure';
COMMENT ON COLUMN control.outbox.leased_until IS '[ascend_platform_metric] Until when one process delivers it';
COMMENT ON COLUMN control.outbox.dead_at IS '[ascend_platform_metric] When it became a dead letter';
-- The kind of a failure, and no word of what was refused.
ALTER TABLE control.outbox
    ADD CONSTRAINT outbox_last_error_check CHECK (last_error ~ '^[A-Za-z0-9 ]{1,60}$');

-- Events to deliver, for this caller alone until the lease ends.  Events of one target go out in
-- their order: none is given while an earlier one rests or is in another's hands.
CREATE FUNCTION control.take_outbox(
    lease_seconds double precision, how_many integer
) RETURNS TABLE (
    event_id bigint, kind text, subject text, entity text, created_at timestamptz)
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE now_ timestamptz := clock_timestamp();
BEGIN
    PERFORM control.require_platform();
    PERFORM pg_advisory_xact_lock(hashtextextended('outbox', 0));
    RETURN QUERY
        WITH waiting AS (
            SELECT o.event_id,
                   COALESCE(p.target, g.target,
                            CASE o.kind WHEN 'catalog' THEN o.kind
                                ELSE o.kind || ' ' || o.subject END) AS entity,
                   COALESCE(o.leased_until > now_, false)
                   OR COALESCE(o.next_attempt_at > now_, false) AS withheld
            FROM control.outbox o
            LEFT JOIN control.promotions p
                ON o.kind IN ('promotion', 'review') AND p.promotion_id::text = o.subject
            LEFT JOIN control.workflow_registrations g
                ON o.kind = 'workflow' AND g.workflow || ' ' || g.source_digest = o.subject
            WHERE o.delivered_at IS NULL AND o.dead_at IS NULL
        ),
        given AS (
            SELECT w.event_id, w.entity FROM waiting w
            WHERE NOT EXISTS (
                SELECT FROM (
                    SELECT x.entity, min(x.event_id) AS first FROM waiting x
                    WHERE x.withheld GROUP BY x.entity) b
                WHERE b.entity = w.entity AND b.first <= w.event_id)
            ORDER BY w.event_id LIMIT how_many
        ),
        taken AS (
            UPDATE control.outbox o SET leased_until = now_ + make_interval(secs => lease_seconds)
            FROM given WHERE o.event_id = given.event_id
            RETURNING o.event_id, o.kind, o.subject, given.entity, o.created_at)
        SELECT t.event_id, t.kind, t.subject, t.entity, t.created_at
        FROM taken t ORDER BY t.event_id;
END $$;

-- What became of taken events.  'delivered'; 'released': not tried; 'postponed': nobody answered,
-- which may last for days and never kills an event; 'failing': DataHub answered with a failure of
-- its own, which kills it after about two days; 'refused': DataHub will not take it as it is.
CREATE FUNCTION control.outbox_result(events bigint[], verdict text, error text) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE now_ timestamptz := clock_timestamp();
BEGIN
    PERFORM control.require_platform();
    IF verdict NOT IN ('delivered', 'released', 'postponed', 'failing', 'refused') THEN
        RAISE EXCEPTION 'no such verdict on an event of the outbox' USING ERRCODE = 'CL027';
    END IF;
    IF verdict IN ('postponed', 'failing', 'refused') AND error IS NULL THEN
        RAISE EXCEPTION 'a failed delivery needs the kind of its failure' USING ERRCODE = 'CL027';
    END IF;
    UPDATE control.outbox o SET leased_until = NULL
        WHERE o.event_id = ANY(events) AND o.delivered_at IS NULL;
    IF verdict = 'released' THEN
        RETURN;
    END IF;
    UPDATE control.outbox o SET
        attempts = o.attempts + 1,
        refusals = o.refusals + (verdict IN ('failing', 'refused'))::integer,
        last_error = CASE WHEN verdict <> 'delivered' THEN error END,
        delivered_at = CASE WHEN verdict = 'delivered' THEN now_ END,
        next_attempt_at = CASE WHEN verdict <> 'delivered' THEN now_ + make_interval(secs =>
            least(15 * 2 ^ least(o.attempts, 16),
                  CASE WHEN verdict = 'postponed' THEN 300 ELSE 3600 END)) END,
        dead_at = CASE WHEN (verdict = 'refused' AND o.refusals + 1 >= 8)
                         OR (verdict = 'failing' AND o.refusals + 1 >= 48) THEN now_ END
        WHERE o.event_id = ANY(events) AND o.delivered_at IS NULL AND o.dead_at IS NULL;
END $$;

-- What rests after a failure is due at once: somebody waits for it.  Dead letters stay dead.
CREATE FUNCTION control.wake_outbox() RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE woken bigint;
BEGIN
    PERFORM control.require_platform();
    UPDATE control.outbox SET next_attempt_at = NULL
        WHERE delivered_at IS NULL AND dead_at IS NULL AND next_attempt_at IS NOT NULL;
    GET DIAGNOSTICS woken = ROW_COUNT;
    RETURN woken;
END $$;

-- Dead letters wait again; what they said is read anew from the records.
CREATE FUNCTION control.revive_outbox() RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE revived bigint;
BEGIN
    PERFORM control.require_platform();
    UPDATE control.outbox SET dead_at = NULL, refusals = 0, attempts = 0, next_attempt_at = NULL
        WHERE dead_at IS NOT NULL AND delivered_at IS NULL;
    GET DIAGNOSTICS revived = ROW_COUNT;
    RETURN revived;
END $$;

-- As 0009 has it, and an event that was delivered once is a new one.
CREATE OR REPLACE FUNCTION control.outbox_again() RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE again bigint;
BEGIN
    PERFORM control.require_platform();
    UPDATE control.outbox
        SET delivered_at = NULL, attempts = 0, refusals = 0, next_attempt_at = NULL
        WHERE delivered_at IS NOT NULL;
    GET DIAGNOSTICS again = ROW_COUNT;
    RETURN again;
END $$;

-- Every step of a promotion, and every decision that ends a wait for review, is told in the very
-- transaction that takes it, whichever function takes it.
CREATE FUNCTION control.tell_datahub() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE waited boolean := false;
BEGIN
    IF TG_TABLE_NAME = 'approvals' THEN
        INSERT INTO control.outbox (kind, subject)
            SELECT 'review', p.promotion_id::text FROM control.promotions p
            WHERE p.workflow = NEW.workflow AND p.source_digest = NEW.source_digest
              AND p.state = 'awaiting_review'
            ORDER BY p.created_at, p.promotion_id;
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.state, NEW.superseded) IS NOT DISTINCT FROM (OLD.state, OLD.superseded) THEN
            RETURN NULL;
        END IF;
        waited := OLD.state = 'awaiting_review' AND NEW.state <> 'awaiting_review';
    END IF;
    INSERT INTO control.outbox (kind, subject) VALUES ('promotion', NEW.promotion_id::text);
    IF waited OR NEW.state = 'awaiting_review' THEN
        INSERT INTO control.outbox (kind, subject) VALUES ('review', NEW.promotion_id::text);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_datahub AFTER INSERT OR UPDATE ON control.promotions
    FOR EACH ROW EXECUTE FUNCTION control.tell_datahub();
CREATE TRIGGER tell_datahub AFTER INSERT ON control.approvals
    FOR EACH ROW EXECUTE FUNCTION control.tell_datahub();
ALTER TABLE control.promotions ENABLE ALWAYS TRIGGER tell_datahub;
ALTER TABLE control.approvals ENABLE ALWAYS TRIGGER tell_datahub;

DROP FUNCTION control.outbox_result(bigint, text);
DO $$
DECLARE signature text;
BEGIN
    FOREACH signature IN ARRAY ARRAY[
        'control.take_outbox(double precision, integer)',
        'control.outbox_result(bigint[], text, text)',
        'control.wake_outbox()',
        'control.revive_outbox()',
        'control.tell_datahub()'
    ] LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO cl_key', signature);
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION control.take_outbox(double precision, integer),
    control.outbox_result(bigint[], text, text), control.wake_outbox(), control.revive_outbox()
    TO platform_rw;
