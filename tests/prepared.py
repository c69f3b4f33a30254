"""Installations that are set up once a session and copied for whoever asks for one.

A copy is what the set-up left on the disk: its database, its keys, its files. Tests of the set-up
itself bring up an installation of their own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lineage.declared_authors import AUTHORS_SETTING
from stores.embedded_postgres import EmbeddedPostgres
from stores.home import Home
from stores.secret_files import exclusive

__all__ = ["PREPARED", "a_copy", "copied", "prepared_folder"]

PREPARED = "PREPARED_INSTALLATIONS"
"""Names the folder of this session's installations, which its workers share."""

_ROOT = Path(__file__).resolve().parents[1]
_OURS = ("CLASSLINE_", "DATAHUB_")
_HURRIED = """
# No copy outlives the tests, so none waits for the disk.
fsync = off
full_page_writes = off
"""


def prepared_folder() -> Path:
    """The folder of this session's installations."""
    return Path(os.environ[PREPARED])


@contextmanager
def a_copy(kind: str, root: Path) -> Iterator[Home]:
    """A copy in ``root`` of the installation that `tests.desk` makes under that name.

    Its server is up meanwhile; afterwards its data are gone, before they reach the disk.
    """
    home = copied(kind, root)
    server = EmbeddedPostgres(home)
    server.start()
    try:
        yield home
    finally:
        server.stop()
        shutil.rmtree(home.pgdata)


def copied(kind: str, root: Path) -> Home:
    """The same, neither started nor taken away."""
    subprocess.run(["/bin/cp", "-a", f"{_prepared(kind).root}/.", root], check=True)
    return Home(root)


def _prepared(kind: str) -> Home:
    """Made once a session, by whoever comes first, in a process that no test has patched."""
    folder = prepared_folder()
    home, ready = Home(folder / kind), folder / f"{kind}.ready"
    with exclusive(folder / f"{kind}.lock"):
        if not ready.exists():
            shutil.rmtree(home.root, ignore_errors=True)
            subprocess.run(
                [sys.executable, "-m", "tests.desk", kind, home.root],
                check=True,
                cwd=_ROOT,
                env={name: os.environ[name] for name in os.environ if not name.startswith(_OURS)}
                | {AUTHORS_SETTING: os.environ[AUTHORS_SETTING]},
            )
            with (home.pgdata / "postgresql.conf").open("a") as settings:
                settings.write(_HURRIED)
            ready.touch()
    return home
