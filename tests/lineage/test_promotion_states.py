"""A promotion moves along its declared edges alone, whoever writes the SQL, and each move is told.

The attacks are made as every login and as the owner of the tables: the code is not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from anonymization.workflows.pipeline_benchmark import PIPELINE_BENCHMARK
from catalog.declared import REGISTRY
from catalog.promotion_states import LEGAL_EDGES, OPEN_STATES, PromotionState
from stores.boundary.provisioning import add_steward, ensure_owners
from stores.errors import StoreError
from stores.platform import Platform
from stores.sessions import Session

pytestmark = pytest.mark.integration

_DRAFTED = text(
    "INSERT INTO control.promotions (promotion_id, idempotency_key, base_key, attempt, workflow,"
    " source_digest, run_id, from_class, to_class, sources, target, policy, snapshot_digest,"
    " candidate_digest, closed_before, rows_in, cells_in, cells_kept, suppressed, state,"
    " requested_by, family, partition) VALUES (:p, CAST(:p AS text), 'b', 1, 'w', 'd', :p,"
    " 'tenant_private', 'anonymized_benchmark', '{}', 'anonymized.anonymized_tactics', '{}', 's',"
    " '', '2026-07-01', 1, 1, 1, '{}', 'drafted', 'somebody', 'w', '[]')"
)
_KINDS = ["tenant", "fund", "platform", "anonymizer", "auditor", "loader"]
_FORGED = (
    "INSERT INTO control.promotion_transitions (promotion_id, to_state, actor, reason)"
    " SELECT promotion_id, state, 'x', 'forged' FROM control.promotions"
)
_STATE = text("UPDATE control.promotions SET state = :s WHERE promotion_id = :p")


def way_to(state: PromotionState) -> list[PromotionState]:
    """States that lead from the beginning to that one, the beginning left out."""
    ways: dict[PromotionState, list[PromotionState]] = {PromotionState.DRAFTED: []}
    reached = [PromotionState.DRAFTED]
    for each in reached:
        for following in LEGAL_EDGES[each]:
            if following not in ways:
                ways[following] = [*ways[each], following]
                reached.append(following)
    return ways[state]


def a_promotion(connection: Connection, state: PromotionState) -> UUID:
    """A promotion that has come to that state along legal edges."""
    promotion = uuid4()
    connection.execute(_DRAFTED, {"p": promotion})
    for following in way_to(state):
        connection.execute(_STATE, {"s": following, "p": promotion})
    return promotion


@contextmanager
def undone(platform: Platform, role: str | None = None) -> Iterator[Connection]:
    """The administrator's connection, or the tables' owner's; nothing of it is kept."""
    with platform.admin_engine().connect() as connection:
        if role:
            connection.exec_driver_sql(f"SET LOCAL ROLE {role}")
        yield connection
        connection.rollback()


def refusal(connection: Connection, statement: str, **values: object) -> str:
    """The SQLSTATE that refuses the statement; empty where it is carried out."""
    trial = connection.begin_nested()
    try:
        connection.execute(text(statement), values)
    except DBAPIError as error:
        trial.rollback()
        return str(getattr(error.orig, "sqlstate", "?"))
    trial.rollback()
    return ""


@pytest.mark.parametrize("role", [None, "cl_key"], ids=["administrator", "owner of the tables"])
@pytest.mark.parametrize("replaying", [False, True], ids=["", "replaying"])
def test_no_state_follows_another_but_along_an_edge(
    platform: Platform, role: str | None, *, replaying: bool
) -> None:
    """Of a hundred pairs exactly the declared ones can be written, also in a replica's session."""
    possible = set()
    with undone(platform) as connection:
        if replaying:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        if role:
            connection.exec_driver_sql(f"SET LOCAL ROLE {role}")
        for was in PromotionState:
            promotion = a_promotion(connection, was)
            for now in PromotionState:
                code = refusal(connection, _STATE.text, s=now, p=promotion)
                assert code in {"", "CL020"}
                if not code and was is not now:
                    possible.add((was, now))
    assert possible == {(was, now) for was, edges in LEGAL_EDGES.items() for now in edges}


def test_a_promotion_begins_drafted(platform: Platform) -> None:
    """None is written as if it had been checked, approved or published before."""
    with undone(platform, "cl_key") as connection:
        for state in PromotionState:
            code = refusal(connection, _DRAFTED.text.replace("'drafted'", f"'{state}'"), p=uuid4())
            assert code == ("" if state is PromotionState.DRAFTED else "CL020")
        for column, value in (("approved_by", "'x'"), ("rows_published", "1"), ("held", "'[]'")):
            forged = _DRAFTED.text.replace("partition)", f"partition, {column})")
            assert refusal(connection, f"{forged[:-1]}, {value})", p=uuid4()) == "CL020"


