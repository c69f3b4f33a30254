"""Checks that PostgreSQL's own catalog, functions and languages are closed to every login."""

from __future__ import annotations

from collections.abc import Iterator

from stores.boundary.closed_catalog import (
    CLOSED_FUNCTIONS,
    CLOSED_RELATIONS,
    EXECUTORS_OF_CATALOG,
    EXTENSIONS,
    OPEN_COLUMNS,
)
from stores.boundary.inspection import Check, Inspected
from stores.boundary.rules import GROUPS, OWNERS

__all__ = ["CATALOG_CHECKS"]

_ROLE = "CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee)::text END"
_SIGNATURE = (
    "p.proname || '(' || array_to_string(ARRAY("
    "SELECT format_type(t, NULL) FROM unnest(p.proargtypes) AS t), ',') || ')'"
)


def _languages(seen: Inspected) -> Iterator[str]:
    for row in seen.rows(
        f"SELECT l.lanname AS language, {_ROLE} AS role FROM pg_language l, "  # noqa: S608
        "aclexplode(COALESCE(l.lanacl, acldefault('l', l.lanowner))) AS x "
        "WHERE x.grantee <> l.lanowner AND l.lanpltrusted"
    ):
        yield f"{row.role} may write {row.language}"


def _closed_relations(seen: Inspected) -> Iterator[str]:
    for row in seen.rows(
        f"SELECT c.relname AS name, {_ROLE} AS role FROM pg_class c, "  # noqa: S608
        "aclexplode(c.relacl) AS x WHERE c.relnamespace = 'pg_catalog'::regnamespace "
        "AND c.relkind IN ('r', 'v') AND c.relname ~ :closed AND (x.grantee = 0 "
        "OR pg_get_userbyid(x.grantee) = ANY(:ours))",
        closed=CLOSED_RELATIONS,
        ours=sorted(OWNERS | set(GROUPS.values())),
    ):
        yield f"{row.role} may read {row.name}"
    for row in seen.rows(
        f"SELECT c.relname AS name, a.attname AS column, {_ROLE} AS role FROM pg_class c "  # noqa: S608
        "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attacl IS NOT NULL, "
        "aclexplode(a.attacl) AS x WHERE c.relnamespace = 'pg_catalog'::regnamespace "
        "AND c.relname ~ :closed",
        closed=CLOSED_RELATIONS,
    ):
        if row.name != "pg_class" or row.column not in OPEN_COLUMNS:
            yield f"{row.role} may read {row.name}.{row.column}"


def _closed_functions(seen: Inspected) -> Iterator[str]:
    for row in seen.rows(
        f"SELECT {_SIGNATURE} AS name, {_ROLE} AS role FROM pg_proc p, "  # noqa: S608
        "aclexplode(COALESCE(p.proacl, acldefault('f', p.proowner))) AS x "
        "WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname ~ :closed "
        "AND (x.grantee = 0 OR pg_get_userbyid(x.grantee) = ANY(:ours))",
        closed=CLOSED_FUNCTIONS,
        ours=sorted(OWNERS | set(GROUPS.values())),
    ):
        if row.role not in EXECUTORS_OF_CATALOG.get(row.name, ()):
            yield f"{row.role} may run {row.name}"


def _extensions(seen: Inspected) -> Iterator[str]:
    found = {row.name for row in seen.rows("SELECT extname AS name FROM pg_extension")}
    yield from (f"extension {name} is not expected" for name in found - EXTENSIONS)
    yield from (f"extension {name} is missing" for name in EXTENSIONS - found)


def _ways_out(seen: Inspected) -> Iterator[str]:
    for row in seen.rows(
        "SELECT 'publication ' || pubname AS name FROM pg_publication UNION ALL "
        "SELECT 'event trigger ' || evtname FROM pg_event_trigger UNION ALL "
        "SELECT 'foreign server ' || srvname FROM pg_foreign_server UNION ALL "
        "SELECT 'subscription ' || subname FROM pg_subscription WHERE subdbid = "
        "(SELECT oid FROM pg_database WHERE datname = current_database()) UNION ALL "
        "SELECT 'large object ' || oid FROM pg_largeobject_metadata"
    ):
        yield f"{row.name} is not expected"


CATALOG_CHECKS: tuple[Check, ...] = (
    Check(
        "languages.closed",
        "no login may write a function",
        "REVOKE USAGE ON LANGUAGE …",
        _languages,
    ),
    Check(
        "catalog.relations",
        "catalog tables that show other logins are closed",
        "REVOKE ALL ON pg_catalog.… FROM PUBLIC; revision 0012 lists them",
        _closed_relations,
    ),
    Check(
        "catalog.functions",
        "server functions that signal or measure are closed",
        "REVOKE ALL ON FUNCTION pg_catalog.… FROM PUBLIC; revision 0012 lists them",
        _closed_functions,
    ),
    Check("extensions.expected", "only expected extensions", "DROP EXTENSION …", _extensions),
    Check(
        "database.ways_out",
        "no publication, foreign server, event trigger or large object carries rows away",
        "drop it",
        _ways_out,
    ),
)
