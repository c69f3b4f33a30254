"""Puts the stand-ins of a promotion where the assets look its steps up."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

import anonymization
import stores
from tests.dagster_project.promotion_stand_ins import Promotions, open_platform


@pytest.fixture
def promotions(monkeypatch: pytest.MonkeyPatch) -> Promotions:
    """The promotion steps and the platform, replaced where the assets look them up."""
    faked = Promotions()
    promote = ModuleType("anonymization.promote")
    for step in ("prepare_candidate", "check_candidate", "publish_candidate"):
        setattr(promote, step, getattr(faked, step))
    platform = ModuleType("stores.platform")
    platform.open_platform = open_platform  # type: ignore[attr-defined]
    for package, module in ((anonymization, promote), (stores, platform)):
        short = module.__name__.rpartition(".")[2]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(package, short, module, raising=False)
    return faked
