"""Proposals into the embedded server over HTTP, beside DataHub Lite in its caller's own process."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from datahub.emitter.mcp import MetadataChangeProposalWrapper
from datahub.ingestion.graph.client import DataHubGraph
from datahub.lite.duckdb_lite import DuckDBLite
from datahub.lite.lite_local import DataHubLiteLocal
from datahub.lite.sqlite_lite import SqliteLite

from benchmarks.datahub.tables import table_proposals

__all__ = ["DATASETS", "PEERS", "Rate", "ingest", "ingest_into_lite"]

DATASETS = int(os.environ.get("CLASSLINE_BENCH_DATASETS", "10000"))
_PEER_SECONDS = float(os.environ.get("CLASSLINE_BENCH_PEER_LIMIT", "120"))
_BATCH = 100  # datasets
_SEARCHABLE = 'query { searchAcrossEntities(input: {query: "*", count: 0}) { total } }'

PEERS: dict[str, Callable[[dict[str, str]], DataHubLiteLocal]] = {
    "DataHub Lite, DuckDB": DuckDBLite.create,
    "DataHub Lite, SQLite": SqliteLite.create,
}


class Rate:
    """Proposals, and the seconds that they took; making them is not counted."""

    def __init__(self) -> None:
        self.proposals = 0
        self.seconds = 0.0

    def take(self, proposals: int, work: Callable[[], object]) -> None:
        """Do the work of that many proposals."""
        started = time.perf_counter()
        work()
        self.seconds += time.perf_counter() - started
        self.proposals += proposals

    @property
    def of_a_thousand(self) -> float:
        """Seconds per 1,000 proposals."""
        return 1_000 * self.seconds / self.proposals


def ingest(graph: DataHubGraph) -> Rate:
    """Emit every table, until the last one is found by a search."""
    rate = Rate()
    for batch in _batches():
        rate.take(len(batch), lambda batch=batch: graph.emit_mcps(batch))
    rate.take(0, lambda: graph.execute_graphql(_SEARCHABLE))
    return rate


def ingest_into_lite(peer: str) -> Rate:
    """Write the same tables, or as many as there is time for; Lite has no batches."""
    rate = Rate()
    with tempfile.TemporaryDirectory() as folder:
        lite = PEERS[peer]({"file": str(Path(folder) / "lite")})

        def write(batch: list[MetadataChangeProposalWrapper]) -> None:
            for proposal in batch:
                lite.write(proposal)

        for batch in _batches():
            rate.take(len(batch), lambda batch=batch: write(batch))
            if rate.seconds > _PEER_SECONDS:
                break
        lite.close()
    return rate


def _batches() -> Iterator[list[MetadataChangeProposalWrapper]]:
    for first in range(0, DATASETS, _BATCH):
        numbers = range(first, min(first + _BATCH, DATASETS))
        yield [proposal for number in numbers for proposal in table_proposals(number)]
