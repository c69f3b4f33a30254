"""Runs the benchmarks and prints their tables: `python -m benchmarks [NAME...]`."""

from __future__ import annotations

import platform
import sys

import psutil

from benchmarks import (
    boundary,
    bulk_load,
    desk,
    filing,
    ledger,
    outbox,
    promotion,
    publication,
    vectors,
)
from benchmarks.anonymization import measured as anonymization
from benchmarks.audit import full_scan, own_stores, workers_project
from benchmarks.datahub import measured as datahub
from benchmarks.identifiers import detection, suite
from benchmarks.lint import whole_project

BENCHMARKS = {
    "anonymization": anonymization.measure,
    "audit": own_stores.measure,
    "audit_cloudflare": workers_project.measure,
    "audit_full": full_scan.measure,
    "boundary": boundary.measure,
    "bulk_load": bulk_load.measure,
    "datahub": datahub.measure,
    "desk": desk.measure,
    "filing": filing.measure,
    "identifiers": detection.measure,
    "identifiers_suite": suite.measure,
    "ledger": ledger.measure,
    "lint": whole_project.measure,
    "outbox": outbox.measure,
    "promotion": promotion.measure,
    "publication": publication.measure,
    "vectors": vectors.measure,
}


def main(names: list[str]) -> None:
    """Run the named benchmarks, or all of them."""
    memory = psutil.virtual_memory().total / 2**30
    print(
        f"Machine: {psutil.cpu_count()} cores, {memory:.0f} GiB, {platform.machine()}, "
        f"Python {platform.python_version()}\n"
    )
    for name in names or BENCHMARKS:
        print(f"## {name}\n")
        print("| what | ours | peer | ratio |")
        print("| --- | --- | --- | --- |")
        for row in BENCHMARKS[name]():
            print(
                f"| {row.what} | {row.ours_said} | {row.peer_said} | {row.ratio_said} |", flush=True
            )
        print()


if __name__ == "__main__":
    main(sys.argv[1:])
