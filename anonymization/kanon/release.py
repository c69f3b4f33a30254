"""Releases the cells of a file: labels, counts and a rounded sum, and a report of what was checked.

No row and no raw value leaves: a cell is written only after every model was measured again on it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from anonymization.generalization.errors import NoSafeNode
from anonymization.generalization.merged_classes import merged_classes
from anonymization.kanon.check import check_classes
from anonymization.kanon.errors import KanonError, MeaninglessRequest, NothingReleased
from anonymization.kanon.grouping import Grouper, Grouping, LatticeGrouper, Mode
from anonymization.kanon.output import write_all
from anonymization.kanon.picture import AtK, draw
from anonymization.kanon.reading import Subject
from anonymization.kanon.request import Flags, Request
from anonymization.rounding import to_significant_digits
from catalog.data_classes import DataClass
from catalog.floors import FLOORS
from expectations.disclosure import grouped
from expectations.disclosure.classes import Classes

__all__ = ["Files", "Release", "flags_of_release", "release", "require_files"]

_OTHER_KS = (2, 5, 10, 20, 50)
_SECONDS_AT_A_K = 10.0
_FLOOR = FLOORS[DataClass.TENANT_PRIVATE, DataClass.ANONYMIZED_BENCHMARK]
ROWS, TENANTS = "cell_rows", "cell_tenants"


@dataclass(frozen=True, slots=True)
class Files:
    """Where the release, its report and its picture go."""

    out: Path
    report: Path | None = None
    picture: Path | None = None

    @property
    def named(self) -> list[Path]:
        """Those that are asked for, the release last: where it is, the others are."""
        return [path for path in (self.report, self.picture, self.out) if path is not None]


@dataclass(frozen=True, slots=True)
class Release:
    """The cells of a release, and what its report says."""

    cells: pa.Table
    report: dict[str, object]


def flags_of_release(flags: Flags) -> Flags:
    """The flags with what a release never goes without, unless it is asked for otherwise.

    With a fund, k tenants are left when any one fund leaves. With a sum, the policy's floors of
    dominance and the p% rule.
    """
    if flags.fund is not None and flags.k_without_fund is None:
        flags = replace(flags, k_without_fund=flags.k)
    if flags.measure is not None:
        flags = replace(
            flags,
            dominance=flags.dominance or str(_FLOOR.max_share),
            p_percent=flags.p_percent or str(_FLOOR.p_percent),
        )
    return flags


def require_files(
    files: Files, source: Path, mode: Mode, directory: Path | None, request: Request
) -> None:
    """Refuse names that could not be written, or that would destroy something, all at once."""
    problems = []
    if files.out.suffix not in {".parquet", ".csv"}:
        problems.append("--out ends in .parquet or .csv")
    if files.picture is not None and files.picture.suffix not in {".svg", ".png"}:
        problems.append("--picture ends in .svg or .png")
    places = [path.resolve() for path in files.named]
    if len(set(places)) < len(places) or source.resolve() in places:
        problems.append("--out, --report and --picture are three files, and none is the source")
    problems += [
        f"there is no folder {path.parent} for {path.name}"
        for path in files.named
        if not path.parent.is_dir()
    ]
    if mode is Mode.LATTICE and directory is None:
        problems.append("give --hierarchies DIR, or --mode partition, which needs none")
    taken = {ROWS, TENANTS, _sum_name(request.flags)} & set(request.roles.quasi_identifiers)
    problems += [
        f"a release has its own column {name}; rename the file's" for name in sorted(taken)
    ]
    if problems:
        raise MeaninglessRequest(problems)


def release(subject: Subject, grouper: Grouper, files: Files, *, digits: int) -> Release:
    """Group, check again, and write all files or none."""
    grouping = grouper.group(subject)
    if not grouping.cells:
        message = "no cell holds what is asked, so nothing is released"
        raise NothingReleased(message)
    classes = _checked(subject, grouping)
    cells = _cells(subject, grouping, classes, digits)
    curve = _curve(subject, grouper, grouping) if files.picture is not None else []
    report = _report(subject, grouper, grouping) | {
        "cell_sizes": _sizes(classes),
        "significant_digits": digits if subject.request.flags.measure else None,
        "utility_by_k": [asdict(each) for each in curve],
    }
    subject.table.require_unchanged()
    write_all(_writers(subject, files, cells, report, classes, curve))
    return Release(cells, report)


def _checked(subject: Subject, grouping: Grouping) -> Classes:
    """The cells as classes, and every model measured on them; a cell that breaks one ends it."""
    count = grouping.cells
    suppressed = grouping.cell_of < 0
    merged = merged_classes(
        subject.combinations.classes, np.where(suppressed, count, grouping.cell_of), count + 1
    )
    checked = check_classes(merged, subject.models, counted=count)
    if not checked.holds or int(merged.rows[count]) != grouping.suppressed_rows:
        message = "the finished cells do not hold what was asked: nothing is released; report it"
        raise KanonError(message)
    return merged


def _cells(subject: Subject, grouping: Grouping, classes: Classes, digits: int) -> pa.Table:
    count = grouping.cells
    columns: dict[str, pa.Array] = {
        name: pa.array(labels, type=pa.string()) for name, labels in grouping.labels.items()
    }
    columns[ROWS] = pa.array(classes.rows[:count], type=pa.int64())
    who = classes.contributors
    if who is not None:
        tenants = grouped.counts(who.class_of, count + 1)[:count]
        columns[TENANTS] = pa.array(tenants, type=pa.int64())
        if who.amounts is not None:
            scale = subject.combinations.amount_scale
            sums = grouped.sums(who.class_of, who.amounts, count + 1)[:count].tolist()
            columns[_sum_name(subject.request.flags)] = _rounded(
                [Decimal(each).scaleb(-scale) for each in sums], digits
            )
    return pa.table(columns)


def _rounded(sums: Sequence[Decimal], digits: int) -> pa.Array:
    """The sums with so many digits, and as many places as these need."""
    rounded = [to_significant_digits(each, digits).normalize() for each in sums]
    places = max(0, *(-int(each.as_tuple().exponent) for each in rounded))
    return pa.array(rounded, type=pa.decimal128(38, places))


def _sum_name(flags: Flags) -> str:
    return f"sum_{flags.measure}"


def _report(subject: Subject, grouper: Grouper, grouping: Grouping) -> dict[str, object]:
    """What may go with the release: limits, and no measured value.

    A cell's exact share, times its published sum, would be the largest tenant's own amount.
    """
    total = subject.combinations.classes.total_rows
    mode = Mode.LATTICE if isinstance(grouper, LatticeGrouper) else Mode.PARTITION
    return {
        **grouping.fields,
        "file": subject.table.paths[0].name,
        "mode": mode.value,
        "quasi_identifiers": list(subject.combinations.columns),
        "rows": total,
        "cells": grouping.cells,
        "tenants": subject.combinations.tenant_count,
        "suppressed_rows": grouping.suppressed_rows,
        "suppressed_share": grouping.suppressed_rows / total,
        "certainty_penalty": grouping.penalty,
        "models": subject.request.asked,
    }


def _sizes(classes: Classes) -> dict[str, int]:
    """Smallest, quartiles and largest of the rows in a cell, by nearest rank."""
    rows = np.sort(classes.rows[:-1])
    ranks = {"smallest": 0.0, "p25": 0.25, "median": 0.5, "p75": 0.75, "largest": 1.0}
    return {
        name: int(rows[max(int(np.ceil(share * len(rows))), 1) - 1])
        for name, share in ranks.items()
    }


def _curve(subject: Subject, grouper: Grouper, grouping: Grouping) -> list[AtK]:
    """Utility and suppression at other ks; a k at which nothing may be released has none."""
    k, total = subject.request.flags.k, subject.combinations.classes.total_rows
    if isinstance(grouper, LatticeGrouper) and grouper.aim.seconds is None:
        grouper = replace(grouper, aim=replace(grouper.aim, seconds=_SECONDS_AT_A_K))
    curve = []
    for each in sorted({*_OTHER_KS, k}):
        try:
            found = grouping if each == k else grouper.group(subject.with_k(each))
        except (NoSafeNode, NothingReleased):
            curve.append(AtK(each, 0.0, 1.0))
        else:
            curve.append(AtK(each, 1 - found.penalty, found.suppressed_rows / total))
    return curve


def _writers(
    subject: Subject,
    files: Files,
    cells: pa.Table,
    report: dict[str, object],
    classes: Classes,
    curve: Sequence[AtK],
) -> dict[Path, Callable[[Path], None]]:
    writers: dict[Path, Callable[[Path], None]] = {}
    if files.report is not None:
        text = json.dumps(report, indent=2, sort_keys=True) + "\n"
        writers[files.report] = lambda path: _write_text(path, text)
    if files.picture is not None:
        flags = subject.request.flags
        unit = "rows" if flags.tenant is None else "tenants"
        writers[files.picture] = lambda path: draw(path, classes.rows[:-1], curve, flags.k, unit)
    writers[files.out] = lambda path: _write_cells(path, cells)
    return writers


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _write_cells(path: Path, cells: pa.Table) -> None:
    if path.suffix == ".csv":
        pa_csv.write_csv(cells, path)
    else:
        pq.write_table(cells, path)
