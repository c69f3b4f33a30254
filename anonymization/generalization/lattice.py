"""Full-domain generalization: the one node of the lattice that costs least and is safe, exactly.

A node gives each quasi-identifier one level of its hierarchy. It is safe if the rows in classes
that break a model are no more than the suppression limit; those are left out.

The search takes the open node with the lowest bound, walks a chain up from it, and finds by
bisection where the chain turns safe. A failing node rules out every node below it (predictive
tagging): always for models that only gain from merging, and for all of them when nothing may be
suppressed. It ends when no open node can be cheaper than the best one found, so the result is the
optimum. Of nodes that cost the same, the one whose levels come first in lexicographic order wins:
a result depends on nothing but the table, the hierarchies and the models.

A lattice too large to be laid out in memory, or a budget of seconds that ends, gives the best node
found and says that it is not proven.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod

import numpy as np
import numpy.typing as npt

from anonymization.generalization.combinations import Combinations
from anonymization.generalization.descent import descend
from anonymization.generalization.errors import NoSafeNode, UnsuitableSearch
from anonymization.generalization.hierarchies import Hierarchy
from anonymization.generalization.metrics import Cost, Metric
from anonymization.generalization.node_checks import Node, NodeChecks, Verdict
from expectations.disclosure.classes import IntArray
from expectations.disclosure.counting import KRows, KTenants
from expectations.disclosure.models import Model

__all__ = ["SearchResult", "search"]

_LARGEST_LATTICE = 4_000_000
_SECONDS_BEYOND_IT = 60.0


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The node found, what it costs, and where it puts each combination.

    ``node[c]`` is the level of column c. ``cell_of[i]`` is the class of combination i, numbered in
    the order of its labels' codes, -1 where it is suppressed. ``labels[c][cell]`` is what column c
    becomes in a cell. ``checks`` counts the nodes looked at, of ``lattice_size``.
    """

    node: Node
    metric: Metric
    loss: float
    suppressed_rows: int
    total_rows: int
    checks: int
    lattice_size: int
    proven_optimal: bool
    cell_of: IntArray
    labels: tuple[tuple[str | None, ...], ...]


def search(
    combinations: Combinations,
    hierarchies: Sequence[Hierarchy],
    models: Sequence[Model],
    *,
    suppression: float | Fraction = 0.0,
    metric: Metric = Metric.LOSS,
    seconds: float | None = None,
) -> SearchResult:
    """The cheapest safe node.

    ``suppression``: the share of all rows, 0 to 1, that may be left out; it is taken as the
    decimal that it prints as. ``seconds``: give up proving after so long.
    Raises NoSafeNode where nothing may be released, UnsuitableSearch where the question makes no
    sense.
    """
    limit = _limit(combinations, hierarchies, models, suppression)
    k = max((model.k for model in models if isinstance(model, KRows | KTenants)), default=1)
    cost = Cost.of(metric, combinations, hierarchies, limit=limit, k=k)
    checks = NodeChecks.of(combinations, hierarchies, models, cost)
    size = prod(hierarchy.levels for hierarchy in hierarchies)
    if size > _LARGEST_LATTICE:
        budget = _SECONDS_BEYOND_IT if seconds is None else seconds
        best, proven = descend(checks, time.monotonic() + budget), False
    else:
        deadline = None if seconds is None else time.monotonic() + seconds
        best, proven = _BestFirst(checks, cost, deadline).run()
    if best is None:
        raise NoSafeNode(_why_not(combinations, checks, suppression, proven=proven))
    made = checks.made
    cell_of, labels = checks.cells(best)
    return SearchResult(
        node=best.node,
        metric=metric,
        loss=best.cost,
        suppressed_rows=best.suppressed_rows,
        total_rows=combinations.classes.total_rows,
        checks=made,
        lattice_size=size,
        proven_optimal=proven,
        cell_of=cell_of,
        labels=labels,
    )


