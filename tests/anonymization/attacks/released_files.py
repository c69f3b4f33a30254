"""A file as `classline kanon` releases it, and the source rows behind each line.

An attack sees the lines; who stands behind them is here to tell whether it was right.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from anonymization.generalization.metrics import Metric
from anonymization.kanon.grouping import Mode, grouper_for
from anonymization.kanon.reading import Subject, read_subject
from anonymization.kanon.release import Files, flags_of_release, measures_of, release
from anonymization.kanon.request import Flags, request_of
from anonymization.kanon.search import Aim

Row = Mapping[str, str]


@dataclass(frozen=True)
class Line:
    """One released cell: what everybody sees, and the rows that nobody does."""

    seen: Mapping[str, Any]
    rows: Sequence[Row]

    def amounts(self, measure: str = "value") -> Counter[str]:
        """What each tenant adds to the cell, the largest first."""
        held: Counter[str] = Counter()
        for row in self.rows:
            held[row["tenant"]] += int(row[measure] or 0)
        return Counter(dict(held.most_common()))

    @property
    def tenants(self) -> list[str]:
        """Who stands behind the cell."""
        return sorted({row["tenant"] for row in self.rows})


def a_source(path: Path, rows: Iterable[Row]) -> Path:
    """The rows as a CSV file."""
    listed = list(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, listed[0].keys())
        writer.writeheader()
        writer.writerows(listed)
    return path


def a_hierarchy(folder: Path, column: str, levels: Iterable[Sequence[str]]) -> Path:
    """A hierarchy file of a column; the folder, for the next one."""
    folder.mkdir(exist_ok=True)
    text = "".join(";".join(level) + "\n" for level in levels)
    (folder / f"hierarchy_{column}.csv").write_text(text, encoding="utf-8")
    return folder


def released(
    source: Path,
    *,
    out: Path,
    hierarchies: Path | None = None,
    suppression: str = "0",
    rates: Sequence[str] = (),
    digits: int = 3,
    **flags: Any,
) -> list[Line]:
    """Release the file as the command does: by its hierarchies where given, else by cuts."""
    request = request_of(flags_of_release(Flags(**flags)))
    mode = Mode.PARTITION if hierarchies is None else Mode.LATTICE
    measures = measures_of(request, rates, digits)
    with read_subject(source, request, hierarchies) as subject:
        aim = Aim(Metric.LOSS, Fraction(suppression))
        grouper = grouper_for(subject, mode, hierarchies, aim)
        lines = release(subject, grouper, Files(out), measures).lines.to_pylist()
        grouping = grouper.group(subject)
        columns = subject.combinations.columns
        labels = list(zip(*(grouping.labels[column] for column in columns), strict=True))
        behind = _rows_behind(source, subject, grouping.cell_of.tolist())
    assert len(set(labels)) == len(labels)
    numbers = [labels.index(tuple(line[column] for column in columns)) for line in lines]
    return [Line(line, behind[number]) for line, number in zip(lines, numbers, strict=True)]


def _rows_behind(source: Path, subject: Subject, cell_of: Sequence[int]) -> dict[int, list[Row]]:
    found = subject.combinations
    values = [
        tuple(domain[code] for domain, code in zip(found.domains, codes, strict=True))
        for codes in found.codes.T.tolist()
    ]
    cell = dict(zip(values, cell_of, strict=True))
    behind: dict[int, list[Row]] = {}
    for row in rows_of(source):
        behind.setdefault(cell[tuple(row[name] or None for name in found.columns)], []).append(row)
    return behind


def rows_of(source: Path) -> list[Row]:
    """The rows of a CSV file."""
    with source.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
