-- Versions that were registered before stay on record, and are in force no longer: not validated.
ALTER TABLE control.workflow_registrations
    DROP CONSTRAINT workflow_registrations_text_check,
    ADD CONSTRAINT workflow_registrations_text_check CHECK (
        target NOT IN ('anonymized.pattern_bank', 'anonymized.anonymized_review_patterns',
                       'anonymized.anonymized_brief_patterns')
        OR required_checks @> ARRAY['no_known_identifiers', 'embedded_from_content', 'red_team'])
    NOT VALID;

-- The steward who answers for what an audit found: an audit is of every store, so of every class.
-- What they say is held to what a decision's reason is held to.
CREATE FUNCTION control.steward_of_audits(said text) RETURNS text
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE steward text := control.steward_name();
BEGIN
    IF length(said) > 2000 OR said ~ '[\x01-\x08\x0b-\x1f\x7f]' THEN
        RAISE EXCEPTION 'a reason has at most 2,000 characters, and none that controls a terminal'
            USING ERRCODE = 'CL055', HINT = 'say it shorter, and put what is long where it can be linked to';
    END IF;
    IF (SELECT count(DISTINCT s.to_class) FROM control.steward_scopes s
        WHERE s.steward_name = steward
          AND s.to_class IN ('fund_private', 'anonymized_benchmark', 'ascend_platform_metric')) < 3
    THEN
        RAISE EXCEPTION 'an audit is of every class, and this steward does not decide about each'
            USING ERRCODE = 'CL052',
            HINT = 'another steward answers for it, or an administrator widens the scope:'
                ' `classline steward change NAME --scope CLASS`, once for each class';
    END IF;
    RETURN steward;
END $$;
ALTER FUNCTION control.steward_of_audits(text) OWNER TO cl_key;
REVOKE ALL ON FUNCTION control.steward_of_audits(text) FROM PUBLIC;

-- A steward lets a finding stand for a while.
CREATE OR REPLACE FUNCTION control.acknowledge_finding(
    finding text, reason_ text, until_ timestamptz
) RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    steward text := control.steward_of_audits(reason_);
    acknowledged bigint;
BEGIN
    IF length(btrim(COALESCE(reason_, ''))) < 3 THEN
        RAISE EXCEPTION 'an acknowledgement needs a reason of 3 to 2,000 characters'
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
CREATE OR REPLACE FUNCTION control.sign_off_audit(audit uuid, digest text, note_ text)
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE steward text := control.steward_of_audits(note_);
BEGIN
    IF length(btrim(COALESCE(note_, ''))) < 3 THEN
        RAISE EXCEPTION 'a sign-off needs a note of 3 to 2,000 characters'
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

-- The hint named a command that there is none of.
DO $$
DECLARE
    body text := pg_get_functiondef('control.require_four_eyes()'::regprocedure);
    was text := '`classline steward scope`';
BEGIN
    IF strpos(body, was) = 0 THEN
        RAISE EXCEPTION 'revision 0027: control.require_four_eyes does not read as expected';
    END IF;
    EXECUTE replace(body, was, '`classline steward change NAME --scope CLASS`');
END $$;
