"""Installations that are set up once a session and copied for whoever asks for one.

A copy is what the set-up left on the disk: its database, its keys, its files. Tests of the set-up
itself bring up an installation of their own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from lineage.declared_authors import AUTHORS_SETTING
from stores.embedded_postgres import EmbeddedPostgres
from stores.home import Home
from stores.secret_files import exclusive

__all__ = ["PREPARED", "a_started_copy", "prepared_folder"]

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


def a_started_copy(kind: str, root: Path) -> Home:
    """A copy in ``root`` of the installation that `tests.desk` makes under that name, started."""
    subprocess.run(["/bin/cp", "-a", f"{_prepared(kind).root}/.", root], check=True)
    home = Home(root)
    EmbeddedPostgres(home).start()
    return home


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
