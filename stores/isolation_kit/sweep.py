"""Finds by itself what tenant A may reach, and tries all of it: new tables are covered unasked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import sql

from catalog.data_classes import DataClass, PrincipalKind
from stores.isolation_kit.leak import Leak
from stores.isolation_kit.planting import owned_tables
from stores.isolation_kit.transcript import transcribed
from stores.isolation_kit.world import World, leaks

__all__ = ["sweep", "unauthenticated"]

_FAMILY = "sweep"
_LIMIT = 5000
_RELATIONS = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f', 'S')
  AND has_schema_privilege(%(login)s, n.oid, 'USAGE')
  AND has_any_column_privilege(%(login)s, c.oid, 'SELECT')
  AND c.relname <> 'pg_attribute'
  AND (n.nspname IN ('pg_catalog', 'information_schema')) = %(catalogs)s
ORDER BY n.nspname <> 'tenant_private', n.nspname, c.relname
"""
_FUNCTIONS = """
SELECT p.oid::regproc::text, ARRAY(SELECT t::regtype::text FROM unnest(p.proargtypes) t)
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.prosecdef AND p.prokind = 'f' AND p.prorettype <> 'trigger'::regtype
  AND has_schema_privilege(%(login)s, n.oid, 'USAGE')
  AND has_function_privilege(%(login)s, p.oid, 'EXECUTE')
ORDER BY 1
"""
_FORBIDDEN = ("TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN")


def sweep(world: World, *, catalogs: bool) -> Iterator[Leak]:
    """Read every relation and call every definer function that A's login may.

    ``catalogs`` chooses PostgreSQL's own relations, which are many, or all the others.
    """
    login = {"login": world.a.login, "catalogs": catalogs}
    with world.administered() as admin:
        relations = admin.execute(_RELATIONS, login).fetchall()
        functions = admin.execute(_FUNCTIONS, login).fetchall()
    statements = [
        (
            f"{schema}.{name}",
            sql.SQL("SELECT * FROM {} LIMIT {}").format(
                sql.Identifier(schema, name), sql.Literal(_LIMIT)
            ),
        )
        for schema, name in relations
    ]
    if not catalogs:
        statements += [
            (name, sql.SQL("SELECT * FROM {}({})").format(sql.SQL(name), given))
            for name, types in functions
            for first in (world.b.tenant, f"{world.b.key}0", "crm_accounts")
            for given in [_arguments(world, types, first)]
        ]
        yield from _privileges(world)
    with world.connected(PrincipalKind.TENANT, world.a.tenant, world.token(world.a)) as connection:
        for label, statement in statements:
            yield from _shown(world, connection, label, statement)


def _shown(
    world: World, connection: psycopg.Connection[Any], label: str, statement: sql.Composed
) -> Iterator[Leak]:
    text = statement.as_string(connection)
    claims = {"<a_claim>": "", "<b_claim>": "", "<b>": world.b.tenant}
    seen = transcribed(connection, [text], claims)
    # As one text: the catalogs are long, and have no rows that a tenant could cut up.
    for sighting in leaks(world, seen.text):
        yield Leak(label, _FAMILY, f"shows {sighting}")
    for what, value in (("tenant id", world.b.tenant), ("login", world.b.login)):
        if value not in text and value in seen.text:
            yield Leak(label, _FAMILY, f"shows another tenant's {what}")


def _arguments(world: World, types: list[str], first: str) -> sql.Composed:
    texts = [first, world.b.tenant, "crm_accounts", "x", "x", "x", "x", "x"]
    given: list[sql.Composable] = []
    for kind in types:
        if kind in {"text", "character varying", "name"}:
            given.append(sql.SQL("{}::{}").format(sql.Literal(texts.pop(0)), sql.SQL(kind)))
        elif kind in {"integer", "bigint", "numeric"}:
            given.append(sql.SQL("1::{}").format(sql.SQL(kind)))
        else:
            given.append(sql.SQL("NULL::{}").format(sql.SQL(kind)))
    return sql.SQL(", ").join(given)


def _privileges(world: World) -> Iterator[Leak]:
    with world.administered() as admin:
        version = admin.info.server_version
        for dataset in owned_tables(DataClass.TENANT_PRIVATE):
            for privilege in _FORBIDDEN:
                if privilege == "MAINTAIN" and version < 170000:  # noqa: PLR2004 - its first release
                    continue
                row = admin.execute(
                    "SELECT has_table_privilege(%s, %s, %s)",
                    (world.a.login, dataset.qualified_name, privilege),
                ).fetchone()
                if row and row[0]:
                    yield Leak(dataset.qualified_name, _FAMILY, f"grants {privilege}")


def unauthenticated(world: World) -> Iterator[Leak]:
    """Try B's login without its password, with A's, and over the network."""
    secret = world.platform.keyring.login(PrincipalKind.TENANT, world.b.tenant)
    own = world.platform.keyring.login(PrincipalKind.TENANT, world.a.tenant)
    url = world.platform.database.login_url(secret)
    for label, password in (("no password", ""), ("another's password", own.password)):
        try:
            psycopg.connect(
                host=str(url.query.get("host", url.host)),
                dbname=url.database,
                user=secret.login,
                password=password,
                connect_timeout=5,
            ).close()
        except psycopg.OperationalError:
            continue
        yield Leak(label, "authentication", "opens another tenant's login")
