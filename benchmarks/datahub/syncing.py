"""The sync of a catalog of many stores: all of it, none of it, and one store of it."""

from __future__ import annotations

import dataclasses
import time
from datetime import UTC, datetime

from benchmarks.datahub.ingestion import DATASETS
from benchmarks.datahub.tables import COLUMNS, class_of_table, column_name
from catalog.datahub_client import DataHubSettings, connect
from catalog.datahub_sync import sync_catalog
from catalog.registry import Column, ColumnType, Dataset

__all__ = ["sync_seconds"]

_AT = datetime(2026, 3, 2, tzinfo=UTC)


def sync_seconds(settings: DataHubSettings) -> dict[str, float]:
    """Seconds by what there was to sync; a sync that sends what it need not ends with an error."""
    stores = [_store(number) for number in range(DATASETS)]
    changed = [dataclasses.replace(stores[0], description="Told anew"), *stores[1:]]
    found: dict[str, float] = {}
    with connect(settings) as connection:
        for said, declared, most in (
            ("first sync", stores, None),
            ("sync when nothing changed", stores, 0),
            ("sync when one store changed", changed, 3),
        ):
            started = time.perf_counter()
            report = sync_catalog(connection, declared, _AT)
            found[said] = time.perf_counter() - started
            if most is not None and report.sent > most:
                message = f"{said}: {report.sent} aspects were sent"
                raise AssertionError(message)
    return found


def _store(number: int) -> Dataset:
    return Dataset(
        name=f"t{number:05}",
        schema="bench",
        data_class=class_of_table(number),
        description=f"What is known of things of kind {number % 97}",
        owner="team:bench",
        columns=tuple(
            Column(column_name(column), ColumnType.TEXT, f"The {column}. thing known of it")
            for column in range(COLUMNS)
        ),
        primary_key=(column_name(0),),
    )
