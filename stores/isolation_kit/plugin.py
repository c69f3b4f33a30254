"""The pytest plugin: no registered surface without a cross-tenant test, and no test that is void.

It imports nothing heavy until a test asks for the isolation world.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stores.isolation_kit.errors import VoidTest
from stores.isolation_kit.surfaces import registered_surfaces, uncovered

if TYPE_CHECKING:
    from stores.isolation_kit.installation import Installation
    from stores.isolation_kit.world import World

__all__ = [
    "isolation_installation",
    "isolation_world",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_runtest_call",
]

_MARK = "cross_tenant"
_FIXTURE = "isolation_world"


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark."""
    config.addinivalue_line(
        "markers",
        f"{_MARK}(surface): proves over real logins that the surface shows A nothing of B",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse a collection in which a registered surface has no cross-tenant test.

    Asked before ``-k`` and ``-m`` deselect anything, and not when single files or tests are named.
    """
    tests = [(item, name) for item in items for name in _surfaces_of(item)]
    unknown = sorted({name for _, name in tests} - set(registered_surfaces()))
    idle = sorted(item.nodeid for item, _ in tests if _FIXTURE not in _fixtures(item))
    problems = [f"{name}: a cross-tenant test names it, but no surface has it" for name in unknown]
    problems += [f"{node}: marked {_MARK}, but does not use {_FIXTURE}" for node in idle]
    if not _narrowed(config):
        counted = {name for item, name in tests if not _skipped(item)}
        problems += [
            f"{name}: a registered surface without a cross-tenant test"
            for name in uncovered(counted)
        ]
    if problems:
        message = (
            "the isolation kit refused this collection:\n  "
            + "\n  ".join(problems)
            + f'\nmark a test @pytest.mark.{_MARK}("name") and call {_FIXTURE}.attack("name", ...)'
        )
        raise pytest.UsageError(message)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a cross-tenant test that ended without attacking its surface."""
    result = yield
    world = getattr(item, "funcargs", {}).get(_FIXTURE)
    idle = sorted(set(_surfaces_of(item)) - getattr(world, "attacked", set()))
    if idle:
        message = (
            f"{', '.join(idle)}: the test ended without attacking it, so that it proves nothing; "
            f"call {_FIXTURE}.attack()"
        )
        raise VoidTest(message)
    return result


@pytest.fixture(scope="session")
def isolation_installation() -> Iterator[Installation]:
    """A throwaway installation with two tenants' canaries, one a session."""
    from stores.isolation_kit.installation import installed  # noqa: PLC0415 - heavy

    with installed() as installation:
        yield installation


@pytest.fixture
def isolation_world(isolation_installation: Installation) -> Iterator[World]:
    """A fresh copy of that installation for one test."""
    with isolation_installation.world() as world:
        yield world


def _surfaces_of(item: pytest.Item) -> list[str]:
    return [str(name) for mark in item.iter_markers(_MARK) for name in mark.args]


def _fixtures(item: pytest.Item) -> list[str]:
    return list(getattr(item, "fixturenames", ()))


def _skipped(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ("skip", "xfail"))


def _narrowed(config: pytest.Config) -> bool:
    named = [argument.split("[")[0] for argument in config.args]
    return any("::" in argument or Path(argument).is_file() for argument in named)
