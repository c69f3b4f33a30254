"""Makes the tables of the grown project as the boundary demands them: what its revision runs."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from benchmarks.audit.grown_datasets import DATASETS
from catalog.registry import Dataset, Registry
from stores.boundary.rules import (
    OWNER_OF_SCHEMA,
    DeclaredPolicy,
    declared_grants,
    declared_policies,
    owned_datasets,
)
from stores.tables import metadata_of, physical_datasets

__all__ = ["create"]

_COMMANDS = {"*": "ALL", "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}


def create(connection: Connection) -> None:
    """Tables with comments and indexes, owners, row-level security, policies and grants."""
    registry = Registry(DATASETS)
    metadata_of(registry).create_all(connection, checkfirst=False)
    for dataset in physical_datasets(registry):
        connection.exec_driver_sql(";\n".join(_closing(dataset, registry)))


def _closing(dataset: Dataset, registry: Registry) -> Iterator[str]:
    name = dataset.qualified_name
    yield f"ALTER TABLE {name} OWNER TO {OWNER_OF_SCHEMA[dataset.schema]}"
    yield f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
    if dataset in owned_datasets(registry):
        for column in dataset.columns:
            yield f"ALTER TABLE {name} ALTER COLUMN {column.name} SET STATISTICS 0"
    alone = Registry([dataset])
    for policy in declared_policies(alone)[name]:
        yield _policy(policy, name)
    for role, privilege in sorted(declared_grants(alone)[name]):
        yield f"GRANT {privilege} ON {name} TO {role}"


def _policy(policy: DeclaredPolicy, name: str) -> str:
    using = f" USING ({policy.using})" if policy.using else ""
    check = f" WITH CHECK ({policy.check})" if policy.check else ""
    command, roles = _COMMANDS[policy.command], ", ".join(policy.roles)
    return f"CREATE POLICY {policy.name} ON {name} FOR {command} TO {roles}{using}{check}"
