"""Prints what commands found: tables for people, one JSON document for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NoReturn
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from rich.tree import Tree

__all__ = ["ExitCode", "fail", "print_json", "print_table", "print_tree", "progress", "say"]

_out = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
_err = Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


class ExitCode:
    """What a command's exit code means."""

    DONE = 0
    REFUSED = 1
    BAD_USAGE = 2


def say(line: str) -> None:
    """One line for the person at the terminal."""
    _out.print(line, markup=False)


def progress(line: str) -> None:
    """One line about what is going on; it never mixes with a command's output."""
    _err.print(f"  {line}", markup=False, style="dim")


def fail(message: str, code: int = ExitCode.REFUSED) -> NoReturn:
    """Say what was refused and end with that exit code."""
    _err.print(f"refused: {message}", markup=False, style="red")
    raise typer.Exit(code)


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table; cells are shown as they are, never as markup."""
    if not rows:
        say(f"{title}: none")
        return
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    # Wide enough for a file or a pipe, where nobody has a narrow window.
    console = _out if _out.is_terminal else Console(width=180, highlight=False)
    console.print(table, markup=False)


def print_tree(tree: Tree) -> None:
    """A tree, as wide as its longest line where nobody has a narrow window."""
    console = _out if _out.is_terminal else Console(width=240, highlight=False, soft_wrap=True)
    console.print(tree)


def print_json(content: object) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(content, default=_json_value, indent=2, sort_keys=True) + "\n")


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {count}" for key, count in value.items()) or "-"
    return str(value)


def _json_value(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, UUID | StrEnum):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    message = f"{type(value).__name__} has no JSON form"
    raise TypeError(message)
