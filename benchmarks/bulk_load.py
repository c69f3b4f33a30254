"""A million opportunities through the loader, against COPY into the same table without policies."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg

from benchmarks.figures import Figure
from stores.home import Home
from stores.intake.batches import TableBatch, TenantEntry
from stores.intake.bulk_load import load_intake
from stores.intake.sample import SampleIntake
from stores.platform import open_platform
from stores.startup import bring_down, bring_up

ROWS = 1_000_000
TENANTS = 200
_WANTED = ("tenant_private.crm_accounts", "tenant_private.crm_opportunities")


class _Opportunities:
    """A sample's accounts and opportunities alone."""

    def __init__(self) -> None:
        self._sample = SampleIntake(TENANTS, ROWS, 7, until=date(2026, 7, 1))

    @property
    def tenants(self) -> tuple[TenantEntry, ...]:
        return self._sample.tenants

    def tables(self) -> Iterator[TableBatch]:
        return (batch for batch in self._sample.tables() if batch.dataset in _WANTED)


def measure() -> list[Figure]:
    """Seconds to load, first and again, beside the plain COPY of the same rows."""
    home = Home(Path(tempfile.mkdtemp(prefix="classline-bench-")))
    bring_up(home)
    try:
        with open_platform(home) as platform:
            intake = _Opportunities()
            started = time.perf_counter()
            load_intake(platform, intake, reason="benchmark")
            first = time.perf_counter() - started
            started = time.perf_counter()
            load_intake(platform, intake, reason="benchmark")
            again = time.perf_counter() - started
            url = platform.database.admin_url()
            with psycopg.connect(
                host=url.query["host"], dbname=url.database, user=url.username
            ) as connection:
                peer = _plain_copy(connection, intake)
        return [
            Figure(f"load {ROWS:,} opportunities of {TENANTS} tenants", first, peer, "plain COPY"),
            Figure("load the same rows again (nothing changes)", again, peer, "plain COPY"),
        ]
    finally:
        bring_down(home)
        shutil.rmtree(home.root)


def _plain_copy(connection: psycopg.Connection, intake: _Opportunities) -> float:
    """The same rows into a table of the same shape and key, with no policy and no staging."""
    connection.execute(
        "CREATE TABLE public.plain (LIKE tenant_private.crm_opportunities INCLUDING INDEXES)"
    )
    started = time.perf_counter()
    with connection.cursor().copy("COPY public.plain FROM STDIN") as copy:
        for batch in intake.tables():
            if batch.dataset == _WANTED[-1]:
                for row in batch.rows:
                    copy.write_row(row)
    connection.commit()
    return time.perf_counter() - started
