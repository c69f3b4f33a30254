"""Every weakening of the boundary must be found by the rule that forbids it, and nothing else."""

# ruff: noqa: E501 - a weakening reads best on one line

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from sqlalchemy import Connection, make_url, text

from stores.boundary.ledger_checks import LEDGER_TEXTS
from stores.boundary.rules import LEDGERED, ledger_trigger
from stores.boundary.text_checks import TEXTS
from stores.boundary.verification import (
    CHECKS,
    BoundaryUnsound,
    RuleResult,
    inspect,
    refuse_unsound,
    verify,
)
from stores.databases import ServerDatabase
from stores.platform import Platform
from stores.reasons import HIDING
from stores.startup import bring_up
from tests.stores.conftest import Owners

pytestmark = pytest.mark.integration

_A = "tenant_private.crm_accounts"
_OWN = "tenant_id = (SELECT control.tenant())"
_TENANT_LOGIN = "(SELECT login FROM control.logins WHERE kind = 'tenant' ORDER BY login LIMIT 1)"
_FUNCTION = "CREATE FUNCTION {} RETURNS text LANGUAGE sql {} AS 'SELECT ''x''::text'"


def _for_a_login(statement: str) -> str:
    return f"DO $$ BEGIN EXECUTE format('{statement}', {_TENANT_LOGIN}); END $$"


@dataclass(frozen=True)
class Weakening:
    """A change that opens the boundary, and the rule that must find it."""

    name: str
    rule: str
    sql: str


