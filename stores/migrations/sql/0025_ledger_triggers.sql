-- CL033 the ledger's own order, sizes and keys
-- A value as it stands in a record: shown, or as a pseudonym.  What looks like a pseudonym is one.
CREATE FUNCTION control.recorded_value(value jsonb, shown boolean, k control.pseudonym_keys)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE type text := COALESCE(jsonb_typeof(value), 'null');
BEGIN
    IF type IN ('null', 'boolean') THEN
        RETURN COALESCE(value::text, 'null');
    END IF;
    IF type = 'number' OR (shown AND NOT starts_with(value::text, '"~')) THEN
        RETURN control.canonical_json(value);
    END IF;
    RETURN control.pseudonym(value, k);
END $$;

CREATE OR REPLACE FUNCTION control.recorded_row(
    row_ jsonb, shown text[], k control.pseudonym_keys
) RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (
        SELECT '{' || COALESCE(string_agg(
            to_json(e.key)::text || ':' || control.recorded_value(e.value, e.key = ANY (shown), k),
            ',' ORDER BY e.key COLLATE "C"), '') || '}'
        FROM jsonb_each(row_) e);
END $$;

-- The rest of this file writes SQL: the expressions of a table's records, column by column, so that
-- a write evaluates one statement and looks up nothing about its table.  The bytes are those that
-- recorded_row() comes to.  Whatever is slow to start (functions, casts) is used as little as can
-- be: starting it is what a write's entry costs.

-- The pseudonym of a value that JSON says as text.
CREATE FUNCTION control.hidden(value json, k control.pseudonym_keys) RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN '"~' || encode(substr(sha256(k.opad || sha256(k.ipad || convert_to(
        value::text, 'UTF8'))), 1, 16), 'hex') || '"';
END $$;

-- The digits of such a pseudonym, as an expression.
CREATE FUNCTION control.ledger_pseudonym(expression text) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('encode(substr(sha256(k.opad || sha256(k.ipad || convert_to('
                  'to_json(%s)::text, ''UTF8''))), 1, 16), ''hex'')', expression)
$$;

-- A column's value as arguments of concat().  shown: an SQL condition, true and false among them;
-- required: whether it may be NULL, which concat() leaves out.
CREATE FUNCTION control.ledger_column(
    expression text, type regtype, shown text, required boolean
) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    plain text := format('COALESCE(to_json(%s)::text, ''null'')', expression);
    pseudonym text := control.ledger_pseudonym(expression);
    -- What every row has is hashed in place; what may be missing, by a call where it is there.
    hidden text := CASE WHEN required THEN format('(''"~'' || %s || ''"'')', pseudonym)
        ELSE format('CASE WHEN %1$s IS NULL THEN ''null'''
                    ' ELSE control.hidden(to_json(%1$s), k) END', expression) END;
BEGIN
    IF required AND shown = 'false' AND type IN (
        'text'::regtype, 'uuid'::regtype, 'timestamp with time zone'::regtype, 'date'::regtype)
    THEN
        RETURN format('''"~'', %s, ''"''', pseudonym);
    END IF;
    CASE type
    WHEN 'text'::regtype THEN
        RETURN CASE shown WHEN 'false' THEN hidden WHEN 'true' THEN format(
            'CASE WHEN starts_with(%1$s, ''~'') THEN control.hidden(to_json(%1$s), k)'
            ' ELSE %2$s END', expression, plain) ELSE format(
            'CASE WHEN %s AND NOT starts_with(%s, ''~'') THEN %s ELSE %s END',
            shown, expression, plain, hidden) END;
    WHEN 'uuid'::regtype, 'timestamp with time zone'::regtype, 'date'::regtype THEN
        RETURN CASE WHEN shown = 'true' AND required THEN format('to_json(%s)', expression)
            WHEN shown = 'true' THEN plain WHEN shown = 'false' THEN hidden
            ELSE format('CASE WHEN %s THEN %s ELSE %s END', shown, plain, hidden) END;
    WHEN 'boolean'::regtype THEN
        RETURN format('CASE WHEN %1$s THEN ''true'' WHEN NOT %1$s THEN ''false'' ELSE ''null'' END',
                      expression);
    WHEN 'integer'::regtype, 'smallint'::regtype THEN
        RETURN CASE WHEN required THEN expression
            ELSE format('COALESCE(%s::text, ''null'')', expression) END;
    WHEN 'bigint'::regtype THEN
        RETURN format('CASE WHEN %1$s BETWEEN -999999999999999 AND 999999999999999 THEN %1$s::text'
                      ' ELSE COALESCE(to_json(%1$s::text)::text, ''null'') END', expression);
    ELSE
        RETURN format('control.recorded_value(to_jsonb(%s), COALESCE(%s, false), k)',
                      expression, shown);
    END CASE;
