"""The embedded server as a process: one per folder, found by identity, gone when stopped."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from catalog.datahub_client import DataHubUnreachable, connect, datahub_settings
from catalog.embedded_server import embedded_running, start_embedded, stop_embedded

pytestmark = pytest.mark.integration


def test_it_starts_answers_and_stops(tmp_path: Path) -> None:
    """What `up` starts must answer, and what `down` stops must be gone."""
    folder = tmp_path / "datahub"
    assert not embedded_running(folder)
    assert not stop_embedded(folder)
    assert start_embedded(folder)
    try:
        process = psutil.Process(int((folder / "pid").read_text()))
        connect(datahub_settings(folder, {})).close()
        for name in ("token", "server.log"):
            assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
        assert os.getsid(process.pid) == process.pid
        assert "CLASSLINE_DATABASE_URL" not in process.environ()
    finally:
        assert stop_embedded(folder)
    assert not process.is_running()
    assert not embedded_running(folder)
    assert not stop_embedded(folder)


def test_two_starts_make_one_server(tmp_path: Path) -> None:
    """Two runs that start together must share one server, with one token, over one file."""
    folder = tmp_path / "datahub"
    with ThreadPoolExecutor() as pool:
        started = list(pool.map(start_embedded, [folder] * 3))
    try:
        assert sorted(started) == [False, False, True]
    finally:
        assert stop_embedded(folder)


def test_a_restart_keeps_the_token(tmp_path: Path) -> None:
    """Whoever holds the token must not lose access because a machine was rebooted."""
    folder = tmp_path / "datahub"
    assert start_embedded(folder)
    token = (folder / "token").read_text()
    assert stop_embedded(folder)
    assert start_embedded(folder)
    try:
        assert (folder / "token").read_text() == token
    finally:
        stop_embedded(folder)


def test_a_stranger_with_its_number_is_left_alone(tmp_path: Path) -> None:
    """Process numbers are given out again; the one we find must be the one we started."""
    (tmp_path / "pid").write_text(str(os.getpid()))
    assert not embedded_running(tmp_path)
    assert not stop_embedded(tmp_path)
    assert psutil.Process().is_running()


def test_a_killed_server_is_started_again(tmp_path: Path) -> None:
    """A crash must not leave the folder locked or a dead server taken for a live one."""
    folder = tmp_path / "datahub"
    assert start_embedded(folder)
    process = psutil.Process(int((folder / "pid").read_text()))
    process.kill()
    process.wait(10)
    assert not embedded_running(folder)
    assert start_embedded(folder)
    assert stop_embedded(folder)


def test_a_failed_start_names_its_log(tmp_path: Path) -> None:
    """A server that cannot start must say where to read why, and leave nothing behind."""
    folder = tmp_path / "datahub"
    folder.mkdir()
    (folder / "token").write_text("open-to-everyone-who-looks")
    (folder / "token").chmod(0o644)
    with pytest.raises(DataHubUnreachable, match=r"server\.log"):
        start_embedded(folder)
    assert not embedded_running(folder)
