"""Drift made as an administrator could make it, and what an audit says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from catalog.data_classes import DataClass
from catalog.declared import REGISTRY
from expectations.audit.findings import Rule
from expectations.audit.quarterly import audit_stores
from expectations.audit.report import AuditKind, AuditReport
from stores.platform import Platform
from tests.desk import Desk

__all__ = ["daily", "drift", "everything_labelled", "rules_of"]


def everything_labelled() -> Mapping[str, DataClass | None]:
    """What DataHub shows when the catalog was delivered."""
    return {dataset.qualified_name: dataset.data_class for dataset in REGISTRY}


@contextmanager
def drift(platform: Platform, made: str, undone: str) -> Iterator[None]:
    """Change the database as its administrator, and back."""
    with platform.admin_engine().begin() as connection:
        connection.exec_driver_sql(made)
    try:
        yield
    finally:
        with platform.admin_engine().begin() as connection:
            connection.exec_driver_sql(undone)


def rules_of(report: AuditReport) -> set[Rule]:
    """The rules that the open findings break."""
    return {finding.rule for finding in report.open_findings}


def daily(desk: Desk) -> AuditReport:
    """An audit that reads no text."""
    return audit_stores(desk.platform, AuditKind.DAILY, everything_labelled)
