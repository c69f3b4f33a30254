"""Walks a project's folders, past what others put there: dependencies, builds, local state."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["files_under", "folders_under"]

_SKIPPED = frozenset({"node_modules", "dist", "build", "coverage"})


def _walk(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Every folder with the names of its files; links to folders are not followed."""
    for where, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in _SKIPPED and not f.startswith("."))
        yield Path(where), sorted(files)


def folders_under(root: Path) -> Iterator[Path]:
    """The folder itself and every one within it."""
    return (folder for folder, _ in _walk(root))


def files_under(root: Path) -> Iterator[Path]:
    """Every plain file; what links to one elsewhere is none."""
    for folder, names in _walk(root):
        yield from (file for name in names if not (file := folder / name).is_symlink())
