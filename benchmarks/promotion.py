"""Candidates over a million rows: extraction, suppression and filing, against the bare query."""

from __future__ import annotations

import shutil
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import text

from anonymization.promote import prepare_candidate
from anonymization.registered import WORKFLOWS
from benchmarks.figures import Figure
from stores.home import Home
from stores.intake.bulk_load import load_intake
from stores.intake.sample import SampleIntake
from stores.platform import open_platform
from stores.startup import bring_down, bring_up

ROWS = 1_000_000
TENANTS = 1_000


def measure() -> list[Figure]:
    """Seconds per workflow, beside one GROUP BY of its rows as the superuser."""
    home = Home(Path(tempfile.mkdtemp(prefix="classline-bench-")))
    bring_up(home)
    figures = []
    try:
        with open_platform(home) as platform:
            load_intake(
                platform,
                SampleIntake(TENANTS, ROWS, 7, until=date(2026, 7, 1)),
                reason="benchmark",
            )
            now = datetime(2026, 11, 24, tzinfo=UTC)
            for workflow in WORKFLOWS:
                started = time.perf_counter()
                prepare_candidate(platform, workflow, now=now, requested_by="benchmark")
                ours = time.perf_counter() - started
                keys = ", ".join(name for name in workflow.dimension_names if name != "fund_id")
                query = text(
                    f"SELECT {keys}, count(*), sum(amount) FROM ({workflow.rows}) r GROUP BY {keys}"
                )
                with platform.admin_engine().connect() as connection:
                    started = time.perf_counter()
                    connection.execute(
                        query, {"closed_before": workflow.period.first_open_day(now)}
                    ).all()
                    peer = time.perf_counter() - started
                figures.append(
                    Figure(f"{workflow.name}, {ROWS:,} rows", ours, peer, "one GROUP BY")
                )
        return figures
    finally:
        bring_down(home)
        shutil.rmtree(home.root)
