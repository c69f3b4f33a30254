"""Attacks by subtraction, replayed: with the guard no cell reveals anyone, without it many do."""

from __future__ import annotations

from random import Random

import pytest

from anonymization.release_guard import (
    HELD_BECAUSE,
    Cell,
    FrozenFamily,
    HeldRule,
    Share,
    clashing_family,
    differing_rule,
)
from tests.anonymization.released_family import POLICY, ReleasedFamily, a_state

CELLS = 40
TENANTS = [f"t{n:02}" for n in range(40)]
OWNERS = {tenant: frozenset({f"f{n % 5}"}) for n, tenant in enumerate(TENANTS)}


def amounts_of(draw: Random, tenants: list[str]) -> dict[str, int]:
    """Amounts that no one tenant dominates."""
    return {tenant: draw.randint(900, 1_500) for tenant in tenants}


def a_world(seed: int, *, without: str = "") -> list[dict[str, int]]:
    """Forty cells of some fifteen tenants each, always the same for a seed."""
    draw = Random(seed)
    cells = [amounts_of(draw, draw.sample(TENANTS, 15)) for _ in range(CELLS)]
    return [{t: a for t, a in cell.items() if t != without} for cell in cells]


def both() -> tuple[ReleasedFamily, ReleasedFamily]:
    """The same family twice: with the guard, and without."""
    return ReleasedFamily(guarded=True, owners=OWNERS), ReleasedFamily(guarded=False, owners=OWNERS)


def told(attack: str, guarded: ReleasedFamily, open_: ReleasedFamily) -> tuple[int, int]:
    """How many cells reveal someone with the guard and without, printed."""
    counts = len(guarded.revealed()), len(open_.revealed())
    print(f"{attack}: {counts[0]} cells reveal someone with the guard, {counts[1]} without")
    return counts


@pytest.mark.parametrize(("size", "factor"), [("large", 5), ("middle", 1), ("small", 0.01)])
def test_a_tenant_that_joins_is_not_the_difference(size: str, factor: float) -> None:
    """Releases before and after one tenant joins, whatever its size."""
    newcomer = TENANTS[0]
    guarded, open_ = both()
    for family in (guarded, open_):
        for cells in (a_world(1, without=newcomer), a_world(1)):
            scaled = [
                {t: int(a * factor) if t == newcomer else a for t, a in cell.items()}
                for cell in cells
            ]
            family.release({n: a_state(cell) for n, cell in enumerate(scaled)})
    with_guard, without = told(f"a {size} tenant joins", guarded, open_)
    assert with_guard == 0
    assert without > 5
    assert guarded.published.keys() == open_.published.keys()


@pytest.mark.parametrize("visible", [True, False], ids=["its amount", "what no amount shows"])
def test_a_tenants_change_is_not_the_difference(*, visible: bool) -> None:
    """The set of tenants stays as it is; one tenant's rows hold something else."""
    guarded, open_ = both()
    for family in (guarded, open_):
        family.release({n: a_state(cell) for n, cell in enumerate(a_world(2))})
        changed = {}
        for n, cell in enumerate(a_world(2)):
            shares = dict(a_state(cell)[""])
            tenant = min(shares)
            share = shares[tenant]
            shares[tenant] = Share(1, share.amount + (77 if visible else 0), share.digest + 1)
            changed[n] = {"": shares, "sum": shares}
        family.release(changed)
    with_guard, without = told("one value changes", guarded, open_)
    assert with_guard == 0
    assert without == CELLS


def test_three_releases_that_differ_by_many_do_not_combine_to_one() -> None:
    """X, then Y, then X and Y and one more: each two differ by ten, together they differ by one."""
    x, y, victim = TENANTS[:10], TENANTS[10:20], TENANTS[20]
    guarded, open_ = both()
    for family in (guarded, open_):
        for tenants in (x, y, [*x, *y, victim]):
            family.release({n: a_state(dict.fromkeys(tenants, 1_000 + n)) for n in range(CELLS)})
    with_guard, without = told("three releases", guarded, open_)
    assert with_guard == 0
    assert without == CELLS
    assert guarded.held == {HeldRule.K_TENANTS: CELLS}
    assert {len(states) for states in guarded.published.values()} == {2}


