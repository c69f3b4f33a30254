"""The audit of a large Workers project, beside reading the same files and their rows plainly."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from benchmarks.figures import Figure
from expectations.audit.cloudflare.auditing import audit_project
from expectations.audit.cloudflare.local_state import d1_file
from expectations.audit.cloudflare.sampling import Sampling

TABLES, COLUMNS, PREFIXES, ROWS = 1_000, 10, 10_000, 100_000
_DATABASE = "00000000-0000-4000-8000-000000000001"
_TEXT = "Open with the question that the last call ended on and let them answer first"


def measure() -> list[Figure]:
    """Seconds of the audit with a sample and with every row; the peer reads and does not look."""
    with tempfile.TemporaryDirectory(prefix="classline-bench-") as folder:
        root = Path(folder)
        _make(root)
        reading = _timed(lambda: _read(root))
        audit_project(root, Sampling(1))  # imports are paid here
        sampled = _timed(lambda: audit_project(root))
        full = _timed(lambda: audit_project(root, Sampling(None)))
    what = f"{TABLES:,} tables of {COLUMNS} columns, {PREFIXES:,} prefixes, {ROWS:,} local rows"
    return [
        Figure(f"{what}: sample of 1,000 a table", sampled, reading, "reading alone"),
        Figure(f"{what}: every row", full, reading, "reading alone"),
    ]


def _make(root: Path) -> None:
    names = [f"c{number}" for number in range(COLUMNS)]
    header = [f"-- t{t}.{name}: anonymized_benchmark\n" for t in range(TABLES) for name in names]
    columns = ", ".join(f"{name} TEXT" for name in names)
    tables = [f"CREATE TABLE t{t} ({columns});\n" for t in range(TABLES)]
    (root / "migrations").mkdir()
    (root / "migrations" / "0001.sql").write_text("".join([*header, *tables]))
    rows = "".join(f"| `p{n}:` | ascend_platform_metric |\n" for n in range(PREFIXES))
    (root / "KV_REGISTRY.md").write_text(f"| prefix | class |\n| --- | --- |\n{rows}")
    (root / "wrangler.toml").write_text(
        "[[d1_databases]] # class: anonymized_benchmark\n"
        f'binding = "DB"\ndatabase_id = "{_DATABASE}"\n'
    )
    file = d1_file(root, _DATABASE)
    file.parent.mkdir(parents=True)
    values = ", ".join("?" for _ in names)
    with closing(sqlite3.connect(file)) as database, database:
        database.executescript("".join(tables))
        for t in range(TABLES):
            batch = [tuple(f"{_TEXT} {n}" for n in range(COLUMNS))] * (ROWS // TABLES)
            database.executemany(f"INSERT INTO t{t} VALUES ({values})", batch)


def _read(root: Path) -> int:
    read = sum(len(file.read_bytes()) for file in root.rglob("*") if file.is_file())
    with closing(sqlite3.connect(d1_file(root, _DATABASE))) as database:
        for t in range(TABLES):
            read += sum(len(row) for row in database.execute(f"SELECT * FROM t{t}"))
    return read


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
