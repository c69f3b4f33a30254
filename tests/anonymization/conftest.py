"""Builders for promotion tests stand in `tests.desk`, which tests of Dagster use as well."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.desk import NOW, Desk, a_desk

__all__ = ["NOW", "Desk"]


@pytest.fixture(scope="module")
def steady_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk for tests of what is refused, which leave nothing behind in it."""
    with a_desk(tmp_path_factory.mktemp("steady") / "home") as opened:
        yield opened