def test_four_releases_that_differ_by_many_do_not_combine_to_one() -> None:
    """A base, the base and X, the base and Y, all of them and one more."""
    base, x, y = TENANTS[:8], TENANTS[8:16], TENANTS[16:24]
    guarded, open_ = both()
    for family in (guarded, open_):
        for tenants in (base, [*base, *x], [*base, *y], [*base, *x, *y, TENANTS[30]]):
            family.release({n: a_state(dict.fromkeys(tenants, 1_000)) for n in range(CELLS)})
    with_guard, without = told("four releases", guarded, open_)
    assert with_guard == 0
    assert without == CELLS


def test_a_fund_that_subtracts_its_own_finds_no_other() -> None:
    """Six change, five of one fund: to that fund the sixth stands alone."""
    own = [tenant for tenant in TENANTS if OWNERS[tenant] == {"f0"}][:5]
    others = [tenant for tenant in TENANTS if OWNERS[tenant] != {"f0"}][:12]
    guarded, open_ = both()
    for family in (guarded, open_):
        family.release({n: a_state(dict.fromkeys(others, 1_000)) for n in range(CELLS)})
        joined = [*others, *own, TENANTS[-1]]
        family.release({n: a_state(dict.fromkeys(joined, 1_000)) for n in range(CELLS)})
    seen = len(guarded.revealed(subtracting=own)), len(open_.revealed(subtracting=own))
    print(f"a fund subtracts its own: {seen[0]} with the guard, {seen[1]} without")
    assert seen == (0, CELLS)
    assert guarded.held == {HeldRule.K_AFTER_LEAVING_OUT_A_FUND: CELLS}


def test_a_fund_subtracts_what_it_sold_too() -> None:
    """A tenant that moved to another fund is still known to the one that had it."""
    changed = {tenant: Share(0, 10, 1) for tenant in TENANTS[:9]}
    apart = {tenant: frozenset({tenant}) for tenant in changed}
    assert differing_rule({"": changed}, [], POLICY, apart) is None
    sold = {t: frozenset({t, "seller"}) if n < 5 else f for n, (t, f) in enumerate(apart.items())}
    found = differing_rule({"": changed}, [], POLICY, sold)
    assert found is HeldRule.K_AFTER_LEAVING_OUT_A_FUND


def test_one_measures_change_is_judged_by_itself() -> None:
    """Nine tenants change somehow, but one alone in what the measure reads."""
    before = {tenant: Share(1, 100, n) for n, tenant in enumerate(TENANTS[:9])}
    after = {tenant: Share(1, 110, share.digest + 1) for tenant, share in before.items()}
    latency = dict(before)
    latency[TENANTS[0]] = Share(1, 100, 999)
    old = {"": before, "latency": before}
    assert differing_rule({"": after, "latency": before}, [old], POLICY, OWNERS) is None
    new = {"": after, "latency": latency}
    assert differing_rule(new, [old], POLICY, OWNERS) is HeldRule.K_TENANTS


def test_two_families_over_one_measure_share_a_partition() -> None:
    """A total less its published parts is the suppressed part; so the finer family is refused."""
    draw = Random(5)
    rows = [
        (region, part, tenant, draw.randint(900, 1_500))
        for region in range(CELLS)
        for part, few in ((0, 14), (1, 12), (2, 3))
        for tenant in draw.sample(TENANTS, few)
    ]
    coarse, fine = ReleasedFamily(guarded=False), ReleasedFamily(guarded=False)
    by_region: dict[object, dict[str, int]] = {}
    by_part: dict[object, dict[str, int]] = {}
    for region, part, tenant, amount in rows:
        whole = by_region.setdefault(region, {})
        whole[tenant] = whole.get(tenant, 0) + amount
        by_part.setdefault((region, part), {})[tenant] = amount
    coarse.release({key: a_state(cell) for key, cell in by_region.items()})
    fine.release({key: a_state(cell) for key, cell in by_part.items()})
    revealed = [
        region
        for region in coarse.published
        if len([part for part in range(3) if (region, part) in fine.published]) == 2
    ]
    print(f"two families over one measure: {len(revealed)} suppressed cells come out unguarded")
    assert len(revealed) > 10

    def family(name: str, partition: str, target: str = "") -> FrozenFamily:
        return FrozenFamily(name, target or f"anonymized.{name}", frozenset({"s.t.c"}), partition)

    frozen = family("coarse", "region")
    assert clashing_family(family("fine", "region, part"), [frozen]) is frozen
    assert clashing_family(family("fine", "region"), [frozen]) is None
    assert clashing_family(family("coarse", "region, part"), [frozen]) is frozen
    assert clashing_family(family("other", "region", "anonymized.coarse"), [frozen]) is frozen
    of_fund = family("rollup", "fund, part", "fund_private.rollup")
    assert clashing_family(of_fund, [frozen]) is None


