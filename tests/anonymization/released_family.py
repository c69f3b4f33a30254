"""A benchmark family as a simulation releases it, guarded or not, and who attacks it.

The attacker of `revealed` is written apart from the guard: it looks for tenants that stand alone,
or with too few others, in what signed combinations of published states add up to.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import combinations, product

from anonymization.release_guard import (
    Cell,
    CellHistory,
    HeldRule,
    Share,
    State,
    held_by,
    rule_against,
)
from catalog.floors import DisclosurePolicy

POLICY = DisclosurePolicy(
    k_tenants=5, k_after_leaving_out_a_fund=5, max_share=Decimal("0.60"), p_percent=10
)
_MOST_COMBINED = 4


def a_state(amounts: Mapping[str, int], version: int = 0) -> State:
    """One row a tenant, told of by its amount; ``version`` changes what no amount shows."""
    shares = {
        tenant: Share(1, amount, hash((tenant, amount, version)))
        for tenant, amount in amounts.items()
    }
    return {"": shares, "sum": shares}


@dataclass
class ReleasedFamily:
    """What a family published of each cell, in order."""

    guarded: bool
    policy: DisclosurePolicy = POLICY
    owners: dict[str, frozenset[str]] = field(default_factory=dict)
    published: dict[Hashable, list[State]] = field(default_factory=dict)
    homes: dict[int, set[Hashable]] = field(default_factory=dict)
    held: dict[HeldRule, int] = field(default_factory=dict)

    def release(self, cells: Mapping[Hashable, State | Cell]) -> None:
        """Publish what may be; without the guard, whatever satisfies the policy by itself."""
        for key, given in cells.items():
            cell = given if isinstance(given, Cell) else Cell(given)
            before = self.published.get(key, [])
            if self.guarded:
                elsewhere = frozenset(
                    row for row in cell.rows if self.homes.get(row, {key}) != {key}
                )
                history = CellHistory(before, before[-1] if before else None, elsewhere)
                rule = held_by(cell, history, self.policy, self.owners)
            else:
                rule = rule_against(cell.state[""], self.policy, self.owners)
            if rule is not None:
                self.held[rule] = self.held.get(rule, 0) + 1
                continue
            self.published[key] = [*before, cell.state]
            for row in cell.rows:
                self.homes.setdefault(row, set()).add(key)

    def revealed(self, subtracting: Collection[str] = ()) -> set[Hashable]:
        """Cells of which some combination of releases is about fewer than k tenants.

        ``subtracting`` are tenants whose own part the attacker knows and takes away.
        """
        return {
            key
            for key, states in self.published.items()
            if any(
                0 < len(left) < self.policy.k_tenants for left in _differences(states, subtracting)
            )
        }

    def recovered(self) -> set[tuple[Hashable, int]]:
        """Differences of two published sums of a cell: what subtraction gives to anyone."""
        return {
            (key, abs(_sum(one) - _sum(other)))
            for key, states in self.published.items()
            for one, other in combinations(states, 2)
        }


def _sum(state: State) -> int:
    return sum(share.amount for share in state["sum"].values())


def _differences(states: list[State], known: Collection[str]) -> list[set[str]]:
    return [
        {tenant for tenant in _everybody(chosen) - set(known) if _is_left(tenant, signs, chosen)}
        for size in range(2, min(len(states), _MOST_COMBINED) + 1)
        for chosen in combinations(states, size)
        for signs in product((1, -1), repeat=size)
        if signs[0] == 1
    ]


def _everybody(states: Sequence[State]) -> set[str]:
    return {tenant for state in states for tenant in state[""]}


def _is_left(tenant: str, signs: Sequence[int], states: Sequence[State]) -> bool:
    shares = [state[""].get(tenant, Share(0, 0, 0)) for state in states]
    return any(
        sum(sign * part for sign, part in zip(signs, parts, strict=True))
        for parts in zip(*((s.row_count, s.amount, s.digest) for s in shares), strict=True)
    )