END $$;

-- Whether the subject of an audited write is shown: where it is a store, a workflow or a floor, no
-- person, login, tenant or fund.
CREATE FUNCTION control.ledger_open(alias text) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('(starts_with(%1$s.action, ''class '') OR %1$s.action IN ('
        '''workflow approved'', ''workflow rejected'', ''floor added'', ''floor changed'','
        ' ''floor removed''))', alias)
$$;

-- The expression of a row.  alias: what its columns are taken from; k: the pseudonyms' keys.
CREATE FUNCTION control.ledger_row(name regclass, kind text, shown text, alias text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (
        SELECT 'concat(''{'', ' || string_agg(part, ', ' ORDER BY part_number) || ', ''}'')'
        FROM (
            -- A function takes at most 100 arguments, and a column makes four of them.
            SELECT (number - 1) / 24 AS part_number, 'concat(' || string_agg(
                quote_literal(CASE WHEN number > 1 THEN ',' ELSE '' END || to_json(attname) || ':')
                || ', ' || control.ledger_column(
                    alias || '.' || quote_ident(attname), atttypid::regtype,
                    CASE WHEN attname = ANY (string_to_array(shown, ' ')) THEN 'true'
                         WHEN kind = 'kv_audit' AND attname IN ('subject', 'from_value', 'to_value')
                         THEN control.ledger_open(alias) ELSE 'false' END,
                    attnotnull),
                ', ' ORDER BY number) || ')' AS part
            FROM (
                SELECT a.attname::text, a.atttypid, a.attnotnull,
                       row_number() OVER (ORDER BY a.attname::text COLLATE "C") AS number
                FROM pg_attribute a
                WHERE a.attrelid = name AND a.attnum > 0 AND NOT a.attisdropped) columns
            GROUP BY 1) parts);
END $$;

-- The statement that appends an entry for a row.  change: an expression; source: where the row
-- comes from, nothing where its alias is a trigger's NEW or OLD; open_: whether an audited write's
-- subject is shown, nothing where the statement is to find out.
CREATE FUNCTION control.ledger_statement(
    name regclass, kind text, key text, shown text, alias text, change text, source text,
    open_ boolean
) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    said text := CASE WHEN kind = 'kv_audit' AND open_ IS NOT false THEN format(
        'CASE WHEN starts_with(%s.action, ''class '') THEN ''class_change'' ELSE ''kv_audit'' END',
        alias) ELSE quote_literal(kind) END;
    row_ text := control.ledger_row(
        name, CASE WHEN open_ IS NULL THEN kind ELSE '' END,
        CASE WHEN open_ THEN shown || ' subject from_value to_value' ELSE shown END, alias);
BEGIN
    RETURN format(
        'INSERT INTO control.ledger_entries (kind, row_key, leaf, salt, record)'
        ' SELECT e.kind, e.row_key, sha256(e.salt || convert_to(e.record, ''UTF8'')), e.salt,'
        ' e.record FROM (SELECT %1$s AS kind, %2$s.%3$I::text AS row_key,'
        ' uuid_send(gen_random_uuid()) AS salt,'  -- 122 random bits
        ' concat(''{"at":'', to_json(clock_timestamp()), '',"change":"'', %4$s, ''","key":'','
        ' %5$s, '',"kind":"'', %1$s, ''","login":"~'', %6$s, ''","row":'', %7$s, ''}'') AS record'
        ' FROM control.pseudonym_keys k%8$s OFFSET 0) e',
        said, alias, key, change,
        (SELECT format(
            -- No number and no UUID has a character to escape.
            CASE WHEN a.atttypid IN ('bigint'::regtype, 'integer'::regtype, 'uuid'::regtype)
            THEN '''"'', %s.%I, ''"''' ELSE 'to_json(%s.%I::text)' END, alias, key)
         FROM pg_attribute a WHERE a.attrelid = name AND a.attname = key),
        control.ledger_pseudonym('session_user'), row_,
        COALESCE(source, ' WHERE k.purpose = ''ledger'''));
