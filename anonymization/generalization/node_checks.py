"""Looks at single nodes of a lattice: whether they are safe, and what they cost.

A node's classes are rolled up from the smallest node below it that is still at hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from anonymization.generalization.combinations import Combinations
from anonymization.generalization.hierarchies import Hierarchy
from anonymization.generalization.metrics import Cost
from anonymization.generalization.rollup import (
    Evidence,
    NodeClasses,
    bottom,
    class_numbers,
    evidence_for,
    rolled_up,
)
from expectations.disclosure.classes import IntArray
from expectations.disclosure.models import BoolArray, Model, satisfied_by

__all__ = ["Node", "NodeChecks", "Verdict"]

Node = tuple[int, ...]

_CACHED_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look at one node told.

    ``below_may_pass`` is False when no node below it can be safe. ``bound`` is a lower bound of
    the cost of every node above. ``cost`` counts only where ``safe``.
    """

    node: Node
    safe: bool
    below_may_pass: bool
    suppressed_rows: int
    cost: float
    bound: float


@dataclass(slots=True)
class NodeChecks:
    """The nodes of one search, and those at hand to roll others up from."""

    combinations: Combinations
    hierarchies: Sequence[Hierarchy]
    models: tuple[Model, ...]
    cost: Cost
    evidence: Evidence
    telling: tuple[Model, ...]
    others: tuple[Model, ...]
    made: int = 0
    _cached: dict[Node, NodeClasses] = field(default_factory=dict)
    _bytes: int = 0
    _steps: dict[tuple[int, int, int], npt.NDArray[np.int32]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        combinations: Combinations,
        hierarchies: Sequence[Hierarchy],
        models: Sequence[Model],
        cost: Cost,
    ) -> NodeChecks:
        """Checks of a search for these models; the finest node stays at hand throughout.

        ``telling`` models rule out what lies below a failing node: those that only gain from
        merging, and all of them where no row may be suppressed.
        """
        telling = tuple(m for m in models if m.absorbing or not cost.limit)
        evidence = evidence_for(models)
        checks = cls(
            combinations,
            hierarchies,
            tuple(models),
            cost,
            evidence,
            telling,
            tuple(model for model in models if model not in telling),
        )
        checks._cached[(0,) * len(hierarchies)] = bottom(combinations, evidence)
        return checks

    @property
    def top(self) -> Node:
        """The coarsest node."""
        return tuple(hierarchy.levels - 1 for hierarchy in self.hierarchies)

    def verdict(self, node: Node) -> Verdict:
        """Look at a node."""
        self.made += 1
        at = self._classes(node)
        size = at.classes.rows
        kept = satisfied_by(self.telling, at.classes)
        below_may_pass = int(size[~kept].sum()) <= self.cost.limit
        if below_may_pass and self.others:
            kept &= satisfied_by(self.others, at.classes)
        suppressed = int(size[~kept].sum())
        safe = suppressed <= self.cost.limit and bool(kept.any())
        return Verdict(
            node=node,
            safe=safe,
            below_may_pass=below_may_pass,
            suppressed_rows=suppressed,
            cost=self.cost.at(node, at, kept) if safe else np.inf,
            bound=self.cost.bound_from(at),
        )

    def cells(self, verdict: Verdict) -> tuple[IntArray, tuple[tuple[str | None, ...], ...]]:
        """The cell of each combination, -1 where suppressed; each column's label in each cell."""
        sizes = self._sizes(verdict.node)
        codes = np.stack(
            [
                hierarchy.codes[level][column]
                for hierarchy, level, column in zip(
                    self.hierarchies, verdict.node, self.combinations.codes, strict=True
                )
            ]
        )
        number, first = class_numbers(codes, sizes)
        kept = self._kept(verdict.node)
        renumbered = np.where(kept, np.cumsum(kept) - 1, -1)
        labels = tuple(
            tuple(hierarchy.labels[level][code] for code in column)
            for hierarchy, level, column in zip(
                self.hierarchies, verdict.node, codes[:, first[kept]], strict=True
            )
        )
        return renumbered[number].astype(np.int64), labels

    def breaking_at_the_top(self) -> dict[str, int]:
        """How many rows break each model at the coarsest node."""
        at = self._classes(self.top)
        rows = {
            model.name: int(at.classes.rows[~model.satisfied(at.classes)].sum())
            for model in self.models
        }
        return {name: count for name, count in rows.items() if count}

    def _kept(self, node: Node) -> BoolArray:
        return satisfied_by(self.models, self._classes(node).classes)

    def _classes(self, node: Node) -> NodeClasses:
        found = self._cached.get(node)
        if found is not None:
            return found
        finer = min(
            (each for each in self._cached if all(map(int.__le__, each, node))),
            key=lambda each: (len(self._cached[each]), each),
        )
        classes = rolled_up(
            self._cached[finer],
            [
                None if low == high else self._step(column, low, high)
                for column, (low, high) in enumerate(zip(finer, node, strict=True))
            ],
            self._sizes(node),
            self.evidence,
        )
        self._keep(node, classes)
        return classes

    def _sizes(self, node: Node) -> list[int]:
        return [len(h.labels[level]) for h, level in zip(self.hierarchies, node, strict=True)]

    def _step(self, column: int, low: int, high: int) -> npt.NDArray[np.int32]:
        """What each label of a column's lower level becomes at the higher one."""
        step = self._steps.get((column, low, high))
        if step is None:
            hierarchy = self.hierarchies[column]
            step = np.zeros(len(hierarchy.labels[low]), dtype=np.int32)
            step[hierarchy.codes[low]] = hierarchy.codes[high]
            self._steps[column, low, high] = step
        return step

    def _keep(self, node: Node, classes: NodeClasses) -> None:
        """Keep a node at hand; the largest make room first, the finest of all never."""
        self._cached[node] = classes
        self._bytes += _bytes_of(classes)
        if self._bytes <= _CACHED_BYTES:
            return
        for each in sorted(self._cached, key=lambda n: (-len(self._cached[n]), n)):
            if any(each) and self._bytes > _CACHED_BYTES // 2:
                self._bytes -= _bytes_of(self._cached.pop(each))


def _bytes_of(node: NodeClasses) -> int:
    size = node.codes.nbytes + node.classes.rows.nbytes
    who, values = node.classes.contributors, node.classes.sensitive
    if who is not None:
        size += who.class_of.nbytes + who.tenant.nbytes + who.rows.nbytes
        size += 0 if who.amounts is None else who.amounts.nbytes
    if values is not None:
        size += values.class_of.nbytes + values.value.nbytes + values.rows.nbytes
    return size
