"""Runs a command and says what it cost: time, processor, and the most memory that it held."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Thread

import psutil

from benchmarks.audit.grown_project import GrownProject
from stores.home import Home

__all__ = ["Watched", "watched"]

_EVERY_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Watched:
    """What it printed and cost.

    ``backend_bytes`` is what its largest server process held beside the buffers that all share.
    """

    output: str
    exit_code: int
    seconds: float
    cpu_seconds: float
    server_cpu_seconds: float
    peak_bytes: int
    backend_bytes: int


def watched(project: GrownProject, command: list[str]) -> Watched:
    """Run it in the project, beside a look at its server's processes five times a second."""
    postmaster = _postmaster(project)
    before = _cpu_seconds(postmaster)
    ended, largest = Event(), [0]
    looking = Thread(target=_look, args=(postmaster, ended, largest))
    with tempfile.TemporaryFile("w+") as output:
        looking.start()
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=project.folder, env=project.environment, stdout=output
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        ended.set()
        looking.join()
        output.seek(0)
        printed = output.read()
    return Watched(
        printed,
        process.returncode,
        seconds,
        used.ru_utime + used.ru_stime,
        _cpu_seconds(postmaster) - before,
        used.ru_maxrss * 1024,
        largest[0],
    )


def _postmaster(project: GrownProject) -> psutil.Process:
    pid_file = Home(project.home).pgdata / "postmaster.pid"
    return psutil.Process(int(pid_file.read_text().splitlines()[0]))


def _cpu_seconds(postmaster: psutil.Process) -> float:
    """Of all its processes, those that have ended too."""
    ended = postmaster.cpu_times()
    total = ended.children_user + ended.children_system
    for process in postmaster.children():
        with suppress(psutil.NoSuchProcess):
            alive = process.cpu_times()
            total += alive.user + alive.system
    return total


def _look(postmaster: psutil.Process, ended: Event, largest: list[int]) -> None:
    while not ended.wait(_EVERY_SECONDS):
        for process in postmaster.children():
            with suppress(psutil.NoSuchProcess):
                held = process.memory_info()
                largest[0] = max(largest[0], held.rss - held.shared)