# fmt: off
_WEAKENINGS = tuple(
    Weakening(*row)
    for row in (
        ("row security off", "tables.row_security", f"ALTER TABLE {_A} DISABLE ROW LEVEL SECURITY"),
        ("row security not forced", "tables.row_security", f"ALTER TABLE {_A} NO FORCE ROW LEVEL SECURITY"),
        ("control row security off", "tables.row_security", "ALTER TABLE control.logins DISABLE ROW LEVEL SECURITY"),
        ("superuser owns a table", "tables.owners", f"ALTER TABLE {_A} OWNER TO postgres"),
        ("unregistered table", "tables.registered", "CREATE TABLE tenant_private.copies (tenant_id text)"),
        ("table dropped", "tables.registered", "DROP TABLE tenant_private.drafts"),
        ("using true", "policies.no_open_door", f"ALTER POLICY own_rows ON {_A} USING (true)"),
        ("second policy, using true", "policies.no_open_door", f"CREATE POLICY extra ON {_A} FOR SELECT TO tenant_rw USING (true)"),
        ("with check true", "policies.no_open_door", f"ALTER POLICY own_rows ON {_A} WITH CHECK (true)"),
        ("policy for public", "policies.no_open_door", f"CREATE POLICY extra ON {_A} USING (true)"),
        ("policy on a setting", "policies.no_settings", f"ALTER POLICY own_rows ON {_A} USING (tenant_id = current_setting('classline.tenant'))"),
        ("missing with check", "policies.checked_writes", f"DROP POLICY own_rows ON {_A}; CREATE POLICY own_rows ON {_A} TO tenant_rw USING ({_OWN})"),
        ("policy dropped", "policies.declared", f"DROP POLICY own_rows ON {_A}"),
        ("policy for another group", "policies.declared", f"ALTER POLICY own_rows ON {_A} TO tenant_rw, fund_r"),
        ("policy restrictive", "policies.declared", f"DROP POLICY own_rows ON {_A}; CREATE POLICY own_rows ON {_A} AS RESTRICTIVE TO tenant_rw USING ({_OWN}) WITH CHECK ({_OWN})"),
        ("anonymizer policy wider", "policies.declared", f"ALTER POLICY run_sources ON {_A} USING ((SELECT control.is_kind('anonymizer')))"),
        ("call for every row", "policies.once_a_statement", f"ALTER POLICY own_rows ON {_A} USING (tenant_id = control.tenant())"),
        ("global unique key", "keys.owner_first", f"CREATE UNIQUE INDEX global ON {_A} (employees)"),
        ("global foreign key", "keys.owner_first", f"CREATE UNIQUE INDEX g ON {_A} (name); ALTER TABLE tenant_private.prospects ADD CONSTRAINT g FOREIGN KEY (company) REFERENCES {_A} (name)"),
        ("owner last in the key", "keys.owner_first", "ALTER TABLE tenant_private.drafts DROP CONSTRAINT drafts_pkey, ADD PRIMARY KEY (draft_id, tenant_id)"),
        ("column uncommented", "labels.columns", f"COMMENT ON COLUMN {_A}.name IS NULL"),
        ("column relabelled", "labels.columns", f"COMMENT ON COLUMN {_A}.name IS '[anonymized_benchmark] Company name'"),
        ("column added", "labels.columns", f"ALTER TABLE {_A} ADD COLUMN note text"),
        ("sampled again", "statistics.targets", f"ALTER TABLE {_A} ALTER COLUMN name SET STATISTICS 100"),
        ("sampled by default", "statistics.targets", f"ALTER TABLE {_A} ALTER COLUMN tenant_id SET STATISTICS DEFAULT"),
        ("expression index sampled", "statistics.targets", f"CREATE INDEX e ON {_A} (tenant_id, lower(name))"),
        ("samples kept", "statistics.purged", f"ALTER TABLE {_A} ALTER COLUMN name SET STATISTICS 100; ANALYZE {_A}"),
        ("extended statistics", "statistics.purged", f"CREATE STATISTICS tenant_private.s ON tenant_id, name FROM {_A}"),
        ("audit trigger disabled", "triggers.append_only", "ALTER TABLE platform.kv_audit DISABLE TRIGGER append_only"),
        ("audit trigger only for replicas", "triggers.append_only", "ALTER TABLE platform.kv_audit ENABLE REPLICA TRIGGER append_only"),
        ("audit trigger asleep for replicas", "triggers.append_only", "ALTER TABLE platform.kv_audit ENABLE TRIGGER append_only"),
        ("admin writes unaudited", "triggers.admin_writes", "ALTER TABLE control.portfolio_membership DISABLE TRIGGER admin_write"),
        ("new logins alone audited", "triggers.admin_writes", "DROP TRIGGER admin_write ON control.logins; CREATE TRIGGER admin_write AFTER INSERT ON control.logins FOR EACH ROW EXECUTE FUNCTION control.record_admin_write('login', 'login', 'kind tenant_id fund_id'); ALTER TABLE control.logins ENABLE ALWAYS TRIGGER admin_write"),
        ("a floor lowered", "floors.as_declared", "UPDATE control.class_floors SET k_tenants = 2 WHERE from_class = 'tenant_private' AND to_class = 'fund_private'"),
        ("dominance switched off", "floors.as_declared", "UPDATE control.class_floors SET max_share = 1 WHERE to_class = 'anonymized_benchmark'"),
        ("a floor for an edge that the policy forbids", "floors.as_declared", "INSERT INTO control.class_floors VALUES ('fund_private', 'ascend_platform_metric', 1, 0, 0, 1, 0)"),
        ("floors audited without their value", "triggers.admin_writes", "DROP TRIGGER admin_write ON control.class_floors; CREATE TRIGGER admin_write AFTER INSERT OR UPDATE OR DELETE ON control.class_floors FOR EACH ROW EXECUTE FUNCTION control.record_admin_write('floor', 'from_class', 'from_class'); ALTER TABLE control.class_floors ENABLE ALWAYS TRIGGER admin_write"),
        ("four eyes closed", "triggers.four_eyes", "ALTER TABLE control.approvals DISABLE TRIGGER four_eyes"),
        ("four eyes asleep for replicas", "triggers.four_eyes", "ALTER TABLE control.approvals ENABLE TRIGGER four_eyes"),
        ("four eyes looking afterwards", "triggers.four_eyes", "DROP TRIGGER four_eyes ON control.approvals; CREATE TRIGGER four_eyes AFTER INSERT ON control.approvals FOR EACH ROW EXECUTE FUNCTION control.require_four_eyes(); ALTER TABLE control.approvals ENABLE ALWAYS TRIGGER four_eyes"),
        ("hidden text in reasons", "triggers.readable", "ALTER TABLE platform.kv_audit DISABLE TRIGGER readable"),
        ("hidden text in reasons of replicas", "triggers.readable", "ALTER TABLE control.approvals ENABLE TRIGGER readable"),
        ("hidden text in no reason but new ones", "triggers.readable", "DROP TRIGGER readable ON control.tenant_removals; CREATE TRIGGER readable BEFORE INSERT ON control.tenant_removals FOR EACH ROW EXECUTE FUNCTION control.refuse_hidden_text('reason'); ALTER TABLE control.tenant_removals ENABLE ALWAYS TRIGGER readable"),
        ("another column looked at", "triggers.readable", "DROP TRIGGER readable ON control.audit_signoffs; CREATE TRIGGER readable BEFORE INSERT OR UPDATE OF note ON control.audit_signoffs FOR EACH ROW EXECUTE FUNCTION control.refuse_hidden_text('reason'); ALTER TABLE control.audit_signoffs ENABLE ALWAYS TRIGGER readable"),
        ("nothing hides", "triggers.readable", "CREATE OR REPLACE FUNCTION control.hides_text(said text) RETURNS boolean LANGUAGE sql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$SELECT false$$"),
        ("nothing hides, whatever is looked for", "functions.text", f"CREATE OR REPLACE FUNCTION control.hides_text(said text) RETURNS boolean LANGUAGE sql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$SELECT false AND said ~ ('{HIDING}')$$"),
        ("whatever hides is taken", "functions.text", "CREATE OR REPLACE FUNCTION control.refuse_hidden_text() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$BEGIN RETURN NEW; END$$"),
        ("blanks are seen", "functions.text", "CREATE OR REPLACE FUNCTION control.characters_seen(said text) RETURNS integer LANGUAGE sql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$SELECT length(said)$$"),
        ("no reason is required", "functions.text", "CREATE OR REPLACE FUNCTION control.require_reason(reason_ text) RETURNS void LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$BEGIN END$$"),
        ("half a candidate", "functions.text", "CREATE OR REPLACE FUNCTION control.require_whole_candidate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$BEGIN RETURN NULL; END$$"),
        ("anybody's filing", "functions.text", "CREATE OR REPLACE FUNCTION control.own_filing(promotion uuid) RETURNS control.open_filings LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$SELECT * FROM control.open_filings o WHERE o.promotion_id = promotion$$"),
        ("complete without what was sent", "functions.text", "CREATE OR REPLACE FUNCTION control.complete_candidate(promotion uuid, sent jsonb) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$DELETE FROM control.open_filings o WHERE o.promotion_id = promotion$$"),
        ("cells without a digest", "functions.text", "CREATE OR REPLACE FUNCTION control.candidate_digest(promotion uuid) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$SELECT ''::text$$"),
        ("promotions that may be anything", "functions.text", "CREATE OR REPLACE FUNCTION control.guard_promotion() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$BEGIN RETURN COALESCE(NEW, OLD); END$$"),
        ("any head", "functions.text", "CREATE OR REPLACE FUNCTION control.require_head(size bigint, root_ bytea) RETURNS bytea LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$SELECT root_$$"),
        ("any note", "functions.text", "CREATE OR REPLACE FUNCTION control.require_note(note text, size bigint, root bytea, further text[], ids text[]) RETURNS void LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$BEGIN END$$"),
        ("one root for all", "functions.text", "CREATE OR REPLACE FUNCTION control.frontier_root(frontier bytea) RETURNS bytea LANGUAGE sql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$SELECT NULL::bytea$$"),
        ("a tree that never grows", "functions.text", "CREATE OR REPLACE FUNCTION control.grown_frontier(from_size bigint, from_frontier bytea, to_size bigint) RETURNS bytea LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$SELECT from_frontier$$"),
        ("own eyes alone", "functions.text", "CREATE OR REPLACE FUNCTION control.require_four_eyes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$BEGIN RETURN NEW; END$$"),
        ("changes that are not refused", "functions.text", "CREATE OR REPLACE FUNCTION control.refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$BEGIN RETURN NULL; END$$"),
        ("scopes unaudited", "triggers.admin_writes", "ALTER TABLE control.steward_scopes DISABLE TRIGGER admin_write"),
        ("provenance can be changed", "triggers.append_only", "DROP TRIGGER append_only ON control.version_provenance"),
        ("audit trigger dropped", "triggers.append_only", "DROP TRIGGER append_only ON control.approvals"),
        ("audit trigger on deletes alone", "triggers.append_only", "DROP TRIGGER append_only ON control.approvals; CREATE TRIGGER append_only BEFORE DELETE ON control.approvals FOR EACH STATEMENT EXECUTE FUNCTION control.refuse_change()"),
        ("states unguarded", "triggers.state_machine", "ALTER TABLE control.promotions DISABLE TRIGGER guarded"),
        ("states unguarded for replicas", "triggers.state_machine", "ALTER TABLE control.promotions ENABLE TRIGGER guarded"),
        ("some states guarded", "triggers.state_machine", "DROP TRIGGER guarded ON control.promotions; CREATE TRIGGER guarded BEFORE INSERT OR UPDATE OR DELETE ON control.promotions FOR EACH ROW WHEN (pg_trigger_depth() > 9) EXECUTE FUNCTION control.guard_promotion(); ALTER TABLE control.promotions ENABLE ALWAYS TRIGGER guarded"),
        ("transitions unrecorded", "triggers.state_machine", "DROP TRIGGER recorded ON control.promotions"),
        ("transitions by hand", "triggers.state_machine", "DROP TRIGGER guarded ON control.promotion_transitions"),
        ("transitions changeable", "triggers.append_only", "ALTER TABLE control.promotion_transitions DISABLE TRIGGER append_only"),
        ("promotions emptied", "triggers.state_machine", "DROP TRIGGER kept ON control.promotions"),
        ("edge added", "triggers.state_machine", "ALTER TABLE control.promotion_edges DISABLE TRIGGER fixed; INSERT INTO control.promotion_edges VALUES ('rejected', 'published'); ALTER TABLE control.promotion_edges ENABLE ALWAYS TRIGGER fixed"),
        ("edge removed", "triggers.state_machine", "ALTER TABLE control.promotion_edges DISABLE TRIGGER append_only; DELETE FROM control.promotion_edges WHERE to_state = 'revoked'"),
        ("decisions without turns", "triggers.state_machine", "ALTER TABLE control.approvals DISABLE TRIGGER taking_turns"),
        ("a guard where none is declared", "triggers.none_else", f"CREATE TRIGGER t BEFORE UPDATE ON {_A} FOR EACH ROW EXECUTE FUNCTION control.guard_promotion()"),
        ("stewards withdraw by hand", "grants.tables", "GRANT DELETE ON anonymized.anonymized_tactics TO steward_w"),
        ("anybody revokes", "functions.executors", "GRANT EXECUTE ON FUNCTION control.revoke_promotion(uuid, text) TO platform_rw"),
        ("promotions untold", "triggers.told", "ALTER TABLE control.promotions DISABLE TRIGGER tell_datahub"),
        ("new promotions alone told", "triggers.told", "DROP TRIGGER tell_datahub ON control.promotions; CREATE TRIGGER tell_datahub AFTER INSERT ON control.promotions FOR EACH ROW EXECUTE FUNCTION control.tell_datahub(); ALTER TABLE control.promotions ENABLE ALWAYS TRIGGER tell_datahub"),
        ("decisions untold", "triggers.told", "DROP TRIGGER tell_datahub ON control.approvals"),
        ("promotions leave no leaf", "triggers.ledger", "ALTER TABLE control.promotions DISABLE TRIGGER ledger"),
        ("approvals leave no leaf to replicas", "triggers.ledger", "ALTER TABLE control.approvals ENABLE TRIGGER ledger"),
        ("audit emptied without a leaf", "triggers.ledger", "DROP TRIGGER ledger_truncate ON platform.kv_audit"),
        ("leaves that show names", "triggers.ledger", "SELECT control.keep_ledger_of('control.approvals', 'approval', 'approval_id', 'steward_name')"),
        ("transitions leave no leaf", "triggers.ledger", "ALTER TABLE control.promotion_transitions DISABLE TRIGGER ledger"),
        ("handovers leave no leaf", "triggers.ledger", "DROP TRIGGER ledger ON control.ledger_handovers"),
        ("leaves by another trigger", "triggers.ledger", "CREATE OR REPLACE TRIGGER ledger AFTER INSERT OR UPDATE OR DELETE ON control.approvals FOR EACH ROW EXECUTE FUNCTION control.ledger_of_platform_kv_audit('approval', 'approval_id', 'workflow source_digest decision decided_at expires_at'); ALTER TABLE control.approvals ENABLE ALWAYS TRIGGER ledger"),
        ("a column that no leaf covers", "triggers.ledger_text", "ALTER TABLE control.approvals ADD COLUMN note text"),
        ("a column that is gone", "triggers.ledger_text", "ALTER TABLE control.promotions DROP COLUMN held CASCADE"),
        ("a trigger that records nothing", "triggers.ledger_text", "CREATE OR REPLACE FUNCTION control.ledger_of_control_approvals() RETURNS trigger LANGUAGE plpgsql SET timezone = 'UTC' SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$BEGIN RETURN NULL; END$$"),
        ("a generator of other triggers", "triggers.ledger_text", "CREATE OR REPLACE FUNCTION control.ledger_row(name regclass, kind text, shown text, alias text) RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$BEGIN RETURN quote_literal('{}'); END$$; SELECT control.keep_ledgers()"),
        ("verification that finds no table", "triggers.ledger_text", "CREATE OR REPLACE FUNCTION control.ledgered_tables() RETURNS TABLE (name regclass, kind text, key text, shown text) LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$SELECT NULL::regclass, ''::text, ''::text, ''::text WHERE false$$"),
        ("a ledger trigger that a login runs", "functions.executors", "GRANT EXECUTE ON FUNCTION control.ledger_of_platform_kv_audit() TO platform_rw"),
        ("a ledger trigger with its caller's rights", "functions.declared", "ALTER FUNCTION control.ledger_of_platform_kv_audit() SECURITY INVOKER"),
        ("handovers written by a login", "grants.tables", "GRANT INSERT ON control.ledger_handovers TO platform_rw"),
        ("handovers can be changed", "triggers.append_only", "DROP TRIGGER append_only ON control.ledger_handovers"),
        ("entries can be changed", "triggers.ledger", "ALTER TABLE control.ledger_entries DISABLE TRIGGER erased_only"),
        ("leaves can be changed", "triggers.append_only", "DROP TRIGGER append_only ON control.ledger_leaves"),
        ("pseudonym key shown", "grants.tables", "GRANT SELECT ON control.pseudonym_keys TO platform_rw"),
        ("entries written by a login", "grants.tables", "GRANT INSERT ON control.ledger_entries TO platform_rw"),
        ("entries erased by a login", "functions.executors", "GRANT EXECUTE ON FUNCTION control.erase_ledger_entries(text[], text[]) TO platform_rw"),
        ("copying rule", "triggers.none_else", f"CREATE RULE copies AS ON DELETE TO {_A} DO ALSO NOTIFY x"),
        ("copying trigger", "triggers.none_else", f"CREATE TRIGGER t BEFORE UPDATE ON {_A} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"),
        ("public reads a table", "grants.tables", f"GRANT SELECT ON {_A} TO PUBLIC"),
        ("funds read tenant rows", "grants.tables", f"GRANT SELECT ON {_A} TO fund_r"),
        ("anonymizer reads tokens", "grants.tables", "GRANT SELECT ON tenant_private.oauth_tokens TO anonymizer_r"),
        ("tenants write releases", "grants.tables", "GRANT INSERT ON anonymized.anonymized_tactics TO tenant_rw"),
        ("truncate granted", "grants.tables", f"GRANT TRUNCATE ON {_A} TO tenant_rw"),
        ("references granted", "grants.tables", f"GRANT REFERENCES ON {_A} TO tenant_rw"),
        ("trigger granted", "grants.tables", f"GRANT TRIGGER ON {_A} TO tenant_rw"),
        ("maintain granted", "grants.tables", f"GRANT MAINTAIN ON {_A} TO tenant_rw"),
        ("grant option", "grants.tables", f"GRANT SELECT ON {_A} TO tenant_rw WITH GRANT OPTION"),
        ("privilege lost", "grants.tables", "REVOKE INSERT ON anonymized.anonymized_tactics FROM cl_key"),
        ("loader reads staging", "grants.tables", "GRANT SELECT ON staging.staged_crm_accounts TO loader_w"),
        ("keys readable", "grants.tables", "GRANT SELECT ON control.signing_keys TO platform_rw"),
        ("column granted", "grants.columns", "GRANT SELECT (external_name) ON control.tenants TO platform_rw"),
        ("sequence granted", "grants.sequences", "GRANT USAGE ON SEQUENCE platform.kv_audit_entry_id_seq TO tenant_rw"),
        ("default privileges", "grants.defaults", "ALTER DEFAULT PRIVILEGES FOR ROLE cl_owner GRANT SELECT ON TABLES TO tenant_rw"),
        ("schema create granted", "schemas.privileges", "GRANT CREATE ON SCHEMA tenant_private TO tenant_rw"),
        ("public schema open", "schemas.privileges", "GRANT CREATE ON SCHEMA public TO PUBLIC"),
        ("staging opened", "schemas.privileges", "GRANT USAGE ON SCHEMA staging TO tenant_rw"),
        ("schema owned by superuser", "schemas.privileges", "ALTER SCHEMA tenant_private OWNER TO postgres"),
        ("schema of its own", "schemas.privileges", "CREATE SCHEMA s; GRANT USAGE ON SCHEMA s TO tenant_rw"),
        ("temp granted", "database.privileges", "GRANT TEMP ON DATABASE classline TO tenant_rw"),
        ("database create granted", "database.privileges", "GRANT CREATE ON DATABASE classline TO platform_rw"),
        ("public connects", "database.privileges", "GRANT CONNECT ON DATABASE classline TO PUBLIC"),
        ("other database open", "database.others", "GRANT CONNECT ON DATABASE postgres TO PUBLIC"),
        ("definer function added", "functions.declared", _FUNCTION.format("control.peek()", "SECURITY DEFINER")),
        ("search path removed", "functions.declared", "ALTER FUNCTION control.tenant() RESET search_path"),
        ("search path of the caller first", "functions.declared", "ALTER FUNCTION control.tenant() SET search_path = public, pg_catalog"),
        ("function owned by superuser", "functions.declared", "ALTER FUNCTION control.tenant() OWNER TO postgres"),
        ("function no longer definer", "functions.declared", "ALTER FUNCTION control.tenant() SECURITY INVOKER"),
        ("public function", "functions.executors", "GRANT EXECUTE ON FUNCTION control.publish(uuid) TO PUBLIC"),
        ("tenants publish", "functions.executors", "GRANT EXECUTE ON FUNCTION control.publish(uuid) TO tenant_rw"),
        ("function beside the data", "functions.elsewhere", _FUNCTION.format("tenant_private.peek()", "SECURITY DEFINER")),
        ("function in public", "functions.elsewhere", _FUNCTION.format("public.peek()", "")),
        ("definer view", "views.invoker", f"CREATE VIEW anonymized.peek AS SELECT * FROM {_A}"),
        ("view without barrier", "views.invoker", f"CREATE VIEW public.peek WITH (security_invoker = true) AS SELECT * FROM {_A}"),
        ("materialized view", "views.invoker", f"CREATE MATERIALIZED VIEW public.peek AS SELECT * FROM {_A}"),
        ("language open", "languages.closed", "GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC"),
        ("roles readable", "catalog.relations", "GRANT SELECT ON pg_catalog.pg_roles TO PUBLIC"),
        ("sizes readable", "catalog.relations", "GRANT SELECT (reltuples) ON pg_catalog.pg_class TO PUBLIC"),
        ("sessions readable", "catalog.relations", "GRANT SELECT ON pg_catalog.pg_stat_activity TO tenant_rw"),
        ("advisory locks", "catalog.functions", "GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint) TO PUBLIC"),
        ("large objects", "catalog.functions", "GRANT EXECUTE ON FUNCTION lo_create(oid) TO tenant_rw"),
        ("files", "catalog.functions", "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO platform_rw"),
        ("large object made", "database.ways_out", "SELECT lo_create(4242)"),
        ("publication", "database.ways_out", f"CREATE PUBLICATION p FOR TABLE {_A}"),
        ("foreign data wrapper's server", "database.ways_out", "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w"),
        ("bypassrls", "roles.powerless", _for_a_login("ALTER ROLE %I BYPASSRLS")),
        ("bypassrls on a group", "roles.powerless", "ALTER ROLE tenant_rw BYPASSRLS"),
        ("createrole", "roles.powerless", _for_a_login("ALTER ROLE %I CREATEROLE")),
        ("superuser", "roles.powerless", _for_a_login("ALTER ROLE %I SUPERUSER")),
        ("replication", "roles.powerless", _for_a_login("ALTER ROLE %I REPLICATION")),
        ("owner can log in", "roles.owners_closed", "ALTER ROLE cl_owner LOGIN"),
        ("group can log in", "roles.owners_closed", "ALTER ROLE tenant_rw LOGIN"),
        ("set option", "roles.memberships", _for_a_login("GRANT tenant_rw TO %I WITH SET TRUE")),
        ("admin option", "roles.memberships", _for_a_login("GRANT tenant_rw TO %I WITH ADMIN TRUE")),
        ("login in the owner role", "roles.memberships", _for_a_login("GRANT cl_owner TO %I")),
        ("login in another group", "roles.memberships", _for_a_login("GRANT fund_r TO %I WITH INHERIT TRUE, SET FALSE")),
        ("stranger reads all data", "roles.powerless", "CREATE ROLE stranger LOGIN; GRANT pg_read_all_data TO stranger"),
        ("stranger runs programs", "roles.powerless", "CREATE ROLE stranger LOGIN; GRANT pg_execute_server_program TO stranger"),
        ("login reads all data", "roles.memberships", _for_a_login("GRANT pg_read_all_data TO %I")),
        ("group reads all statistics", "roles.memberships", "GRANT pg_read_all_stats TO tenant_rw"),
        ("group in a group", "roles.memberships", "GRANT anonymizer_r TO tenant_rw"),
        ("unregistered login", "roles.memberships", "CREATE ROLE intruder LOGIN; GRANT tenant_rw TO intruder"),
        ("login outside its group", "roles.registered", _for_a_login("REVOKE tenant_rw FROM %I")),
        ("setting of a login", "roles.settings", _for_a_login("ALTER ROLE %I SET search_path = public")),
        ("setting of the database", "roles.settings", "ALTER DATABASE classline SET session_replication_role = 'replica'"),
        ("signing key gone", "claims.keys", "DELETE FROM control.signing_keys"),
        ("foreign signing key alone", "claims.keys", "UPDATE control.signing_keys SET kid = 'k00000000'"),
    )
)
# fmt: on


