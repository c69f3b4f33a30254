"""Attacks that infer or reach around: oracles, catalogs, statistics, the server, the functions."""

from __future__ import annotations

from stores.isolation_kit.probe import Family, Presented, Probe

__all__ = ["PROBES"]

_O, _C, _S = Family.ORACLE, Family.CATALOG, Family.STATISTICS
_V, _K, _F = Family.SERVER, Family.CONTROL, Family.FUND

PROBES: tuple[Probe, ...] = (
    Probe(
        "key-of-b",
        _O,
        ("INSERT INTO <accounts> (tenant_id, account_id, name) VALUES ('<a>', '<b_key>0', 'x')",),
    ),
    Probe(
        "key-conflict",
        _O,
        (
            (
                "INSERT INTO <accounts> (tenant_id, account_id, name) VALUES ('<a>',"
                " '<b_key>0', 'x')"
                " ON CONFLICT DO NOTHING RETURNING *"
            ),
        ),
    ),
    Probe(
        "key-conflict-update",
        _O,
        (
            (
                "INSERT INTO <accounts> AS t (tenant_id, account_id, name) VALUES ('<b>',"
                " '<b_key>0', 'x')"
                " ON CONFLICT (tenant_id, account_id) DO UPDATE SET name = 'x' RETURNING t.*"
            ),
        ),
        must_fail=True,
    ),
    Probe(
        "key-rename",
        _O,
        (
            (
                "UPDATE <accounts> SET account_id = '<b_key>0' WHERE account_id = '<a_key>5'"
                " RETURNING *"
            ),
        ),
    ),
    Probe(
        "key-memory",
        _O,
        (
            (
                "INSERT INTO tenant_private.prospects (tenant_id, prospect_id, full_name,"
                " company, source,"
                " score) VALUES ('<a>', '<b_contact>', 'x', 'x', 'x', 1)"
            ),
        ),
    ),
    Probe(
        "foreign-key",
        _O,
        (
            (
                "INSERT INTO tenant_private.crm_contacts (tenant_id, contact_id,"
                " account_id, full_name)"
                " VALUES ('<a>', 'x', '<b_key>0', 'x')"
            ),
        ),
    ),
    Probe(
        "foreign-key-of-b",
        _O,
        (
            (
                "INSERT INTO tenant_private.crm_contacts (tenant_id, contact_id,"
                " account_id, full_name)"
                " VALUES ('<b>', 'x', '<b_key>0', 'x')"
            ),
        ),
        must_fail=True,
    ),
    Probe(
        "foreign-key-opportunity",
        _O,
        ("UPDATE tenant_private.crm_opportunities SET account_id = '<b_key>0'",),
    ),
    Probe("foreign-key-call", _O, ("UPDATE tenant_private.calls SET contact_id = '<b_contact>'",)),
    Probe("exists", _O, ("SELECT EXISTS (SELECT FROM <accounts> WHERE account_id = '<b_key>0')",)),
    Probe(
        "error-when-present",
        _O,
        ("SELECT 1 / (SELECT count(*) FROM <accounts> WHERE sector = '<b_sector>')",),
    ),
    Probe(
        "value-count",
        _O,
        ("SELECT count(*), min(employees) FROM <accounts> WHERE sector = '<b_sector>'",),
    ),
    Probe(
        "skip-locked",
        _O,
        (
            (
                "SELECT count(*) FROM (SELECT FROM <accounts> WHERE sector = '<b_sector>'"
                " FOR UPDATE SKIP LOCKED) x"
            ),
        ),
    ),
    # Estimates follow the table's overall size, which the threat model names as remaining.
    Probe(
        "explain-value",
        _S,
        ("EXPLAIN SELECT * FROM <accounts> WHERE sector = '<b_sector>'",),
        steady=False,
    ),
    Probe(
        "explain-prefix",
        _S,
        ("EXPLAIN SELECT * FROM <accounts> WHERE sector LIKE '<b_sector>%'",),
        steady=False,
    ),
    Probe(
        "explain-range",
        _S,
        ("EXPLAIN (FORMAT JSON) SELECT * FROM <accounts> WHERE account_id >= '<b_key>'",),
        steady=False,
    ),
    Probe("explain-group", _S, ("EXPLAIN SELECT DISTINCT sector FROM <accounts>",), steady=False),
    Probe(
        "explain-verbose",
        _S,
        ("EXPLAIN (VERBOSE, SETTINGS) SELECT * FROM <accounts>",),
        steady=False,
    ),
    Probe(
        "explain-analyze",
        _S,
        ("EXPLAIN (ANALYZE, VERBOSE, BUFFERS) SELECT * FROM <accounts> WHERE tenant_id = '<b>'",),
        steady=False,
    ),
    Probe(
        "explain-generic",
        _S,
        ("EXPLAIN (GENERIC_PLAN) SELECT * FROM <accounts> WHERE sector = $1",),
        steady=False,
    ),
    Probe(
        "pg-stats",
        _S,
        ("SELECT * FROM pg_catalog.pg_stats WHERE schemaname = 'tenant_private'",),
        no_rows=True,
    ),
    Probe("pg-stats-ext", _S, ("SELECT * FROM pg_catalog.pg_stats_ext",), no_rows=True),
    Probe("pg-stats-exprs", _S, ("SELECT * FROM pg_catalog.pg_stats_ext_exprs",), no_rows=True),
    Probe("pg-statistic", _S, ("SELECT * FROM pg_catalog.pg_statistic",), must_fail=True),
    Probe(
        "pg-statistic-ext-data",
        _S,
        ("SELECT * FROM pg_catalog.pg_statistic_ext_data",),
        must_fail=True,
    ),
    Probe(
        "activity-of-tables",
        _S,
        (
            (
                "SELECT n_live_tup, n_tup_ins, seq_scan FROM pg_catalog.pg_stat_all_tables"
                " WHERE schemaname = 'tenant_private'"
            ),
        ),
        no_rows=True,
    ),
    Probe(
        "activity-of-own-tables",
        _S,
        ("SELECT n_live_tup, n_tup_ins FROM pg_catalog.pg_stat_user_tables",),
        no_rows=True,
    ),
    Probe(
        "activity-function",
        _S,
        ("SELECT pg_stat_get_live_tuples('<accounts>'::regclass)",),
        must_fail=True,
    ),
    Probe(
        "activity-inserted",
        _S,
        ("SELECT pg_stat_get_tuples_inserted('<accounts>'::regclass)",),
        must_fail=True,
    ),
    Probe("table-size", _S, ("SELECT pg_relation_size('<accounts>')",), must_fail=True),
    Probe("total-size", _S, ("SELECT pg_total_relation_size('<accounts>')",), must_fail=True),
    Probe("database-size", _S, ("SELECT pg_database_size(current_database())",), must_fail=True),
    Probe(
        "reltuples",
        _S,
        ("SELECT reltuples, relpages FROM pg_catalog.pg_class WHERE relname = 'crm_accounts'",),
        must_fail=True,
    ),
    Probe("roles", _C, ("SELECT rolname FROM pg_catalog.pg_roles",), must_fail=True),
    Probe("users", _C, ("SELECT usename FROM pg_catalog.pg_user",), must_fail=True),
    Probe(
        "passwords", _C, ("SELECT rolname, rolpassword FROM pg_catalog.pg_authid",), must_fail=True
    ),
    Probe("shadow", _C, ("SELECT * FROM pg_catalog.pg_shadow",), must_fail=True),
    Probe(
        "members",
        _C,
        ("SELECT roleid::regrole, member::regrole FROM pg_catalog.pg_auth_members",),
        steady=False,
    ),
    Probe("group-members", _C, ("SELECT groname, grolist FROM pg_catalog.pg_group",), steady=False),
    Probe(
        "names-by-number",
        _C,
        ("SELECT pg_get_userbyid(n::oid) FROM generate_series(16384, 18384) n",),
        steady=False,
        residue=("<b_login>",),
    ),
    Probe(
        "sessions", _C, ("SELECT usename, query FROM pg_catalog.pg_stat_activity",), must_fail=True
    ),
    Probe("sessions-function", _C, ("SELECT * FROM pg_stat_get_activity(NULL)",), must_fail=True),
    Probe("locks", _C, ("SELECT * FROM pg_catalog.pg_locks",), steady=False),
    Probe("prepared-transactions", _C, ("SELECT * FROM pg_catalog.pg_prepared_xacts",)),
    Probe("function-source", _C, ("SELECT proname, prosrc FROM pg_catalog.pg_proc",), steady=False),
    Probe("view-source", _C, ("SELECT * FROM pg_catalog.pg_views",), steady=False),
    Probe("policies", _C, ("SELECT * FROM pg_catalog.pg_policies",), steady=False),
    Probe("settings", _C, ("SELECT name, setting FROM pg_catalog.pg_settings",), steady=False),
    Probe("settings-of-roles", _C, ("SELECT * FROM pg_catalog.pg_db_role_setting",), steady=False),
    Probe("access-rules", _C, ("SELECT * FROM pg_catalog.pg_hba_file_rules",), must_fail=True),
    Probe(
        "information-schema",
        _C,
        ("SELECT * FROM information_schema.table_privileges",),
        steady=False,
    ),
    Probe("dependencies", _C, ("SELECT * FROM pg_catalog.pg_shdepend",), steady=False),
    Probe("descriptions", _C, ("SELECT * FROM pg_catalog.pg_description",), steady=False),
    Probe(
        "sequence",
        _C,
        ("SELECT last_value FROM control.approvals_approval_id_seq",),
        must_fail=True,
    ),
    Probe("sequence-next", _C, ("SELECT nextval('control.outbox_event_id_seq')",), must_fail=True),
    Probe(
        "sequence-function",
        _C,
        ("SELECT pg_sequence_last_value('control.outbox_event_id_seq'::regclass)",),
        must_fail=True,
    ),
    Probe(
        "sequences",
        _C,
        ("SELECT * FROM pg_catalog.pg_sequences WHERE last_value IS NOT NULL",),
        no_rows=True,
    ),
    Probe(
        "xml-of-query",
        _V,
        ("SELECT query_to_xml('TABLE <accounts>', true, true, '')",),
        must_fail=True,
    ),
    Probe(
        "xml-of-table", _V, ("SELECT table_to_xml('<accounts>', true, true, '')",), must_fail=True
    ),
    Probe("xml-of-database", _V, ("SELECT database_to_xml(true, true, '')",), must_fail=True),
    Probe(
        "xml-of-cursor",
        _V,
        (
            "BEGIN",
            "DECLARE c CURSOR FOR TABLE <accounts>",
            "SELECT cursor_to_xml('c', 10, true, true, '')",
        ),
        must_fail=True,
    ),
    Probe(
        "xml-entity",
        _V,
        (
            (
                """SELECT xmlparse(document '<!DOCTYPE f [<!ENTITY x SYSTEM"
                " "file:///etc/passwd">]>"""
                "<f>&x;</f>')::text"
            ),
        ),
        steady=False,
    ),
    Probe("large-object", _V, ("SELECT lo_from_bytea(0, 'x')",), must_fail=True),
    Probe("large-object-create", _V, ("SELECT lo_create(0)",), must_fail=True),
    Probe("large-object-import", _V, ("SELECT lo_import('/etc/passwd')",), must_fail=True),
    Probe("large-object-list", _V, ("SELECT * FROM pg_catalog.pg_largeobject_metadata",)),
    Probe("advisory-lock", _V, ("SELECT pg_advisory_lock(1)",), must_fail=True),
    Probe("advisory-try", _V, ("SELECT pg_try_advisory_xact_lock(4207111943)",), must_fail=True),
    Probe("file-read", _V, ("SELECT pg_read_file('/etc/passwd')",), must_fail=True),
    Probe("file-list", _V, ("SELECT pg_ls_dir('.')",), must_fail=True),
    Probe("log-list", _V, ("SELECT pg_ls_logdir()",), must_fail=True),
    Probe("terminate", _V, ("SELECT pg_terminate_backend(1)",), must_fail=True),
    Probe("cancel", _V, ("SELECT pg_cancel_backend(1)",), must_fail=True),
    Probe("reload", _V, ("SELECT pg_reload_conf()",), must_fail=True),
    Probe("alter-system", _V, ("ALTER SYSTEM SET row_security = off",), must_fail=True),
    Probe("listen", _V, ("LISTEN promotions", "NOTIFY promotions, 'x'"), steady=False),
    Probe(
        "regular-expression-time",
        _V,
        (
            (
                "SELECT count(*) FROM <accounts> WHERE tenant_id <> '<a>' AND repeat(name, 50) ~"
                " '^(([a-z])+.)+[A-Z]([a-z])+$'"
            ),
        ),
    ),
    Probe("publish", _K, ("SELECT control.publish(gen_random_uuid())",), must_fail=True),
    Probe(
        "ingest", _K, ("SELECT control.ingest('crm_accounts', gen_random_uuid())",), must_fail=True
    ),
    Probe(
        "decide", _K, ("SELECT control.decide('x', 'x', 'approved', 'because')",), must_fail=True
    ),
    Probe("start-run", _K, ("SELECT control.start_run('x', 'x', 60)",), must_fail=True),
    Probe("register", _K, ("SELECT control.register_workflow('{}')",), must_fail=True),
    Probe("file-candidate", _K, ("SELECT control.begin_candidate('{}')",), must_fail=True),
    Probe(
        "add-to-candidate",
        _K,
        (
            (
                "SELECT control.add_to_candidate(gen_random_uuid(), 1, '[]', '{}', '{}', '{}',"
                " '{}', '{}', '{}', '{}')"
            ),
        ),
        must_fail=True,
    ),
    Probe(
        "complete-candidate",
        _K,
        ("SELECT control.complete_candidate(gen_random_uuid(), '{}')",),
        must_fail=True,
    ),
    Probe("filings", _K, ("SELECT * FROM control.open_filings",), must_fail=True),
    Probe("candidates", _K, ("SELECT * FROM quarantine.candidate_cells",), must_fail=True),
    Probe("contributors", _K, ("SELECT * FROM control.cell_contributors",), must_fail=True),
    Probe("contributions", _K, ("SELECT * FROM control.measure_contributions",), must_fail=True),
    Probe("judgements", _K, ("SELECT * FROM control.judged_cells",), must_fail=True),
    Probe("families", _K, ("SELECT * FROM control.benchmark_families",), must_fail=True),
    Probe("frozen-partition", _K, ("SELECT control.frozen_partition()",), must_fail=True),
    Probe("tenants", _K, ("SELECT * FROM control.tenants",), must_fail=True),
    Probe("logins", _K, ("SELECT * FROM control.logins",), must_fail=True),
    Probe("memberships", _K, ("SELECT * FROM control.portfolio_membership",), must_fail=True),
    Probe("staged", _K, ("SELECT * FROM staging.staged_crm_accounts",), must_fail=True),
    Probe(
        "stage",
        _K,
        (
            (
                "INSERT INTO staging.staged_crm_accounts (load_id, tenant_id, account_id, name)"
                " VALUES (gen_random_uuid(), '<b>', 'x', 'x')"
            ),
        ),
        must_fail=True,
    ),
    Probe("audit", _K, ("SELECT * FROM platform.kv_audit",), must_fail=True),
    Probe(
        "write-benchmark",
        _K,
        ("INSERT INTO anonymized.anonymized_tactics VALUES ('x', 'y', 'z', 1, gen_random_uuid())",),
        must_fail=True,
    ),
    Probe(
        "write-fund",
        _K,
        ("INSERT INTO fund_private.op_partner_briefs VALUES ('f', 'b', 't', 'b', now(), NULL)",),
        must_fail=True,
    ),
    Probe("fund-rows", _F, ("SELECT * FROM fund_private.op_partner_briefs",), must_fail=True),
    Probe(
        "fund-of-b",
        _F,
        ("SELECT * FROM fund_private.op_partner_briefs WHERE fund_id = '<b_fund>'",),
        Presented.FUND,
        no_rows=True,
    ),
    Probe(
        "fund-all",
        _F,
        (
            "SELECT * FROM fund_private.fund_patterns",
            "SELECT * FROM fund_private.cross_portco_views",
            "SELECT * FROM fund_private.op_partner_briefs",
        ),
        Presented.FUND,
    ),
    Probe("fund-tenant-rows", _F, ("SELECT * FROM <accounts>",), Presented.FUND, must_fail=True),
    Probe(
        "fund-as-tenant",
        _F,
        ("SELECT set_config('classline.claim', '<b_claim>', false)", "SELECT * FROM <accounts>"),
        Presented.FUND,
        must_fail=True,
    ),
    Probe(
        "fund-writes",
        _F,
        ("UPDATE fund_private.op_partner_briefs SET body = 'x'",),
        Presented.FUND,
        must_fail=True,
    ),
    Probe(
        "fund-memberships",
        _F,
        ("SELECT * FROM control.portfolio_membership",),
        Presented.FUND,
        must_fail=True,
    ),
)
