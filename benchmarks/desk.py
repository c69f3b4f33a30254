"""The review desk under a steady 50 requests a second, against its own page that does nothing."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import httpx

from anonymization.promote import check_candidate, prepare_candidate, publish_candidate
from anonymization.registered import WORKFLOWS
from benchmarks.figures import Figure
from steward.desk.local_links import make_link
from stores.boundary.provisioning import add_steward
from stores.home import Home
from stores.intake.bulk_load import load_intake
from stores.intake.sample import SampleIntake
from stores.platform import Platform, open_platform
from stores.startup import bring_down, bring_up

_PER_SECOND = 50
_SECONDS = 20
_WARMING_SECONDS = 3
_PAGES = {
    "queue": "/",
    "packet": "/reviews/pipeline_benchmark",
    "history": "/history",
    "dataset": "/datasets/anonymized.anonymized_industry_benchmarks",
}
_STARTING_SECONDS = 60


def measure() -> list[Figure]:
    """The 50th and 99th percentile of each page, from the moment a request was due."""
    home = Home(Path(tempfile.mkdtemp(prefix="classline-bench-")))
    bring_up(home)
    try:
        with open_platform(home) as platform:
            return _measured(platform)
    finally:
        bring_down(home)
        shutil.rmtree(home.root)


def _measured(platform: Platform) -> list[Figure]:
    load_intake(platform, SampleIntake(40, 6_000, 7, until=date(2026, 7, 1)), reason="benchmark")
    now = datetime(2026, 7, 15, tzinfo=UTC)
    for workflow in WORKFLOWS:
        filed = prepare_candidate(platform, workflow, now=now, requested_by="benchmark")
        check_candidate(platform, workflow, filed.promotion_id)
        publish_candidate(platform, workflow, filed.promotion_id)
    steward = add_steward(platform, "bench-steward")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-c", "from steward.command_line import main; main()", "desk"],
        env=os.environ
        | {"CLASSLINE_HOME": str(platform.home.root), "CLASSLINE_DESK_PORT": str(port)},
        stdout=subprocess.DEVNULL,
    )
    try:
        return asyncio.run(_loaded(url, make_link(platform.home, url, steward)))
    finally:
        server.terminate()
        server.wait(timeout=30)


async def _loaded(url: str, link: str) -> list[Figure]:
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        await _answering(client)
        entered = await client.post(
            "/enter", data={"code": link.partition("code=")[2]}, headers={"Origin": url}
        )
        if "set-cookie" not in entered.headers:
            raise RuntimeError(entered.text)
        await _steadily(client, list(_PAGES.values()), _WARMING_SECONDS)
        nothing = await _steadily(client, ["/health"], _SECONDS)
        seen = await _steadily(client, list(_PAGES.values()), _SECONDS)
    floor = [seconds for _, seconds in nothing]
    every = [seconds for _, seconds in seen]
    return [
        *(
            Figure(
                f"all pages, p{share * 100:.0f} at {_PER_SECOND} requests/s",
                _percentile(every, share),
                _percentile(floor, share),
                "a page that does nothing",
            )
            for share in (0.5, 0.99)
        ),
        *(
            Figure(
                f"{name}, p99",
                _percentile([seconds for asked, seconds in seen if asked == path], 0.99),
            )
            for name, path in _PAGES.items()
        ),
    ]


async def _answering(client: httpx.AsyncClient) -> None:
    until = time.monotonic() + _STARTING_SECONDS
    while True:
        try:
            if (await client.get("/health")).is_success:
                return
        except httpx.TransportError:
            if time.monotonic() > until:
                raise
        await asyncio.sleep(0.1)


async def _steadily(
    client: httpx.AsyncClient, paths: Sequence[str], seconds: float
) -> list[tuple[str, float]]:
    """Requests at a steady rate, whether or not earlier ones were answered; path and seconds."""
    began = time.perf_counter()

    async def one(number: int) -> tuple[str, float]:
        due = began + number / _PER_SECOND
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        path = paths[number % len(paths)]
        answer = await client.get(path)
        answer.raise_for_status()
        return path, time.perf_counter() - due

    return await asyncio.gather(*(one(n) for n in range(int(seconds * _PER_SECOND))))


def _percentile(seconds: Sequence[float], share: float) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
