"""The server as a process: how it starts, what it refuses to start with, and how it ends."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
import requests

from tests.catalog.datahub_builders import TOKEN

if TYPE_CHECKING:
    from pathlib import Path

_HEAVY = "print([name for name in ('datahub', 'requests', 'pydantic') if name in sys.modules])"


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.touch(mode=0o600)
    path.write_text(TOKEN)
    return path


def command(tmp_path: Path, token_file: Path, *more: str) -> list[str]:
    return [
        *(sys.executable, "-m", "catalog.embedded_datahub"),
        *("--database", str(tmp_path / "catalog.db")),
        *("--token-file", str(token_file)),
        *more,
    ]


def test_it_announces_its_port_and_ends_cleanly(tmp_path: Path, token_file: Path) -> None:
    """Whoever starts it must learn when it listens, and find nothing left when it ended."""
    port_file = tmp_path / "port"
    server = subprocess.Popen(
        command(tmp_path, token_file, "--port", "0", "--port-file", str(port_file)),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 20
        while not port_file.exists():
            assert server.poll() is None
            assert time.monotonic() < deadline
        url = f"http://127.0.0.1:{int(port_file.read_text())}"
        with requests.Session() as session:
            assert session.get(f"{url}/health", timeout=10).json() == {"status": "ok"}
            secret = "a-name-nobody-should-log"
            headers = {"Authorization": f"Bearer {TOKEN}"}
            for path in ("/aspects?action=ingestProposal", "/api/graphql", f"/aspects/{secret}"):
                session.post(url + path, json={"query": secret}, headers=headers, timeout=10)
        assert stat.S_IMODE((tmp_path / "catalog.db").stat().st_mode) == 0o600
        server.send_signal(signal.SIGTERM)
        _, log = server.communicate(timeout=10)
    finally:
        server.kill()
    assert server.returncode == 0
    assert secret not in log
    assert TOKEN not in log
    assert not port_file.exists()
    assert not (tmp_path / "catalog.db-wal").exists()


@pytest.mark.parametrize(
    ("mode", "text", "told"),
    [
        (0o644, TOKEN, "chmod 600"),
        (0o660, TOKEN, "chmod 600"),
        (0o600, "", "no token"),
        (0o600, "short", "no token"),
        (0o600, "two words that are a token", "no token"),
    ],
)
def test_a_careless_token_is_refused(tmp_path: Path, mode: int, text: str, told: str) -> None:
    """A token that others can read, or guess, protects nothing."""
    path = tmp_path / "token"
    path.write_text(text)
    path.chmod(mode)
    ended = subprocess.run(
        command(tmp_path, path), capture_output=True, text=True, timeout=20, check=False
    )
    assert ended.returncode == 2
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_file_that_is_no_catalog_is_refused(tmp_path: Path, token_file: Path) -> None:
    """Another program's file must be left as it is."""
    (tmp_path / "catalog.db").write_bytes(b"something else entirely" * 100)
    ended = subprocess.run(
        command(tmp_path, token_file), capture_output=True, text=True, timeout=20, check=False
    )
    assert ended.returncode == 2
    assert "not a catalog" in ended.stderr
    assert (tmp_path / "catalog.db").read_bytes().startswith(b"something else")


def test_a_missing_token_file_is_refused(tmp_path: Path) -> None:
    """Without a token there is no server."""
    ended = subprocess.run(
        command(tmp_path, tmp_path / "none"),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ended.returncode == 2


def test_the_server_never_imports_the_sdk() -> None:
    """Its memory and its start time depend on reading the schemas, not on importing DataHub."""
    code = f"import sys, catalog.embedded_datahub.__main__; {_HEAVY}"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True
    )
    assert ended.stdout.strip() == "[]"
