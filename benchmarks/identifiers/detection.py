"""Finding identifiers: ours beside Presidio, DataFog and datafog-core on the same texts."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from benchmarks.anonymization.peers import run_peer
from benchmarks.figures import Figure, Unit
from benchmarks.identifiers.texts import a_million_identifiers, dense_texts, sparse_texts
from expectations.identifiers import KnownIdentifiers, find_identifiers
from expectations.identifiers.detection import finds

_SCRIPTS = Path(__file__).parent / "peer_scripts"
_ROUNDS = 3


def measure() -> list[Figure]:
    """CPU seconds, ours the best of three: each peer on as much text as it can bear."""
    find_identifiers([*sparse_texts(500), *dense_texts(500)])  # engines and lists are made here
    figures = [
        _against("presidio", "presidio_scan", "sparse", sparse_texts(2_000)),
        _against("datafog", "datafog_scan", "sparse", sparse_texts(20_000)),
        _against("datafog-core", "datafog_core_scan", "sparse", sparse_texts(60_000)),
        _against("datafog-core", "datafog_core_scan", "dense", dense_texts(20_000)),
    ]
    return figures + _known()


def _against(peer: str, script: str, name: str, texts: Sequence[str]) -> Figure:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "texts.jsonl"
        file.write_text("\n".join(map(json.dumps, texts)), encoding="utf-8")
        run = run_peer(peer, str(_SCRIPTS / script), [file])
    seconds, found = _seconds(texts)
    size = sum(map(len, texts)) / 1e6
    theirs = run.steps[-1].get("found") if run.finished else None
    print(
        f"{name}, {size:.1f} MB: ours {size / seconds:,.1f} MB/s, {found:,} found; {run.said} "
        f"{size / run.seconds:,.2f} MB/s, {theirs} found"
    )
    what = f"{name} text, {size:.1f} MB"
    return Figure(what, seconds, run.seconds, run.said, at_least=not run.finished)


def _seconds(texts: Sequence[str], known: KnownIdentifiers | None = None) -> tuple[float, int]:
    best, found = float("inf"), 0
    for _ in range(_ROUNDS):
        started = time.process_time()
        found = sum(map(len, find_identifiers(texts, known)))
        best = min(best, time.process_time() - started)
    return best, found


def _known() -> list[Figure]:
    """A million known identifiers: what they cost to build, to hold and to look for."""
    identifiers = list(a_million_identifiers())
    KnownIdentifiers.build(identifiers[:10])  # the list of ordinary words is read here
    process = psutil.Process()
    held = process.memory_info().rss
    started = time.process_time()
    known = KnownIdentifiers.build(identifiers)
    building = time.process_time() - started
    held = process.memory_info().rss - held
    texts = sparse_texts(40_000)
    size = sum(map(len, texts)) / 1e6
    looking, _ = _seconds(texts, known)
    plain, _ = _seconds(texts)
    hit = len(
        {
            text
            for found in finds(texts, known)
            for text, is_known in zip(found.texts, found.known, strict=True)
            if is_known
        }
    )
    print(
        f"{len(known):,} known identifiers: {size / looking:,.1f} MB/s with them, "
        f"{hit / len(texts):.2%} of ordinary rows hit"
    )
    return [
        Figure("1,000,000 known identifiers, built", building),
        Figure("held in memory", held / 1e9, unit=Unit.GIGABYTES),
        Figure(f"sparse text, {size:.1f} MB, with them", looking, plain, "without them"),
    ]
