"""Puts the stand-ins of a promotion where the assets look its steps up."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

import anonymization
import stores
from stores.home import Home
from stores.keyring import open_keyring
from tests.dagster_project.promotion_stand_ins import Promotions


@pytest.fixture
def a_home_with_keys(tmp_path: Path) -> Path:
    """The folder of an installation that was brought up once; no database runs in it."""
    home = Home(tmp_path)
    home.create()
    open_keyring(home)
    return home.root


@pytest.fixture
def promotions(monkeypatch: pytest.MonkeyPatch) -> Promotions:
    """The promotion steps and the platform, replaced where the assets look them up."""
    faked = Promotions()
    promote = ModuleType("anonymization.promote")
    for step in ("prepare_candidate", "check_candidate", "publish_candidate"):
        setattr(promote, step, getattr(faked, step))
    platform = ModuleType("stores.platform")
    platform.open_platform = faked.open_platform  # type: ignore[attr-defined]
    for package, module in ((anonymization, promote), (stores, platform)):
        short = module.__name__.rpartition(".")[2]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(package, short, module, raising=False)
    return faked
