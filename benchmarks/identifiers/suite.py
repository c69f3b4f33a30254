"""The suite of an anonymized table over a million rows and 161 MB of text in PostgreSQL."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from sqlalchemy import text

from benchmarks.figures import Figure
from catalog.data_classes import DataClass
from catalog.declared import REGISTRY
from expectations.store_checks import check_store
from stores.home import Home
from stores.platform import Platform, open_platform
from stores.startup import bring_down, bring_up

ROWS = 1_000_000
TEXT_BYTES = 161_000_000
TABLE = "anonymized.anonymized_tactics"
_SENTENCES = (
    "Open with the question that the last call ended on and let them answer first",
    "Name the cost of waiting one more quarter before any price is mentioned at all",
    "Send a short note on the day after the meeting with the two points they raised",
    "Ask who else has to agree and what each of them would need to see beforehand",
)


def measure() -> list[Figure]:
    """Seconds of the whole suite, and of reading the same texts without looking at them."""
    home = Home(Path(tempfile.mkdtemp(prefix="classline-bench-")))
    bring_up(home)
    try:
        with open_platform(home) as platform:
            size = _fill(platform)
            check_store(platform, REGISTRY.get("anonymized_playbooks"))  # imports are paid here
            started = time.perf_counter()
            read = _read(platform)
            reading = time.perf_counter() - started
            started = time.perf_counter()
            report = check_store(platform, REGISTRY.get(TABLE))
            suite = time.perf_counter() - started
            print(
                f"{read:,} rows, {size / 1e6:.0f} MB of text: {len(report.judgements)} "
                f"expectations, {report.failed} failed, {report.could_not_check} could not check"
            )
        return [Figure(f"suite over {ROWS:,} rows, {size / 1e6:.0f} MB", suite, reading, "reading")]
    finally:
        bring_down(home)
        shutil.rmtree(home.root)


def _fill(platform: Platform) -> int:
    """Rows of ordinary sentences, one in 200 with an address; returns the bytes of text."""
    sentences = ", ".join(f"'{sentence}'" for sentence in _SENTENCES)
    with platform.admin_engine().begin() as connection:
        connection.execute(
            text(
                f"INSERT INTO {TABLE} SELECT i::text, 'email', "
                f"(ARRAY[{sentences}])[1 + i % 4] || '. ' || (ARRAY[{sentences}])[1 + i / 4 % 4] "
                "|| CASE WHEN i % 200 = 0 THEN ' to jane' || i || '@example.com' ELSE '' END, "
                "0.1, gen_random_uuid() FROM generate_series(1, :rows) AS i"
            ),
            {"rows": ROWS},
        )
        size = connection.execute(
            text(f"SELECT sum(octet_length(tactic) + octet_length(tactic_id) + 5) FROM {TABLE}")
        )
        return int(size.scalar_one())


def _read(platform: Platform) -> int:
    with platform.platform_session("benchmark") as session:
        run = session.start_audit("benchmark")
    with platform.auditor_session(run) as session:
        return session.count_in_texts(
            DataClass.ANONYMIZED_BENCHMARK,
            TABLE,
            ["tactic_id", "channel", "tactic"],
            lambda batches: sum(len(batch[0]) for batch in batches),
        )