@contextmanager
def _weakened(platform: Platform, sql: str) -> Iterator[Connection]:
    """The database with that change, in a transaction that is never committed."""
    with platform.admin_engine().connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        connection.exec_driver_sql("SELECT 1")
        driver.execute(sql)
        yield connection
        connection.rollback()


@pytest.fixture(scope="module")
def violated(platform: Platform, owners: Owners) -> dict[str, set[str]]:
    """By weakening: the rules that it violates."""
    assert owners.a
    found = {}
    for weakening in _WEAKENINGS:
        with _weakened(platform, weakening.sql) as connection:
            results = inspect(connection, platform)
        found[weakening.name] = {result.rule for result in results if not result.passed}
    return found


def test_the_sound_schema_violates_nothing(platform: Platform, owners: Owners) -> None:
    """The positive control: a check that always fails would catch everything below."""
    assert owners.b
    assert [v for result in verify(platform) for v in result.violations] == []


@pytest.mark.parametrize("weakening", _WEAKENINGS, ids=lambda weakening: weakening.name)
def test_a_weakening_is_caught_by_its_rule(
    violated: dict[str, set[str]], weakening: Weakening
) -> None:
    """The rule that forbids it names it; another rule may do so as well."""
    assert weakening.rule in violated[weakening.name]


