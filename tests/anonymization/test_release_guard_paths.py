"""New cells are decided in one pass, and all others by combination: the two decide alike.

A cell takes the first only if no state of it was ever shown.
"""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text

from anonymization.release_guard import Cell, Share, State, rule_against
from catalog.floors import DisclosurePolicy
from stores.platform import Platform
from tests.anonymization.test_release_guard_database import (
    a_share,
    filed,
    given,
    judged,
    moved,
    owned_in_turn,
    registered,
)

pytestmark = pytest.mark.integration

POLICIES = {
    "leaving out a fund": (
        "anonymized_benchmark",
        DisclosurePolicy(
            k_tenants=5, k_after_leaving_out_a_fund=5, max_share=Decimal("0.60"), p_percent=10
        ),
    ),
    "counting funds": (
        "fund_private",
        DisclosurePolicy(k_tenants=3, k_funds=2, max_share=Decimal("0.45"), p_percent=20),
    ),
}
_MET = {
    "leaving out a fund": {"k_tenants", "k_after_leaving_out_a_fund", "dominance", "p_percent"},
    "counting funds": {"k_tenants", "k_funds", "dominance"},
}
# Names that JSON writes otherwise, and that sort otherwise in a language's order.
TENANTS = [
    *(f"tn_{n}" for n in range(9)),
    'tn "quoted"',
    "tn\\back",
    "TN_upper",
    "tn_é",
    "tn\ttab",
]
_OWNED = (
    "ARRAY(SELECT tenant_id FROM control.owned_ever() ORDER BY tenant_id, fund_id),"
    " ARRAY(SELECT fund_id FROM control.owned_ever() ORDER BY tenant_id, fund_id)"
)
# As revision 0015 wrote it; releases of that time are compared with those of today.
_DIGEST = """
SELECT c.cell_no, encode(sha256(convert_to(string_agg(
           jsonb_build_array(c.measured, c.tenant_id, c.row_count, trim_scale(c.amount),
                             c.digest)::text,
           E'\\n' ORDER BY c.measured COLLATE "C", c.tenant_id COLLATE "C"), 'UTF8')),
           'hex') AS state_digest
FROM (SELECT promotion_id, cell_no, '' AS measured, tenant_id, row_count, amount, digest
      FROM control.cell_contributors
      UNION ALL
      SELECT promotion_id, cell_no, measured, tenant_id, row_count, amount, digest
      FROM control.measure_contributions) c
WHERE c.promotion_id = :p GROUP BY c.cell_no
"""
# Whatever waits for a comparison with earlier states is marked; the rest was decided without.
_MARKING = (
    "CREATE OR REPLACE FUNCTION control.differencing_rules(promotion uuid)"
    " RETURNS TABLE (cell_no integer, rule text) LANGUAGE sql STABLE SECURITY DEFINER"
    " SET search_path = pg_catalog, pg_temp AS 'SELECT j.cell_no, ''compared''::text"
    " FROM control.judged_cells j WHERE j.promotion_id = promotion AND j.rule IS NULL"
    " AND NOT j.released'"
)


def owned(connection: Connection, draw: Random) -> dict[str, frozenset[str]]:
    """Most have a fund; some had another, told by an older candidate or by an erased one."""
    funds: dict[str, set[str]] = {}
    for tenant in TENANTS[:-2]:
        funds[tenant] = {f"fd_{draw.randint(1, 4)}"}
        connection.execute(
            text("INSERT INTO control.portfolio_membership VALUES (:t, :f)"),
            {"t": tenant, "f": min(funds[tenant])},
        )
    for tenant in draw.sample(TENANTS, 3):
        former = f"fd_{draw.randint(1, 4)}"
        funds.setdefault(tenant, set()).add(former)
        connection.execute(
            text("INSERT INTO control.former_owners VALUES (:t, :f)"), {"t": tenant, "f": former}
        )
    return {tenant: frozenset(several) for tenant, several in funds.items()}


