"""Installations that are set up once a session and copied for whoever asks for one.

A copy is what the set-up left on the disk: its database, its keys, its files. Tests of the set-up
itself bring up an installation of their own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from stores.embedded_postgres import EmbeddedPostgres
from stores.home import Home
from stores.secret_files import exclusive
from stores.startup import bring_down

__all__ = ["PREPARED", "a_started_copy", "prepared_folder"]

PREPARED = "PREPARED_INSTALLATIONS"
"""Names the folder of this session's installations, which its workers share."""


def prepared_folder() -> Path:
    """The folder of this session's installations."""
    return Path(os.environ[PREPARED])


def a_started_copy(kind: str, make: Callable[[Home], None], root: Path) -> Home:
    """A copy in ``root`` of what ``make`` leaves in an installation, with its server up.

    ``make`` may bring its installation up; it is made once a session, by whoever comes first.
    """
    subprocess.run(["/bin/cp", "-a", f"{_prepared(kind, make).root}/.", root], check=True)
    home = Home(root)
    EmbeddedPostgres(home).start()
    return home


def _prepared(kind: str, make: Callable[[Home], None]) -> Home:
    folder = prepared_folder()
    home, ready = Home(folder / kind), folder / f"{kind}.ready"
    with exclusive(folder / f"{kind}.lock"):
        if not ready.exists():
            shutil.rmtree(home.root, ignore_errors=True)
            try:
                make(home)
            finally:
                bring_down(home)
            ready.touch()
    return home