def test_every_function_is_held_by_its_text(platform: Platform) -> None:
    """One that was changed in the least is named; one that nobody knows is not there."""
    every = {*TEXTS, *LEDGER_TEXTS, *(f"{ledger_trigger(table)}()" for table in LEDGERED)}
    found = (
        "SELECT substr(p.oid::regprocedure::text, 9) FROM pg_proc p "
        "WHERE p.pronamespace = 'control'::regnamespace"
    )
    longer = (
        "SET LOCAL allow_system_table_mods = on; UPDATE pg_proc SET prosrc = prosrc || E'\\n' "
        "WHERE pronamespace = 'control'::regnamespace"
    )
    with _weakened(platform, longer) as connection:
        assert {row[0] for row in connection.execute(text(found))} == every
        results = {result.rule: result.violations for result in inspect(connection, platform)}
    told = [*results["functions.text"], *results["triggers.ledger_text"]]
    assert {each.split(" is not the one")[0] for each in told} == {
        f"the text of control.{name}" for name in (*TEXTS, *LEDGER_TEXTS)
    }


def test_the_score(violated: dict[str, set[str]], capsys: pytest.CaptureFixture[str]) -> None:
    """Every weakening is caught, and every rule about the database catches one."""
    caught = [w for w in _WEAKENINGS if w.rule in violated[w.name]]
    with capsys.disabled():
        sys.stdout.write(f"\nboundary: {len(caught)} of {len(_WEAKENINGS)} weakenings caught\n")
    assert len(caught) == len(_WEAKENINGS)
    rules = {check.rule for check in CHECKS} - {"access.rules", "access.user_map"}
    assert rules - {"extensions.expected"} == {w.rule for w in _WEAKENINGS}


