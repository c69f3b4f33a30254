"""Which files are linted, and their bytes as a syntax tree. Links to folders are not followed."""

from __future__ import annotations

import ast
import os
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from expectations.errors import ExpectationsError
from expectations.lint.settings import matches

__all__ = ["NoSuchPath", "Source", "parsed", "python_files", "relative_name"]

_MOST_BYTES = 20_000_000
_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "build", "dist"})


class NoSuchPath(ExpectationsError):
    """A path to be linted is not there."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that parsed, or why it did not and on which line."""

    content: bytes
    tree: ast.Module | None
    wrong: str = ""
    line: int = 1


def python_files(paths: Iterable[Path], root: Path, exclude: tuple[str, ...]) -> list[Path]:
    """Every Python file at or under the paths, once, in order of name."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_file():
            found[path] = None
        elif path.is_dir():
            found.update(dict.fromkeys(_under(path)))
        else:
            message = f"{os.fsencode(path)!r} is no file or folder: refused; give what is there"
            raise NoSuchPath(message)
    return sorted(file for file in found if not matches(relative_name(file, root), exclude))


def _under(folder: Path) -> Iterator[Path]:
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in _SKIPPED and not f.startswith("."))
        yield from (Path(where, name) for name in files if name.endswith((".py", ".pyi")))


def relative_name(file: Path, root: Path) -> str:
    """The file's path in the project, with slashes; outside it, the path as it was given."""
    absolute = Path(os.path.abspath(file))  # noqa: PTH100 - resolve() would follow links
    try:
        return absolute.relative_to(root).as_posix()
    except ValueError:
        return absolute.as_posix()


def parsed(file: Path) -> Source:
    """Read and parse one file; what cannot be read or parsed says so with its line."""
    try:
        if file.stat().st_size > _MOST_BYTES:
            return Source(b"", None, f"it has more than {_MOST_BYTES:,} bytes")
        content = file.read_bytes()
    except OSError as error:
        return Source(b"", None, f"it cannot be read ({type(error).__name__})")
    return parse(content)


def parse(content: bytes) -> Source:
    """Parse source bytes of any declared encoding; its warnings are other tools' business."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return Source(content, ast.parse(content))
        except SyntaxError as error:
            return Source(content, None, "it is no Python", max(error.lineno or 1, 1))
        except (ValueError, RecursionError, MemoryError, LookupError) as error:
            return Source(content, None, f"it cannot be parsed ({type(error).__name__})")
