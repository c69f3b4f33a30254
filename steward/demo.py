"""The two people of the demo: an engineer who requests and a steward who decides."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from anonymization.registered import registered_workflow
from anonymization.source_digest import source_digest
from stores.boundary.provisioning import add_steward
from stores.home import classline_home
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


def approve_as(credential: Path, workflows: Sequence[str], *, reason: str) -> None:
    """Approve these workflows as the steward of that credential."""
    with open_platform(classline_home()) as platform:
        for name in workflows:
            workflow = registered_workflow(name)
            with platform.steward_session(read_credential(credential)) as session:
                session.decide(workflow.name, source_digest(workflow), "approved", reason)
