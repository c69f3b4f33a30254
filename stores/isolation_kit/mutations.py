"""Deliberate weakenings of the boundary: the kit must catch every one, and none in a sound schema.

Each is applied to a copy of the database; what reaches beyond the copy is undone afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import psycopg

from stores.isolation_kit.errors import VoidTest
from stores.isolation_kit.installation import Installation
from stores.isolation_kit.leak import Leak
from stores.isolation_kit.probes import run_probes
from stores.isolation_kit.tenant_functions import tenant_function
from stores.isolation_kit.world import World

__all__ = ["MUTATIONS", "Mutation", "MutationScore", "mutation_score"]

_RELOAD_ATTEMPTS = 200


@dataclass(frozen=True, slots=True)
class Mutation:
    """One weakening: what it does, and how."""

    id: str
    weaken: Callable[[World], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class MutationScore:
    """Which weakenings were caught, and by what first."""

    caught: dict[str, str]
    missed: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"  {name}: {by}" for name, by in self.caught.items()]
        lines += [f"  {name}: MISSED" for name in self.missed]
        total = len(self.caught) + len(self.missed)
        return "\n".join([f"mutation score: {len(self.caught)}/{total}", *lines])


def mutation_score(
    installation: Installation,
    sound: Iterable[Leak] = (),
    mutations: Iterable[Mutation] | None = None,
) -> MutationScore:
    """Apply each weakening to a copy of its own and see whether the kit catches it.

    ``sound`` are leaks that the unchanged schema has already: they catch nothing.
    """
    known = frozenset(sound)
    caught: dict[str, str] = {}
    missed: list[str] = []
    for mutation in MUTATIONS if mutations is None else mutations:
        with installation.world() as world, mutation.weaken(world):
            by = _caught_by(world, known)
        if by is None:
            missed.append(mutation.id)
        else:
            caught[mutation.id] = by
    return MutationScore(caught, tuple(missed))


def _caught_by(world: World, known: frozenset[Leak]) -> str | None:
    try:
        report = run_probes(world, until_first=True, ignoring=known)
    except VoidTest:
        return "the positive control"
    return str(report.leaks[0]) if report.leaks else None


def _sql(*statements: str, undo: str = "") -> Callable[[World], AbstractContextManager[None]]:
    @contextmanager
    def weakened(world: World) -> Iterator[None]:
        def run(statement: str) -> None:
            filled = statement
            for name, value in (
                ("<accounts>", "tenant_private.crm_accounts"),
                ("<a_login>", world.a.login),
                ("<a>", world.a.tenant),
                ("<b>", world.b.tenant),
            ):
                filled = filled.replace(name, value)
            with world.administered() as admin:
                admin.execute(filled.encode())

        for statement in statements:
            run(statement)
        try:
            yield
        finally:
            if undo:
                run(undo)

    return weakened


@contextmanager
def _trusting(world: World) -> Iterator[None]:
    """Let everyone on the socket in, as the embedded server's makers do."""
    rules = world.platform.home.pgdata / "pg_hba.conf"
    closed = rules.read_text()
    try:
        _reload(world, lambda: rules.write_text("local all postgres trust\nlocal all all trust\n"))
        yield
    finally:
        _reload(world, lambda: rules.write_text(closed))


def _reload(world: World, change: Callable[[], object]) -> None:
    url = world.platform.database.admin_url().set(drivername="postgresql")

    def loaded_at(statement: str) -> object:
        with psycopg.connect(url.render_as_string(hide_password=False)) as fresh:
            row = fresh.execute(statement.encode()).fetchone()
            return row and row[0]

    was = loaded_at("SELECT pg_conf_load_time()")
    change()
    loaded_at("SELECT pg_reload_conf()")
    for _ in range(_RELOAD_ATTEMPTS):
        if loaded_at("SELECT pg_conf_load_time()") != was:
            return
    message = "the server did not take the changed access rules"
    raise VoidTest(message)


@contextmanager
def _pooling(world: World) -> Iterator[None]:
    """Hand every tenant the connection, and so the claim, of the one who came first."""
    own = world.platform.tenant_session

    def shared(tenant_id: str, purpose: str) -> AbstractContextManager[object]:
        known = tenant_id in {world.a.tenant, world.b.tenant}
        return own(world.b.tenant if known else tenant_id, purpose)

    world.platform.tenant_session = shared  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        del world.platform.tenant_session


MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "owner without FORCE",
        _sql(
            "ALTER TABLE <accounts> NO FORCE ROW LEVEL SECURITY",
            "GRANT CREATE ON SCHEMA tenant_private TO tenant_rw",
            "ALTER TABLE <accounts> OWNER TO tenant_rw",
        ),
    ),
    Mutation(
        "row security off", _sql("ALTER TABLE tenant_private.emails DISABLE ROW LEVEL SECURITY")
    ),
    Mutation("USING (true)", _sql("ALTER POLICY own_rows ON tenant_private.calls USING (true)")),
    Mutation(
        "second permissive policy",
        _sql("CREATE POLICY support ON tenant_private.drafts FOR SELECT USING (true)"),
    ),
    Mutation(
        "policy on a setting",
        _sql(
            "ALTER POLICY own_rows ON <accounts> USING (tenant_id ="
            " COALESCE(current_setting('classline.tenant', true), '<a>'))"
        ),
    ),
    Mutation("missing WITH CHECK", _sql("ALTER POLICY own_rows ON <accounts> WITH CHECK (true)")),
    Mutation(
        "definer view",
        _sql(
            "CREATE VIEW tenant_private.account_names AS SELECT account_id, name FROM <accounts>",
            "GRANT SELECT ON tenant_private.account_names TO tenant_rw",
        ),
    ),
    Mutation(
        "materialized view",
        _sql(
            "CREATE MATERIALIZED VIEW tenant_private.account_totals AS"
            " SELECT name, count(*) FROM <accounts> GROUP BY name",
            "GRANT SELECT ON tenant_private.account_totals TO tenant_rw",
        ),
    ),
    Mutation("global unique key", _sql("CREATE UNIQUE INDEX ON <accounts> (account_id)")),
    Mutation(
        "global foreign key",
        _sql(
            "CREATE TABLE control.account_keys AS SELECT DISTINCT account_id FROM <accounts>",
            "ALTER TABLE control.account_keys OWNER TO cl_key, ADD PRIMARY KEY (account_id)",
            "ALTER TABLE tenant_private.crm_contacts"
            " DROP CONSTRAINT crm_contacts_account_id_fkey,"
            " ADD FOREIGN KEY (account_id) REFERENCES control.account_keys",
        ),
    ),
    Mutation(
        "BYPASSRLS",
        _sql("ALTER ROLE <a_login> BYPASSRLS", undo="ALTER ROLE <a_login> NOBYPASSRLS"),
    ),
    Mutation(
        "member of the ingest role",
        _sql(
            "GRANT cl_ingest TO <a_login> WITH INHERIT TRUE",
            undo="REVOKE cl_ingest FROM <a_login>",
        ),
    ),
    Mutation(
        "member of the owner",
        _sql(
            "GRANT cl_owner TO <a_login> WITH INHERIT FALSE, SET TRUE",
            undo="REVOKE cl_owner FROM <a_login>",
        ),
    ),
    Mutation(
        "server files",
        _sql(
            "GRANT pg_read_server_files, pg_execute_server_program TO <a_login>",
            "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO <a_login>",
            undo="REVOKE pg_read_server_files, pg_execute_server_program FROM <a_login>",
        ),
    ),
    Mutation("trust authentication", _trusting),
    Mutation("shared pool", _pooling),
    Mutation(
        "shared login",
        _sql(
            "ALTER TABLE control.logins DROP CONSTRAINT logins_pkey",
            "INSERT INTO control.logins (login, kind, tenant_id)"
            " VALUES ('<a_login>', 'tenant', '<b>')",
        ),
    ),
    Mutation(
        "statistics back",
        _sql(
            "ALTER TABLE <accounts> ALTER sector SET STATISTICS 100,"
            " ALTER account_id SET STATISTICS 100",
            "ANALYZE <accounts>",
        ),
    ),
    Mutation("raw statistics", _sql("GRANT SELECT ON pg_statistic TO PUBLIC")),
    Mutation("claim not signed", _sql(tenant_function(signed=False))),
    Mutation("claim not bound to its login", _sql(tenant_function(of_login=False))),
    Mutation("claim's expiry ignored", _sql(tenant_function(unexpired=False))),
    Mutation("claim's classes ignored", _sql(tenant_function(classes=False))),
    Mutation("claim's tenant not checked", _sql(tenant_function(of_tenant=False))),
    Mutation(
        "no claim needed",
        _sql(
            "CREATE OR REPLACE FUNCTION control.tenant() RETURNS text LANGUAGE sql STABLE"
            " SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS"
            " 'SELECT tenant_id FROM control.logins WHERE login = session_user'"
        ),
    ),
    Mutation(
        "grant on sequences",
        _sql("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA control TO tenant_rw"),
    ),
    Mutation(
        "public definer function",
        _sql(
            "CREATE FUNCTION control.accounts_of(tenant text) RETURNS SETOF text LANGUAGE sql"
            " SECURITY DEFINER AS 'SELECT name FROM <accounts> WHERE tenant_id = tenant'"
        ),
    ),
    Mutation(
        "superuser's table",
        _sql(
            "CREATE TABLE tenant_private.account_export AS SELECT * FROM <accounts>",
            "GRANT SELECT ON tenant_private.account_export TO tenant_rw",
        ),
    ),
    Mutation(
        "staging readable",
        _sql(
            "GRANT USAGE ON SCHEMA staging TO tenant_rw",
            "GRANT SELECT ON staging.staged_emails TO tenant_rw",
        ),
    ),
    Mutation("TRUNCATE granted", _sql("GRANT TRUNCATE ON tenant_private.drafts TO tenant_rw")),
    Mutation(
        "signing keys readable",
        _sql(
            "ALTER TABLE control.signing_keys DISABLE ROW LEVEL SECURITY",
            "GRANT SELECT ON control.signing_keys TO tenant_rw",
        ),
    ),
    Mutation("languages open", _sql("GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC")),
    Mutation(
        "temporary tables",
        _sql(
            "DO $$ BEGIN EXECUTE format('GRANT TEMP ON DATABASE %I TO PUBLIC',"
            " current_database()); END $$"
        ),
    ),
    Mutation(
        "fund reads tenants",
        _sql(
            "GRANT USAGE ON SCHEMA tenant_private TO fund_r",
            "GRANT SELECT ON <accounts> TO fund_r",
            "CREATE POLICY fund_reads ON <accounts> FOR SELECT TO fund_r USING (true)",
        ),
    ),
    Mutation(
        "fund reads funds",
        _sql("ALTER POLICY own_rows ON fund_private.op_partner_briefs USING (true)"),
    ),
)