def any_state(draw: Random) -> State:
    """Any number of tenants, some of whom add nothing to a measure, or to anything."""
    whole = {t: a_share(draw) for t in draw.sample(TENANTS, draw.randint(1, len(TENANTS)))}
    if draw.random() < 0.4:
        large = draw.choice(sorted(whole))
        whole[large] = draw.choice([Share(1, 70, 1), Share(1, 200, 1), Share(40, 5, 1)])
    if draw.random() < 0.3:
        whole = {t: Share(1, 1, 1) for t in whole}
        whole |= dict.fromkeys(draw.sample(sorted(whole), min(2, len(whole))), Share(1, 200, 1))
    measure = dict(whole)
    for tenant in draw.sample(sorted(whole), draw.randint(0, len(whole))):
        measure[tenant] = draw.choice([Share(0, 0, 0), Share(1, -9, 4), Share(0, 0, 7)])
    if draw.random() < 0.1:
        whole = dict.fromkeys(whole, Share(0, 0, 0))
    return {"": whole, "s.t.c": measure}


def found(connection: Connection, statement: str, **values: object) -> list[Any]:
    return list(connection.execute(text(statement), values))


@pytest.mark.parametrize("named", POLICIES)
def test_both_paths_and_the_pure_guard_agree_on_new_cells(platform: Platform, named: str) -> None:
    """The rule, for every kind of state, and its digest, letter for letter."""
    to_class, policy = POLICIES[named]
    draw = Random(named)
    with platform.admin_engine().connect() as connection:
        registered(connection, to_class, policy)
        owners = owned(connection, draw)
        promotion = filed(connection, to_class, policy)
        cells = {number: Cell(any_state(draw)) for number in range(1, 201)}
        for number, cell in cells.items():
            given(connection, promotion, number, cell)
        connection.execute(
            text(
                "UPDATE control.measure_contributions SET amount = amount * 1.50, digest ="
                " digest * 1000000007 WHERE promotion_id = :p"
            ),
            {"p": promotion},
        )
        own = {
            row.cell_no: row
            for row in found(
                connection,
                f"SELECT * FROM control.own_states(:p, 1, 200, {_OWNED})", p=promotion,
            )
        }  # fmt: skip
        digests = {row.cell_no: row.state_digest for row in found(connection, _DIGEST, p=promotion)}
        connection.execute(
            text(
                "INSERT INTO control.judged_cells (promotion_id, cell_no, family, cell_key,"
                " state_digest, released) SELECT :p, cell_no, 'f', cell, '', false"
                " FROM quarantine.candidate_cells WHERE promotion_id = :p"
            ),
            {"p": promotion},
        )
        combined = {
            row.cell_no: row.rule
            for row in found(
                connection, "SELECT * FROM control.differencing_rules(:p)", p=promotion
            )
        }
        connection.rollback()
    assert {number: row.state_digest for number, row in own.items()} == digests
    order = ["k_tenants", "k_after_leaving_out_a_fund", "k_funds", "dominance", "p_percent"]
    rules = {number: row.rule for number, row in own.items()}
    for number, cell in cells.items():
        broken = {
            str(rule)
            for shares in cell.state.values()
            if (rule := rule_against(counting(shares), policy, owners)) is not None
        }
        assert rules[number] == min(broken, key=order.index, default=None), number
    assert {n: rule for n, rule in rules.items() if rule is not None} == combined
    assert {None, *_MET[named]} == set(rules.values())


def counting(shares: Any) -> dict[str, Share]:
    return {t: s for t, s in shares.items() if s.row_count or s.amount or s.digest}


