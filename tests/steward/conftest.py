"""Builders for tests of the command line: a home of its own, and calls as a person makes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from steward import command_line
from stores.home import Home
from stores.startup import bring_down


@dataclass(frozen=True)
class Said:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its one JSON document."""
        return json.loads(self.out)


Call = Callable[..., Said]


@pytest.fixture(scope="module")
def cli_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for an installation; whatever a test started in it is stopped."""
    from catalog.embedded_server import stop_embedded

    home = Home(tmp_path_factory.mktemp("cli"))
    yield home.root
    stop_embedded(home.datahub)
    bring_down(home)


@pytest.fixture
def classline(
    cli_home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Call:
    """Calls the command as the entry point does."""
    monkeypatch.setenv("CLASSLINE_HOME", str(cli_home))

    def call(*arguments: object) -> Said:
        monkeypatch.setattr("sys.argv", ["classline", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            command_line.main()
        out, err = capfd.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    return call


@pytest.fixture
def kanon(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    """Calls `classline kanon` as the entry point does; it needs no installation."""

    def call(*arguments: object) -> Said:
        monkeypatch.setattr("sys.argv", ["classline", "kanon", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            command_line.main()
        out, err = capfd.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    return call
