"""Attacks on who one is: claims, roles, settings."""

from __future__ import annotations

from stores.isolation_kit.probe import Family, Presented, Probe

__all__ = ["PROBES"]

_C, _R, _S = Family.CLAIM, Family.ROLE, Family.SESSION_STATE
_ALL = "SELECT * FROM <accounts>"
_SET = "SELECT set_config('classline.claim', '<b_claim>', false)"
_SET_A = "SELECT set_config('classline.claim', '<a_claim>', false)"

PROBES: tuple[Probe, ...] = (
    *(
        Probe(f"claim-{kind.value.replace(' ', '-')}", _C, (_ALL,), kind, must_fail=True)
        for kind in Presented
        if kind not in {Presented.OWN, Presented.FUND}
    ),
    Probe("claim-garbage", _C, ("SET classline.claim = 'x.y.z'", _ALL), must_fail=True),
    Probe("claim-empty", _C, ("SET classline.claim = ''", _ALL), must_fail=True),
    Probe("claim-reset", _C, ("RESET ALL", _ALL), must_fail=True),
    Probe("claim-replayed-late", _C, (_SET, _ALL), must_fail=True),
    Probe(
        "claim-replayed-local",
        _C,
        ("BEGIN", "SELECT set_config('classline.claim', '<b_claim>', true)", _ALL, "COMMIT", _ALL),
    ),
    Probe(
        "claim-in-subquery",
        _C,
        (
            (
                "WITH c AS MATERIALIZED (SELECT set_config('classline.claim', '<b_claim>', false))"
                " SELECT a.* FROM c, tenant_private.crm_accounts a"
            ),
        ),
    ),
    Probe(
        "claim-while-reading",
        _C,
        (
            (
                "SELECT set_config('classline.claim', '<b_claim>', false), a.*"
                " FROM tenant_private.crm_accounts a"
            ),
            _ALL,
        ),
    ),
    Probe(
        "claim-in-where",
        _C,
        (
            (
                "SELECT * FROM tenant_private.crm_accounts"
                " WHERE set_config('classline.claim', '<b_claim>', true) IS NOT NULL"
            ),
        ),
    ),
    Probe(
        "claim-sql-in-body",
        _C,
        ("SET classline.claim = 'k'' OR true --.7b7d.00'", _ALL),
        must_fail=True,
    ),
    Probe("claim-json-null", _C, ("SET classline.claim = '..'", _ALL), must_fail=True),
    Probe(
        "claim-huge",
        _C,
        ("SELECT length(set_config('classline.claim', repeat('x', 1000000), false))", _ALL),
        must_fail=True,
    ),
    Probe(
        "claim-other-tenant-setting",
        _C,
        (
            "SELECT set_config('classline.tenant', '<b>', false)",
            "SELECT set_config('app.tenant_id', '<b>', false)",
            _ALL,
        ),
    ),
    Probe("claim-role-setting", _C, ("SET role = 'tenant_rw'", _ALL)),
    Probe("claim-signing-key", _C, ("SELECT * FROM control.signing_keys",), must_fail=True),
    Probe("claim-read-of-claim", _C, ("SELECT control.claim()",), must_fail=True),
    Probe("claim-tenant-of-b", _C, (_SET, "SELECT control.tenant()"), must_fail=True),
    Probe("role-owner", _R, ("SET ROLE cl_owner",), must_fail=True),
    Probe("role-key", _R, ("SET ROLE cl_key",), must_fail=True),
    Probe("role-ingest", _R, ("SET ROLE cl_ingest",), must_fail=True),
    Probe("role-anonymizer", _R, ("SET ROLE anonymizer_r",), must_fail=True),
    Probe("role-loader", _R, ("SET ROLE loader_w",), must_fail=True),
    Probe("role-group", _R, ("SET ROLE tenant_rw",), must_fail=True),
    Probe("role-superuser", _R, ("SET ROLE postgres",), must_fail=True),
    Probe("role-of-b", _R, ("SET ROLE <b_login>",), must_fail=True),
    Probe("role-local", _R, ("BEGIN", "SET LOCAL ROLE cl_owner", _ALL, "ROLLBACK")),
    Probe("authorization-superuser", _R, ("SET SESSION AUTHORIZATION postgres",), must_fail=True),
    Probe("authorization-of-b", _R, ("SET SESSION AUTHORIZATION <b_login>",), must_fail=True),
    Probe(
        "authorization-setting",
        _R,
        ("SELECT set_config('session_authorization', '<b_login>', false)",),
        must_fail=True,
    ),
    Probe("grant-to-self", _R, ("GRANT cl_owner TO <a_login>",), must_fail=True),
    Probe("grant-of-b", _R, ("GRANT <b_login> TO <a_login>",), must_fail=True),
    Probe("alter-self-bypass", _R, ("ALTER ROLE <a_login> BYPASSRLS",), must_fail=True),
    Probe("alter-self-superuser", _R, ("ALTER ROLE <a_login> SUPERUSER",), must_fail=True),
    Probe("alter-b-password", _R, ("ALTER ROLE <b_login> PASSWORD 'x'",), must_fail=True),
    Probe("create-role", _R, ("CREATE ROLE isolation_intruder SUPERUSER",), must_fail=True),
    Probe("reassign", _R, ("REASSIGN OWNED BY cl_owner TO <a_login>",), must_fail=True),
    Probe("drop-owned-of-b", _R, ("DROP OWNED BY <b_login>",), must_fail=True),
    Probe("row-security-off", _S, ("SET row_security = off", _ALL)),
    Probe("replication-role", _S, ("SET session_replication_role = replica",), must_fail=True),
    Probe(
        "prepared-under-other-claim",
        _S,
        (
            "PREPARE p AS SELECT * FROM <accounts>",
            "EXECUTE p",
            _SET,
            "EXECUTE p",
            _SET_A,
            "EXECUTE p",
        ),
    ),
    Probe(
        "prepared-generic-plan",
        _S,
        (
            "SET plan_cache_mode = force_generic_plan",
            "PREPARE g (text) AS SELECT * FROM <accounts> WHERE tenant_id = $1",
            "EXECUTE g('<b>')",
            "EXECUTE g('<a>')",
            "EXECUTE g('<b>')",
        ),
    ),
    Probe(
        "prepared-six-times",
        _S,
        (
            "PREPARE s (text) AS SELECT * FROM <accounts> WHERE sector = $1",
            *(["EXECUTE s('x')"] * 6),
            "EXECUTE s('<b_sector>')",
        ),
    ),
    Probe(
        "cursor-held",
        _S,
        (
            "BEGIN",
            "DECLARE c CURSOR WITH HOLD FOR SELECT * FROM <accounts>",
            "COMMIT",
            _SET,
            "FETCH ALL FROM c",
        ),
    ),
    Probe(
        "cursor-across-claims",
        _S,
        (
            "BEGIN",
            "DECLARE c CURSOR FOR SELECT * FROM <accounts>",
            _SET,
            "FETCH ALL FROM c",
            "COMMIT",
        ),
    ),
    Probe(
        "cursor-for-update",
        _S,
        (
            "BEGIN",
            "DECLARE c CURSOR FOR SELECT * FROM <accounts> FOR UPDATE",
            "FETCH ALL FROM c",
            "UPDATE tenant_private.crm_accounts SET name = name WHERE CURRENT OF c RETURNING *",
            "ROLLBACK",
        ),
    ),
    Probe("discard", _S, ("DISCARD ALL", _ALL), must_fail=True),
    Probe(
        "debug-output",
        _S,
        ("SET client_min_messages = debug5", "SET debug_print_plan = on", _ALL),
        steady=False,
    ),
    Probe(
        "parallel",
        _S,
        (
            "SET debug_parallel_query = on",
            "SET parallel_setup_cost = 0",
            "SET min_parallel_table_scan_size = 0",
            "SELECT count(*) FROM tenant_private.crm_accounts",
        ),
        steady=False,
    ),
    Probe("savepoint", _S, ("BEGIN", "SAVEPOINT s", _SET, "ROLLBACK TO s", _ALL, "COMMIT")),
)
