-- A DataHub that is busy says for how long: nothing that waits now is due before.  Rests that are
-- longer stay, and an hour is the longest: what a server says must not stop the delivery.
CREATE FUNCTION control.rest_outbox(seconds double precision) RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    until timestamptz;
    resting bigint;
BEGIN
    PERFORM control.require_platform();
    IF NOT COALESCE(seconds > 0 AND seconds < 'Infinity', false) THEN
        RETURN 0;
    END IF;
    until := clock_timestamp() + make_interval(secs => least(seconds, 3600));
    UPDATE control.outbox o SET next_attempt_at = until
        WHERE o.delivered_at IS NULL AND o.dead_at IS NULL
          AND COALESCE(o.next_attempt_at, '-infinity') < until;
    GET DIAGNOSTICS resting = ROW_COUNT;
    RETURN resting;
END $$;
ALTER FUNCTION control.rest_outbox(double precision) OWNER TO cl_key;
REVOKE ALL ON FUNCTION control.rest_outbox(double precision) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION control.rest_outbox(double precision) TO platform_rw;
