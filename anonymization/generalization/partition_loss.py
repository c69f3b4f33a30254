"""How much a partition loses: the normalized and the global certainty penalty.

NCP and GCP: Xu, Wang, Pei, Wang, Shi and Fu, Utility-based anonymization using local recoding
(KDD 2006); the weighting to a share between 0 and 1: Ghinita, Karras, Kalnis and Mamoulis, Fast
data anonymization with low information loss (VLDB 2007). `CutScale.widths` is the penalty of one
cell on one column.
"""

from __future__ import annotations

import numpy as np

from anonymization.generalization.cut_scales import CutScale, FloatArray
from anonymization.generalization.part_extents import extents_of
from anonymization.generalization.part_members import PartMembers
from anonymization.generalization.partitions import Partition
from expectations.disclosure.classes import IntArray

__all__ = ["certainty_penalties", "global_certainty_penalty", "penalty_of_cells"]


def certainty_penalties(partition: Partition) -> FloatArray:
    """The NCP of each cell on each column, 0 to 1, (columns, cells)."""
    penalties = np.zeros(partition.low.shape)
    for column, scale in enumerate(partition.scales):
        penalties[column] = scale.widths(
            scale.rank_of_code[partition.low[column]],
            scale.rank_of_code[partition.high[column]],
            partition.distinct[column],
        )
    return penalties


def global_certainty_penalty(partition: Partition) -> float:
    """The GCP, 0 to 1: the mean NCP over columns and rows; a suppressed row loses everything.

    A table without rows, or without columns, loses nothing.
    """
    total = int(partition.rows.sum()) + partition.suppressed_rows
    if not total or not partition.scales:
        return 0.0
    of_cells = certainty_penalties(partition).mean(axis=0)
    return float((of_cells @ partition.rows + partition.suppressed_rows) / total)


def penalty_of_cells(scales: tuple[CutScale, ...], codes: IntArray, cell_of: IntArray) -> float:
    """The GCP of any other grouping of rows, such as a peer's: row i is in cell ``cell_of[i]``."""
    _, number = np.unique(cell_of, return_inverse=True)
    order = np.argsort(number, kind="stable")
    members = PartMembers(order, number[order], int(number.max()) + 1)
    ranks = np.stack([scale.rank_of_code[each] for scale, each in zip(scales, codes, strict=True)])
    penalties = extents_of(scales, ranks, members).widths(scales).mean(axis=0)
    return float(penalties @ np.bincount(number) / len(number))
