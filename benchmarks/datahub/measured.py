"""The table of the embedded DataHub."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
from datahub.ingestion.graph.client import DataHubGraph
from datahub.ingestion.graph.config import DatahubClientConfig

from benchmarks.datahub.ingestion import DATASETS, PEERS, ingest, ingest_into_lite
from benchmarks.datahub.questions import cpu_seconds, median_seconds
from benchmarks.datahub.syncing import sync_seconds
from benchmarks.datahub.tables import class_property
from benchmarks.figures import Figure, Unit
from catalog.datahub_client import datahub_settings, silence_sdk
from catalog.embedded_server import start_embedded, stop_embedded

__all__ = ["measure"]

_GIGABYTE = 1e9


def measure() -> list[Figure]:
    """Ingestion beside both engines of DataHub Lite, the questions, memory, and the sync."""
    silence_sdk()
    return [*_served(_figures), *_served(_syncs)]


def _served(figures: Callable[[Path], Iterator[Figure]]) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="classline-bench-") as folder:
        served = Path(folder) / "datahub"
        start_embedded(served)
        try:
            return list(figures(served))
        finally:
            stop_embedded(served)


def _syncs(served: Path) -> Iterator[Figure]:
    for said, seconds in sync_seconds(datahub_settings(served, {})).items():
        yield Figure(f"{said}, {DATASETS:,} stores of 20 columns", seconds)


def _figures(served: Path) -> Iterator[Figure]:
    process = psutil.Process(int((served / "pid").read_text()))
    with _graph(served) as graph:
        graph.emit_mcp(class_property())
        before = cpu_seconds(process)
        ours = ingest(graph)
        spent = cpu_seconds(process) - before
        for peer in PEERS:
            theirs = ingest_into_lite(peer)
            yield Figure(
                f"1,000 of {ours.proposals:,} proposals ({DATASETS:,} datasets of 20 columns), "
                "until they can be searched",
                ours.of_a_thousand,
                theirs.of_a_thousand,
                f"{peer}, first {theirs.proposals:,}",
            )
        yield Figure("the server's own share of it, CPU", 1_000 * spent / ours.proposals)
        again = ingest(graph)
        yield Figure("1,000 of the same proposals again (nothing changes)", again.of_a_thousand)
        for said, seconds in median_seconds(graph, process).items():
            yield Figure(said, seconds)
    yield Figure("memory", process.memory_info().rss / _GIGABYTE, unit=Unit.GIGABYTES)
    size = sum(path.stat().st_size for path in served.iterdir()) / _GIGABYTE
    yield Figure("its file", size, unit=Unit.GIGABYTES)


def _graph(served: Path) -> DataHubGraph:
    port, token = ((served / name).read_text().strip() for name in ("port", "token"))
    return DataHubGraph(DatahubClientConfig(server=f"http://127.0.0.1:{port}", token=token))
