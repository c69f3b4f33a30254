"""Checks modules against every rule, and applies exemptions and waivers to what is found."""

from __future__ import annotations

import gc
import io
import os
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from expectations.audit.findings import Finding, Place, numbered, printable
from expectations.lint.access_rules import access_problems
from expectations.lint.boundary_rules import boundary_problems
from expectations.lint.model_rules import model_problems
from expectations.lint.module_facts import facts_of
from expectations.lint.problems import Edit, Module, Problem
from expectations.lint.rules import RULES
from expectations.lint.settings import Settings, matches, project_root, read_settings
from expectations.lint.source_files import Source, parse, parsed, python_files, relative_name
from expectations.lint.surface_rules import surfaces_of, tested_surfaces, untested
from expectations.lint.waivers import Waiver, waivers_in

__all__ = ["Linted", "lint_paths", "lint_source"]

_KIT = (b"isolation_kit", b"cross_tenant")


@dataclass(slots=True)
class Checked:
    """One file, and what is wrong in it before the rules about several files were asked."""

    path: str
    file: Path | None
    content: bytes
    problems: list[Problem] = field(default_factory=list)
    surfaces: list[tuple[str | None, Problem]] = field(default_factory=list)
    tested: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Linted:
    """What was found in how many files, and the edits that would mend some of it."""

    findings: tuple[Finding, ...]
    files: int
    edits: dict[Path, tuple[Edit, ...]]


def lint_source(content: bytes, path: str, settings: Settings, file: Path | None = None) -> Linted:
    """Check one module by itself: all rules but those about surfaces and their tests."""
    checked = _checked(path, file, parse(content), settings)
    return _finished([checked], settings)


def lint_paths(paths: Sequence[Path]) -> Linted:
    """Check files and folders, with the settings of the project that the first lies in."""
    root = Path(os.path.abspath(project_root(paths[0].absolute())))  # noqa: PTH100 - links stay
    settings = read_settings(root)
    files = python_files(paths, root, settings.exclude)
    with _uncollected():
        checked = [_checked(relative_name(f, root), f, parsed(f), settings) for f in files]
    surfaces = [(each.path, *pair) for each in checked for pair in each.surfaces]
    if surfaces:
        tested = {name for each in checked for name in each.tested}
        tested |= _tested_elsewhere(root, set(files), settings)
        by_path = {each.path: each for each in checked}
        for path, problem in untested(surfaces, tested):
            by_path[path].problems.append(problem)
    return _finished(checked, settings)


def _checked(path: str, file: Path | None, source: Source, settings: Settings) -> Checked:
    checked = Checked(path, file, source.content)
    if source.tree is None:
        checked.problems.append(
            Problem("CLS001", source.line, 0, source.line, "file", f"refused: {source.wrong}")
        )
        return checked
    module = Module(path, facts_of(source.tree), settings)
    if not module.is_test:
        checked.problems += access_problems(module)
        checked.problems += boundary_problems(module)
        checked.problems += model_problems(module, file)
    if any(word in source.content for word in _KIT):
        if not module.is_test or path.endswith("conftest.py"):
            checked.surfaces += surfaces_of(module)
        checked.tested |= tested_surfaces(module)
    return checked


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the cycle collector: it costs half the time of parsing, and trees have no cycles."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _tested_elsewhere(root: Path, seen: set[Path], settings: Settings) -> set[str]:
    """Surfaces that the project's tests attack, where only a part of the project is linted."""
    tested: set[str] = set()
    for file in python_files([root], root, settings.exclude):
        name = relative_name(file, root)
        if file in seen or not (matches(name, settings.tests) or file.name.startswith("test_")):
            continue
        source = parsed(file)
        if source.tree is not None and _KIT[1] in source.content:
            tested |= tested_surfaces(Module(name, facts_of(source.tree), settings))
    return tested


def _finished(checked: Iterable[Checked], settings: Settings) -> Linted:
    findings: list[Finding] = []
    edits: dict[Path, tuple[Edit, ...]] = {}
    count = 0
    for each in checked:
        count += 1
        left = list(_unwaived(each, settings))
        findings += [_finding(each.path, problem) for problem in left]
        mending = tuple(problem.edit for problem in left if problem.edit is not None)
        if mending and each.file is not None:
            edits[each.file] = mending
    return Linted(numbered(findings), count, edits)


def _unwaived(checked: Checked, settings: Settings) -> Iterator[Problem]:
    problems = [p for p in checked.problems if not settings.exempts(p.rule_id, checked.path)]
    waivers = _waivers(checked.content)
    used: set[Waiver] = set()
    for problem in problems:
        waiving = [
            waiver
            for waiver in waivers
            if problem.rule_id in waiver.rules and waiver.covers(problem.line, problem.last_line)
        ]
        used.update(waiving)
        if not waiving:
            yield problem
    for waiver in waivers:
        place = (waiver.line, waiver.column, waiver.line)
        if waiver.wrong:
            yield Problem("CLS002", *place, "waiver", f"a waiver is refused: {waiver.wrong}")
        elif waiver not in used:
            yield Problem("CLS003", *place, "waiver", "a waiver waives nothing", _removal(waiver))


def _waivers(content: bytes) -> list[Waiver]:
    if b"classline:" not in content:
        return []
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return waivers_in(content.decode(encoding, errors="replace"))
    except (SyntaxError, LookupError):
        return []


def _removal(waiver: Waiver) -> Edit:
    return Edit((waiver.line, waiver.column), (waiver.line, -1), "")


def _finding(path: str, problem: Problem) -> Finding:
    place = Place(printable(path), problem.line, problem.column + 1)
    return Finding(RULES[problem.rule_id], place, printable(problem.subject), problem.message)