@pytest.mark.parametrize("state", [s for s in PromotionState if s is not PromotionState.DRAFTED])
def test_what_is_set_of_a_promotion_stays(platform: Platform, state: PromotionState) -> None:
    """Every column, in every state: what a steward or an auditor read is what stands there."""
    other = {
        "text": "'other'", "uuid": "gen_random_uuid()", "integer": "77", "bigint": "77",
        "jsonb": "'{\"other\": 1}'", "date": "'1999-01-01'", "text[]": "'{other}'",
        "timestamp with time zone": "'1999-01-01'",
    }  # fmt: skip
    columns = REGISTRY.get("control.promotions").columns
    with undone(platform, "cl_key") as connection:
        promotion = a_promotion(connection, state)
        changeable = {
            column.name
            for column in columns
            if not refusal(
                connection,
                f"UPDATE control.promotions SET {column.name} = {other[str(column.type)]}"
                " WHERE promotion_id = :p",
                p=promotion,
            )
        }
    while_published = {"held", "cells_superseding"} if state is PromotionState.APPROVED else set()
    when_erased = set() if state in OPEN_STATES else {"erased_at"}
    assert changeable == {"superseded"} | while_published | when_erased


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("DELETE FROM control.promotions", "CL030"),
        ("TRUNCATE control.promotions", "CL030"),
        ("UPDATE control.promotions SET superseded = '{}'", "CL030"),
        ("DELETE FROM control.promotion_transitions", "CL030"),
        ("TRUNCATE control.promotion_transitions", "CL030"),
        ("UPDATE control.promotion_transitions SET actor = 'x'", "CL030"),
        (_FORGED, "CL030"),
        ("INSERT INTO control.promotion_edges VALUES ('rejected', 'published')", "CL030"),
        ("UPDATE control.promotion_edges SET to_state = 'published'", "CL030"),
        ("DELETE FROM control.promotion_edges", "CL030"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("role", [None, "cl_key"], ids=["administrator", "owner of the tables"])
def test_nobody_rewrites_what_happened(
    platform: Platform, role: str | None, statement: str, code: str
) -> None:
    """Not the record, not its transitions, and not the edges that both are judged by."""
    with undone(platform, role) as connection:
        promotion = a_promotion(connection, PromotionState.PUBLISHED)
        connection.execute(
            text(
                "UPDATE control.promotions SET superseded = '{\"a\": [1]}' WHERE promotion_id = :p"
            ),
            {"p": promotion},
        )
        # That it is whole is seen at the end; with that open, PostgreSQL itself refuses to empty.
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
        assert refusal(connection, statement) == code


@pytest.fixture(scope="module")
def logins(platform: Platform) -> dict[str, Callable[[], AbstractContextManager[Session]]]:
    """A session of every kind of login there is."""
    owners = ensure_owners(platform, {"Portco": "Fund"}, reason="for a test")
    steward = add_steward(platform, "attacking-steward")
    with platform.platform_session("test") as session:
        session.register_workflow(_registration())
        run = session.start_run(PIPELINE_BENCHMARK.name, "x")
        audit = session.start_audit("a test")
    return {
        "tenant": lambda: platform.tenant_session(owners.tenants["Portco"], "test"),
        "fund": lambda: platform.fund_session(owners.funds["Fund"], "test"),
        "platform": lambda: platform.platform_session("test"),
        "anonymizer": lambda: platform.anonymizer_session(PIPELINE_BENCHMARK.name, run),
        "auditor": lambda: platform.auditor_session(audit),
        "loader": lambda: platform.loader_session("test"),
        "steward": lambda: platform.steward_session(steward),
    }


def _registration() -> dict[str, object]:
    from anonymization.registration import declaration

    return declaration(PIPELINE_BENCHMARK) | {"source_digest": "x", "requested_by": "x"}


_ATTACKS = (
    "UPDATE control.promotions SET state = 'published'",
    _DRAFTED.text.replace(":p", "'11111111-1111-4111-8111-111111111111'"),
    "DELETE FROM control.promotions",
    "TRUNCATE control.promotions",
    "INSERT INTO control.promotion_edges VALUES ('rejected', 'published')",
    "DELETE FROM control.promotion_edges",
    _FORGED,
    "UPDATE control.promotion_transitions SET actor = 'x'",
    "ALTER TABLE control.promotions DISABLE TRIGGER guarded",
    "DROP TRIGGER guarded ON control.promotions",
    "SET session_replication_role = replica",
    "SET ROLE cl_key",
    "DELETE FROM anonymized.anonymized_industry_benchmarks",
    "DELETE FROM quarantine.candidate_cells",
    "SELECT control.take_approval(NULL, NULL)",
    "SELECT control.supersede_candidates(gen_random_uuid())",
    "SELECT control.erase_candidate(gen_random_uuid())",
    "SELECT pg_advisory_xact_lock(1)",
    "SELECT * FROM control.tenant_removals",
)


@pytest.mark.parametrize("kind", [*_KINDS, "steward"])
def test_no_login_moves_a_promotion_by_hand(
    logins: dict[str, Callable[[], AbstractContextManager[Session]]], kind: str
) -> None:
    """Each login may call the functions made for it; none writes a state, an edge or a row."""
    carried_out = []
    for attack in _ATTACKS:
        try:
            with logins[kind]() as session:
                session._call(attack)
        except StoreError:
            continue
        carried_out.append(attack)
    assert carried_out == []


@pytest.mark.parametrize("kind", _KINDS)
def test_only_a_steward_revokes(
    logins: dict[str, Callable[[], AbstractContextManager[Session]]], kind: str
) -> None:
    """A service that is taken over cannot withdraw releases, or say that a steward did."""
    with pytest.raises(StoreError, match="may not do that"), logins[kind]() as session:
        session._call("SELECT control.revoke_promotion(gen_random_uuid(), 'because')")
