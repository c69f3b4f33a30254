"""Cuts a table into cells that satisfy every model: greedy, strict, multidimensional (Mondrian).

For cell aggregates only. A partition is a local recoding: overlapping microdata released under it
can be attacked through the cuts' dependence on the data, so no row leaves with its cell's label.

LeFevre, DeWitt and Ramakrishnan, Mondrian Multidimensional K-Anonymity (ICDE 2006), over distinct
combinations in place of rows, with tenants in place of rows as what is counted. A part is cut in
two where both halves satisfy every model, and is a cell where no cut does. It is cut on its widest
column (ties: the earlier column), after the value that halves its rows most evenly (ties: the
lower value); where the models refuse that, at the next nearest cut, then on the next widest
column. The result depends on the data alone: neither on the order of the combinations nor on the
codes of tenants.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from anonymization.generalization.combinations import Combinations
from anonymization.generalization.cut_scales import CutScale, cut_scales
from anonymization.generalization.cuts import Cutter, Parts
from anonymization.generalization.errors import UnsafeCell
from anonymization.generalization.hierarchies import Hierarchy
from anonymization.generalization.merged_classes import merged_classes
from anonymization.generalization.part_extents import Extents, extents_of
from anonymization.generalization.part_members import PartMembers
from anonymization.generalization.rollup import evidence_for
from expectations.disclosure.classes import Classes, Contributors, IntArray
from expectations.disclosure.counting import KTenants
from expectations.disclosure.models import Model, satisfied_by

__all__ = ["DEFAULT_MODELS", "Partition", "partition"]

DEFAULT_MODELS: tuple[Model, ...] = (KTenants(5),)


@dataclass(frozen=True, slots=True)
class Partition:
    """Which cell each combination fell into, and the box of each cell.

    ``cell_of`` is -1 for every combination where the whole table breaks a model; ``refused_by``
    then names these models, and there are no cells. ``low`` and ``high`` are codes: the first and
    last value present, in the cut order of ``scales``. Cells are numbered by their lowest corner.
    """

    scales: tuple[CutScale, ...]
    cell_of: IntArray  # (combinations,)
    low: IntArray  # (columns, cells)
    high: IntArray  # (columns, cells)
    distinct: IntArray  # (columns, cells): how many values are present
    rows: IntArray  # (cells,)
    suppressed_rows: int
    refused_by: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def said(self) -> str:
        """What became of the table, in one sentence."""
        if self.refused_by:
            return (
                f"nothing is released: the whole table breaks {', '.join(self.refused_by)}, so no "
                f"cells of it all could hold; {self.suppressed_rows:,} rows are suppressed"
            )
        return f"{int(self.rows.sum()):,} rows in {len(self):,} cells"


def partition(
    combinations: Combinations,
    models: tuple[Model, ...] = DEFAULT_MODELS,
    *,
    hierarchies: Mapping[str, Hierarchy] | None = None,
    categories: Collection[str] = (),
) -> Partition:
    """The finest cells that greedy cuts reach while every cell satisfies every model.

    A column with a hierarchy is cut in the order of the hierarchy's leaves; ``categories`` names
    columns that look like numbers and are none.
    """
    scales = cut_scales(combinations, hierarchies, categories)
    classes = _looked_at(combinations.classes, models)
    refused_by = _broken_by_the_whole(classes, models)
    if refused_by or not len(combinations):
        return _nothing(combinations, scales, refused_by)
    ranks = np.stack([_ranks(*pair) for pair in zip(scales, combinations.codes, strict=True)])
    found = _cut(Cutter(classes, ranks, models), ranks, scales)
    _require_safe(classes, models, found)
    return _numbered_by_corner(combinations, scales, ranks, found)


def _ranks(scale: CutScale, codes: npt.NDArray[np.int32]) -> IntArray:
    return scale.rank_of_code[codes]


def _looked_at(classes: Classes, models: tuple[Model, ...]) -> Classes:
    """What the models look at, and no more."""
    evidence = evidence_for(models)
    who = classes.contributors if evidence.tenants != 0 else None
    if who is not None and not evidence.amounts:
        who = Contributors(who.class_of, who.tenant, who.rows, None, who.fund_of_tenant)
    return Classes(classes.rows, who, classes.sensitive if evidence.sensitive else None)


def _broken_by_the_whole(classes: Classes, models: tuple[Model, ...]) -> tuple[str, ...]:
    if not len(classes):
        return ()
    whole = merged_classes(classes, np.zeros(len(classes), dtype=np.int64), 1)
    return tuple(model.name for model in models if not model.satisfied(whole)[0])


def _nothing(
    combinations: Combinations, scales: tuple[CutScale, ...], refused_by: tuple[str, ...]
) -> Partition:
    no_boxes = np.zeros((len(scales), 0), dtype=np.int64)
    return Partition(
        scales=scales,
        cell_of=np.full(len(combinations), -1),
        low=no_boxes,
        high=no_boxes,
        distinct=no_boxes,
        rows=np.zeros(0, dtype=np.int64),
        suppressed_rows=combinations.classes.total_rows,
        refused_by=refused_by,
    )


def _cut(cutter: Cutter, ranks: IntArray, scales: tuple[CutScale, ...]) -> PartMembers:
    """All parts of a round are cut at once, until no part can be."""
    parts = cutter.whole()
    items, part_of, cells = [], [], 0
    while parts.combinations.parts:
        extents = extents_of(scales, ranks, parts.combinations)
        column_of, cut_after = _decide(cutter, parts, extents, scales)
        done = parts.combinations.of(cut_after < 0)
        items.append(done.items)
        part_of.append(done.part_of + cells)
        cells += done.parts
        open_parts = cut_after >= 0
        parts = cutter.halved(parts.of(open_parts), column_of[open_parts], cut_after[open_parts])
    return PartMembers(np.concatenate(items), np.concatenate(part_of), cells)


def _decide(
    cutter: Cutter, parts: Parts, extents: Extents, scales: tuple[CutScale, ...]
) -> tuple[IntArray, IntArray]:
    """The column on which each part is cut, and the rank after which; -1 for a finished part."""
    count = parts.combinations.parts
    columns = np.argsort(-extents.widths(scales), axis=0, kind="stable")
    column_of, cut_after = np.zeros(count, dtype=np.int64), np.full(count, -1)
    for widest in columns:
        each = np.arange(count)
        asked = (cut_after < 0) & (extents.low[widest, each] < extents.high[widest, each])
        if not asked.any():
            continue
        cut_after[asked] = cutter.find(parts.of(asked), widest[asked])
        column_of[asked] = widest[asked]
    return column_of, cut_after


def _require_safe(classes: Classes, models: tuple[Model, ...], found: PartMembers) -> None:
    """Every model is measured again on the finished cells: a fault above releases nothing."""
    cell_of = np.empty(len(classes), dtype=np.int64)
    cell_of[found.items] = found.part_of
    held = satisfied_by(models, merged_classes(classes, cell_of, found.parts))
    if not held.all():
        raise UnsafeCell(int((~held).sum()))


def _numbered_by_corner(
    combinations: Combinations,
    scales: tuple[CutScale, ...],
    ranks: IntArray,
    found: PartMembers,
) -> Partition:
    extents = extents_of(scales, ranks, found)
    order = np.lexsort(extents.low[::-1])
    number = np.empty(found.parts, dtype=np.int64)
    number[order] = np.arange(found.parts)
    cell_of = np.empty(len(combinations), dtype=np.int64)
    cell_of[found.items] = number[found.part_of]
    rows = np.zeros(found.parts, dtype=np.int64)
    np.add.at(rows, cell_of, combinations.classes.rows)
    return Partition(
        scales=scales,
        cell_of=cell_of,
        low=_codes(scales, extents.low[:, order]),
        high=_codes(scales, extents.high[:, order]),
        distinct=extents.distinct[:, order],
        rows=rows,
        suppressed_rows=0,
        refused_by=(),
    )


def _codes(scales: tuple[CutScale, ...], ranks: IntArray) -> IntArray:
    return np.stack([scale.code_of_rank[rank] for scale, rank in zip(scales, ranks, strict=True)])
