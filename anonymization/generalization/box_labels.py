"""Says each cell's box in words, for a release: `17-23`, `{Divorced, Widowed}`, `Married`, `*`.

A label covers exactly the values that the cell holds: numbers and dates from the first to the
last, categories one by one, or under the hierarchy's label if the cell holds all that it covers
of the data. So two cells never share their labels on every column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from anonymization.generalization.combinations import Combinations
from anonymization.generalization.cut_scales import CutScale
from anonymization.generalization.hierarchies import TOP, Hierarchy
from anonymization.generalization.partitions import Partition
from expectations.disclosure import grouped
from expectations.disclosure.classes import IntArray

__all__ = ["box_labels"]

_NULL = "null"


def box_labels(
    partition: Partition,
    combinations: Combinations,
    hierarchies: Mapping[str, Hierarchy] | None = None,
) -> dict[str, tuple[str | None, ...]]:
    """For each column the label of every cell; None for a cell that holds null alone."""
    hierarchies = hierarchies or {}
    labels = {}
    for scale, domain, codes in zip(
        partition.scales, combinations.domains, combinations.codes, strict=True
    ):
        of_ranks = _labeller(scale, domain, hierarchies.get(scale.column))
        known: dict[bytes, str | None] = {}
        named = []
        for ranks in _present(partition, scale, codes):
            key = ranks.tobytes()
            if key not in known:
                known[key] = of_ranks(ranks)
            named.append(known[key])
        labels[scale.column] = tuple(named)
    return labels


def _present(
    partition: Partition, scale: CutScale, codes: npt.NDArray[np.int32]
) -> Sequence[IntArray]:
    """The ranks of the distinct values in each cell, rising."""
    kept = partition.cell_of >= 0
    pair = partition.cell_of[kept] * len(scale) + scale.rank_of_code[codes[kept]]
    cell, rank = np.divmod(np.unique(pair), max(len(scale), 1))
    return np.split(rank, grouped.starts(cell)[1:]) if len(cell) else []


def _labeller(
    scale: CutScale, domain: tuple[str | None, ...], hierarchy: Hierarchy | None
) -> Callable[[IntArray], str | None]:
    texts: list[str | None] = [domain[code] for code in scale.code_of_rank.tolist()]
    if scale.positions is not None:
        numbers = int(np.isfinite(scale.positions).sum())

        def interval(ranks: IntArray) -> str | None:
            return _interval([texts[rank] for rank in ranks], int((ranks < numbers).sum()))

        return interval
    covering = {} if hierarchy is None else _covering_labels(texts, hierarchy)

    def category(ranks: IntArray) -> str | None:
        if len(ranks) == 1:
            return texts[int(ranks[0])]
        # Ranks rise, so first, last and number say whether they are a label's own run.
        run = (int(ranks[0]), int(ranks[-1]) + 1)
        if len(ranks) == run[1] - run[0] and run in covering:
            return covering[run]
        return TOP if len(ranks) == len(texts) else _set(texts[rank] for rank in ranks)

    return category


def _covering_labels(
    texts: Sequence[str | None], hierarchy: Hierarchy
) -> dict[tuple[int, int], str]:
    """The lowest label that covers a run of ranks and nothing else, by where the run begins, ends.

    The leaves of a label stand together in cut order; leaves that the data lacks are left out.
    """
    leaf_of = {hierarchy.labels[0][code]: leaf for leaf, code in enumerate(hierarchy.codes[0])}
    covering: dict[tuple[int, int], str] = {}
    for level in range(1, hierarchy.levels):
        ranks_of: dict[str | None, list[int]] = {}
        for rank, text in enumerate(texts):
            if text in leaf_of:
                label = hierarchy.labels[level][hierarchy.codes[level, leaf_of[text]]]
                ranks_of.setdefault(label, []).append(rank)
        for label, ranks in ranks_of.items():
            if label is not None:
                covering.setdefault((ranks[0], ranks[-1] + 1), label)
    return covering


def _interval(present: Sequence[str | None], numbers: int) -> str | None:
    """From the first number to the last, and whatever has no place among numbers by itself."""
    if len(present) == 1:
        return present[0]
    said = []
    if numbers:
        low, high = str(present[0]), str(present[numbers - 1])
        plain = not low.startswith("-") and low.replace(".", "").isdigit()
        said.append(low if numbers == 1 else f"{low}-{high}" if plain else f"{low} to {high}")
    said += [_NULL if value is None else value for value in present[numbers:]]
    return " or ".join(said)


def _set(values: Iterable[str | None]) -> str:
    return f"{{{', '.join(_NULL if value is None else value for value in values)}}}"
