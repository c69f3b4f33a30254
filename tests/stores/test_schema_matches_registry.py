"""The database must say of itself what the registry says of it."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

import stores.migrations
from catalog.declared import REGISTRY
from catalog.floors import FLOORS
from stores.platform import Platform
from stores.schema import migrate
from stores.tables import column_comment, metadata_of, physical_datasets

_VERSIONS = Path(stores.migrations.__file__).parent / "versions"


def test_every_revision_documents_the_class_of_every_column() -> None:
    """A reader of the migrations knows each column's class without running anything."""
    documented = "\n".join(
        import_module(f"stores.migrations.versions.{path.stem}").__doc__ or ""
        for path in sorted(_VERSIONS.glob("0*.py"))
    )
    lines = set(documented.splitlines())
    for dataset in physical_datasets(REGISTRY):
        for column in dataset.columns:
            name = f"{dataset.qualified_name}.{column.name}"
            assert f"{name}: {dataset.class_of(column)}" in lines, name


@pytest.mark.integration
def test_the_migrations_build_exactly_what_is_registered(platform: Platform) -> None:
    """No table, column, type, key or comment more or less than the registry declares."""
    schemas = {dataset.schema for dataset in REGISTRY}
    with platform.admin_engine().connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "include_name": lambda name, kind, _: kind != "schema" or name in schemas,
                "compare_type": True,
            },
        )
        differences = compare_metadata(context, metadata_of(REGISTRY))
    assert differences == []


@pytest.mark.integration
def test_every_column_carries_its_class_in_the_database(platform: Platform) -> None:
    """COMMENT ON COLUMN begins with the class the registry declares."""
    query = text(
        "SELECT n.nspname || '.' || c.relname || '.' || a.attname AS name,"
        " col_description(c.oid, a.attnum) AS comment FROM pg_attribute a"
        " JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped"
        " AND n.nspname = ANY(:schemas)"
    )
    schemas = sorted({dataset.schema for dataset in REGISTRY})
    with platform.admin_engine().connect() as connection:
        found = {row.name: row.comment for row in connection.execute(query, {"schemas": schemas})}
    assert found == {
        f"{dataset.qualified_name}.{column.name}": column_comment(dataset, column)
        for dataset in physical_datasets(REGISTRY)
        for column in dataset.columns
    }


@pytest.mark.integration
def test_every_table_of_a_class_has_forced_row_level_security(platform: Platform) -> None:
    """Not even a table's owner reads past the policies; control tables have them enabled."""
    query = text(
        "SELECT n.nspname AS schema, c.relname AS name, c.relrowsecurity AS enabled,"
        " c.relforcerowsecurity AS forced, pg_get_userbyid(c.relowner) AS owner"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND n.nspname = ANY(:schemas)"
    )
    schemas = ["tenant_private", "fund_private", "anonymized", "platform", "control", "quarantine"]
    with platform.admin_engine().connect() as connection:
        tables = connection.execute(query, {"schemas": schemas}).all()
    assert tables
    for table in tables:
        assert table.enabled, table.name
        assert table.forced or table.schema in {"control", "quarantine"}, table.name
        assert table.owner in {"cl_owner", "cl_key"}, table.name


@pytest.mark.integration
def test_the_database_enforces_the_floors_of_the_policy(platform: Platform) -> None:
    """What publish() verifies is what catalog.floors says."""
    with platform.platform_session("test") as session:
        stored = {
            (row["from_class"], row["to_class"]): tuple(row.values())[2:]
            for row in session.records_ascend_platform_metric("class_floors")
        }
    assert stored == {
        edge: (
            floor.k_tenants,
            floor.k_after_leaving_out_a_fund,
            floor.k_funds,
            floor.max_share,
            floor.p_percent,
        )
        for edge, floor in FLOORS.items()
    }


@pytest.mark.integration
def test_migrating_twice_changes_nothing(platform: Platform) -> None:
    """A second `classline up` finds the newest revision and leaves it alone."""
    assert migrate(platform.admin_engine()) is False


def test_definer_functions_fix_their_search_path() -> None:
    """A SECURITY DEFINER function with the caller's search path would run the caller's code."""
    for path in sorted((_VERSIONS.parent / "sql").glob("*.sql")):
        text_ = path.read_text()
        definers = re.findall(r"SECURITY DEFINER[^\n]*", text_)
        fixed = re.compile(r"SET search_path = pg_catalog,( public,)? pg_temp AS")
        assert all(fixed.search(line) for line in definers), path.name
