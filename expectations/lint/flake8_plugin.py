"""The checker as a flake8 plugin: `CLS` rules appear beside flake8's own, with the same waivers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import ClassVar

from expectations.lint.checking import lint_source
from expectations.lint.settings import Settings, project_root, read_settings
from expectations.lint.source_files import relative_name

__all__ = ["ClassChecker"]


class ClassChecker:
    """Checks one file; rules about several files are `classline lint`'s alone."""

    name: ClassVar[str] = "classline"
    version: ClassVar[str] = "1"

    def __init__(self, tree: ast.Module, lines: list[str], filename: str) -> None:
        del tree  # flake8 offers a plugin its tree, and takes it for one only where it is asked for
        self._lines = lines
        self._file = Path(filename)

    def run(self) -> Iterator[tuple[int, int, str, type]]:
        """Line, column, text and checker of each finding, as flake8 expects them."""
        root, settings = _project(self._file.absolute().parent)
        content = "".join(self._lines).encode("utf-8", errors="surrogateescape")
        path = relative_name(self._file, root)
        for finding in lint_source(content, path, settings, self._file).findings:
            place = finding.place
            text = f"{finding.rule.rule_id} {finding.message}"
            yield place.line or 1, (place.column or 1) - 1, text, type(self)


@cache
def _project(folder: Path) -> tuple[Path, Settings]:
    root = project_root(folder)
    return root, read_settings(root)