@pytest.mark.parametrize(
    ("name", "line", "rule"),
    [
        ("pg_hba.conf", "local all all trust\n", "access.rules"),
        ("pg_hba.conf", "host all all 127.0.0.1/32 trust\n", "access.rules"),
        ("pg_hba.conf", "host all all 10.0.0.0/8 scram-sha-256\n", "access.rules"),
        ("pg_hba.conf", "host all all 127.0.0.1/1 scram-sha-256\n", "access.rules"),
        ("pg_hba.conf", "host all all ::/0 scram-sha-256\n", "access.rules"),
        ("pg_hba.conf", "host all all samenet scram-sha-256\n", "access.rules"),
        ("pg_hba.conf", "host all all localhost scram-sha-256\n", "access.rules"),
        ("pg_hba.conf", "hostssl all all all md5\n", "access.rules"),
        ("pg_hba.conf", "nonsense\n", "access.rules"),
        ("pg_ident.conf", "classline nobody postgres\n", "access.user_map"),
        ("pg_ident.conf", "classline /^.*$ postgres\n", "access.user_map"),
    ],
)
@pytest.mark.parametrize("kind", ["embedded", "server"])
def test_an_open_access_rule_is_caught(
    platform: Platform, name: str, line: str, rule: str, kind: str
) -> None:
    """Nobody comes in without a password, or as the superuser's operating system user."""
    file = platform.home.pgdata / name
    sound = file.read_text()
    try:
        file.write_text(line + sound)
        results = verify(platform) if kind == "embedded" else _verified_as_a_server(platform)
    finally:
        file.write_text(sound)
    assert {result.rule for result in results if not result.passed} == {rule}


