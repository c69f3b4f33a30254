"""Candidates of any size are gone through in parts: no cell is left out, none is judged twice."""

from __future__ import annotations

from random import Random

import pytest
from sqlalchemy import text

from anonymization.release_guard import Cell, Share, rule_against
from stores.platform import Platform
from tests.anonymization.test_release_guard_database import (
    filed,
    given,
    judged,
    owned_in_turn,
    registered,
)
from tests.anonymization.test_release_guard_paths import POLICIES, TENANTS, found

pytestmark = pytest.mark.integration


def test_many_cells_are_judged_wherever_their_numbers_lie(platform: Platform) -> None:
    """More than are judged at once, with gaps and below zero; each corrected once."""
    to_class, policy = POLICIES["counting funds"]
    cells = (
        "(SELECT n, CASE WHEN n <= 3 THEN n - 2147483649 WHEN n <= 10500 THEN n"
        " ELSE n * 190000 END AS cell_no"
        " FROM generate_series(CAST(1 AS bigint), 11000) n) AS numbered"
    )
    with platform.admin_engine().connect() as connection:
        registered(connection, to_class, policy)
        owned_in_turn(connection, tenants=4, funds=4)

        def release(digest: str, tenants: str) -> dict[str | None, int]:
            promotion = filed(connection, to_class, policy)
            shares = f"FROM {cells}, generate_series(0, {tenants}) t"
            whole = f"SELECT :p, cell_no, 'tn_' || t, 'fd_' || t, 1, 10, {digest}, '{{}}' {shares}"
            measure = f"SELECT :p, cell_no, 'tn_' || t, 's.t.c', 1, 10, {digest} {shares}"
            keys = f"SELECT :p, cell_no, jsonb_build_object('cell', n) FROM {cells}"
            for statement in (
                f"INSERT INTO quarantine.candidate_cells {keys}",
                f"INSERT INTO control.cell_contributors {whole}",
                f"INSERT INTO control.measure_contributions {measure}",
            ):
                connection.execute(text(statement), {"p": promotion})
            counts: dict[str | None, int] = {}
            for rule in judged(connection, promotion).values():
                counts[rule] = counts.get(rule, 0) + 1
            return counts

        # Every hundredth cell has two tenants alone.
        first = release("n + t", "CASE WHEN n % 100 = 0 THEN 1 ELSE 3 END")
        assert first == {"k_tenants": 110, None: 10890}
        # In all but every tenth one tenant alone changes: it is seen, wherever its cell lies.
        second = release("n + t + CASE WHEN n % 10 = 0 OR t = 0 THEN 100000 ELSE 0 END", "3")
        connection.rollback()
    assert second == {"k_tenants": 9900, None: 1100}


def test_the_floors_count_what_stands_behind_each_cell(platform: Platform) -> None:
    """As the pure rule does with the funds that were recorded, of cells without zeros."""
    to_class, policy = POLICIES["leaving out a fund"]
    draw = Random(3)
    with platform.admin_engine().connect() as connection:
        registered(connection, to_class, policy)
        below = 0
        promotion = filed(connection, to_class, policy)
        for number in range(1, 301):
            state = {
                t: Share(draw.randint(1, 3), draw.choice([5, 7, 10, 12]), 1)
                for t in draw.sample(TENANTS, draw.randint(4, len(TENANTS)))
            }
            given(connection, promotion, number, Cell({"": state, "s.t.c": state}))
            funds = {t: draw.choice([None, None, *(f"fd_{n}" for n in range(4))]) for t in state}
            for tenant, fund in funds.items():
                connection.execute(
                    text(
                        "UPDATE control.cell_contributors SET fund_id = :f WHERE promotion_id = :p"
                        " AND cell_no = :n AND tenant_id = :t"
                    ),
                    {"f": fund, "p": promotion, "n": number, "t": tenant},
                )
            owners = {t: frozenset({f}) for t, f in funds.items() if f is not None}
            below += rule_against(state, policy, owners) is not None
        (counted,) = found(connection, "SELECT control.cells_below_policy(:p) AS n", p=promotion)
        connection.rollback()
    assert counted.n == below
    assert 30 < below < 270
