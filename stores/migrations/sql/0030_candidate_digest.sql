-- Digests of ten thousand cells at a time, and their digest: no text of all cells is made. Of fewer
-- it is the digest that there was before, and a larger candidate that was filed with that keeps it.
CREATE OR REPLACE FUNCTION control.candidate_digest(promotion uuid) RETURNS text
LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    at_once constant integer := 10000;
    first_no bigint := -2147483648;
    last_no bigint;
    digests text[] := '{}';
    digest text;
    kept text := (SELECT p.candidate_digest FROM control.promotions p
                  WHERE p.promotion_id = promotion);
BEGIN
    LOOP
        SELECT max(c.cell_no) INTO last_no FROM (
            SELECT q.cell_no FROM quarantine.candidate_cells q
            WHERE q.promotion_id = promotion AND q.cell_no >= first_no
            ORDER BY q.cell_no LIMIT at_once) c;
        EXIT WHEN last_no IS NULL;
        SELECT encode(sha256(convert_to(
                string_agg(q.cell_no || ' ' || q.cell::text, E'\n' ORDER BY q.cell_no), 'UTF8')),
                'hex')
            INTO digest FROM quarantine.candidate_cells q
            WHERE q.promotion_id = promotion AND q.cell_no BETWEEN first_no AND last_no;
        digests := digests || digest;
        first_no := last_no + 1;
    END LOOP;
    IF cardinality(digests) <= 1 THEN
        RETURN COALESCE(digests[1], encode(sha256(''), 'hex'));
    END IF;
    digest := encode(sha256(convert_to(array_to_string(digests, E'\n'), 'UTF8')), 'hex');
    IF kept <> '' AND kept <> digest THEN
        SELECT encode(sha256(convert_to(
                string_agg(q.cell_no || ' ' || q.cell::text, E'\n' ORDER BY q.cell_no), 'UTF8')),
                'hex')
            INTO digest FROM quarantine.candidate_cells q WHERE q.promotion_id = promotion;
    END IF;
    RETURN digest;
END $$;
