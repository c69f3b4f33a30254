"""Who wrote a workflow's version and of which texts it consists: what four eyes are judged by."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from anonymization.registered import WORKFLOWS
from anonymization.source_digest import modules_of
from anonymization.workflow import Workflow
from lineage.declared_authors import AUTHORS_SETTING, read_declared
from lineage.git_history import git_history
from lineage.reviews import ApprovedVersion, last_approved
from lineage.source_history import SourceHistory
from stores.platform import Platform

__all__ = [
    "Provenance",
    "all_source_files",
    "lock_digest",
    "provenance",
    "record_provenance",
    "source_files",
]

_LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"


@dataclass(frozen=True, slots=True)
class Provenance:
    """A version's modules with their texts, and who wrote them since the last approval.

    ``authors`` are as git has them, "Name <address>"; ``approved`` is None before any approval.
    """

    texts: Mapping[str, str]
    authors: tuple[str, ...]
    approved: ApprovedVersion | None
    lock_digest: str | None


def source_files(workflow: Workflow) -> dict[str, Path]:
    """The files that the workflow's digest is about, by module."""
    files = {}
    for module in modules_of(workflow):
        spec = importlib.util.find_spec(module)
        if spec is None or spec.origin is None:
            message = f"{module}: no source is found, so nobody can review it"
            raise ImportError(message)
        files[module] = Path(spec.origin)
    return files


def all_source_files() -> dict[str, Path]:
    """The files of every workflow in force, by module."""
    return {name: path for each in WORKFLOWS for name, path in source_files(each).items()}


def provenance(platform: Platform, workflow: Workflow) -> Provenance:
    """What the version in force consists of and who wrote it; refused where that is unknown."""
    files = source_files(workflow)
    approved = last_approved(platform, workflow.name)
    return Provenance(
        texts={module: path.read_bytes().decode() for module, path in files.items()},
        authors=_history(files).authors_since(approved.texts if approved else {}),
        approved=approved,
        lock_digest=lock_digest(),
    )


def record_provenance(platform: Platform, workflow: Workflow, digest: str) -> Provenance:
    """Find out who wrote the version and record it, as an approval demands."""
    found = provenance(platform, workflow)
    digests = {module: _sha256(text) for module, text in found.texts.items()}
    with platform.platform_session("provenance") as session:
        session.record_provenance(
            {
                "workflow": workflow.name,
                "source_digest": digest,
                "modules": digests,
                "texts": {digests[module]: text for module, text in found.texts.items()},
                "authors": list(found.authors),
                "since_approval": found.approved.approval_id if found.approved else None,
                "lock_digest": found.lock_digest,
            }
        )
    return found


def lock_digest() -> str | None:
    """SHA-256 of the lock file that the installation was made from, where it is there."""
    return hashlib.sha256(_LOCK.read_bytes()).hexdigest() if _LOCK.is_file() else None


def _history(files: Mapping[str, Path]) -> SourceHistory:
    declared = os.environ.get(AUTHORS_SETTING)
    return read_declared(Path(declared), files) if declared else git_history(files)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
