"""A good node of a lattice too large to be searched through, within a budget of seconds.

From a safe node it lowers one column at a time while the node stays safe and becomes cheaper. Each
round begins elsewhere; rounds go on until time is up. Nothing here is proven to be the optimum.
"""

from __future__ import annotations

import time

from anonymization.generalization.node_checks import Node, NodeChecks, Verdict

__all__ = ["descend"]


def descend(checks: NodeChecks, deadline: float) -> Verdict | None:
    """The best safe node found by the deadline, None if none was."""
    columns = len(checks.top)
    best: Verdict | None = None
    seen: dict[Node, Verdict] = {}
    for first in range(columns):
        start = _lowest_safe_of_a_chain(checks, seen, first)
        if start is None:
            continue
        found = _lowered(checks, seen, start, deadline)
        if best is None or (found.cost, found.node) < (best.cost, best.node):
            best = found
        if time.monotonic() > deadline:
            break
    return best


def _lowest_safe_of_a_chain(
    checks: NodeChecks, seen: dict[Node, Verdict], first: int
) -> Verdict | None:
    """Raise columns to their tops one after the other, from ``first`` on, and bisect."""
    top = checks.top
    columns = [(first + step) % len(top) for step in range(len(top))]
    chain: list[Node] = [(0,) * len(top)]
    for column in columns:
        for level in range(1, top[column] + 1):
            chain.append((*chain[-1][:column], level, *chain[-1][column + 1 :]))
    failing, passing = -1, len(chain)
    found: Verdict | None = None
    while passing - failing > 1:
        middle = (failing + passing) // 2
        verdict = _looked_at(checks, seen, chain[middle])
        if verdict.safe:
            found, passing = verdict, middle
        else:
            failing = middle
    return found


def _lowered(
    checks: NodeChecks, seen: dict[Node, Verdict], start: Verdict, deadline: float
) -> Verdict:
    """Lower columns while that is safe and cheaper, the one that gains most first."""
    at = start
    while time.monotonic() <= deadline:
        below = [
            (*at.node[:column], level - 1, *at.node[column + 1 :])
            for column, level in enumerate(at.node)
            if level
        ]
        safe = []
        for node in below:
            verdict = _looked_at(checks, seen, node)
            if verdict.safe and verdict.cost < at.cost:
                safe.append(verdict)
            if time.monotonic() > deadline:
                break
        if not safe:
            break
        at = min(safe, key=lambda verdict: (verdict.cost, verdict.node))
    return at


def _looked_at(checks: NodeChecks, seen: dict[Node, Verdict], node: Node) -> Verdict:
    if node not in seen:
        seen[node] = checks.verdict(node)
    return seen[node]
