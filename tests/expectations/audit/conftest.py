"""One installation with sample data for the tests of a module that audit it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.desk import Desk, a_desk


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One installation with sample data; every test takes its drift back."""
    with a_desk(tmp_path_factory.mktemp("house")) as made:
        yield made
