"""Releases the cells of a file: labels, counts, rounded measures, and a report of what was checked.

No row and no raw value leaves: a cell is written only after every model was measured again on it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa

from anonymization.engines.cells import Cells, aggregate_cells, write_cells
from anonymization.engines.measures import Count, Measure, Quantile, Rate, Sum
from anonymization.generalization.errors import NoSafeNode
from anonymization.generalization.merged_classes import merged_classes
from anonymization.kanon.check import check_classes
from anonymization.kanon.errors import KanonError, MeaninglessRequest, NothingReleased
from anonymization.kanon.grouping import Grouper, Grouping, LatticeGrouper, Mode
from anonymization.kanon.output import write_all
from anonymization.kanon.picture import AtK, draw
from anonymization.kanon.reading import Subject
from anonymization.kanon.request import Flags, Request
from catalog.data_classes import DataClass
from catalog.floors import FLOORS
from expectations.disclosure import grouped
from expectations.disclosure.classes import Classes
from expectations.disclosure.closeness import TCloseness
from expectations.disclosure.diversity import (
    DistinctDiversity,
    EntropyDiversity,
    RecursiveDiversity,
)

__all__ = ["Files", "Release", "flags_of_release", "measures_of", "release", "require_files"]

_OTHER_KS = (2, 5, 10, 20, 50)
_SECONDS_AT_A_K = 10.0
_FLOOR = FLOORS[DataClass.TENANT_PRIVATE, DataClass.ANONYMIZED_BENCHMARK]
_OF_SENSITIVE = (DistinctDiversity, EntropyDiversity, RecursiveDiversity, TCloseness)
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

    lines: pa.Table
    report: dict[str, object]


def flags_of_release(flags: Flags) -> Flags:
    """The flags with what a release never goes without, unless it is asked for otherwise.

    With a fund, k tenants are left when any one fund leaves. With a sum, the policy's floors of
    dominance (of rows too) and the p% rule.
    """
    if flags.fund is not None and flags.k_without_fund is None:
        flags = replace(flags, k_without_fund=flags.k)
    if flags.measure is not None:
        flags = replace(
            flags,
            dominance=flags.dominance or str(_FLOOR.max_share),
            p_percent=flags.p_percent or str(_FLOOR.p_percent),
            dominance_of_rows=True,
        )
    return flags


def require_files(
    files: Files, source: Path, request: Request, measures: Sequence[Measure]
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
    problems += [f"{path} is a folder, not a file" for path in files.named if path.is_dir()]
    names = [*request.roles.quasi_identifiers, TENANTS, *(each.column for each in measures)]
    taken = sorted({name for name in names if names.count(name) > 1})
    problems += [f"two columns of the release would be called {name}" for name in taken]
    if problems:
        raise MeaninglessRequest(problems)


def release(
    subject: Subject, grouper: Grouper, files: Files, measures: Sequence[Measure]
) -> Release:
    """Group, check again, aggregate, and write all files or none."""
    grouping = grouper.group(subject)
    if not grouping.cells:
        message = "no cell holds what is asked, so nothing is released"
        raise NothingReleased(message)
    classes = _checked(subject, grouping)
    cells = _aggregated(subject, grouping, measures)
    lines = _with_tenants(cells, classes)
    curve = _curve(subject, grouper, grouping) if files.picture is not None else []
    report = _report(subject, grouper, grouping) | {
        "cell_sizes": _sizes(classes),
        "measures": [_declared(measure) for measure in measures],
        "withheld": dict(cells.withheld),
        "utility_by_k": [asdict(each) for each in curve],
    }
    released = Release(lines, report)
    write_all(_writers(subject, files, released, classes, curve))
    return released


def measures_of(request: Request, rates: Sequence[str], digits: int) -> tuple[Measure, ...]:
    """Rows; the sum and quartiles of the measure; and the share of each `COLUMN=VALUE`."""
    measures: list[Measure] = [Count(ROWS)]
    of = request.flags.measure
    if of is not None:
        measures.append(Sum(f"sum_{of}", of, significant_digits=digits))
        measures += [
            Quantile(f"p{percent}_{of}", of, Fraction(percent, 100), significant_digits=2)
            for percent in (25, 50, 75)
        ]
    for each in rates:
        column, equals, value = each.partition("=")
        if not (column and equals):
            raise MeaninglessRequest(["--rate is COLUMN=VALUE"])
        measures.append(Rate(f"rate_{column}_{value}", column, value))
    return tuple(measures)


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


def _aggregated(subject: Subject, grouping: Grouping, measures: Sequence[Measure]) -> Cells:
    """The measures, each withheld where its own rows break a model (sensitive values aside)."""
    roles = subject.request.roles
    cells = aggregate_cells(
        subject.engine,
        subject.table,
        subject.combinations,
        grouping.cell_of,
        measures,
        policy=[each for each in subject.models.values() if not isinstance(each, _OF_SENSITIVE)],
        tenant=roles.tenant,
        fund=roles.fund,
        labels=grouping.labels,
    )
    if cells.left_out:
        message = f"{cells.left_out:,} finished cells break a model: nothing is released; report it"
        raise KanonError(message)
    return cells


def _with_tenants(cells: Cells, classes: Classes) -> pa.Table:
    who = classes.contributors
    if who is None:
        return cells.lines
    tenants = grouped.counts(who.class_of, len(classes))[cells.numbers]
    place = cells.lines.column_names.index(ROWS) + 1
    return cells.lines.add_column(place, TENANTS, pa.array(tenants, type=pa.int64()))


def _declared(measure: Measure) -> dict[str, object]:
    fields = {name: value for name, value in asdict(measure).items() if value is not None}
    return {"kind": type(measure).__name__.lower(), **fields, **_fraction(measure)}


def _fraction(measure: Measure) -> dict[str, str]:
    return {"q": str(measure.fraction)} if isinstance(measure, Quantile) else {}


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
    released: Release,
    classes: Classes,
    curve: Sequence[AtK],
) -> dict[Path, Callable[[Path], None]]:
    writers: dict[Path, Callable[[Path], None]] = {}
    if files.report is not None:
        text = json.dumps(released.report, indent=2, sort_keys=True) + "\n"
        writers[files.report] = lambda path: _write_text(path, text)
    if files.picture is not None:
        flags = subject.request.flags
        unit = "rows" if flags.tenant is None else "tenants"
        writers[files.picture] = lambda path: draw(path, classes.rows[:-1], curve, flags.k, unit)
    writers[files.out] = lambda path: write_cells(released, path)
    return writers


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
