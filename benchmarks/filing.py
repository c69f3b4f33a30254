"""A candidate filed by a process that makes its cells as it goes, beside a COPY of the same rows.

Memory is a process's own: the workflow's, with everything that it imports, and that of its process
in the server, without what all of those share.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import psutil
from sqlalchemy import text

from anonymization.registration import register
from anonymization.workflows.agent_run_aggregates import AGENT_RUN_AGGREGATES as WORKFLOW
from benchmarks.figures import Figure, Unit
from stores.boundary.provisioning import driver_of, ensure_owners
from stores.candidate_filing import CellCounts, FiledCell, FiledContribution
from stores.home import Home
from stores.platform import Platform, open_platform
from stores.startup import bring_down, bring_up

__all__ = ["measure"]

CELLS = int(os.environ.get("CLASSLINE_BENCH_CELLS", "1000000"))
_TENANTS = 5
_MEASURED = ("", *sorted({measure.measured for measure in WORKFLOW.measures}))
_TABLES = ("quarantine.candidate_cells", "control.cell_contributors",
           "control.measure_contributions")  # fmt: skip


@dataclass(frozen=True)
class Filed:
    """What filing took, as the process that filed tells it."""

    seconds: float
    cpu_seconds: float
    server_cpu_seconds: float
    peak_bytes: int
    server_bytes: int


def measure() -> list[Figure]:
    """At a hundredth and a tenth of the cells and at all; the peer copies rows of such tables."""
    return list(_figures())


def _figures() -> Iterator[Figure]:
    home = Home(Path(tempfile.mkdtemp(prefix="classline-bench-")))
    bring_up(home)
    try:
        with open_platform(home) as platform:
            ensure_owners(
                platform,
                {f"Portco {n}": f"Fund {n % 2}" for n in range(_TENANTS)},
                reason="benchmark",
            )
            digest = register(platform, WORKFLOW, requested_by="benchmark")
            for cells in (CELLS // 100, CELLS // 10, CELLS):
                with platform.platform_session("benchmark") as session:
                    run = session.start_run(WORKFLOW.name, digest)
                filed = _filed(home, run, cells)
                copied = _copied(platform)
                print(f"{cells:,} cells at a load of {os.getloadavg()[0]:.1f}")
                yield from _said(cells, filed, copied)
    finally:
        bring_down(home)
        shutil.rmtree(home.root)


def _said(cells: int, filed: Filed, copied: float) -> Iterator[Figure]:
    what = f"file {cells:,} cells"
    yield Figure(what, filed.seconds, copied, "COPY of the rows")
    yield Figure(f"{what}, processor of the workflow", filed.cpu_seconds)
    yield Figure(f"{what}, processor of the database", filed.server_cpu_seconds)
    yield Figure(
        f"{what}, most memory of the workflow", filed.peak_bytes / 1e9, unit=Unit.GIGABYTES
    )
    yield Figure(
        f"{what}, most memory of its database process",
        filed.server_bytes / 1e9,
        unit=Unit.GIGABYTES,
    )


def _filed(home: Home, run: UUID, cells: int) -> Filed:
    job = [sys.executable, "-m", "benchmarks.filing", str(home.root), str(run), str(cells)]
    done = subprocess.run(job, capture_output=True, text=True, check=True)
    return Filed(**json.loads(done.stdout))


def _copied(platform: Platform) -> float:
    """Seconds to COPY the newest candidate's rows into tables of the same shape and keys."""
    newest = "(SELECT promotion_id FROM control.promotions ORDER BY created_at DESC LIMIT 1)"
    seconds = 0.0
    with tempfile.NamedTemporaryFile() as rows, platform.admin_engine().begin() as connection:
        driver = driver_of(connection)
        for table in _TABLES:
            rows.seek(0)
            rows.truncate()
            query = f"COPY (SELECT * FROM {table} WHERE promotion_id = {newest}) TO STDOUT"
            with driver.cursor().copy(query) as out:
                for block in out:
                    rows.write(block)
            rows.seek(0)
            bare = f"bare_{table.partition('.')[2]}"
            connection.execute(text(f"CREATE TABLE public.{bare} (LIKE {table} INCLUDING ALL)"))
            started = time.perf_counter()
            with driver.cursor().copy(f"COPY public.{bare} FROM STDIN") as into:
                while block := rows.read(1 << 20):
                    into.write(block)
            seconds += time.perf_counter() - started
            connection.execute(text(f"DROP TABLE public.{bare}"))
    return seconds


def _file(home: Path, run: UUID, cells: int) -> Filed:
    with open_platform(home) as platform:
        with platform.admin_engine().connect() as connection:
            query = text("SELECT tenant_id FROM control.tenants ORDER BY tenant_id")
            tenants = connection.execute(query).scalars().all()
        with platform.anonymizer_session(WORKFLOW.name, run) as session:
            asked = session.query_sources(WORKFLOW.from_class, "SELECT pg_backend_pid() AS pid")
            server = psutil.Process(int(asked[0]["pid"]))
            own = psutil.Process()
            watch = _Watch(server)
            before, at_first = own.cpu_times(), server.cpu_times()
            started = time.perf_counter()
            session.file_candidate(
                WORKFLOW.from_class,
                {
                    "idempotency_key": f"{cells} cells", "base_key": f"{cells} cells", "attempt": 1,
                    "snapshot_digest": "s", "closed_before": "2026-07-01", "rows_in": 5 * cells,
                    "requested_by": "benchmark",
                    "partition": WORKFLOW.partition([0] * len(WORKFLOW.dimensions)),
                },
                _cells(cells, tenants),
                lambda: CellCounts(cells, {}),
            )  # fmt: skip
            seconds = time.perf_counter() - started
            after, at_last = own.cpu_times(), server.cpu_times()
            watch.end()
    return Filed(
        seconds,
        after.user + after.system - before.user - before.system,
        at_last.user + at_last.system - at_first.user - at_first.system,
        _most_held(),
        watch.most,
    )


def _cells(how_many: int, tenants: Sequence[str]) -> Iterator[FiledCell]:
    amount = Decimal(10)
    for n in range(1, how_many + 1):
        yield FiledCell(
            {
                "tool_name": f"tool {n}", "month": "2020-01-01", "runs": 5, "success_rate": 0.8,
                "latency_p50_ms": 120, "latency_p95_ms": 450, "cost_per_run_usd": 0.05,
            },
            [
                FiledContribution(tenant, name, 1, amount, n, () if name else (n * 100 + place,))
                for name in _MEASURED
                for place, tenant in enumerate(tenants)
            ],
        )  # fmt: skip


def _most_held() -> int:
    """The most memory of this process; what its parent held is not counted, as rusage does."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
    return int(kilobytes) * 1024


class _Watch:
    """The most memory of its own that a process holds, looked at twenty times a second."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._over = threading.Event()
        self.most = 0
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(0.05):
            held = self._process.memory_info()
            self.most = max(self.most, held.rss - held.shared)

    def end(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()


if __name__ == "__main__":
    print(json.dumps(vars(_file(Path(sys.argv[1]), UUID(sys.argv[2]), int(sys.argv[3])))))