def _limit(
    combinations: Combinations,
    hierarchies: Sequence[Hierarchy],
    models: Sequence[Model],
    suppression: float | Fraction,
) -> int:
    wrong = []
    share = Fraction(str(suppression)) if 0 <= suppression <= 1 else None
    if share is None:
        wrong.append(f"the suppression limit is {suppression}, it is a share from 0 to 1")
    if not models:
        wrong.append("no model is asked for, so that every row would pass as it is")
    if not len(combinations):
        wrong.append("the table has no rows")
    named = tuple(hierarchy.column for hierarchy in hierarchies)
    if named != combinations.columns:
        wrong.append(
            f"hierarchies are for {', '.join(named) or 'no column'}, the quasi-identifiers are "
            f"{', '.join(combinations.columns) or 'none'}"
        )
    else:
        wrong += [
            f"the hierarchy of {hierarchy.column} does not begin with the values of the table"
            for hierarchy, domain in zip(hierarchies, combinations.domains, strict=True)
            if hierarchy.labels[0][: len(domain)] != domain
        ]
    if share is None or wrong:
        message = f"search refused: {'; '.join(wrong)}"
        raise UnsuitableSearch(message)
    return int(share * combinations.classes.total_rows)


def _why_not(
    combinations: Combinations,
    checks: NodeChecks,
    suppression: float | Fraction,
    *,
    proven: bool,
) -> str:
    breaking = checks.breaking_at_the_top()
    asked = [model.k for model in checks.models if isinstance(model, KTenants)]
    few = (
        f"; it has {combinations.tenant_count:,} tenants in all"
        if asked and max(asked) > combinations.tenant_count
        else ""
    )
    rows = ", ".join(f"{name} by {count:,} rows" for name, count in breaking.items())
    found = "no generalization is safe" if proven else "no safe generalization was found in time"
    return (
        f"{found}, so nothing may be released: of {combinations.classes.total_rows:,} rows, "
        f"{float(suppression):.1%} may be suppressed, and the coarsest node breaks "
        f"{rows or 'no model, but finer ones do'}{few}; ask for less, add levels or rows"
    )


@dataclass(slots=True)
class _BestFirst:
    """The exact search over a lattice that is laid out in memory."""

    checks: NodeChecks
    cost: Cost
    deadline: float | None
    bound: npt.NDArray[np.float64] = field(init=False)
    open: npt.NDArray[np.bool_] = field(init=False)
    best: Verdict | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.bound = self.cost.first_bound()
        self.open = np.ones(self.bound.shape, dtype=np.bool_)

    def run(self) -> tuple[Verdict | None, bool]:
        """The cheapest safe node, and whether it is proven to be that."""
        while (node := self._next()) is not None:
            if self.deadline is not None and time.monotonic() > self.deadline:
                return self.best or self._top(), False
            self._bisect(self._chain(node))
        return self.best, True

    def _next(self) -> Node | None:
        """The open node with the lowest bound, unless none can be better than the best."""
        lowest = np.where(self.open, self.bound, np.inf)
        flat = int(np.argmin(lowest))
        bound = float(lowest.flat[flat])
        node = tuple(int(level) for level in np.unravel_index(flat, self.bound.shape))
        if not np.isfinite(bound) or (
            self.best is not None and (bound, node) >= (self.best.cost, self.best.node)
        ):
            return None
        return node

    def _chain(self, node: Node) -> list[Node]:
        """Open nodes from this one upward, each the cheapest above the one before."""
        chain = [node]
        while True:
            above = [
                (*node[:column], level + 1, *node[column + 1 :])
                for column, level in enumerate(node)
                if level + 1 < self.bound.shape[column]
            ]
            above = [each for each in above if self.open[each]]
            if not above:
                return chain
            node = min(above, key=lambda each: (float(self.bound[each]), each))
            chain.append(node)

    def _bisect(self, chain: list[Node]) -> None:
        failing, passing = -1, len(chain)
        while passing - failing > 1:
            middle = (failing + passing) // 2
            if self._looked_at(chain[middle]):
                passing = middle
            else:
                failing = middle

    def _looked_at(self, node: Node) -> bool:
        """Check a node and draw the conclusions; whether what is below it may still be safe."""
        verdict = self.checks.verdict(node)
        above = tuple(slice(level, None) for level in node)
        np.maximum(self.bound[above], verdict.bound, out=self.bound[above])
        self.open[node] = False
        if not verdict.below_may_pass:
            self.open[tuple(slice(None, level + 1) for level in node)] = False
            return False
        if verdict.safe and (
            self.best is None or (verdict.cost, node) < (self.best.cost, self.best.node)
        ):
            self.best = verdict
        return True

    def _top(self) -> Verdict | None:
        verdict = self.checks.verdict(tuple(size - 1 for size in self.bound.shape))
        return verdict if verdict.safe else None
