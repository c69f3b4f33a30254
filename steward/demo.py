"""The two people of the demo: an engineer who requests and a steward who decides."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from anonymization.decisions import decide
from anonymization.provenance import all_source_files
from anonymization.registered import registered_workflow
from lineage.declared_authors import AUTHORS_SETTING, declared_by, write_history
from lineage.git_history import git_history
from lineage.reviews import Decision
from lineage.source_history import HistoryUnreadable
from stores.boundary.provisioning import add_steward
from stores.home import Home, classline_home
from stores.platform import open_platform
from stores.steward_credentials import read_credential, write_credential

__all__ = ["approve_as", "credentials"]


def credentials(*names: str) -> tuple[Path, ...]:
    """Credential files of these stewards; made where they are not there yet."""
    home = classline_home()
    paths = tuple(home.stewards / f"{name}.json" for name in names)
    with open_platform(home) as platform:
        for name, path in zip(names, paths, strict=True):
            if not path.exists():
                write_credential(path, add_steward(platform, name))
    return paths


def approve_as(
    credential: Path, workflows: Sequence[str], *, reason: str, tell: Callable[[str], None]
) -> None:
    """Approve these workflows as the steward of that credential.

    Where git does not say who wrote them, the demo declares that neither of its two people did.
    """
    home = classline_home()
    with open_platform(home) as platform, _known_authors(home, tell):
        for name in workflows:
            decide(
                platform,
                registered_workflow(name),
                Decision.APPROVED,
                reason,
                credential=read_credential(credential),
            )


@contextmanager
def _known_authors(home: Home, tell: Callable[[str], None]) -> Iterator[None]:
    files = all_source_files()
    if AUTHORS_SETTING not in os.environ:
        try:
            git_history(files)
        except HistoryUnreadable:
            tell(
                "no git history is read here: the demo declares that its steward wrote no workflow"
            )
            record = home.root / "demo-authors.json"
            write_history(record, declared_by(("Whoever wrote this copy",), files))
            os.environ[AUTHORS_SETTING] = str(record)
            try:
                yield
            finally:
                del os.environ[AUTHORS_SETTING]
            return
    yield
