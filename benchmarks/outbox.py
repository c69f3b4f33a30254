"""Promotions drained into the embedded DataHub, undisturbed and while it is killed at random.

Every promotion must be there once in effect; the benchmark ends with an error where one is not.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from sqlalchemy import text

from anonymization.registration import declaration
from anonymization.workflows.pipeline_benchmark import PIPELINE_BENCHMARK
from benchmarks.figures import Figure
from catalog.datahub_client import connect, datahub_settings
from catalog.embedded_server import start_embedded, stop_embedded
from dagster_project.delivery import described_workflows
from lineage.outbox import drain
from stores.home import Home
from stores.platform import Platform, open_platform
from stores.startup import bring_down, bring_up

PROMOTIONS = int(os.environ.get("CLASSLINE_BENCH_PROMOTIONS", "10000"))
ONE_BY_ONE = 50
DIGEST = "a" * 64
SECONDS_BETWEEN_KILLS = (3.0, 12.0)

_PROMOTIONS = """
INSERT INTO control.promotions (promotion_id, idempotency_key, base_key, attempt, workflow,
    source_digest, run_id, from_class, to_class, sources, target, policy, snapshot_digest,
    candidate_digest, closed_before, rows_in, cells_in, cells_kept, suppressed, state,
    requested_by, approved_by, rows_published, cells_held, created_at, published_at)
SELECT gen_random_uuid(), n::text, 'base', 1, workflow, source_digest, :run, from_class, to_class,
    sources, target, policy, 's', 'c', '2026-07-01', 600, 40, 31, '{"k_tenants": 9}', 'published',
    'engineer', 'steward', 31, 0, clock_timestamp() + n * interval '1 second',
    clock_timestamp() + (n + 1) * interval '1 second'
FROM control.workflow_registrations CROSS JOIN generate_series(1, :promotions) n
"""
_CHECKS = """
INSERT INTO control.check_results
    (promotion_id, phase, check_name, passed, observed, candidate_digest)
SELECT p.promotion_id, phase, name, true, '{"cells": 31}', 'c' FROM control.promotions p
CROSS JOIN unnest(ARRAY['candidate', 'publish']) AS phases (phase)
CROSS JOIN unnest(ARRAY['output_schema', 'no_pii_shaped_value', 'k_distinct_tenants']) AS c (name)
"""


def measure() -> list[Figure]:
    """Seconds to drain; beside it the same outbox delivered one event at a time, in proportion."""
    home = Home(Path(tempfile.mkdtemp(prefix="classline-bench-")))
    bring_up(home)
    try:
        with open_platform(home) as platform:
            _file_promotions(platform)
            one_by_one = _one_by_one(platform) * PROMOTIONS / ONE_BY_ONE
            calm, _ = _drained(platform, killed=False)
            killed, kills = _drained(platform, killed=True)
        return [
            Figure(f"{PROMOTIONS:,} promotions drained", calm, one_by_one, "one event at a time"),
            Figure(f"the same, server killed {kills} times", killed, calm, "undisturbed"),
        ]
    finally:
        stop_embedded(home.datahub)
        bring_down(home)
        shutil.rmtree(home.root)


def _file_promotions(platform: Platform) -> None:
    with platform.platform_session("benchmark") as session:
        session.register_workflow(
            declaration(PIPELINE_BENCHMARK) | {"source_digest": DIGEST, "requested_by": "engineer"}
        )
        run = session.start_run(PIPELINE_BENCHMARK.name, DIGEST)
    with platform.admin_engine().begin() as connection:
        # The guards of the state machine sleep: these promotions were never candidates.
        for trigger in ("guarded", "recorded"):
            connection.execute(text(f"ALTER TABLE control.promotions DISABLE TRIGGER {trigger}"))
        connection.execute(text(_PROMOTIONS), {"run": run, "promotions": PROMOTIONS})
        for trigger in ("guarded", "recorded"):
            enabled = f"ALTER TABLE control.promotions ENABLE ALWAYS TRIGGER {trigger}"
            connection.execute(text(enabled))
        connection.execute(text(_CHECKS))


def _one_by_one(platform: Platform) -> float:
    """Seconds for some promotions, each taken, sent and marked by itself."""
    with platform.admin_engine().begin() as connection:
        connection.execute(
            text(
                "UPDATE control.outbox SET delivered_at = clock_timestamp() WHERE kind ="
                " 'promotion' AND event_id > (SELECT min(event_id) FROM control.outbox) + :n"
            ),
            {"n": ONE_BY_ONE},
        )
    return _drained(platform, killed=False, batch=1)[0]


def _drained(platform: Platform, *, killed: bool, batch: int = 200) -> tuple[float, int]:
    """Seconds until nothing waits, into a new DataHub, and how often that was killed."""
    whole = batch > 1
    folder = platform.home.datahub
    stop_embedded(folder)
    shutil.rmtree(folder, ignore_errors=True)
    if whole:
        with platform.platform_session("benchmark") as session:
            session.outbox_ascend_platform_metric().tell_again()
    start_embedded(folder)
    workflows = described_workflows()
    started = time.perf_counter()
    chance = random.Random(7)  # noqa: S311 - a sequence to repeat, no secret
    with _killing(folder, chance) if killed else contextlib.nullcontext([]) as kills:
        while True:
            start_embedded(folder)
            report = drain(
                platform,
                lambda: connect(datahub_settings(folder)),
                workflows,
                at_once=True,
                whole_catalog=True,
                batch=batch,
            )
            if not report.waiting:
                break
    seconds = time.perf_counter() - started
    if whole:
        stop_embedded(folder)
        _verify(folder)
    return seconds, len(kills)


@contextmanager
def _killing(folder: Path, chance: random.Random) -> Iterator[list[int]]:
    """Kills the server of that folder every few seconds, until the block ends."""
    killed: list[int] = []
    ended = threading.Event()

    def kill() -> None:
        while not ended.wait(chance.uniform(*SECONDS_BETWEEN_KILLS)):
            if not (folder / "port").exists():
                continue  # it is being started: there is nothing to disturb yet
            with contextlib.suppress(OSError, ValueError, psutil.Error):
                process = psutil.Process(int((folder / "pid").read_text()))
                process.send_signal(signal.SIGKILL)
                killed.append(process.pid)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        ended.set()
        thread.join()


def _verify(folder: Path) -> None:
    """None lost and none doubled: one entity with a start and an end, one run per result."""
    connection = sqlite3.connect(folder / "catalog.db")
    try:
        counts = [
            connection.execute(query).fetchone()[0]
            for query in (
                "SELECT count(*) FROM entity WHERE type = 'dataProcessInstance'",
                "SELECT count(*) FROM event WHERE name = 'dataProcessInstanceRunEvent'",
                "SELECT count(*) FROM event WHERE name = 'assertionRunEvent'",
            )
        ]
    finally:
        connection.close()
    if counts != [PROMOTIONS, 2 * PROMOTIONS, 6 * PROMOTIONS]:
        message = f"promotions lost or doubled: {counts} for {PROMOTIONS} promotions"
        raise AssertionError(message)
