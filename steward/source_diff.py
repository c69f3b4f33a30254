"""How a version's source differs from the one that was approved last, module by module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff

from anonymization.source_digest import digest_of_source

__all__ = ["ModuleDiff", "source_diff"]


@dataclass(frozen=True, slots=True)
class ModuleDiff:
    """One module's unified diff; ``decides`` is false where only words or layout changed."""

    module: str
    lines: tuple[str, ...]
    added: int
    removed: int
    decides: bool


def source_diff(approved: Mapping[str, str], present: Mapping[str, str]) -> tuple[ModuleDiff, ...]:
    """Every module that is not as approved, those that decide first; new ones are all additions."""
    found = _differing(approved, present)
    return tuple(sorted(found, key=lambda diff: (not diff.decides, diff.module)))


def _differing(approved: Mapping[str, str], present: Mapping[str, str]) -> Iterator[ModuleDiff]:
    for module in approved.keys() | present.keys():
        before, after = approved.get(module, ""), present.get(module, "")
        if before == after:
            continue
        lines = tuple(
            line.rstrip("\n")
            for line in unified_diff(
                before.splitlines(keepends=True),
                after.splitlines(keepends=True),
                f"approved/{module}" if module in approved else "nothing",
                f"now/{module}" if module in present else "nothing",
            )
        )
        body = lines[2:]
        yield ModuleDiff(
            module,
            lines,
            added=sum(line.startswith("+") for line in body),
            removed=sum(line.startswith("-") for line in body),
            decides=module not in approved
            or module not in present
            or digest_of_source(before) != digest_of_source(after),
        )
