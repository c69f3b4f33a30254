"""Plants defects of every kind in the grown project, as an administrator could, and tells where.

What it prints is what an audit must find: rule, place and what the message names, of each.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, text

from benchmarks.audit.grown_datasets import DATASETS
from catalog.data_classes import DataClass
from catalog.registry import Dataset, StoreKind
from stores.boundary.provisioning import audit
from stores.platform import open_platform

__all__ = ["plant"]

_OF_EACH = 5
Expected = Iterator[tuple[str, str, str]]


def plant(home: Path) -> list[tuple[str, str, str]]:
    """Plant them all in stores of their own; what every finding is told by."""
    with open_platform(home) as platform, platform.admin_engine().begin() as connection:
        benchmarks = iter(_stores(DataClass.ANONYMIZED_BENCHMARK, StoreKind.TABLE))
        private = iter(_stores(DataClass.TENANT_PRIVATE, StoreKind.TABLE))
        spaces = iter(_stores(DataClass.ANONYMIZED_BENCHMARK, StoreKind.VECTOR_NAMESPACE))
        expected = {*_keys(connection)}
        for number in range(_OF_EACH):
            expected |= {
                *_unlabelled(connection, next(benchmarks)),
                *_personal(connection, next(benchmarks)),
                *_loosened(connection, next(benchmarks)),
                *_contradicting(connection, next(private)),
                *_open(connection, next(private)),
                *_tenant_named(connection, next(spaces)),
                *_unregistered(connection, number),
            }
    return sorted(expected)


def _stores(data_class: DataClass, kind: StoreKind) -> list[Dataset]:
    return [d for d in DATASETS if d.data_class is data_class and d.kind is kind]


def _unlabelled(connection: Connection, store: Dataset) -> Expected:
    connection.execute(text(f"ALTER TABLE {store.qualified_name} ADD COLUMN added TEXT"))
    yield "AUD101", "boundary labels.columns", f"{store.qualified_name}.added"
    yield "AUD201", store.qualified_name, ""


def _personal(connection: Connection, store: Dataset) -> Expected:
    connection.execute(
        text(
            f"UPDATE {store.qualified_name} SET note = 'write to ' || :address "
            "WHERE item_id = 'item 7'"
        ),
        {"address": "jane.roe@example.com"},
    )
    yield "AUD201", store.qualified_name, ""


def _loosened(connection: Connection, store: Dataset) -> Expected:
    was, now = DataClass.TENANT_PRIVATE, store.data_class
    change = ("class changed", store.qualified_name, str(was), str(now))
    audit(connection, [change], "planted by a benchmark")
    yield "AUD601", store.qualified_name, str(was)


def _contradicting(connection: Connection, store: Dataset) -> Expected:
    comment = "[anonymized_benchmark] What was noted"
    connection.execute(text(f"COMMENT ON COLUMN {store.qualified_name}.note IS '{comment}'"))
    yield "AUD101", "boundary labels.columns", f"{store.qualified_name}.note"
    yield "AUD201", store.qualified_name, ""


def _open(connection: Connection, store: Dataset) -> Expected:
    connection.execute(
        text(f"CREATE POLICY extra ON {store.qualified_name} FOR SELECT TO tenant_rw USING (true)")
    )
    yield "AUD101", "boundary policies.declared", store.qualified_name
    yield "AUD101", "boundary policies.no_open_door", store.qualified_name
    yield "AUD501", "probe as a tenant", store.qualified_name


def _tenant_named(connection: Connection, store: Dataset) -> Expected:
    connection.execute(
        text(
            f"UPDATE {store.qualified_name} SET content = 'as ' || tenant_id || ' does it' "
            "FROM (SELECT tenant_id FROM control.tenants LIMIT 1) t WHERE item_id = 'item 3'"
        )
    )
    yield "AUD201", store.qualified_name, ""


def _unregistered(connection: Connection, number: int) -> Expected:
    name = f"anonymized.anonymized_shadow_{number}"
    connection.execute(text(f"CREATE TABLE {name} (note TEXT)"))
    for rule in ("tables.registered", "tables.owners", "tables.row_security", "labels.columns"):
        yield "AUD101", f"boundary {rule}", name


def _keys(connection: Connection) -> Expected:
    connection.execute(
        text(
            "INSERT INTO platform.kv_entries (key, value) "
            f"SELECT 'shadow_' || n || chr(58) || 'a', '1' FROM generate_series(1, {_OF_EACH}) n"
        )
    )
    for number in range(1, _OF_EACH + 1):
        yield "AUD301", "platform.kv_entries", f"shadow_{number}"


if __name__ == "__main__":
    print(json.dumps(plant(Path(os.environ["CLASSLINE_HOME"]))))
