"""Hierarchies from files: `;`-separated rows of a leaf and its label at level 1, 2, and so on.

The format of ARX: no header, UTF-8. An empty leaf speaks for null and for empty text. All that is
wrong with a file is told at once, by line.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from anonymization.generalization.errors import UnreadableHierarchy, UnsoundHierarchy
from anonymization.generalization.hierarchies import (
    Domain,
    Hierarchy,
    distinct_codes,
    hierarchy_of,
    parting_leaves,
    require_distinct,
)

__all__ = ["hierarchy_file_of", "hierarchy_from_csv"]

_LINES_SHOWN = 5


def hierarchy_from_csv(path: Path, column: str, domain: Domain) -> Hierarchy:
    """Read the hierarchy of a column whose data holds these values.

    Leaves of the file that the data does not hold follow after the domain. Null that the file does
    not speak of keeps a label of its own up to the top.
    """
    require_distinct(column, domain)
    rows = _rows_of(path, column)
    violations = _contradictions(rows)
    position: dict[str | None, int] = {}
    for number, leaf in enumerate(rows.leaves):
        position.setdefault(leaf, number)
    if "" in position:
        position[None] = position[""]
    missing = sum(value not in position for value in domain if value is not None)
    if missing:
        violations.append(
            f"{path.name} misses {missing:,} of the {len(domain):,} values that the data holds; "
            "add a line for each"
        )
    if violations:
        raise UnsoundHierarchy(column, violations)
    leaves = list(domain)
    at = [position.get(value, -1) for value in domain]
    held = set(domain) | ({""} if None in set(domain) else set())
    beyond = [leaf for leaf in dict.fromkeys(rows.leaves) if leaf not in held]
    leaves += [leaf or None for leaf in beyond]
    at += [position[leaf] for leaf in beyond]
    levels = [[level[row] if row >= 0 else None for row in at] for level in rows.levels]
    return hierarchy_of(column, leaves, levels)


def hierarchy_file_of(directory: Path, column: str) -> Path:
    """The one file `*hierarchy_COLUMN.csv` of a folder."""
    ending = f"hierarchy_{column}.csv"
    found = sorted(
        each for each in directory.glob("*.csv") if each.name.endswith(ending) and each.is_file()
    )
    if not found:
        raise UnreadableHierarchy(column, [f"there is no file *{ending} in {directory}"])
    if len(found) > 1:
        names = ", ".join(each.name for each in found)
        raise UnreadableHierarchy(column, [f"{len(found)} files could be it ({names}); keep one"])
    return found[0]


@dataclass(frozen=True, slots=True)
class _Rows:
    """A file in columns: its leaves, their labels a level, and the line of each."""

    leaves: Sequence[str]
    levels: Sequence[Sequence[str]]
    lines: npt.NDArray[np.int64]


def _rows_of(path: Path, column: str) -> _Rows:
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=";", strict=True)
            for row in reader:
                if row:
                    rows.append(row)
                    lines.append(reader.line_num)
    except UnicodeDecodeError:
        message = f"{path.name} is not UTF-8 (after line {len(lines):,}); save it as UTF-8"
        raise UnreadableHierarchy(column, [message]) from None
    except csv.Error:
        message = f"{path.name} is not `;`-separated text (after line {len(lines):,})"
        raise UnreadableHierarchy(column, [message]) from None
    except OSError as error:
        message = f"{path.name} cannot be read ({type(error).__name__})"
        raise UnreadableHierarchy(column, [message]) from None
    if not rows:
        raise UnreadableHierarchy(column, [f"{path.name} is empty"])
    width = len(rows[0])
    ragged = [line for line, row in zip(lines, rows, strict=True) if len(row) != width]
    if ragged:
        message = f"{len(ragged):,} rows have not the {width} fields of the first ({_at(ragged)})"
        raise UnreadableHierarchy(column, [message])
    if width == 1:
        message = f"{path.name} has one field a row: a leaf, and no label; separate them with `;`"
        raise UnreadableHierarchy(column, [message])
    leaves, *levels = zip(*rows, strict=True)
    return _Rows(leaves, levels, np.asarray(lines, dtype=np.int64))


def _contradictions(rows: _Rows) -> list[str]:
    """Where the file gives a leaf two labels, parts what it merged, or leaves a label out."""
    leaf_numbers = distinct_codes(rows.leaves)[1]
    coded = [leaf_numbers, *(distinct_codes(level)[1] for level in rows.levels)]
    found = []
    twofold = np.zeros(len(rows.lines), dtype=np.bool_)
    for level in coded[1:]:
        twofold |= parting_leaves(leaf_numbers, level)
    if twofold.any():
        found.append(
            f"{int(twofold.sum()):,} rows give a leaf other labels than an earlier row does "
            f"({_at(rows.lines[twofold])})"
        )
    for number in range(1, len(coded) - 1):
        parting = parting_leaves(coded[number], coded[number + 1]) & ~twofold
        if parting.any():
            found.append(
                f"{int(parting.sum()):,} rows share a label at level {number} with an earlier row "
                f"and not at level {number + 1} ({_at(rows.lines[parting])})"
            )
    for number, labels in enumerate(rows.levels, start=1):
        if "" in labels:
            empty = [line for line, label in zip(rows.lines, labels, strict=True) if not label]
            found.append(
                f"{len(empty):,} rows have an empty label at level {number} ({_at(empty)})"
            )
    return found


def _at(lines: Iterable[int | np.int64]) -> str:
    every = [int(line) for line in lines]
    shown = ", ".join(str(line) for line in every[:_LINES_SHOWN])
    more = f" and {len(every) - _LINES_SHOWN:,} more" if len(every) > _LINES_SHOWN else ""
    return f"line{'s' if len(every) > 1 else ''} {shown}{more}"
