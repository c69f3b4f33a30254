"""Checks of privileges: databases, schemas, tables, sequences, functions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from stores.boundary.declared_functions import FUNCTIONS
from stores.boundary.inspection import Check, Inspected
from stores.boundary.rules import (
    COLUMN_GRANTS,
    GROUPS,
    OWNER_OF_SCHEMA,
    SCHEMA_USAGE,
    declared_grants,
)

__all__ = ["PRIVILEGE_CHECKS"]

_SCHEMAS = sorted(OWNER_OF_SCHEMA)
_ROLE = "CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee)::text END"


def _database(seen: Inspected) -> Iterator[str]:
    groups = set(GROUPS.values())
    for row in seen.rows(
        f"SELECT {_ROLE} AS role, x.privilege_type AS privilege FROM pg_database d, "  # noqa: S608
        "aclexplode(COALESCE(d.datacl, acldefault('d', d.datdba))) AS x "
        "WHERE d.datname = current_database() AND x.grantee <> d.datdba"
    ):
        if row.privilege != "CONNECT" or row.role not in groups:
            yield f"{row.role} has {row.privilege} on the database"


def _other_databases(seen: Inspected) -> Iterator[str]:
    for row in seen.rows(
        "SELECT d.datname AS name FROM pg_database d, "
        "aclexplode(COALESCE(d.datacl, acldefault('d', d.datdba))) AS x WHERE d.datallowconn "
        "AND d.datname <> current_database() AND x.grantee = 0 AND x.privilege_type = 'CONNECT'"
    ):
        yield f"database {row.name} is open to our logins, and its catalog is not closed"


def _schemas(seen: Inspected) -> Iterator[str]:
    found: dict[str, set[str]] = defaultdict(set)
    for row in seen.rows(
        f"SELECT n.nspname AS schema, {_ROLE} AS role, x.privilege_type AS privilege, "  # noqa: S608
        "pg_get_userbyid(n.nspowner) AS owner FROM pg_namespace n, "
        "aclexplode(COALESCE(n.nspacl, acldefault('n', n.nspowner))) AS x "
        "WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'"
    ):
        declared = row.schema in SCHEMA_USAGE
        if row.role == row.owner:
            if declared and row.owner != OWNER_OF_SCHEMA.get(row.schema, "pg_database_owner"):
                yield f"schema {row.schema} is owned by {row.owner}"
        elif row.privilege != "USAGE" or row.role not in SCHEMA_USAGE.get(row.schema, ()):
            yield f"{row.role} has {row.privilege} on schema {row.schema}"
        else:
            found[row.schema].add(row.role)
    for schema, roles in SCHEMA_USAGE.items():
        yield from (
            f"{role} lacks USAGE on schema {schema}" for role in roles - found.get(schema, set())
        )


def _tables(seen: Inspected) -> Iterator[str]:
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in seen.rows(
        f"SELECT n.nspname || '.' || c.relname AS table, {_ROLE} AS role, "  # noqa: S608
        "x.privilege_type AS privilege, x.is_grantable AS grantable FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) AS x "
        "WHERE n.nspname = ANY(:schemas) AND c.relkind <> 'S' AND x.grantee <> c.relowner",
        schemas=_SCHEMAS,
    ):
        found[row.table].add((row.role, row.privilege + " WITH GRANT OPTION" * row.grantable))
    declared = declared_grants(seen.registry)
    for table in found.keys() | declared.keys():
        have, want = found.get(table, set()), declared.get(table, frozenset())
        yield from (f"{role} has {what} on {table}" for role, what in have - want)
        yield from (f"{role} lacks {what} on {table}" for role, what in want - have)


def _columns(seen: Inspected) -> Iterator[str]:
    found: dict[str, set[tuple[str, str, str]]] = defaultdict(set)
    for row in seen.rows(
        f"SELECT n.nspname || '.' || c.relname AS table, {_ROLE} AS role, "  # noqa: S608
        "x.privilege_type AS privilege, a.attname AS column FROM pg_attribute a "
        "JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace, "
        "aclexplode(a.attacl) AS x WHERE a.attacl IS NOT NULL AND n.nspname = ANY(:schemas)",
        schemas=_SCHEMAS,
    ):
        found[row.table].add((row.role, row.privilege, row.column))
    for table in found.keys() | COLUMN_GRANTS.keys():
        have, want = found.get(table, set()), COLUMN_GRANTS.get(table, frozenset())
        yield from (f"{role} has {what} on {table}.{column}" for role, what, column in have - want)
        yield from (
            f"{role} lacks {what} on {table}.{column}" for role, what, column in want - have
        )


def _sequences(seen: Inspected) -> Iterator[str]:
    for row in seen.rows(
        f"SELECT n.nspname || '.' || c.relname AS name, {_ROLE} AS role, "  # noqa: S608
        "x.privilege_type AS privilege FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) AS x "
        "WHERE n.nspname = ANY(:schemas) AND c.relkind = 'S' AND x.grantee <> c.relowner",
        schemas=_SCHEMAS,
    ):
        yield f"{row.role} has {row.privilege} on sequence {row.name}"


def _defaults(seen: Inspected) -> Iterator[str]:
    for row in seen.rows(
        "SELECT pg_get_userbyid(defaclrole) AS role, defaclobjtype AS kind FROM pg_default_acl"
    ):
        yield f"what {row.role} makes of kind {row.kind} is granted to others at once"


_SIGNATURE = (
    "p.proname || '(' || array_to_string(ARRAY("
    "SELECT format_type(t, NULL) FROM unnest(p.proargtypes) AS t), ',') || ')'"
)


def _functions(seen: Inspected) -> Iterator[str]:
    found = {
        row.name: row
        for row in seen.rows(
            f"SELECT {_SIGNATURE} AS name, pg_get_userbyid(p.proowner) AS owner, "  # noqa: S608
            "p.prosecdef AS definer, array_to_string(p.proconfig, ';') AS settings "
            "FROM pg_proc p WHERE p.pronamespace = 'control'::regnamespace"
        )
    }
    yield from (f"function control.{name} is missing" for name in FUNCTIONS.keys() - found.keys())
    for name, row in found.items():
        declared = FUNCTIONS.get(name)
        if declared is None:
            yield f"function control.{name} is not declared"
            continue
        if row.owner != declared.owner:
            yield f"function control.{name} is owned by {row.owner}"
        if row.definer != declared.definer:
            yield f"function control.{name} runs with the wrong rights"
        if row.settings != declared.settings:
            yield f"function control.{name} does not fix its search path"


def _executors(seen: Inspected) -> Iterator[str]:
    found: dict[str, set[str]] = defaultdict(set)
    for row in seen.rows(
        f"SELECT {_SIGNATURE} AS name, {_ROLE} AS role FROM pg_proc p, "  # noqa: S608
        "aclexplode(COALESCE(p.proacl, acldefault('f', p.proowner))) AS x "
        "WHERE p.pronamespace = 'control'::regnamespace AND x.grantee <> p.proowner"
    ):
        found[row.name].add(row.role)
    for name in found.keys() | FUNCTIONS.keys():
        declared = FUNCTIONS.get(name)
        want = declared.executors if declared else frozenset()
        have = found.get(name, set())
        yield from (f"{role} may run control.{name}" for role in have - want)
        yield from (f"{role} may not run control.{name}" for role in want - have)


def _functions_elsewhere(seen: Inspected) -> Iterator[str]:
    for row in seen.rows(
        f"SELECT n.nspname || '.' || {_SIGNATURE} AS name FROM pg_proc p "  # noqa: S608
        "JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.oid >= 16384 "
        "AND n.nspname <> 'control' AND NOT EXISTS (SELECT FROM pg_depend d "
        "WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')"
    ):
        yield f"function {row.name} is not declared"


def _views(seen: Inspected) -> Iterator[str]:
    for row in seen.rows(
        "SELECT n.nspname || '.' || c.relname AS name FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid >= 16384 "
        "AND c.relkind IN ('v', 'm', 'f') AND NOT (c.relkind = 'v' "
        "AND COALESCE(c.reloptions, '{}') @> ARRAY['security_invoker=true'] "
        "AND COALESCE(c.reloptions, '{}') @> ARRAY['security_barrier=true'])"
    ):
        yield f"view {row.name} reads with its owner's rights"


_AS_DECLARED = "undo it by hand: stores/boundary/rules.py declares every privilege"
PRIVILEGE_CHECKS: tuple[Check, ...] = (
    Check(
        "database.privileges",
        "groups may connect, and nobody may make schemas or temporary tables",
        "REVOKE ALL ON DATABASE … FROM PUBLIC, and what was granted beside CONNECT",
        _database,
    ),
    Check(
        "database.others",
        "our logins reach no database of this server but those made for them",
        "REVOKE CONNECT ON DATABASE … FROM PUBLIC, or give Classline a server of its own",
        _other_databases,
    ),
    Check("schemas.privileges", "schemas are used by those declared", _AS_DECLARED, _schemas),
    Check("grants.tables", "tables grant exactly what is declared", _AS_DECLARED, _tables),
    Check("grants.columns", "columns grant exactly what is declared", _AS_DECLARED, _columns),
    Check("grants.sequences", "no sequence is granted", "REVOKE ALL ON SEQUENCE …", _sequences),
    Check(
        "grants.defaults",
        "nothing new is granted by default",
        "ALTER DEFAULT PRIVILEGES … REVOKE",
        _defaults,
    ),
    Check(
        "functions.declared",
        "functions of control are those declared, with their owner and a fixed search path",
        _AS_DECLARED,
        _functions,
    ),
    Check("functions.executors", "functions are run by those declared", _AS_DECLARED, _executors),
    Check(
        "functions.elsewhere",
        "no function stands outside schema control",
        "drop it: it may run with its owner's rights",
        _functions_elsewhere,
    ),
    Check(
        "views.invoker",
        "a view reads with the rights of who asks",
        "drop it, or ALTER VIEW … SET (security_invoker = true, security_barrier = true)",
        _views,
    ),
)
