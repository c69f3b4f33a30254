"""Puts the combinations of a file into cells: by a node of a lattice, or by a partition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from anonymization.generalization.box_labels import box_labels
from anonymization.generalization.hierarchies import Hierarchy
from anonymization.generalization.lattice import SearchResult
from anonymization.generalization.partition_loss import global_certainty_penalty
from anonymization.generalization.partitions import partition
from anonymization.kanon.errors import MeaninglessRequest, NothingReleased
from anonymization.kanon.reading import Subject, all_hierarchies, found_hierarchies
from anonymization.kanon.search import Aim, search_fields, search_with
from expectations.disclosure.classes import IntArray

__all__ = ["Grouper", "Grouping", "LatticeGrouper", "Mode", "PartitionGrouper", "grouper_for"]

Labels = Mapping[str, Sequence[str | None]]


class Mode(StrEnum):
    """How cells are made."""

    LATTICE = "lattice"
    PARTITION = "partition"


@dataclass(frozen=True, slots=True)
class Grouping:
    """The cell of each combination, -1 where it is suppressed, and each cell's labels.

    ``penalty`` is the global certainty penalty, 0 to 1; a suppressed row loses everything.
    """

    cell_of: IntArray
    labels: Labels
    suppressed_rows: int
    penalty: float
    fields: Mapping[str, object]

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return len(next(iter(self.labels.values())))


@dataclass(frozen=True, slots=True)
class LatticeGrouper:
    """One level a column, the best that the search finds."""

    hierarchies: tuple[Hierarchy, ...]
    aim: Aim

    def group(self, subject: Subject) -> Grouping:
        """The cells of the best safe node."""
        found = search_with(subject, self.hierarchies, self.aim)
        return Grouping(
            cell_of=found.cell_of,
            labels=dict(zip(subject.combinations.columns, found.labels, strict=True)),
            suppressed_rows=found.suppressed_rows,
            penalty=self._penalty(subject, found),
            fields=search_fields(subject, self.hierarchies, found),
        )

    def _penalty(self, subject: Subject, found: SearchResult) -> float:
        combinations = subject.combinations
        rows = combinations.classes.rows
        lost = np.zeros(len(rows))
        for hierarchy, level, codes in zip(
            self.hierarchies, found.node, combinations.codes, strict=True
        ):
            lost += hierarchy.loss_of_labels(level)[hierarchy.codes[level][codes]]
        lost /= len(self.hierarchies)
        lost[found.cell_of < 0] = 1.0
        return float(lost @ rows / rows.sum())


@dataclass(frozen=True, slots=True)
class PartitionGrouper:
    """Cuts of the table itself; no row is suppressed, or all are."""

    hierarchies: Mapping[str, Hierarchy]

    def group(self, subject: Subject) -> Grouping:
        """The cells of the finest safe partition that greedy cuts reach."""
        combinations = subject.combinations
        found = partition(
            combinations, tuple(subject.models.values()), hierarchies=self.hierarchies
        )
        if found.refused_by:
            tenants = (
                f" ({combinations.tenant_count:,} tenants)" if combinations.tenant_count else ""
            )
            message = f"{found.said}{tenants}; ask for less, or add rows"
            raise NothingReleased(message)
        return Grouping(
            cell_of=found.cell_of,
            labels=box_labels(found, combinations, self.hierarchies),
            suppressed_rows=found.suppressed_rows,
            penalty=global_certainty_penalty(found),
            fields={},
        )


Grouper = LatticeGrouper | PartitionGrouper


def grouper_for(subject: Subject, mode: Mode, directory: Path | None, aim: Aim) -> Grouper:
    """The grouper of that mode; a lattice needs a hierarchy for every column."""
    if mode is Mode.LATTICE:
        if directory is None:
            problem = "give --hierarchies DIR, or --mode partition, which needs none"
            raise MeaninglessRequest([problem])
        return LatticeGrouper(all_hierarchies(subject.combinations, directory), aim)
    found = {} if directory is None else found_hierarchies(subject.combinations, directory)
    return PartitionGrouper(found)