@pytest.mark.parametrize("address", ["127.0.0.1/32", "127.0.0.0/8", "::1/128", "samehost"])
def test_a_server_may_be_reached_by_password_from_its_own_machine(
    platform: Platform, address: str
) -> None:
    """A PostgreSQL as distributions set it up serves; the embedded one has its socket alone."""
    rules = platform.home.pgdata / "pg_hba.conf"
    sound = rules.read_text()
    try:
        rules.write_text(f"host all all {address} scram-sha-256\n{sound}")
        as_server, as_embedded = _verified_as_a_server(platform), verify(platform)
    finally:
        rules.write_text(sound)
    assert all(result.passed for result in as_server)
    assert {result.rule for result in as_embedded if not result.passed} == {"access.rules"}


def test_the_same_rules_hold_for_a_server_by_url(platform: Platform) -> None:
    """A server named by URL is held to the same rules, but for the exact text of its files."""
    assert all(result.passed for result in _verified_as_a_server(platform))


def _verified_as_a_server(platform: Platform) -> tuple[RuleResult, ...]:
    database = ServerDatabase(make_url(str(platform.database.admin_url())))
    with Platform(platform.home, database, platform.keyring) as server:
        return verify(server)


def test_an_unexpected_extension_is_caught(platform: Platform) -> None:
    """An extension brings functions that nobody looked at."""
    with _weakened(platform, "UPDATE pg_extension SET extname = 'x' WHERE extname = 'vector'") as c:
        results = inspect(c, platform)
    assert "extensions.expected" in {result.rule for result in results if not result.passed}


