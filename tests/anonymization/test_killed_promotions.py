"""A process killed before any commit leaves nothing of that step or all of it, and is gone on with.

Real processes and SIGKILL. Each kill comes one commit later than the last: since every step finds
what was done before, all states that a crash can leave are met, in order.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from catalog.promotion_states import LEGAL_EDGES, PromotionState
from stores.boundary.tenant_removal import remove_tenant
from stores.errors import UnknownOwner
from stores.startup import portfolio
from stores.steward_credentials import write_credential
from tests.desk import Desk, a_desk

pytestmark = pytest.mark.integration

_ROOT = Path(__file__).resolve().parents[2]
_TARGET = "fund_private.portfolio_metric_rollups"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One installation, in which one promotion is made, revoked and its tenant removed."""
    with a_desk(tmp_path_factory.mktemp("killed") / "home") as opened:
        yield opened


@pytest.fixture(scope="module")
def tenant(desk: Desk) -> str:
    """Who is removed in the end."""
    return portfolio(desk.platform)[0][0]


@pytest.fixture(scope="module")
def killed(desk: Desk, tenant: str) -> Iterator[Callable[[str, int], bool]]:
    """Run a step in a process of its own and kill it at its n-th commit; False where it ended."""
    credential = desk.platform.home.stewards / "test-steward.json"
    write_credential(credential, desk.steward)
    program = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.anonymization.killed_runs",
            str(desk.platform.home.root),
            str(credential),
            tenant,
        ],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdin
    assert program.stdout

    def run(step: str, commit: int) -> bool:
        assert program.stdin
        assert program.stdout
        program.stdin.write(f"{step} {commit}\n")
        program.stdin.flush()
        status = int(program.stdout.readline())
        assert status in {0, -9}
        return status == -9

    yield run
    program.stdin.close()
    assert program.wait(60) == 0
    program.stdout.close()


def one(connection: Connection, query: str, **values: object) -> int:
    return int(connection.execute(text(query), values).scalar_one())


def require_whole(connection: Connection) -> list[PromotionState]:
    """Whatever there is of each promotion fits its state; returns the states."""
    states = []
    for p in connection.execute(text("SELECT * FROM control.promotions")).mappings().all():
        this = {"p": p["promotion_id"]}
        state = PromotionState(p["state"])
        told = [
            PromotionState(row.to_state)
            for row in connection.execute(
                text(
                    "SELECT to_state FROM control.promotion_transitions WHERE promotion_id = :p"
                    " ORDER BY transition_id"
                ),
                this,
            )
        ]
        assert told[0] is PromotionState.DRAFTED
        assert told[-1] is state
        assert all(now in LEGAL_EDGES[was] for was, now in pairwise(told))
        shown = one(connection, f"SELECT count(*) FROM {_TARGET} WHERE promotion_id = :p", **this)
        assert shown == (p["rows_published"] if state is PromotionState.PUBLISHED else 0)
        cells = one(
            connection,
            "SELECT count(*) FROM quarantine.candidate_cells WHERE promotion_id = :p",
            **this,
        )
        assert cells == (0 if p["erased_at"] else p["cells_kept"])
        events = one(
            connection,
            "SELECT count(*) FROM control.outbox WHERE subject = :s",
            s=str(p["promotion_id"]),
        )
        published, revoked = PromotionState.PUBLISHED in told, PromotionState.REVOKED in told
        assert events >= len(told)
        guarded = one(
            connection,
            "SELECT count(*) FROM control.judged_cells WHERE promotion_id = :p AND released",
            **this,
        )
        assert guarded == (p["rows_published"] if published else 0)
        alerts = "SELECT count(*) FROM control.alerts WHERE kind = 'promotion_revoked'"
        assert one(connection, alerts) == revoked
        states.append(state)
    return states


def test_a_promotion_survives_a_kill_at_every_commit(
    desk: Desk, killed: Callable[[str, int], bool]
) -> None:
    """Candidate, checks, review, decision, publication: nothing or all, and once."""
    seen, commit = [], 1
    while killed("promote", commit):
        with desk.platform.admin_engine().connect() as connection:
            seen += [require_whole(connection)]
        commit += 1
    with desk.platform.admin_engine().connect() as connection:
        assert require_whole(connection) == [PromotionState.PUBLISHED]
    assert commit > len(("extract", "file", "check", "wait", "decide", "publish"))
    met = [state for states in seen for state in states]
    assert seen[0] == []
    assert {"candidate", "checked", "awaiting_review", "approved"} <= set(met)
    assert PromotionState.PUBLISHED not in met


def test_a_revocation_survives_a_kill_at_every_commit(
    desk: Desk, killed: Callable[[str, int], bool]
) -> None:
    """The rows and all records of it go together."""
    commit = 1
    while killed("revoke", commit):
        with desk.platform.admin_engine().connect() as connection:
            assert require_whole(connection) == [PromotionState.PUBLISHED]
        commit += 1
    assert commit > 1
    with desk.platform.admin_engine().connect() as connection:
        assert require_whole(connection) == [PromotionState.REVOKED]


def test_a_removal_survives_a_kill_at_every_commit(
    desk: Desk, tenant: str, killed: Callable[[str, int], bool]
) -> None:
    """Until it is finished it can be gone on with; then nothing of the tenant is left."""
    stages, commit = [], 1
    while killed("remove", commit):
        with desk.platform.admin_engine().connect() as connection:
            record = connection.execute(
                text("SELECT stage, tenant_id FROM control.tenant_removals")
            ).one_or_none()
        stages.append(record.stage if record else None)
        commit += 1
    assert list(dict.fromkeys(stages)) == [
        None,
        "begun",
        "login_closed",
        "candidates_erased",
        "rows_erased",
        "finished",
    ] or stages[-1] in {"rows_erased", "finished"}
    done = remove_tenant(desk.platform, tenant, reason="for a test")
    assert done.removed_before
    assert done.rows_erased
    with desk.platform.admin_engine().connect() as connection:
        require_whole(connection)
    with pytest.raises(UnknownOwner), desk.platform.tenant_session(tenant, "test"):
        pass
