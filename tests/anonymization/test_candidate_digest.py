"""A candidate's digest is made in parts: it is of every cell, and older candidates keep theirs."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text

from stores.platform import Platform
from tests.anonymization.test_release_guard_database import filed, registered
from tests.anonymization.test_release_guard_paths import POLICIES

pytestmark = pytest.mark.integration

# As revision 0009 made it, of all cells at once.
_WHOLE = """
SELECT encode(sha256(convert_to(COALESCE(
    string_agg(cell_no || ' ' || cell::text, E'\\n' ORDER BY cell_no), ''), 'UTF8')), 'hex')
FROM quarantine.candidate_cells WHERE promotion_id = :p
"""
_AT_ONCE = 10_000


def a_candidate(connection: Connection, cells: int, digest: str = "''") -> dict[str, object]:
    """A promotion with so many cells and the digest that is given, as SQL."""
    to_class, policy = POLICIES["counting funds"]
    registered(connection, to_class, policy)
    promotion = filed(connection, to_class, policy)
    connection.execute(
        text(
            "INSERT INTO quarantine.candidate_cells SELECT :p, n,"
            " jsonb_build_object('tool', 'é ' || n) FROM generate_series(1, :n) n"
        ),
        {"p": promotion, "n": cells},
    )
    connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
    connection.exec_driver_sql("ALTER TABLE control.promotions DISABLE TRIGGER guarded")
    connection.execute(
        text(
            f"UPDATE control.promotions SET candidate_digest = ({digest}) WHERE promotion_id = :p"
        ),
        {"p": promotion},
    )
    return {"p": promotion}


def digest_of(connection: Connection, this: dict[str, object]) -> str:
    return str(connection.execute(text("SELECT control.candidate_digest(:p)"), this).scalar_one())


@pytest.mark.parametrize("cells", [0, 1, _AT_ONCE])
def test_of_one_part_it_is_what_it_was(platform: Platform, cells: int) -> None:
    """Nothing that is small has another digest than before."""
    with platform.admin_engine().connect() as connection:
        this = a_candidate(connection, cells)
        assert digest_of(connection, this) == connection.execute(text(_WHOLE), this).scalar_one()
        connection.rollback()


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM quarantine.candidate_cells WHERE promotion_id = :p AND cell_no = 10001",
        "DELETE FROM quarantine.candidate_cells WHERE promotion_id = :p AND cell_no = 1",
        (
            "UPDATE quarantine.candidate_cells SET cell_no = 0"
            " WHERE promotion_id = :p AND cell_no = 10001"
        ),
        (
            "UPDATE quarantine.candidate_cells SET cell = '{}'"
            " WHERE promotion_id = :p AND cell_no = 10001"
        ),
        "INSERT INTO quarantine.candidate_cells VALUES (:p, 10002, '{}')",
    ],
)
@pytest.mark.parametrize("filed_before", [False, True])
def test_no_cell_is_changed_unseen(platform: Platform, change: str, *, filed_before: bool) -> None:
    """Wherever it is: under the digest of today, and under one that was kept from before."""
    with platform.admin_engine().connect() as connection:
        this = a_candidate(
            connection, _AT_ONCE + 1, _WHOLE if filed_before else "control.candidate_digest(:p)"
        )
        kept = text("SELECT candidate_digest FROM control.promotions WHERE promotion_id = :p")
        was = connection.execute(kept, this).scalar_one()
        assert digest_of(connection, this) == was
        assert (was == connection.execute(text(_WHOLE), this).scalar_one()) is filed_before
        connection.execute(text(change), this)
        assert digest_of(connection, this) != was
        connection.rollback()
