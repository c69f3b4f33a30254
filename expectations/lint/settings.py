"""What a project says about itself to the linter: `[tool.classline.lint]` in its pyproject.toml.

```toml
[tool.classline.lint]
stores = ["stores/*"]              # may open databases and write SQL
workflows = ["anonymization/workflows/*"]   # may unwrap labelled values
tests = ["tests/*"]                # attacks are written here: rules 1xx to 4xx are not asked
[[tool.classline.lint.exempt]]
paths = ["engines/*"]
rules = ["CLS201", "CLS202"]
reason = "a compute engine over temporary tables"
```
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from expectations.errors import ExpectationsError
from expectations.lint.rules import RULES

__all__ = ["BadSettings", "Exemption", "Settings", "project_root", "read_settings"]

_FEWEST_WORDS = 3


class BadSettings(ExpectationsError):
    """The project's settings cannot be read, or exempt without a reason."""


@dataclass(frozen=True, slots=True)
class Exemption:
    """Files in which some rules are not asked, and why."""

    paths: tuple[str, ...]
    rules: frozenset[str]
    reason: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Which files play which part."""

    stores: tuple[str, ...] = ("stores/*",)
    workflows: tuple[str, ...] = ("workflows/*", "anonymization/workflows/*")
    tests: tuple[str, ...] = ("tests/*",)
    exclude: tuple[str, ...] = ()
    exempt: tuple[Exemption, ...] = ()

    def exempts(self, rule_id: str, path: str) -> bool:
        """Whether that rule is not asked in that file."""
        return any(rule_id in each.rules and matches(path, each.paths) for each in self.exempt)


def matches(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether a relative path with slashes fits one of the patterns; * crosses folders."""
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def project_root(start: Path) -> Path:
    """The nearest folder at or above with a pyproject.toml or a repository; else the start."""
    folder = start if start.is_dir() else start.parent
    for candidate in (folder, *folder.parents):
        if (candidate / "pyproject.toml").is_file() or (candidate / ".git").exists():
            return candidate
    return folder


def read_settings(root: Path) -> Settings:
    """The settings of the project in that folder; the defaults where it has none."""
    file = root / "pyproject.toml"
    if not file.is_file():
        return Settings()
    try:
        project = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"pyproject.toml: refused, it is no TOML ({error}); mend it and lint again"
        raise BadSettings(message) from None
    said = project.get("tool", {}).get("classline", {}).get("lint", {})
    known = {"stores", "workflows", "tests", "exclude"}
    problems = [f"unknown key {name!r}" for name in sorted(set(said) - known - {"exempt"})]
    parts: dict[str, tuple[str, ...]] = {}
    for name in sorted(known & set(said)):
        if not _is_list_of_text(said[name]):
            problems.append(f"{name} is no list of patterns")
        else:
            parts[name] = tuple(said[name])
    exemptions = []
    for position, entry in enumerate(said.get("exempt", []), 1):
        problem = _wrong_with(entry)
        if problem:
            problems.append(f"exempt number {position}: {problem}")
        else:
            exemptions.append(
                Exemption(tuple(entry["paths"]), frozenset(entry["rules"]), entry["reason"])
            )
    if problems:
        message = (
            "pyproject.toml, [tool.classline.lint]: refused:\n  "
            + "\n  ".join(problems)
            + "\nsee docs/lint.md for what may stand there"
        )
        raise BadSettings(message)
    return Settings(exempt=tuple(exemptions), **parts)


def _wrong_with(entry: object) -> str:
    if not isinstance(entry, Mapping) or set(entry) != {"paths", "rules", "reason"}:
        return "it has paths, rules and a reason, and nothing else"
    if not _is_list_of_text(entry["paths"]) or not _is_list_of_text(entry["rules"]):
        return "paths and rules are lists of texts"
    unknown = sorted(set(entry["rules"]) - set(RULES))
    if unknown:
        return f"it names no rule of this linter: {', '.join(unknown)}"
    if not isinstance(entry["reason"], str) or len(entry["reason"].split()) < _FEWEST_WORDS:
        return f"its reason has {_FEWEST_WORDS} words or more"
    return ""


def _is_list_of_text(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)