END $$;

-- The body of a table's ledger trigger.  `classline boundary verify` holds what stands in the
-- database against this: a column that was added since, or a text that was changed, is found.
CREATE FUNCTION control.ledger_source(name regclass, kind text, key text, shown text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    change text := 'CASE TG_OP WHEN ''INSERT'' THEN ''insert'' ELSE ''update'' END';
    appended text := control.ledger_statement(
        name, kind, key, shown, 'NEW', change, NULL, CASE WHEN kind = 'kv_audit' THEN false END)
        || ';';
BEGIN
    IF kind = 'kv_audit' THEN
        appended := format(E'IF %s THEN\n        %s;\n    ELSE\n        %s\n    END IF;',
            control.ledger_open('NEW'),
            control.ledger_statement(name, kind, key, shown, 'NEW', change, NULL, true), appended);
    END IF;
    RETURN format($q$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        IF TG_OP = 'TRUNCATE' THEN
            PERFORM control.append_entry(%1$L, '*', 'truncate', '{}'::jsonb, '{}');
            RETURN NULL;
        ELSIF TG_OP = 'UPDATE' AND NEW *= OLD THEN
            RETURN NULL;
        ELSIF TG_OP = 'DELETE' OR OLD.%2$I IS DISTINCT FROM NEW.%2$I THEN
            %3$s;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'the ledger has no key for pseudonyms' USING ERRCODE = 'CL033';
            ELSIF TG_OP = 'DELETE' THEN
                RETURN NULL;
            END IF;
        END IF;
    END IF;
    %4$s
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the ledger has no key for pseudonyms' USING ERRCODE = 'CL033';
    END IF;
    RETURN NULL;
END $q$, kind, key,
        control.ledger_statement(name, kind, key, shown, 'OLD', '''delete''', NULL, NULL),
        appended);
END $$;

-- Lets every write to a table leave an entry from now on, and records its rows as they are found.
-- Called again, it covers the columns as they are now and records nothing twice.
CREATE OR REPLACE FUNCTION control.keep_ledger_of(name regclass, kind text, key text, shown text)
RETURNS void
LANGUAGE plpgsql
SET timezone = 'UTC'
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    trigger_ text := (SELECT format('control.%I()', 'ledger_of_' || n.nspname || '_' || c.relname)
                      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                      WHERE c.oid = name);
BEGIN
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', name);
    EXECUTE control.ledger_statement(name, kind, key, shown, 't', '''found''', format(
        ', (SELECT * FROM %1$s r WHERE NOT EXISTS ('
        'SELECT FROM control.ledger_entries e WHERE e.row_key = r.%2$I::text'
        ' AND e.kind = ANY (CASE WHEN %3$L = ''kv_audit'' THEN ''{kv_audit,class_change}''::text[]'
        ' ELSE ARRAY[%3$L] END)) ORDER BY r.%2$I) t WHERE k.purpose = ''ledger''',
        name, key, kind), NULL);
    EXECUTE format(
        'CREATE OR REPLACE FUNCTION %s RETURNS trigger LANGUAGE plpgsql SET timezone = ''UTC'''
        ' SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS %L',
        trigger_, control.ledger_source(name, kind, key, shown));
    EXECUTE format('ALTER FUNCTION %s OWNER TO cl_key', trigger_);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', trigger_);
    EXECUTE format('CREATE OR REPLACE TRIGGER ledger AFTER INSERT OR UPDATE OR DELETE ON %s'
                   ' FOR EACH ROW EXECUTE FUNCTION %s(%L, %L, %L)',
                   name, left(trigger_, -2), kind, key, shown);
    EXECUTE format('CREATE OR REPLACE TRIGGER ledger_truncate AFTER TRUNCATE ON %s'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION %s(%L, %L, %L)',
                   name, left(trigger_, -2), kind, key, shown);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER ledger,'
                   ' ENABLE ALWAYS TRIGGER ledger_truncate', name);
