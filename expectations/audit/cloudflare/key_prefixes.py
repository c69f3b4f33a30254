"""Reads key-value prefix registries: Markdown documents with a table of prefix and class."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from expectations.audit.cloudflare.folders import files_under

__all__ = ["Prefix", "PrefixIndex", "read_prefixes", "registry_files"]

_NAMES = re.compile(r"(?=.*kv)(?=.*(?:registry|prefix)).*\.md", re.IGNORECASE)
_SUBJECT = frozenset({"prefix", "key", "key pattern", "pattern", "key prefix", "store"})
_CLASS = frozenset({"class", "data class", "data_class"})
_BINDING = frozenset({"binding", "namespace"})
_RULE = re.compile(r"\|?[\s:|-]+\|?")
_QUOTED = re.compile(r"`([^`]*)`")
_MOST_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class Prefix:
    """One row of a registry: the key up to its first variable part, and what it says of it."""

    prefix: str
    label: str
    binding: str
    file: str
    line: int


class PrefixIndex:
    """Finds the longest registered prefix of a key; its cost does not grow with their number."""

    def __init__(self, prefixes: Iterable[Prefix]) -> None:
        self._by_text: dict[str, Prefix] = {}
        for each in prefixes:
            self._by_text.setdefault(each.prefix, each)
        self._lengths = sorted({len(text) for text in self._by_text}, reverse=True)

    def longest(self, key: str) -> Prefix | None:
        """The prefix that says most of that key; None where no one is registered."""
        found = (self._by_text.get(key[:length]) for length in self._lengths)
        return next((each for each in found if each is not None), None)


def registry_files(folder: Path) -> list[Path]:
    """The documents that register key prefixes, by their names."""
    return sorted(file for file in files_under(folder) if _NAMES.fullmatch(file.name))


def read_prefixes(file: Path, name: str) -> Iterator[Prefix]:
    """Every prefix of one document; an OSError or UnicodeDecodeError where it cannot be read."""
    if file.stat().st_size > _MOST_BYTES:
        message = f"more than {_MOST_BYTES:,} bytes"
        raise OSError(message)
    columns: dict[str, int] = {}
    for line, text in enumerate(file.read_text("utf-8").splitlines(), 1):
        if not text.lstrip().startswith("|"):
            columns = {}
            continue
        cells = _cells(text)
        if not columns:
            columns = _columns(cells)
        elif columns.get("prefix") is not None and not _RULE.fullmatch(text.strip()):
            yield from _row(cells, columns, name, line)


def _row(cells: list[str], columns: dict[str, int], name: str, line: int) -> Iterator[Prefix]:
    said = {part: cells[at] if at < len(cells) else "" for part, at in columns.items()}
    quoted = _QUOTED.findall(said["prefix"])
    for pattern in quoted[:1] or [said["prefix"]]:
        prefix = re.split(r"[{<*$]", pattern.strip(), maxsplit=1)[0]
        if prefix:
            label = said["class"].strip("`* ")
            yield Prefix(prefix, label, said.get("binding", "").strip("`* "), name, line)


def _columns(cells: list[str]) -> dict[str, int]:
    """Which cell is which, if this heads a table of prefixes; else a mark that it does not."""
    found: dict[str, int] = {}
    for at, cell in enumerate(cells):
        title = cell.strip("`* ").lower()
        for part, titles in (("prefix", _SUBJECT), ("class", _CLASS), ("binding", _BINDING)):
            if title in titles:
                found.setdefault(part, at)
    return found if {"prefix", "class"} <= set(found) else {"other": 0}


def _cells(text: str) -> list[str]:
    inner = text.strip().removeprefix("|").removesuffix("|")
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", inner)]
