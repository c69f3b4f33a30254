"""Other tools, each in an environment of its own, run as a process that prints its seconds.

A peer's seconds are those of its work alone: its data is loaded before its clock starts. One that
is not ready at the time limit is stopped, and the limit is then a lower bound of its time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.anonymization.adult import CACHE

__all__ = ["PeerRun", "peer_python", "run_peer"]

LIMIT_SECONDS = float(os.environ.get("CLASSLINE_BENCH_PEER_LIMIT", "300"))
_SCRIPTS = Path(__file__).parent / "peer_scripts"
_COMMON = ("numpy==2.0.2", "pandas==2.3.3", "pyarrow==26.0.1")
_PEERS = {
    "anjana": ("anjana==1.2.3", "pycanon==1.3.5", *_COMMON),
    "anonypy": ("anonypy==0.2.1", *_COMMON),
    "datafog": ("datafog==4.9.0",),
    "datafog-core": ("datafog-core==0.4.4",),
    "presidio": ("presidio-analyzer==2.2.366",),
    "pycanon": ("pycanon==1.3.6", *_COMMON),
}


@dataclass(frozen=True)
class PeerRun:
    """What a peer printed, and whether it came to its end."""

    name: str
    steps: tuple[dict[str, Any], ...]
    seconds: float  # of its steps, or until it was stopped
    finished: bool

    @property
    def said(self) -> str:
        """The peer's name and version, and how far it came."""
        pinned = _PEERS[self.name][0].replace("==", " ")
        return pinned if self.finished else f"{pinned}, stopped before its end"


def peer_python(name: str) -> Path:
    """The interpreter of the peer's environment, which is made where it is absent."""
    folder = CACHE.resolve() / "peers" / name
    python, ready = folder / "bin" / "python", folder / ".ready"
    wanted = "\n".join(_PEERS[name])
    if not ready.exists() or ready.read_text() != wanted:
        uv = Path(sys.executable).parent / "uv"
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        subprocess.run([uv, "venv", "-q", "--clear", "--python", version, folder], check=True)
        subprocess.run([uv, "pip", "install", "-q", "--python", python, *_PEERS[name]], check=True)
        ready.write_text(wanted)
    return python


def run_peer(
    name: str, script: str, arguments: Sequence[str | Path], limit: float = LIMIT_SECONDS
) -> PeerRun:
    """Run a script of `peer_scripts` in the peer's environment, at most that many seconds."""
    command = [peer_python(name), _SCRIPTS / f"{script}.py", *arguments]
    steps: list[dict[str, Any]] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        stop = threading.Timer(limit, process.kill)
        stop.start()
        loaded = time.perf_counter()
        for line in process.stdout or ():
            if line.startswith("{"):  # a peer may print remarks of its own
                steps.append(json.loads(line))
            if steps and steps[-1]["step"] == "loaded":
                loaded = time.perf_counter()
        stopped = not stop.is_alive()
        stop.cancel()
    if process.returncode and not stopped:
        message = f"{name} ended with code {process.returncode}"
        raise RuntimeError(message)
    elapsed = time.perf_counter() - loaded
    worked = sum(step.get("seconds", 0.0) for step in steps)
    return PeerRun(name, tuple(steps), elapsed if stopped else worked, finished=not stopped)
