"""Shared builders: one real PostgreSQL a session, one installation a module that asks."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings

SHARED_DATA = Path(
    os.environ.get("CLASSLINE_SHARED_DATA")
    or Path(__file__).resolve().parents[2] / "shared" / "data"
)


# A deadline for one example would be a timed test: it fails where the machine is busy.
settings.register_profile("classline", deadline=None)
settings.load_profile("classline")

_TEMP_ROOT = "PYTEST_DEBUG_TEMPROOT"
_PREPARED = "PREPARED_INSTALLATIONS"  # as `tests.prepared` knows it

# Files that take long with few tests. Begun last, one of them would run alone at the end.
_FIRST = (
    "dagster_project/test_in_a_browser.py",
    "anonymization/test_promotion.py",
    "stores/test_isolation_kit.py",
    "dagster_project/test_real_promotion.py",
    "steward/test_command_line.py",
    "dagster_project/test_launch.py",
    "steward/desk/test_in_a_browser.py",
    "anonymization/test_guarded_releases.py",
    "anonymization/test_killed_promotions.py",
    "lineage/test_ledger_rotation.py",
    "anonymization/generalization/test_lattice_on_adult.py",
    "expectations/audit/test_store_audit_bad_input.py",
    "anonymization/test_promotion_life.py",
    "lineage/test_outbox.py",
    "dagster_project/test_running_by_itself.py",
    "expectations/audit/test_store_audit.py",
    "catalog/test_datahub_plugins.py",
    "catalog/test_datahub_command.py",
    "anonymization/test_cell_attacks.py",
    "anonymization/text/test_red_team.py",
    "anonymization/test_released_stores.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, then those of many tests: `make test` hands them out in this order."""
    tests = Counter(item.path for item in items)
    places = {name: place for place, name in enumerate(_FIRST)}

    def due(item: pytest.Item) -> tuple[int, int]:
        name = item.path.relative_to(Path(__file__).parent).as_posix()
        return places.get(name, len(places)), -tests[item.path]

    items.sort(key=due)


def pytest_configure(config: pytest.Config) -> None:
    """Give each session a temporary root of its own, and a place for what is prepared once in it.

    The common one is closed to other OS users whenever a session starts, and as root the embedded
    PostgreSQL runs as another user.
    """
    if _TEMP_ROOT not in os.environ and not hasattr(config, "workerinput"):
        os.environ[_TEMP_ROOT] = tempfile.mkdtemp(prefix="classline-tests-")
        config.add_cleanup(lambda: shutil.rmtree(os.environ.pop(_TEMP_ROOT), ignore_errors=True))
    if not hasattr(config, "workerinput"):
        os.environ[_PREPARED] = tempfile.mkdtemp(prefix="prepared-", dir=os.environ[_TEMP_ROOT])
        config.add_cleanup(lambda: shutil.rmtree(os.environ.pop(_PREPARED), ignore_errors=True))


@pytest.fixture(scope="session", autouse=True)
def _declared_authors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Somebody else wrote the code under test: approvals do not hang on a clean working tree.

    What git says of authors has tests of its own, over repositories made for them.
    """
    from anonymization.provenance import all_source_files
    from lineage.declared_authors import AUTHORS_SETTING, declared_by, write_history

    record = tmp_path_factory.mktemp("authors") / "authors.json"
    write_history(record, declared_by(("Nobody Here <nobody@example.com>",), all_source_files()))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(AUTHORS_SETTING, str(record))
        yield


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings of the person who runs it."""
    for name in [name for name in os.environ if name.startswith(("CLASSLINE_", "DATAHUB_"))]:
        if name not in {"CLASSLINE_SHARED_DATA", "CLASSLINE_SOURCE_AUTHORS"}:
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def crm_export_folder() -> Path:
    """The real CRM export, where this machine has it."""
    folder = SHARED_DATA / "crm"
    if not folder.is_dir():
        pytest.skip(f"the real CRM export is not on this machine ({folder})")
    return folder


@pytest.fixture(scope="module")
def a_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of an installation that is up, with its own PostgreSQL; gone afterwards."""
    from tests.prepared import a_copy

    with a_copy("brought-up", tmp_path_factory.mktemp("home")) as home:
        yield home.root


@pytest.fixture(scope="module")
def platform(a_home: Path) -> Iterator[object]:
    """The open platform of that installation."""
    from stores.platform import open_platform

    with open_platform(a_home) as opened:
        yield opened


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[object]:
    """A fresh installation with sample data and the two people of every promotion."""
    from tests.desk import a_desk

    with a_desk(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def sealed() -> Callable[..., str]:
    """Signs a claim after changing fields of it, as the service would."""
    from stores.boundary.claims import Claim, signed
    from stores.keyring import Keyring

    def seal(keyring: Keyring, claim: Claim, **changes: object) -> str:
        changed = replace(claim, **changes)  # type: ignore[arg-type]
        return signed(changed, kid=keyring.kid, key=keyring.signing_key)

    return seal
