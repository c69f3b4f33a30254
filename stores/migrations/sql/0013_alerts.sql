CREATE TABLE control.alerts (
    alert_id BIGINT GENERATED ALWAYS AS IDENTITY,
    raised_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    subject TEXT NOT NULL,
    owners INTEGER,
    message TEXT NOT NULL,
    held_back BIGINT DEFAULT 0 NOT NULL,
    run_id UUID,
    leased_until TIMESTAMP WITH TIME ZONE,
    delivered_at TIMESTAMP WITH TIME ZONE,
    last_error TEXT,
    CONSTRAINT alerts_pkey PRIMARY KEY (alert_id),
    CONSTRAINT alerts_kind_run_id_key UNIQUE (kind, run_id)
);
COMMENT ON TABLE control.alerts IS '[ascend_platform_metric] What people must look at, and notices: counts and names from code, never values.';
COMMENT ON COLUMN control.alerts.alert_id IS '[ascend_platform_metric] Running number';
COMMENT ON COLUMN control.alerts.raised_at IS '[ascend_platform_metric] When it was raised';
COMMENT ON COLUMN control.alerts.kind IS '[ascend_platform_metric] What happened';
COMMENT ON COLUMN control.alerts.severity IS '[ascend_platform_metric] notice, warning or critical; a notice is stored and not sent';
COMMENT ON COLUMN control.alerts.subject IS '[ascend_platform_metric] Name in code of what it is about';
COMMENT ON COLUMN control.alerts.owners IS '[ascend_platform_metric] How many owners it concerns, where known';
COMMENT ON COLUMN control.alerts.message IS '[ascend_platform_metric] What happened, in a sentence fixed in code';
COMMENT ON COLUMN control.alerts.held_back IS '[ascend_platform_metric] The same alert in the minutes after, not sent';
COMMENT ON COLUMN control.alerts.run_id IS '[ascend_platform_metric] The registered run it concerns';
COMMENT ON COLUMN control.alerts.leased_until IS '[ascend_platform_metric] Until when one process delivers it';
COMMENT ON COLUMN control.alerts.delivered_at IS '[ascend_platform_metric] When Slack had it';
COMMENT ON COLUMN control.alerts.last_error IS '[ascend_platform_metric] Kind of the last failure to deliver';

-- An alert names code and counts owners; it has no room for an id, a name or a value.
ALTER TABLE control.alerts
    ADD CONSTRAINT alerts_severity_check CHECK (severity IN ('notice', 'warning', 'critical')),
    ADD CONSTRAINT alerts_kind_check CHECK (kind ~ '^[a-z][a-z_]{0,63}$'),
    ADD CONSTRAINT alerts_subject_check CHECK (
        length(subject) <= 64 AND subject ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$'),
    ADD CONSTRAINT alerts_message_check CHECK (length(message) <= 400),
    ADD CONSTRAINT alerts_id_check CHECK (
        subject || ' ' || message !~ '(^|[^a-z0-9])([a-z]{1,2}_[a-z]{16}|[0-9a-f]{16})($|[^a-z0-9])'),
    ADD CONSTRAINT alerts_last_error_check CHECK (last_error ~ '^[A-Za-z0-9 ]{1,60}$');

ALTER TABLE control.alerts OWNER TO cl_key;
ALTER TABLE control.alerts ENABLE ROW LEVEL SECURITY;
CREATE POLICY platform_reads ON control.alerts FOR SELECT TO platform_rw
    USING ((SELECT control.platform_reads()));
GRANT SELECT ON control.alerts TO platform_rw;

-- The new alert's number; NULL where the same one is too fresh, or the run has its notice.
CREATE FUNCTION control.record_alert(
    kind_ text, severity_ text, subject_ text, owners_ integer, message_ text, run uuid,
    quiet_seconds double precision
) RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE recorded bigint;
BEGIN
    PERFORM control.require_platform();
    PERFORM pg_advisory_xact_lock(hashtextextended('alert ' || kind_ || ' ' || subject_, 0));
    IF run IS NULL THEN
        UPDATE control.alerts a SET held_back = a.held_back + 1
            WHERE a.alert_id = (
                SELECT l.alert_id FROM control.alerts l
                WHERE l.kind = kind_ AND l.subject = subject_ AND l.run_id IS NULL
                ORDER BY l.alert_id DESC LIMIT 1)
              AND a.raised_at > clock_timestamp() - make_interval(secs => quiet_seconds);
        IF FOUND THEN
            RETURN NULL;
        END IF;
    END IF;
    INSERT INTO control.alerts (kind, severity, subject, owners, message, run_id)
        VALUES (kind_, severity_, subject_, owners_, message_, run)
        ON CONFLICT (kind, run_id) DO NOTHING
        RETURNING alert_id INTO recorded;
    RETURN recorded;
END $$;

-- Alerts that wait for delivery, for this caller alone until the lease ends.
CREATE FUNCTION control.take_alerts(lease_seconds double precision, how_many integer)
RETURNS TABLE (
    alert_id bigint, kind text, severity text, subject text, message text, held_back_before bigint)
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM control.require_platform();
    RETURN QUERY
        WITH taken AS (
            UPDATE control.alerts a
            SET leased_until = clock_timestamp() + make_interval(secs => lease_seconds)
            WHERE a.alert_id IN (
                SELECT w.alert_id FROM control.alerts w
                WHERE w.delivered_at IS NULL AND w.severity <> 'notice'
                  AND COALESCE(w.leased_until, '-infinity') < clock_timestamp()
                ORDER BY w.alert_id LIMIT how_many FOR UPDATE SKIP LOCKED)
            RETURNING a.*)
        SELECT t.alert_id, t.kind, t.severity, t.subject, t.message, COALESCE((
            SELECT b.held_back FROM control.alerts b
            WHERE b.kind = t.kind AND b.subject = t.subject AND b.run_id IS NOT DISTINCT FROM t.run_id
              AND b.alert_id < t.alert_id
            ORDER BY b.alert_id DESC LIMIT 1), 0)
        FROM taken t ORDER BY t.alert_id;
END $$;

CREATE FUNCTION control.alert_result(alert bigint, error text) RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM control.require_platform();
    UPDATE control.alerts
        SET delivered_at = CASE WHEN error IS NULL THEN clock_timestamp() END,
            last_error = error, leased_until = NULL
        WHERE alert_id = alert AND delivered_at IS NULL;
END $$;

DO $$
DECLARE signature text;
BEGIN
    FOREACH signature IN ARRAY ARRAY[
        'control.record_alert(text, text, text, integer, text, uuid, double precision)',
        'control.take_alerts(double precision, integer)',
        'control.alert_result(bigint, text)'
    ] LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO cl_key', signature);
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO platform_rw', signature);
    END LOOP;
END $$;