def test_bringing_up_refuses_with_every_violation(platform: Platform) -> None:
    """`classline up` names all that is wrong and what to do, and leaves it to people."""
    weaken = f"GRANT SELECT ON {_A} TO PUBLIC; COMMENT ON COLUMN {_A}.name IS NULL"
    mend = (
        f"REVOKE SELECT ON {_A} FROM PUBLIC;"
        f"COMMENT ON COLUMN {_A}.name IS '[tenant_private] Company name'"
    )
    try:
        with platform.admin_engine().begin() as connection:
            connection.exec_driver_sql(weaken)
        with pytest.raises(BoundaryUnsound) as refused:
            bring_up(platform.home)
    finally:
        with platform.admin_engine().begin() as connection:
            connection.exec_driver_sql(mend)
    assert "grants.tables: PUBLIC has SELECT on tenant_private.crm_accounts" in str(refused.value)
    assert "labels.columns: tenant_private.crm_accounts.name" in str(refused.value)
    assert str(refused.value).count("to do:") == 2
    refuse_unsound(verify(platform))
    with platform.platform_session("test") as session:
        kinds = {alert["kind"] for alert in session.alerts_ascend_platform_metric().all()}
    assert kinds == {"boundary_rule_broken"}


def test_the_command_prints_a_line_per_rule(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`classline boundary verify` is for people and, with --json, for programs; 1 on violation."""
    import json

    from typer.testing import CliRunner

    from steward.command_line import app

    monkeypatch.setenv("CLASSLINE_HOME", str(platform.home.root))
    sound = CliRunner().invoke(app, ["boundary", "verify", "--json"])
    assert sound.exit_code == 0
    assert [rule["rule"] for rule in json.loads(sound.output)] == [c.rule for c in CHECKS]
    try:
        with platform.admin_engine().begin() as connection:
            connection.exec_driver_sql(f"GRANT SELECT ON {_A} TO PUBLIC")
        weak = CliRunner().invoke(app, ["boundary", "verify"])
    finally:
        with platform.admin_engine().begin() as connection:
            connection.exec_driver_sql(f"REVOKE SELECT ON {_A} FROM PUBLIC")
    assert weak.exit_code == 1
    assert "VIOLATED  grants.tables" in weak.output
    assert f"{len(CHECKS)} rules, 1 violated" in weak.output
