"""Decides whether a cell may be released again, given everything that was released of it before.

A pure mirror of what `control.publish()` decides in the database, for simulation and explanation;
a test holds the two together. Two releases of a cell can be subtracted, and three can combine to
one tenant although each two of them differ by many. So a new state of a cell is released only if,
for every signed combination with up to three earlier states, the tenants whose combined
contribution is not zero are none, or satisfy the whole policy by themselves. That is asked of the
cell as a whole and of every measure, and a fund subtracts every tenant it ever owned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from itertools import product
from types import MappingProxyType

from catalog.floors import DisclosurePolicy

__all__ = [
    "HELD_BECAUSE",
    "MOST_CORRECTIONS",
    "Cell",
    "CellHistory",
    "FrozenFamily",
    "HeldRule",
    "Share",
    "State",
    "clashing_family",
    "differing_rule",
    "held_by",
    "rule_against",
]

MOST_CORRECTIONS = 3
"""A cell is released at most once more than this."""


class HeldRule(StrEnum):
    """The rules by which a cell is held, as promotions count them."""

    UNCHANGED = "unchanged"
    NEWER_PERIOD = "newer_period"
    UNRECORDED = "unrecorded"
    ROW_MOVED = "row_moved"
    CORRECTIONS = "corrections"
    K_TENANTS = "k_tenants"
    K_AFTER_LEAVING_OUT_A_FUND = "k_after_leaving_out_a_fund"
    K_FUNDS = "k_funds"
    DOMINANCE = "dominance"
    P_PERCENT = "p_percent"


HELD_BECAUSE: Mapping[HeldRule, str] = MappingProxyType(
    {
        HeldRule.UNCHANGED: "nothing has changed",
        HeldRule.NEWER_PERIOD: "the key holds a newer period",
        HeldRule.UNRECORDED: "a row stands there that no release is recorded of",
        HeldRule.ROW_MOVED: "a row in it was released in another cell",
        HeldRule.CORRECTIONS: f"it was corrected {MOST_CORRECTIONS} times already",
        HeldRule.K_TENANTS: "too few tenants changed",
        HeldRule.K_AFTER_LEAVING_OUT_A_FUND: "one fund could subtract its own companies' change",
        HeldRule.K_FUNDS: "too few funds changed",
        HeldRule.DOMINANCE: "one tenant makes up most of the change",
        HeldRule.P_PERCENT: "the largest change could be estimated too closely",
    }
)
"""What a steward reads of each rule."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one tenant adds to a cell or a measure; ``digest`` is a sum of its rows' digests.

    Amounts are whole numbers of one unit.
    """

    row_count: int
    amount: int
    digest: int


State = Mapping[str, Mapping[str, Share]]
"""What a release tells of a cell: by what is measured ('' for all of it), each tenant's share."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A candidate's cell: its state, and which rows stand in it."""

    state: State
    rows: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class CellHistory:
    """Everything released of one cell, by every family that shares a measure, revoked or not.

    ``standing`` is the state that its own family shows now; ``rows_elsewhere`` are the rows that
    were ever released in another cell.
    """

    states: Sequence[State] = ()
    standing: State | None = None
    rows_elsewhere: frozenset[int] = frozenset()
    newer_period_stands: bool = field(default=False)


@dataclass(frozen=True, slots=True)
class FrozenFamily:
    """A family that has released: where to, what it measures, and how it cuts rows into cells."""

    name: str
    target: str
    measures: frozenset[str]
    partition: object


def clashing_family(new: FrozenFamily, frozen: Iterable[FrozenFamily]) -> FrozenFamily | None:
    """The family whose cells could be subtracted from the new one's, None if it may release.

    Families that share a measure share the partition, and a family keeps its own. A fund's own
    cells clash only with other cells of funds: decision 9 says why.
    """
    for family in sorted(frozen, key=lambda each: (each.name != new.name, each.name)):
        own = family.name == new.name
        if own != (family.target == new.target):
            return family
        shares = family.measures & new.measures and _of_a_fund(family) == _of_a_fund(new)
        if (own or shares) and family.partition != new.partition:
            return family
    return None


def _of_a_fund(family: FrozenFamily) -> bool:
    return family.target.startswith("fund_private.")


def held_by(
    cell: Cell, history: CellHistory, policy: DisclosurePolicy, owners: Mapping[str, frozenset[str]]
) -> HeldRule | None:
    """The rule that holds the cell back, None if it is released.

    ``owners`` names the funds that own or ever owned each tenant.
    """
    if history.newer_period_stands:
        return HeldRule.NEWER_PERIOD
    if history.standing is not None and history.standing == cell.state:
        return HeldRule.UNCHANGED
    if cell.rows & history.rows_elsewhere:
        return HeldRule.ROW_MOVED
    earlier = _distinct(state for state in history.states if state != cell.state)
    if len(earlier) > MOST_CORRECTIONS:
        return HeldRule.CORRECTIONS
    return differing_rule(cell.state, earlier, policy, owners)


def differing_rule(
    new: State,
    earlier: Sequence[State],
    policy: DisclosurePolicy,
    owners: Mapping[str, frozenset[str]],
) -> HeldRule | None:
    """The first rule that some signed combination of the new state with earlier ones breaks."""
    order = list(HeldRule)
    broken = {
        rule
        for differences in _combinations(new, earlier)
        if (rule := rule_against(differences, policy, owners)) is not None
    }
    return min(broken, key=order.index, default=None)


def rule_against(
    shares: Mapping[str, Share], policy: DisclosurePolicy, owners: Mapping[str, frozenset[str]]
) -> HeldRule | None:
    """The first rule that these shares break, taken without their signs; no shares break none."""
    if not shares:
        return None
    owned = [owners.get(tenant, frozenset()) for tenant in shares]
    by_fund = Counter(fund for funds in owned for fund in funds)
    # Who has no fund can subtract itself; who had two adds no fund that could be counted on.
    left = len(shares) - max(by_fund.values(), default=1)
    funds = {fund for several in owned if len(several) == 1 for fund in several}
    amounts = sorted((abs(share.amount) for share in shares.values()), reverse=True)
    rows = [abs(share.row_count) for share in shares.values()]
    most = Fraction(policy.max_share)
    broken = {
        HeldRule.K_TENANTS: len(shares) < policy.k_tenants,
        HeldRule.K_AFTER_LEAVING_OUT_A_FUND: (
            policy.k_after_leaving_out_a_fund > 0 and left < policy.k_after_leaving_out_a_fund
        ),
        HeldRule.K_FUNDS: len(funds) < policy.k_funds,
        HeldRule.DOMINANCE: any(
            max(held) * most.denominator > sum(held) * most.numerator for held in (amounts, rows)
        ),
        HeldRule.P_PERCENT: sum(amounts[2:]) * 100 < policy.p_percent * amounts[0],
    }
    return next((rule for rule, is_broken in broken.items() if is_broken), None)


def _combinations(new: State, earlier: Sequence[State]) -> Iterator[Mapping[str, Share]]:
    """For each combination and measure, the shares that are not zero; the new state alone first."""
    measured = dict.fromkeys(name for state in (new, *earlier) for name in state)
    for signs in product((0, 1, -1), repeat=len(earlier)):
        terms = [(1, new), *((sign, state) for sign, state in zip(signs, earlier, strict=True))]
        for name in measured:
            yield _combined([(sign, state.get(name, {})) for sign, state in terms if sign])


def _combined(terms: Sequence[tuple[int, Mapping[str, Share]]]) -> Mapping[str, Share]:
    tenants = dict.fromkeys(tenant for _, shares in terms for tenant in shares)
    found: dict[str, Share] = {}
    for tenant in tenants:
        rows, amount, digest = 0, 0, 0
        for sign, shares in terms:
            share = shares.get(tenant)
            if share is not None:
                rows += sign * share.row_count
                amount += sign * share.amount
                digest += sign * share.digest
        if rows or amount or digest:
            found[tenant] = Share(rows, amount, digest)
    return found


def _distinct(states: Iterable[State]) -> list[State]:
    """Equal states count once: they combine to nothing new."""
    found: list[State] = []
    for state in states:
        if state not in found:
            found.append(state)
    return found
