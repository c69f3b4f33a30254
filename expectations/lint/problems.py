"""A problem: one rule broken at one node of a module, with the edit that would mend it."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from expectations.lint.module_facts import ModuleFacts
from expectations.lint.settings import Settings, matches

__all__ = ["Edit", "Module", "Problem", "at"]


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text between two places (line from 1, column in UTF-8 bytes from 0)."""

    start: tuple[int, int]
    end: tuple[int, int]
    text: str
    needs_data_class: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """One rule broken; a waiver counts on any of its lines from ``line`` to ``last_line``."""

    rule_id: str
    line: int
    column: int
    last_line: int
    subject: str
    message: str
    edit: Edit | None = None


@dataclass(frozen=True, slots=True)
class Module:
    """A module under inspection: its path in the project, what stands in it, and its part."""

    path: str
    facts: ModuleFacts
    settings: Settings

    @property
    def in_stores(self) -> bool:
        """Whether it may open databases and write SQL."""
        return matches(self.path, self.settings.stores)

    @property
    def in_workflow(self) -> bool:
        """Whether it is a workflow's module."""
        return matches(self.path, self.settings.workflows)

    @property
    def is_test(self) -> bool:
        """Whether it holds tests, where attacks are written on purpose."""
        return matches(self.path, self.settings.tests)


def at(
    node: ast.expr | ast.stmt | ast.arg,
    rule_id: str,
    subject: str,
    message: str,
    edit: Edit | None = None,
) -> Problem:
    """A problem at that node; of a function its header alone takes waivers."""
    last = node.end_lineno or node.lineno
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        last = max(node.lineno, node.body[0].lineno - 1)
    return Problem(rule_id, node.lineno, node.col_offset, last, subject, message, edit)
