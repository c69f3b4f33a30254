-- CL055 a reason that does not read as it is stored
-- stores/reasons.py has the same pattern, and says what is in it.
CREATE FUNCTION control.hides_text(said text) RETURNS boolean
LANGUAGE sql IMMUTABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE(said ~ ('[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u00AD\u034F\u0600-\u0605\u061C\u06DD\u070F'
        '\u0890\u0891\u08E2\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B\u200E\u200F\u2028-\u202E'
        '\u2060-\u206F\u2800\u3164\uD800-\uF8FF\uFDD0-\uFDEF\uFE00-\uFE0D\uFEFF\uFFA0\uFFF0-\uFFFC'
        '\uFFFE\uFFFF\U000110BD\U000110CD\U00013430-\U00013442\U00016FE4\U0001BC9D'
        '\U0001BCA0-\U0001BCA3\U0001D159\U0001D173-\U0001D17A\U00040000-\U0010FFFF]'
        '|(^|[^\u0600-\u109F\u1780-\u18AF])[\u200C\u200D]'
        '|(^|[\t\n \u00A0\u1680\u2000-\u200A\u200C\u200D\u202F\u205F\u3000\uFE0E\uFE0F])[\uFE0E\uFE0F]'), false)
$$;

-- How many characters are neither blank nor part of the one before; so has stores/reasons.py.
CREATE FUNCTION control.characters_seen(said text) RETURNS integer
LANGUAGE sql IMMUTABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT length(regexp_replace(COALESCE(said, ''),
        '[\t\n \u00A0\u1680\u2000-\u200A\u200C\u200D\u202F\u205F\u3000\uFE0E\uFE0F]', '', 'g'))
$$;

-- As 0022 has it; blank is what Unicode says, and what is seen is counted too.
CREATE OR REPLACE FUNCTION control.require_reason(reason_ text) RETURNS void
LANGUAGE plpgsql IMMUTABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    blank constant text := '[\t\n \u00A0\u1680\u2000-\u200A\u202F\u205F\u3000]';
    said constant text := regexp_replace(
        regexp_replace(reason_, '^' || blank || '+', ''), blank || '+$', '');
BEGIN
    IF NOT COALESCE(length(said) <= 2000 AND control.characters_seen(said) >= 3, false) THEN
        RAISE EXCEPTION 'a decision needs a reason of 3 to 2000 characters'
            USING ERRCODE = 'CL027', HINT = 'say in a sentence or two why';
    END IF;
END $$;

-- Whoever writes a reason, and through whatever. Its argument: the column.
CREATE FUNCTION control.refuse_hidden_text() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF control.hides_text(to_jsonb(NEW)->>TG_ARGV[0]) THEN
        RAISE EXCEPTION 'a reason has no character that is not seen, turns text round or controls a terminal'
            USING ERRCODE = 'CL055', HINT = 'say it in characters that are seen';
    END IF;
    -- Who counts three characters, wherever that is, counts three that are seen.
    IF length(to_jsonb(NEW)->>TG_ARGV[0]) >= 3
       AND control.characters_seen(to_jsonb(NEW)->>TG_ARGV[0]) < 3 THEN
        RAISE EXCEPTION 'a reason has at least three characters that are seen'
            USING ERRCODE = 'CL055', HINT = 'say in a sentence or two why';
    END IF;
    RETURN NEW;
END $$;

DO $$
DECLARE
    name text;
    t record;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'hides_text(text)', 'characters_seen(text)', 'refuse_hidden_text()'
    ] LOOP
        EXECUTE format('ALTER FUNCTION control.%s OWNER TO cl_key', name);
        EXECUTE format('REVOKE ALL ON FUNCTION control.%s FROM PUBLIC', name);
    END LOOP;
    -- What stands already stays as it is: most of these tables are append-only.
    FOR t IN SELECT * FROM (VALUES
        ('control.approvals', 'reason'), ('control.audit_acknowledgements', 'reason'),
        ('control.audit_runs', 'reason'), ('control.audit_signoffs', 'note'),
        ('control.ledger_handovers', 'reason'), ('control.promotion_transitions', 'reason'),
        ('control.revoked_claims', 'reason'), ('control.tenant_removals', 'reason'),
        ('platform.decision_log', 'reason'), ('platform.kv_audit', 'reason')
    ) AS v (table_name, said) LOOP
        EXECUTE format(
            'CREATE TRIGGER readable BEFORE INSERT OR UPDATE OF %2$I ON %1$s'
            ' FOR EACH ROW EXECUTE FUNCTION control.refuse_hidden_text(%2$L)',
            t.table_name, t.said);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER readable', t.table_name);
    END LOOP;
END $$;

SELECT pg_temp.amend('require_four_eyes', $$NEW.reason ~ '[\x01-\x08\x0b-\x1f\x7f-\x9f]'$$,
                     'control.hides_text(NEW.reason)');
SELECT pg_temp.amend('require_four_eyes', 'none that controls a terminal',
                     'none that is not seen, turns text round or controls a terminal');
SELECT pg_temp.amend('steward_of_audits', $$said ~ '[\x01-\x08\x0b-\x1f\x7f-\x9f]'$$,
                     'control.hides_text(said)');
SELECT pg_temp.amend('steward_of_audits', 'none that controls a terminal',
                     'none that is not seen, turns text round or controls a terminal');
DROP FUNCTION pg_temp.amend(text, text, text);
