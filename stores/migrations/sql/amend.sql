-- For revisions that change a word of a function: the function as it is, with one text replaced by
-- another. What is not found stops the migration. They drop it when they are done.
CREATE FUNCTION pg_temp.amend(function_ text, was text, now_ text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    body text := pg_get_functiondef((
        SELECT p.oid FROM pg_proc p
        WHERE p.pronamespace = 'control'::regnamespace AND p.proname = function_));
BEGIN
    IF strpos(body, was) = 0 THEN
        RAISE EXCEPTION 'control.% does not read as this revision expects', function_;
    END IF;
    EXECUTE replace(body, was, now_);
END $$;