def test_a_planted_canary_is_recovered_only_without_the_guard() -> None:
    """Knowing sums alone, subtraction gives the canary's value to the dollar; or nothing."""
    canary, value = "canary", 1_234_567 // 1_000
    found = {}
    for guarded in (True, False):
        family = ReleasedFamily(guarded=guarded, owners=OWNERS)
        family.release({n: a_state(cell) for n, cell in enumerate(a_world(3))})
        family.release({n: a_state(cell | {canary: value}) for n, cell in enumerate(a_world(3))})
        found[guarded] = sum(amount == value for _, amount in family.recovered())
    print(f"the canary's value is recovered from {found[False]} cells without the guard")
    assert found[True] == 0
    assert found[False] > 10


def test_a_cell_that_moved_whole_is_not_released_under_its_new_name() -> None:
    """Rows relabelled together, one newcomer among them: the new cell less the old is the one."""
    guarded, open_ = both()
    relabelled = 0
    for family in (guarded, open_):
        for n, amounts in enumerate(a_world(4)):
            rows = frozenset(range(n * 100, n * 100 + len(amounts)))
            family.release({("old", n): Cell(a_state(amounts), rows)})
            joined = Cell(a_state(amounts | {"newcomer": 1_000}), rows | {n * 100 + 99})
            family.release({("new", n): joined})
    for n in range(CELLS):
        pair = [open_.published.get((name, n)) for name in ("old", "new")]
        relabelled += all(pair)
    print(f"relabelled cells: {relabelled} reveal the newcomer without the guard")
    assert relabelled > 5
    assert not [key for key in guarded.published if key[0] == "new"]  # type: ignore[index]
    assert guarded.held[HeldRule.ROW_MOVED] == CELLS


def test_a_cell_that_was_suppressed_may_be_released_later() -> None:
    """Nothing was told of it before, so nothing can be subtracted."""
    family = ReleasedFamily(guarded=True, owners=OWNERS)
    family.release({"late": a_state(dict.fromkeys(TENANTS[:4], 1_000))})
    assert family.held == {HeldRule.K_TENANTS: 1}
    family.release({"late": a_state(dict.fromkeys(TENANTS[:12], 1_000))})
    assert len(family.published["late"]) == 1


def test_a_cell_is_corrected_three_times_at_most() -> None:
    """Corrections that everybody takes part in are released, and the fourth is not."""
    family = ReleasedFamily(guarded=True, owners=OWNERS)
    draw = Random(6)
    for version in range(6):
        family.release({"cell": a_state(amounts_of(draw, TENANTS[:20]), version)})
    assert len(family.published["cell"]) == 4
    assert family.held == {HeldRule.CORRECTIONS: 2}


def test_a_release_that_changes_nothing_is_no_correction() -> None:
    """It is held as unchanged, however often it is asked for."""
    family = ReleasedFamily(guarded=True, owners=OWNERS)
    for _ in range(9):
        family.release({"cell": a_state(dict.fromkeys(TENANTS[:20], 1_000))})
    assert family.held == {HeldRule.UNCHANGED: 8}


def test_every_rule_is_explained_to_a_steward() -> None:
    """No rule is counted under a name that nobody can read."""
    assert HELD_BECAUSE.keys() == set(HeldRule)
