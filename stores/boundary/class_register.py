"""Keeps account of the classes that stores have: a class that changed leaves a row in kv_audit.

What the audit last said of a store is what it had before; nothing else remembers it.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, text

from catalog.registry import Registry
from stores.boundary.provisioning import audit

__all__ = ["classes_of", "record_class_changes"]

_DECLARED, _CHANGED, _WITHDRAWN = "class declared", "class changed", "class withdrawn"
_REASON = "the registry of the version that was brought up"


def classes_of(registry: Registry) -> dict[str, str]:
    """The class of every store, and of every column that has one of its own."""
    stores = {dataset.qualified_name: str(dataset.data_class) for dataset in registry}
    columns = {
        f"{dataset.qualified_name}.{column.name}": str(column.data_class)
        for dataset in registry
        for column in dataset.columns
        if column.data_class not in {None, dataset.data_class}
    }
    return stores | columns


def record_class_changes(connection: Connection, registry: Registry) -> int:
    """Leave a row for every class that is not what the audit last said; returns how many."""
    connection.execute(text("LOCK TABLE platform.kv_audit IN SHARE ROW EXCLUSIVE MODE"))
    entries = _changes(_last_recorded(connection), classes_of(registry))
    if entries:
        audit(connection, entries, _REASON)
    return len(entries)


def _last_recorded(connection: Connection) -> dict[str, str]:
    rows = connection.execute(
        text(
            "SELECT DISTINCT ON (subject) subject, to_value FROM platform.kv_audit "
            "WHERE action IN (:declared, :changed, :withdrawn) ORDER BY subject, entry_id DESC"
        ),
        {"declared": _DECLARED, "changed": _CHANGED, "withdrawn": _WITHDRAWN},
    )
    return {str(row.subject): str(row.to_value) for row in rows if row.to_value is not None}


def _changes(
    was: Mapping[str, str], now: Mapping[str, str]
) -> list[tuple[str, str, str | None, str | None]]:
    return [
        (_action(was.get(name), now.get(name)), name, was.get(name), now.get(name))
        for name in sorted(was.keys() | now.keys())
        if was.get(name) != now.get(name)
    ]


def _action(was: str | None, now: str | None) -> str:
    if was is None:
        return _DECLARED
    return _WITHDRAWN if now is None else _CHANGED
