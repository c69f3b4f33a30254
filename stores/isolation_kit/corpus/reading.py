"""Attacks that read or write rows: queries of every shape, hijacked names, leaky operators."""

from __future__ import annotations

from stores.isolation_kit.probe import Family, Probe

__all__ = ["PROBES"]

_R, _W, _H = Family.READING, Family.WRITING, Family.HIJACK

PROBES: tuple[Probe, ...] = (
    Probe("read-all", _R, ("SELECT * FROM <accounts>",)),
    Probe(
        "read-by-tenant", _R, ("SELECT * FROM <accounts> WHERE tenant_id = '<b>'",), no_rows=True
    ),
    Probe("read-or-true", _R, ("SELECT * FROM <accounts> WHERE tenant_id <> '<a>' OR true",)),
    Probe("read-only-key-share", _R, ("SELECT * FROM ONLY <accounts> FOR KEY SHARE",)),
    Probe("read-for-update", _R, ("SELECT * FROM <accounts> FOR UPDATE NOWAIT",)),
    Probe("read-materialized", _R, ("WITH x AS MATERIALIZED (TABLE <accounts>) TABLE x",)),
    Probe(
        "read-lateral",
        _R,
        (
            (
                "SELECT y.* FROM (VALUES ('<b>')) v(t), LATERAL (SELECT * FROM <accounts>"
                " WHERE tenant_id = v.t) y"
            ),
        ),
        no_rows=True,
    ),
    Probe("read-json", _R, ("SELECT jsonb_agg(to_jsonb(t)) FROM <accounts> t",)),
    Probe("read-row-cast", _R, ("SELECT t::text FROM <accounts> t",)),
    Probe(
        "read-encoded",
        _R,
        ("SELECT encode(convert_to(t::text, 'UTF8'), 'base64') FROM <accounts> t",),
    ),
    Probe(
        "read-hex-reversed",
        _R,
        (
            (
                "SELECT encode(content::bytea, 'hex'), reverse(content)"
                " FROM tenant_private.semantic_memories"
            ),
        ),
    ),
    Probe(
        "read-characters",
        _R,
        ("SELECT i, substr(name, i, 1) FROM <accounts>, generate_series(1, 30) i",),
    ),
    Probe("read-aggregate", _R, ("SELECT string_agg(name, '') FROM <accounts>",)),
    Probe("read-window", _R, ("SELECT lag(name) OVER (ORDER BY name) FROM <accounts>",)),
    Probe(
        "read-recursive",
        _R,
        (
            (
                "WITH RECURSIVE r AS (SELECT name, 1 AS n FROM <accounts> UNION"
                " SELECT a.name, n + 1 FROM <accounts> a, r WHERE n < 3) TABLE r"
            ),
        ),
    ),
    Probe(
        "read-union",
        _R,
        (
            (
                "SELECT subject, body FROM tenant_private.emails UNION ALL"
                " SELECT subject, body FROM tenant_private.drafts"
            ),
        ),
    ),
    Probe(
        "read-outer-join",
        _R,
        ("SELECT * FROM (VALUES ('<b>')) v(t) LEFT JOIN <accounts> a ON a.tenant_id = v.t",),
    ),
    Probe("read-tablesample", _R, ("SELECT * FROM <accounts> TABLESAMPLE SYSTEM (100)",)),
    Probe(
        "read-ctid",
        _R,
        ("SELECT ctid, xmin, * FROM <accounts> WHERE ctid < '(1000,0)'",),
        steady=False,
    ),
    Probe("read-tokens", _R, ("SELECT * FROM tenant_private.oauth_tokens",)),
    Probe(
        "read-vector-nearest",
        _R,
        (
            (
                "SELECT item_id, content FROM tenant_private.semantic_memories ORDER BY"
                " embedding <=>"
                " (SELECT array_fill(0.5, ARRAY[384])::public.vector) LIMIT 50"
            ),
        ),
    ),
    Probe(
        "read-vector-indexless",
        _R,
        (
            "SET enable_seqscan = off",
            "SET enable_sort = off",
            (
                "SELECT content, embedding FROM tenant_private.semantic_memories"
                " ORDER BY embedding <-> array_fill(0.1, ARRAY[384])::public.vector LIMIT 10"
            ),
        ),
    ),
    Probe(
        "read-vector-average",
        _R,
        ("SELECT public.avg(embedding) FROM tenant_private.semantic_memories",),
    ),
    Probe("copy-to", _R, ("COPY (SELECT * FROM <accounts>) TO STDOUT",)),
    Probe("copy-table", _R, ("COPY <accounts> TO STDOUT",)),
    Probe("copy-program", _R, ("COPY <accounts> TO PROGRAM 'cat'",), must_fail=True),
    Probe("copy-from-program", _R, ("COPY <accounts> FROM PROGRAM 'id'",), must_fail=True),
    Probe("copy-file", _R, ("COPY <accounts> TO '/tmp/isolation'",), must_fail=True),
    Probe(
        "leaky-division",
        _R,
        ("SELECT * FROM <accounts> WHERE 1 / (length(name) - length(name)) = 1 AND name <> ''",),
    ),
    Probe("leaky-cast", _R, ("SELECT * FROM <accounts> WHERE name::integer = 1",)),
    Probe(
        "leaky-cast-of-b",
        _R,
        ("SELECT * FROM <accounts> WHERE tenant_id = '<b>' AND name::date IS NOT NULL",),
        no_rows=True,
    ),
    Probe(
        "leaky-json-cast",
        _R,
        ("SELECT count(*) FROM <accounts> WHERE tenant_id <> '<a>' AND name::jsonb IS NOT NULL",),
    ),
    Probe(
        "leaky-regular-expression",
        _R,
        (
            (
                "SELECT count(*) FROM <accounts> WHERE tenant_id <> '<a>'"
                " AND name ~ ('(' || substr(name, 1, 25))"
            ),
        ),
    ),
    Probe(
        "leaky-to-number",
        _R,
        ("SELECT to_number(name, name) FROM <accounts> WHERE tenant_id <> '<a>'",),
    ),
    Probe("leaky-order", _R, ("SELECT account_id FROM <accounts> ORDER BY 1 / (employees - 1)",)),
    Probe(
        "leaky-like-escape",
        _R,
        ("SELECT count(*) FROM <accounts> WHERE tenant_id <> '<a>' AND name LIKE name || '\\'",),
    ),
    Probe(
        "insert-for-b",
        _W,
        ("INSERT INTO <accounts> (tenant_id, account_id, name) VALUES ('<b>', 'x', 'x')",),
        must_fail=True,
    ),
    Probe(
        "insert-memory-for-b",
        _W,
        ("INSERT INTO tenant_private.episodic_memories VALUES ('<b>', 'x', now(), 'x', 0.5)",),
        must_fail=True,
    ),
    Probe("update-of-b", _W, ("UPDATE <accounts> SET name = 'x' WHERE tenant_id = '<b>'",)),
    Probe("update-everything", _W, ("UPDATE tenant_private.drafts SET body = 'x' RETURNING *",)),
    Probe("update-into-b", _W, ("UPDATE <accounts> SET tenant_id = '<b>'",), must_fail=True),
    Probe(
        "delete-of-b",
        _W,
        ("DELETE FROM tenant_private.emails WHERE tenant_id = '<b>' RETURNING *",),
        no_rows=True,
    ),
    Probe(
        "delete-using",
        _W,
        ("DELETE FROM tenant_private.calls c USING <accounts> a RETURNING a.*, c.*",),
    ),
    Probe(
        "merge",
        _W,
        (
            (
                "MERGE INTO <accounts> t USING (VALUES ('<b>', '<b_key>0')) v(o, k)"
                " ON t.tenant_id = v.o AND t.account_id = v.k WHEN MATCHED THEN UPDATE"
                " SET name = 'x'"
                " WHEN NOT MATCHED THEN DO NOTHING RETURNING t.*"
            ),
        ),
    ),
    Probe(
        "copy-in-for-b",
        _W,
        ("COPY <accounts> (tenant_id, account_id, name) FROM STDIN",),
        must_fail=True,
    ),
    Probe("truncate", _W, ("TRUNCATE tenant_private.drafts",), must_fail=True),
    Probe("truncate-cascade", _W, ("TRUNCATE <accounts> CASCADE",), must_fail=True),
    Probe(
        "lock-table", _W, ("BEGIN; LOCK TABLE <accounts> IN ACCESS EXCLUSIVE MODE",), steady=False
    ),
    Probe("policy-drop", _H, ("DROP POLICY own_rows ON <accounts>",), must_fail=True),
    Probe("policy-add", _H, ("CREATE POLICY p ON <accounts> USING (true)",), must_fail=True),
    Probe(
        "policy-disable", _H, ("ALTER TABLE <accounts> DISABLE ROW LEVEL SECURITY",), must_fail=True
    ),
    Probe(
        "trigger",
        _H,
        (
            (
                "CREATE TRIGGER t BEFORE INSERT ON <accounts> FOR EACH ROW"
                " EXECUTE FUNCTION suppress_redundant_updates_trigger()"
            ),
        ),
        must_fail=True,
    ),
    Probe(
        "rule",
        _H,
        ("CREATE RULE r AS ON SELECT TO <accounts> DO INSTEAD SELECT 1",),
        must_fail=True,
    ),
    Probe(
        "temp-table", _H, ("CREATE TEMP TABLE logins (login name, tenant_id text)",), must_fail=True
    ),
    Probe(
        "temp-function",
        _H,
        ("CREATE FUNCTION pg_temp.tenant() RETURNS text LANGUAGE sql RETURN '<b>'",),
        must_fail=True,
    ),
    Probe("temp-view", _H, ("CREATE TEMP VIEW v AS SELECT * FROM <accounts>",), must_fail=True),
    Probe("search-path", _H, ("SET search_path = pg_temp, control, public", "TABLE <accounts>")),
    Probe("create-schema", _H, ("CREATE SCHEMA intruder",), must_fail=True),
    Probe("create-in-public", _H, ("CREATE TABLE public.t (x int)",), must_fail=True),
    Probe("create-in-control", _H, ("CREATE TABLE control.t (x int)",), must_fail=True),
    Probe(
        "create-in-tenant",
        _H,
        ("CREATE VIEW tenant_private.v AS SELECT * FROM <accounts>",),
        must_fail=True,
    ),
    Probe("select-into", _H, ("SELECT * INTO tenant_private.t FROM <accounts>",), must_fail=True),
    Probe(
        "create-function",
        _H,
        ("CREATE FUNCTION public.f(text) RETURNS boolean LANGUAGE sql COST 0.0001 RETURN true",),
        must_fail=True,
    ),
    Probe(
        "create-operator",
        _H,
        ("CREATE OPERATOR public.<<< (LEFTARG = text, RIGHTARG = text, FUNCTION = textlt)",),
        must_fail=True,
    ),
    Probe("create-cast", _H, ("CREATE CAST (text AS integer) WITH INOUT",), must_fail=True),
    Probe(
        "create-aggregate",
        _H,
        ("CREATE AGGREGATE public.g (text) (SFUNC = textcat, STYPE = text)",),
        must_fail=True,
    ),
    Probe(
        "create-statistics",
        _H,
        ("CREATE STATISTICS public.s ON name, sector FROM <accounts>",),
        must_fail=True,
    ),
    Probe("create-index", _H, ("CREATE INDEX ON <accounts> ((name::integer))",), must_fail=True),
    Probe("create-publication", _H, ("CREATE PUBLICATION p FOR TABLE <accounts>",), must_fail=True),
    Probe("create-extension", _H, ("CREATE EXTENSION dblink",), must_fail=True),
    Probe(
        "create-materialized",
        _H,
        ("CREATE MATERIALIZED VIEW public.m AS SELECT * FROM <accounts>",),
        must_fail=True,
    ),
    Probe("do-block", _H, ("DO $$ BEGIN PERFORM 1; END $$",), must_fail=True),
    Probe(
        "replace-tenant",
        _H,
        ("CREATE OR REPLACE FUNCTION control.tenant() RETURNS text LANGUAGE sql RETURN '<b>'",),
        must_fail=True,
    ),
    Probe(
        "alter-tenant", _H, ("ALTER FUNCTION control.tenant() SECURITY INVOKER",), must_fail=True
    ),
    Probe("comment", _H, ("COMMENT ON TABLE <accounts> IS 'x'",), must_fail=True),
)
