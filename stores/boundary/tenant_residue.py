"""Looks through the whole installation for what is left of a tenant: counts by place, no values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql
from sqlalchemy import Connection, text

from stores.boundary.provisioning import driver_of
from stores.boundary.rules import OWNER_OF_SCHEMA
from stores.home import Home

__all__ = ["Residue", "files_naming", "residue_of"]

# By `pg_type.typcategory`: a number, a time or a vector cannot hold an id or a name.
_TEXT_COLUMNS = text(
    "SELECT n.nspname AS schema, c.relname AS name, array_agg(a.attname ORDER BY a.attnum) "
    "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
    "JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid "
    "LEFT JOIN pg_type e ON e.oid = t.typelem "
    "WHERE n.nspname = ANY(:schemas) AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped "
    "AND (t.typcategory = 'S' OR t.typname IN ('json', 'jsonb', 'bytea') "
    "OR (t.typcategory = 'A' AND e.typcategory = 'S')) GROUP BY 1, 2 ORDER BY 1, 2"
)
# There a name is other owners' data: they may know the company, or be called almost alike.
_NAMES_OF_OTHERS = ("tenant_private.", "staging.", "control.tenants", "control.funds")
_SHORTEST_NAME = 3
_MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Residue:
    """Rows that hold the tenant's id, and rows outside tenants' stores that hold its name."""

    with_its_id: Mapping[str, int]
    with_its_name: Mapping[str, int]
    tables_searched: int
    columns_searched: int


def residue_of(connection: Connection, tenant_id: str, external_name: str | None) -> Residue:
    """Search every text, JSON, array and byte column of every table of ours."""
    tables = connection.execute(_TEXT_COLUMNS, {"schemas": sorted(OWNER_OF_SCHEMA)}).all()
    ids: dict[str, int] = {}
    names: dict[str, int] = {}
    for schema, name, columns in tables:
        others = f"{schema}.{name}".startswith(_NAMES_OF_OTHERS)
        wanted = None if others else external_name
        with_id, with_name = _rows_holding(connection, (schema, name), columns, tenant_id, wanted)
        if with_id:
            ids[f"{schema}.{name}"] = with_id
        if with_name:
            names[f"{schema}.{name}"] = with_name
    return Residue(ids, names, len(tables), sum(len(columns) for _, _, columns in tables))


def _rows_holding(
    connection: Connection,
    table: tuple[str, str],
    columns: list[str],
    tenant_id: str,
    external_name: str | None,
) -> tuple[int, int]:
    joined = sql.SQL(", ").join(
        sql.SQL("CAST({} AS text)").format(sql.Identifier(column)) for column in columns
    )
    query = sql.SQL(
        "SELECT count(*) FILTER (WHERE strpos(r.t, %(id)s) > 0 OR strpos(r.t, %(hex)s) > 0), "
        "count(*) FILTER (WHERE strpos(lower(r.t), lower(CAST(%(name)s AS text))) > 0) "
        "FROM (SELECT concat_ws(chr(10), {}) AS t FROM {}) r"
    ).format(joined, sql.Identifier(*table))
    named = external_name if external_name and len(external_name) >= _SHORTEST_NAME else None
    # A column of bytes is shown in hexadecimal.
    values = {"id": tenant_id, "hex": tenant_id.encode().hex(), "name": named}
    found = driver_of(connection).execute(query, values).fetchone()
    assert found is not None  # noqa: S101 - an aggregate has a row
    return int(found[0]), int(found[1])


def files_naming(home: Home, tenant_id: str) -> tuple[str, ...]:
    """Files of the installation, the database's own left out, that hold the tenant's id."""
    needle = tenant_id.encode()
    return tuple(
        sorted(
            str(path.relative_to(home.root))
            for path in home.root.rglob("*")
            if home.pgdata not in path.parents and _holds(path, needle)
        )
    )


def _holds(path: Path, needle: bytes) -> bool:
    try:
        if not path.is_file() or path.is_symlink() or path.stat().st_size > _MOST_BYTES:
            return False
        return needle in path.read_bytes()
    except OSError:
        return False