END $$;

-- The tables that are kept, with what was said of them when they began to be.
CREATE FUNCTION control.ledgered_tables()
RETURNS TABLE (name regclass, kind text, key text, shown text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT g.tgrelid::regclass, a.arguments[1], a.arguments[2], a.arguments[3]
    FROM pg_trigger g
    CROSS JOIN LATERAL (SELECT string_to_array(
        replace(encode(g.tgargs, 'escape'), '\000', E'\n'), E'\n') AS arguments) a
    WHERE g.tgname = 'ledger' AND NOT g.tgisinternal
    ORDER BY 1
$$;

-- After a migration that changes the columns of a table that is kept.
CREATE FUNCTION control.keep_ledgers() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM control.keep_ledger_of(t.name, t.kind, t.key, t.shown) FROM control.ledgered_tables() t;
END $$;

-- Rows that are not as their newest record says, by kind and key.  Unchanged rows are compared as
-- one text; a row that gained a column since, value by value.
CREATE OR REPLACE FUNCTION control.ledger_differences()
RETURNS TABLE (kind text, row_key text, difference text)
LANGUAGE plpgsql STABLE
SET timezone = 'UTC'
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t record;
BEGIN
    PERFORM control.require_platform();
    -- What follows finds entries by their columns; here those are held against the records.
    RETURN QUERY
        SELECT e.kind, e.row_key, 'is filed under another name than its record has'
        FROM control.ledger_entries e
        CROSS JOIN LATERAL (SELECT e.record::jsonb AS r OFFSET 0) parsed
        WHERE (e.kind, e.row_key) IS DISTINCT FROM (r->>'kind', r->>'key');
    FOR t IN SELECT * FROM control.ledgered_tables() LOOP
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
                         AND NOT control.matches_record(n.record::jsonb->'row', s.row_, s.k)
                    THEN 'is not what was recorded' END AS difference
                FROM newest n FULL JOIN (
                    SELECT t.%3$I::text AS row_key, to_jsonb(t) AS row_, k,
                           concat(',"row":', %4$s, '}') AS ending
                    FROM %2$s t, control.pseudonym_keys k WHERE k.purpose = 'ledger') s
                    USING (row_key))
            SELECT c.kind, c.row_key, c.difference FROM compared c
            WHERE c.difference IS NOT NULL$q$,
            t.kind, t.name, t.key, control.ledger_row(t.name, t.kind, t.shown, 't'));
    END LOOP;
END $$;

DO $$
DECLARE f text;
BEGIN
    FOREACH f IN ARRAY ARRAY[
        'recorded_value(jsonb, boolean, control.pseudonym_keys)',
        'hidden(json, control.pseudonym_keys)', 'ledger_pseudonym(text)',
        'ledger_column(text, regtype, text, boolean)', 'ledger_row(regclass, text, text, text)',
        'ledger_statement(regclass, text, text, text, text, text, text, boolean)',
        'ledger_open(text)',
        'ledger_source(regclass, text, text, text)', 'ledgered_tables()', 'keep_ledgers()'
    ] LOOP
        EXECUTE format('ALTER FUNCTION control.%s OWNER TO cl_key', f);
        EXECUTE format('REVOKE ALL ON FUNCTION control.%s FROM PUBLIC', f);
    END LOOP;
END $$;
-- So that its one row is read without its index, and never sampled.
ALTER TABLE control.pseudonym_keys
    ALTER purpose SET STATISTICS 0, ALTER ipad SET STATISTICS 0, ALTER opad SET STATISTICS 0;
ANALYZE control.pseudonym_keys;
SELECT control.keep_ledgers();
SELECT control.keep_ledger_of('control.promotion_transitions', 'transition', 'transition_id',
    'promotion_id from_state to_state happened_at');
DROP FUNCTION control.append_to_ledger(), control.shown_columns(text, jsonb, text);
