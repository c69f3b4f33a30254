"""Writes many rows of ordinary text into one store of the grown project, and scans them plainly.

`python -m benchmarks.audit.many_texts fill ROWS` prints the bytes of text that an audit reads;
`... scan` prints bytes and processor seconds of the scanner alone, on rows held in memory.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import text

from benchmarks.audit.grown_rows import SENTENCES
from catalog.data_classes import DataClass
from catalog.declared import REGISTRY
from expectations.class_suites import text_columns
from expectations.findings import counted_findings
from expectations.store_checks import informed_scan
from stores.platform import Platform, open_platform

__all__ = ["STORE"]

STORE = "platform.grown_0002"
_HELD = 40  # batches, of 5,000 rows each
_ROUNDS = 3
Batch = Sequence[Sequence[str | None]]


def fill(platform: Platform, rows: int) -> int:
    """Two sentences and one more a row, every 200th with an address; returns the bytes of text."""
    sentences = f"ARRAY[{', '.join(repr(each) for each in SENTENCES)}]"
    columns = " + ".join(f"octet_length(CAST({name} AS text))" for name in _columns())
    with platform.admin_engine().begin() as connection:
        connection.execute(text(f"TRUNCATE {STORE}"))
        connection.execute(
            text(
                f"INSERT INTO {STORE} (item_id, note, body, title, score, amount, seen_on, extra,"
                f" kind, weight) SELECT translate(n::text, '0123456789',"
                f" 'abcdefghij'), ({sentences})[1 + n % 4] || '. ' ||"
                f" ({sentences})[1 + n / 4 % 4] || CASE WHEN n % 200 = 0 THEN ' to jane' || n ||"
                f" '@example.com' ELSE '' END, ({sentences})[1 + n / 16 % 4], 'Ordinary', 1, 1,"
                " DATE '2026-01-01', '{}', 'kind', 1 FROM generate_series(1, :rows) AS n"
            ),
            {"rows": rows},
        )
        return int(connection.execute(text(f"SELECT sum({columns}) FROM {STORE}")).scalar_one())


def scan(platform: Platform) -> tuple[int, float]:
    """Bytes and the best processor time of the audit's own scan, over rows already read."""
    with platform.platform_session("benchmark") as session:
        run = session.start_audit("benchmark")
    with platform.auditor_session(run) as session:
        looking = informed_scan(session)
        held: list[Batch] = []
        session.count_in_texts(
            DataClass.ASCEND_PLATFORM_METRIC,
            STORE,
            _columns(),
            lambda batches: _hold(batches, held),
        )
    size = sum(len(each or "") for batch in held for column in batch for each in column)
    best = float("inf")
    for _ in range(_ROUNDS):
        started = time.process_time()
        counted_findings(held, _columns(), looking, knows_identifiers=True)
        best = min(best, time.process_time() - started)
    return size, best


def _hold(batches: Iterator[Batch], held: list[Batch]) -> int:
    for batch in batches:
        held.append(batch)
        if len(held) == _HELD:
            break
    return len(held)


def _columns() -> list[str]:
    return [column.name for column in text_columns(REGISTRY.get(STORE))]


if __name__ == "__main__":
    with open_platform(Path(os.environ["CLASSLINE_HOME"])) as opened:
        answer = fill(opened, int(sys.argv[2])) if sys.argv[1] == "fill" else scan(opened)
        print(json.dumps(answer))
