"""Findings about columns and the database that holds them: one store has one class."""

from __future__ import annotations

from collections.abc import Iterator

from catalog.data_classes import DataClass
from expectations.audit.cloudflare.bindings import Binding
from expectations.audit.cloudflare.migrations import Migrated
from expectations.audit.cloudflare.rules import RULES
from expectations.audit.findings import Finding, Place, printable

__all__ = ["column_findings"]


def column_findings(
    migrated: Migrated, binding: Binding, data_class: DataClass | None, configuration: str
) -> Iterator[Finding]:
    """Columns whose class is not that of the database which their migrations build."""
    for table, columns in migrated.schema.tables.items():
        for column in columns.values():
            if column.label is None or data_class is None or column.label == data_class:
                continue
            subject = f"{table}.{column.name}"
            message = (
                f"{printable(subject)} is {column.label}, in the database "
                f"{printable(binding.name)} of {configuration}, which is {data_class}"
            )
            yield Finding(RULES["CFA103"], Place(column.file, column.line), subject, message)
