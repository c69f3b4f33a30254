"""Reads the class that each revision's docstring documents for the columns it adds."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path

__all__ = ["documented_classes"]

_LINE = re.compile(r"^([a-z_]+\.[a-z0-9_]+\.[a-z0-9_]+): ([a-z_]+)$", re.MULTILINE)
_VERSIONS = Path(__file__).parent / "versions"


def documented_classes(folder: Path = _VERSIONS) -> Mapping[str, str]:
    """The class of each column, by qualified name, as the latest revision that names it says.

    Nothing is imported. A file that is half written, or no Python at all, documents nothing: its
    columns are then told as left out.
    """
    found: dict[str, str] = {}
    for path in sorted(folder.glob("[0-9]*.py")):
        try:
            docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        except (OSError, RecursionError, SyntaxError, ValueError):
            continue
        found.update(_LINE.findall(docstring or ""))
    return found
