"""Starts, finds and stops the embedded DataHub as a process of its own, one per folder."""

from __future__ import annotations

import fcntl
import os
import secrets
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from catalog.datahub_errors import DataHubUnreachable

__all__ = ["embedded_running", "start_embedded", "stop_embedded"]

_MODULE = "catalog.embedded_datahub"
_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_ASK_SECONDS = 2.0
_PAUSE_SECONDS = 0.05
# What a server needs of its starter's environment; credentials of other services are not in it.
_INHERITED = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "VIRTUAL_ENV")


def start_embedded(folder: Path) -> bool:
    """Start the server of that folder unless it runs; True when this call started it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _exclusive(folder):
        if _process(folder) is not None:
            return False
        _ensure_token(folder / "token")
        _port_file(folder).unlink(missing_ok=True)
        process = psutil.Process(_spawn(folder))
        _pid_file(folder).write_text(f"{process.pid}\n", encoding="ascii")
        _await_health(folder, process)
        return True


def stop_embedded(folder: Path) -> bool:
    """Stop the server of that folder; True when it ran."""
    if not folder.is_dir():
        return False
    with _exclusive(folder):
        process = _process(folder)
        if process is not None:
            _end(process)
        _pid_file(folder).unlink(missing_ok=True)
        _port_file(folder).unlink(missing_ok=True)
        return process is not None


def embedded_running(folder: Path) -> bool:
    """Whether the server of that folder runs."""
    return _process(folder) is not None


def _process(folder: Path) -> psutil.Process | None:
    """The process that was started for the folder; a stranger that got its number is none."""
    try:
        process = psutil.Process(int(_pid_file(folder).read_text(encoding="ascii")))
        # By its command line: its time of birth is counted from a clock that can be set.
        is_ours = str(_port_file(folder).resolve()) in process.cmdline()
    except (OSError, ValueError, psutil.Error):
        return None
    return process if is_ours else None


def _spawn(folder: Path) -> int:
    """Start the server in a session of its own; it outlives this process."""
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    # The folder that holds the packages, so that it starts from any working directory.
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parent.parent)
    arguments = {
        "--database": folder / "catalog.db",
        "--token-file": folder / "token",
        "--port-file": _port_file(folder),
    }
    command = [sys.executable, "-m", _MODULE]
    command += [word for name, path in arguments.items() for word in (name, str(path.resolve()))]
    log = os.open(_log_file(folder), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        # Not subprocess: its Popen object would complain that nobody waits for the server.
        return os.posix_spawn(
            sys.executable,
            command,
            environment,
            setsid=True,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, log, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
            ],
        )
    finally:
        os.close(log)


def _await_health(folder: Path, process: psutil.Process) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            break
        if _is_healthy(folder):
            return
        time.sleep(_PAUSE_SECONDS)
    _end(process)
    message = f"the embedded DataHub did not start; {_log_file(folder)} says why"
    raise DataHubUnreachable(message)


def _is_healthy(folder: Path) -> bool:
    try:
        port = int(_port_file(folder).read_text(encoding="ascii"))
        request = urllib.request.Request(f"http://127.0.0.1:{port}/health")
        # Without the proxies of the environment: the server is on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=_ASK_SECONDS) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004 - HTTP OK
    except (OSError, ValueError, urllib.error.URLError):
        return False


def _end(process: psutil.Process) -> None:
    try:
        process.terminate()
        process.wait(_STOP_SECONDS)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(_STOP_SECONDS)
    except psutil.NoSuchProcess:
        return


def _ensure_token(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        handle.write(secrets.token_urlsafe(32))


@contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder / ".lock", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _port_file(folder: Path) -> Path:
    return folder / "port"


def _pid_file(folder: Path) -> Path:
    return folder / "pid"


def _log_file(folder: Path) -> Path:
    return folder / "server.log"
