"""Corrections are compared as they were before revision 0030, whatever the history of a cell."""

from __future__ import annotations

from importlib.resources import files
from random import Random

import pytest
from sqlalchemy import Connection, text

from anonymization.release_guard import Cell
from stores.platform import Platform
from tests.anonymization.test_release_guard_database import (
    a_changed_state,
    a_first_state,
    filed,
    given,
    judged,
    owned_in_turn,
    registered,
)
from tests.anonymization.test_release_guard_paths import POLICIES, found

pytestmark = pytest.mark.integration

_CELLS = 40
_RELEASES = 7
_ASKED = (
    "SELECT * FROM control.{}(:p, ARRAY(SELECT generate_series(1, :n)),"
    " control.families_beside(:p), ARRAY(SELECT tenant_id FROM control.owned_ever()"
    " ORDER BY tenant_id, fund_id), ARRAY(SELECT fund_id FROM control.owned_ever()"
    " ORDER BY tenant_id, fund_id))"
)


def written_before(connection: Connection) -> None:
    """The comparison as revision 0026 wrote it, beside the one that is there."""
    script = files("stores.migrations").joinpath("sql", "0026_publication_at_size.sql")
    _, _, rest = script.read_text(encoding="utf-8").partition(
        "CREATE FUNCTION control.differences("
    )
    body, _, _ = rest.partition("$$;")
    connection.exec_driver_sql(f"CREATE FUNCTION control.differences_before({body}$$")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("named", POLICIES)
def test_corrections_are_held_by_the_rules_that_held_them_before(
    platform: Platform, named: str, seed: int
) -> None:
    """On random histories of none to more states than are compared, with sums below zero too."""
    to_class, policy = POLICIES[named]
    draw = Random(f"{named} {seed}")
    rules: set[str] = set()
    with platform.admin_engine().connect() as connection:
        written_before(connection)
        registered(connection, to_class, policy)
        owned_in_turn(connection, tenants=14, funds=5)
        states = {n: a_first_state(draw) for n in range(1, _CELLS + 1)}
        compared = 0
        for _ in range(_RELEASES):
            promotion = filed(connection, to_class, policy)
            for number, state in states.items():
                given(connection, promotion, number, Cell(state))
            connection.execute(
                text(
                    "UPDATE control.measure_contributions SET amount = CASE WHEN cell_no % 4 = 0"
                    " THEN -amount WHEN cell_no % 4 = 1 THEN amount / 3 ELSE amount END"
                    " WHERE promotion_id = :p"
                ),
                {"p": promotion},
            )
            judged(connection, promotion)
            before, now = (
                {
                    row.cell_no: row.rule
                    for row in found(connection, _ASKED.format(name), p=promotion, n=_CELLS)
                }
                for name in ("differences_before", "differences")
            )
            assert now == before
            rules |= set(now.values())
            compared += _CELLS - len(now)
            # Most histories go on although a state was held, so that they grow long.
            connection.execute(
                text(
                    "UPDATE control.judged_cells SET released = true WHERE promotion_id = :p"
                    " AND cell_no % 3 > 0"
                ),
                {"p": promotion},
            )
            states = {n: a_changed_state(draw, state) for n, state in states.items()}
        connection.rollback()
    assert "k_tenants" in rules
    assert len(rules) > 1
    assert compared
