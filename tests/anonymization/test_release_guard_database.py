"""The guard inside PostgreSQL decides as the pure one does, on random histories of many cells."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text

from anonymization.release_guard import Cell, CellHistory, Share, State, held_by
from catalog.floors import DisclosurePolicy
from stores.platform import Platform

pytestmark = pytest.mark.integration

_TENANTS = [f"tn_{n}" for n in range(14)]
_PARTITION = [{"column": "cell", "expression": "c", "levels": 1, "level": 0}]
_CELLS = 60
_RELEASES = 6
_POLICIES = {
    "floors of a fund": (
        "fund_private",
        DisclosurePolicy(k_tenants=3, max_share=Decimal("0.60"), p_percent=10),
    ),
    "floors of a benchmark": (
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
    "floors of a fund": "dominance",
    "floors of a benchmark": "k_after_leaving_out_a_fund",
    "counting funds": "k_funds",
}


def a_share(draw: Random) -> Share:
    return Share(draw.randint(1, 3), draw.choice([0, 5, 7, 10, 10, 12]), draw.getrandbits(40))


def a_first_state(draw: Random) -> dict[str, dict[str, Share]]:
    whole = {t: a_share(draw) for t in draw.sample(_TENANTS, draw.randint(5, len(_TENANTS)))}
    return {"": whole, "s.t.c": dict(whole)}


def a_changed_state(draw: Random, state: State) -> dict[str, dict[str, Share]]:
    """Now and then nothing; else some tenants join, leave, or change in one way."""
    changed = {name: dict(shares) for name, shares in state.items()}
    if draw.random() < 0.15:
        return changed
    for tenant in draw.sample(_TENANTS, draw.choice([1, 2, 4, 7, 10, 13])):
        share = changed[""].get(tenant)
        if share is None:
            changed[""][tenant] = changed["s.t.c"][tenant] = a_share(draw)
        elif draw.random() < 0.3 and len(changed[""]) > 2:
            del changed[""][tenant]
            changed["s.t.c"].pop(tenant, None)
        else:
            amount = share.amount + draw.choice([0, 0, 4, 5, 6, 30])
            rows = share.row_count + draw.choice([0, 1])
            for name in draw.choice([("",), ("", "s.t.c")]):
                changed[name][tenant] = Share(rows, amount, share.digest + draw.choice([1, 9]))
    return changed


def filed(connection: Connection, to_class: str, policy: DisclosurePolicy) -> UUID:
    promotion = uuid4()
    connection.execute(
        text(
            "INSERT INTO control.promotions (promotion_id, idempotency_key, base_key, attempt,"
            " workflow, source_digest, run_id, from_class, to_class, sources, target, policy,"
            " snapshot_digest, candidate_digest, closed_before, rows_in, cells_in, cells_kept,"
            " suppressed, state, requested_by, family, partition) VALUES (:p, CAST(:p AS text),"
            " 'b', 1, 'w', :d, :p, 'tenant_private', :c, '{}', :t, :policy, 's', '', '2026-07-01',"
            " 1, 1, 1, '{}', 'drafted', 'x', :d, :partition)"
        ),
        {
            "p": promotion, "d": f"digest {policy}", "c": to_class, "t": f"x.{policy}",
            "policy": Jsonb(policy.as_parameters()), "partition": Jsonb(_PARTITION),
        },
    )  # fmt: skip
    moved(connection, promotion, "candidate", "checked", "approved")
    return promotion


def moved(connection: Connection, promotion: UUID, *states: str) -> None:
    """Take the promotion through these states, as the functions of its life would."""
    for state in states:
        connection.execute(
            text("UPDATE control.promotions SET state = :s WHERE promotion_id = :p"),
            {"s": state, "p": promotion},
        )


def given(connection: Connection, promotion: UUID, number: int, cell: Cell) -> None:
    """Put a cell and who stands behind it where `file_candidate` would."""
    connection.execute(
        text("INSERT INTO quarantine.candidate_cells VALUES (:p, :n, :cell)"),
        {"p": promotion, "n": number, "cell": Jsonb({"cell": f"c{number}"})},
    )
    rows = sorted(cell.rows)
    for place, (tenant, share) in enumerate(cell.state[""].items()):
        connection.execute(
            text(
                "INSERT INTO control.cell_contributors SELECT :p, :n, :t, m.fund_id, :r, :a, :d,"
                " :rows FROM (SELECT 1) x LEFT JOIN control.portfolio_membership m"
                " ON m.tenant_id = :t"
            ),
            {
                "p": promotion, "n": number, "t": tenant, "r": share.row_count,
                "a": Decimal(share.amount), "d": Decimal(share.digest),
                "rows": rows if place == 0 else [],
            },
        )  # fmt: skip
    connection.execute(
        text("INSERT INTO control.measure_contributions VALUES (:p, :n, :t, 's.t.c', :r, :a, :d)"),
        [
            {
                "p": promotion, "n": number, "t": tenant, "r": share.row_count,
                "a": Decimal(share.amount), "d": Decimal(share.digest),
            }
            for tenant, share in cell.state["s.t.c"].items()
        ],
    )  # fmt: skip


def judged(connection: Connection, promotion: UUID) -> dict[int, str | None]:
    for call in ("control.judge(o, 'once')", "control.record_release(o, :m)"):
        connection.execute(
            text(f"SELECT {call} FROM control.promotions o WHERE promotion_id = :p"),
            {"p": promotion, "m": Jsonb({"m": ["s.t.c"]})},
        )
    moved(connection, promotion, "published")
    rows = connection.execute(
        text("SELECT cell_no, rule FROM control.judged_cells WHERE promotion_id = :p"),
        {"p": promotion},
    )
    return {row.cell_no: row.rule for row in rows}


def registered(connection: Connection, to_class: str, policy: DisclosurePolicy) -> None:
    connection.execute(
        text(
            "INSERT INTO control.workflow_registrations (workflow, source_digest, sources,"
            " target, from_class, to_class, policy, required_checks, publish_mode,"
            " requested_by, family, measures, dimensions) VALUES ('w', :d, '{}', :t,"
            " 'tenant_private', :c, '{}', '{}', 'once', 'x', :d, :m, '[]')"
        ),
        {
            "d": f"digest {policy}", "t": f"x.{policy}", "c": to_class,
            "m": Jsonb({"m": ["s.t.c"]}),
        },
    )  # fmt: skip


def owned_in_turn(connection: Connection, *, tenants: int, funds: int) -> None:
    """Tenants of that many funds, one fund after the other."""
    for n in range(tenants):
        connection.execute(
            text("INSERT INTO control.portfolio_membership VALUES (:t, :f)"),
            {"t": f"tn_{n}", "f": f"fd_{n % funds}"},
        )


@pytest.mark.parametrize("named", _POLICIES)
def test_the_database_and_the_pure_guard_agree(platform: Platform, named: str) -> None:
    """Whatever the history, both name the same rule; every rule of the policy is met."""
    to_class, policy = _POLICIES[named]
    draw = Random(named)
    owners: dict[str, set[str]] = {tenant: set() for tenant in _TENANTS}
    histories: dict[int, dict[str, Any]] = {
        n: {"states": [], "standing": None} for n in range(1, _CELLS + 1)
    }
    homes: dict[int, set[int]] = {}
    met: set[str | None] = set()
    with platform.admin_engine().connect() as connection:
        registered(connection, to_class, policy)
        for release in range(_RELEASES):
            for tenant in draw.sample(_TENANTS, 2 if release else 11):
                fund = f"fd_{draw.randint(1, 5)}"
                connection.execute(
                    text(
                        "INSERT INTO control.portfolio_membership VALUES (:t, :f)"
                        " ON CONFLICT (tenant_id) DO UPDATE SET fund_id = :f"
                    ),
                    {"t": tenant, "f": fund},
                )
            promotion = filed(connection, to_class, policy)
            cells: dict[int, Cell] = {}
            for number, history in histories.items():
                last = history["states"][-1] if history["states"] else None
                state = a_changed_state(draw, last) if last else a_first_state(draw)
                rows = {number * 100 + n for n in range(3)}
                if draw.random() < 0.05:
                    rows.add(draw.randint(1, _CELLS) * 100)
                cells[number] = Cell(state, frozenset(rows))
                given(connection, promotion, number, cells[number])
            told = connection.execute(
                text(
                    "SELECT tenant_id, fund_id FROM control.cell_contributors WHERE fund_id"
                    " IS NOT NULL UNION SELECT tenant_id, fund_id FROM control.portfolio_membership"
                )
            )
            for tenant, fund in told:
                owners[tenant].add(fund)
            known = {tenant: frozenset(funds) for tenant, funds in owners.items()}
            decided = judged(connection, promotion)
            released: list[int] = []
            for number, cell in cells.items():
                history = histories[number]
                elsewhere = frozenset(r for n, rows in homes.items() if n != number for r in rows)
                rule = held_by(
                    cell,
                    CellHistory(history["states"], history["standing"], elsewhere),
                    policy,
                    known,
                )
                assert decided[number] == (None if rule is None else str(rule)), (release, number)
                met.add(decided[number])
                if rule is None:
                    history["states"] = [*history["states"], cell.state]
                    history["standing"] = cell.state
                    released.append(number)
            for number in released:
                homes.setdefault(number, set()).update(cells[number].rows)
        connection.rollback()
    assert {None, "unchanged", "row_moved", "corrections", "k_tenants", _MET[named]} <= met