def test_a_cell_that_was_ever_shown_is_compared(platform: Platform) -> None:
    """Whether it stands, was replaced, revoked, or held since; what was only held is new."""
    to_class, policy = POLICIES["counting funds"]
    whole = {f"tn_{n}": Share(1, 10, n + 1) for n in range(8)}
    with platform.admin_engine().connect() as connection:
        registered(connection, to_class, policy)
        owned_in_turn(connection, tenants=8, funds=4)

        def release(*numbers: int, changed: int, tenants: int = 8) -> UUID:
            promotion = filed(connection, to_class, policy)
            state = {
                t: Share(s.row_count, s.amount, s.digest + changed)
                for t, s in list(whole.items())[:tenants]
            }
            for number in numbers:
                given(connection, promotion, number, Cell({"": state, "s.t.c": dict(state)}))
            return promotion

        standing, replaced, revoked, held_since, only_held, new, elsewhere = range(1, 8)
        first = release(standing, replaced, held_since, changed=0)
        assert set(judged(connection, first).values()) == {None}
        second = release(replaced, revoked, elsewhere, changed=100)
        assert set(judged(connection, second).values()) == {None}
        moved(connection, second, "revoked")
        connection.execute(
            text("UPDATE control.judged_cells SET family = 'another' WHERE cell_no = :n"),
            {"n": elsewhere},
        )
        connection.execute(
            text(
                "INSERT INTO control.benchmark_families (family, target, sources, measures,"
                " partition, partition_digest, frozen_by) SELECT 'another', 'y.y', sources,"
                " measures, partition, '', frozen_by FROM control.benchmark_families"
            )
        )
        third = release(held_since, only_held, changed=200, tenants=2)
        assert judged(connection, third) == {held_since: "k_tenants", only_held: "k_tenants"}

        connection.execute(text(_MARKING))
        everywhere = release(*range(1, 8), changed=300)
        rules = judged(connection, everywhere)
        shown = {
            row.cell_no
            for row in found(
                connection,
                "SELECT cell_no FROM control.judged_cells WHERE promotion_id = :p AND released",
                p=everywhere,
            )
        }
        connection.rollback()
    compared = {standing, replaced, revoked, held_since, elsewhere}
    assert {number for number, rule in rules.items() if rule == "compared"} == compared
    assert shown == {only_held, new} == {n for n, rule in rules.items() if rule is None}


def test_what_is_no_number_is_held_and_what_nobody_vouches_for_refused(platform: Platform) -> None:
    """Not a number is larger than everything, its share too; a new cell and a known one alike."""
    to_class, policy = POLICIES["counting funds"]
    whole = {f"tn_{n}": Share(1, 10, n + 1) for n in range(8)}
    changed = {t: Share(s.row_count, s.amount, s.digest + 9) for t, s in whole.items()}
    numbers = {1: "'NaN'", 2: "'Infinity'", 3: "'-Infinity'", 4: "10"}
    with platform.admin_engine().connect() as connection:
        registered(connection, to_class, policy)
        owned_in_turn(connection, tenants=8, funds=4)

        def release(state: dict[str, Share], first: int) -> dict[int, str | None]:
            promotion = filed(connection, to_class, policy)
            for number, amount in numbers.items():
                given(connection, promotion, first + number, Cell({"": state, "s.t.c": state}))
                connection.execute(
                    text(
                        f"UPDATE control.measure_contributions SET amount = {amount}"
                        " WHERE promotion_id = :p AND cell_no = :n AND tenant_id = 'tn_3'"
                    ),
                    {"p": promotion, "n": first + number},
                )
            return judged(connection, promotion)

        held = {1: "dominance", 2: "dominance", 3: "dominance", 4: None}
        assert release(whole, 0) == held
        connection.execute(text("UPDATE control.judged_cells SET released = true"))
        assert release(changed, 0) == held

        promotion = filed(connection, to_class, policy)
        given(connection, promotion, 9, Cell({"": whole, "s.t.c": whole}))
        shown = text("UPDATE quarantine.candidate_cells SET cell = cell || :m WHERE cell_no = 9")
        connection.execute(shown, {"m": Jsonb({"m": 4})})
        judge = text(
            "SELECT control.judge(o, 'once') FROM control.promotions o WHERE promotion_id = :p"
        )
        with connection.begin_nested() as vouched:
            connection.execute(judge, {"p": promotion})
            vouched.rollback()
        connection.execute(
            text("UPDATE control.measure_contributions SET measured = '' WHERE cell_no = 9")
        )
        with pytest.raises(Exception, match="1 values come without who contributed to them"):
            connection.execute(judge, {"p": promotion})
        connection.rollback()
