"""A process that promotes and revokes, killed with SIGKILL at its n-th commit: one line of n each.

Run as a program by `test_killed_promotions`: it loads everything once and forks for each n.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine

from anonymization.decisions import decide
from anonymization.promote import check_candidate, prepare_candidate, publish_candidate
from anonymization.workflows.fund_portfolio_rollup import FUND_PORTFOLIO_ROLLUP
from catalog.promotion_states import PromotionState
from expectations.gx.library import load_great_expectations
from lineage.reviews import Decision
from lineage.revocation import revoke
from stores.boundary.tenant_removal import remove_tenant
from stores.platform import Platform, open_platform
from stores.steward_credentials import StewardCredential, read_credential
from tests.desk import NOW

__all__ = ["DECIDING", "STEPS"]

STEPS = ("promote", "revoke", "remove")
DECIDING = ("a_", "s_")
"""Logins whose commits move a promotion: the anonymizer's and a steward's."""


def promote(platform: Platform, steward: StewardCredential) -> None:
    """From the source rows to the publication; each step finds what was done of it before."""
    candidate = prepare_candidate(
        platform, FUND_PORTFOLIO_ROLLUP, now=NOW, requested_by="test-engineer"
    )
    check_candidate(platform, FUND_PORTFOLIO_ROLLUP, candidate.promotion_id)
    outcome = publish_candidate(platform, FUND_PORTFOLIO_ROLLUP, candidate.promotion_id)
    if outcome.state is PromotionState.AWAITING_REVIEW:
        decide(platform, FUND_PORTFOLIO_ROLLUP, Decision.APPROVED, "for a test", credential=steward)
        publish_candidate(platform, FUND_PORTFOLIO_ROLLUP, candidate.promotion_id)


def revoke_all(platform: Platform, steward: StewardCredential) -> None:
    """Every publication there is."""
    with platform.platform_session("test") as session:
        published = session.records_ascend_platform_metric("promotions", "state = 'published'")
    for record in published:
        revoke(platform, steward, record["promotion_id"], "for a test")


def killed_at(commit: int, *, any_login: bool) -> None:
    """Die before the n-th commit of a login that decides, or of any."""
    seen = iter(range(1, 1_000_000))

    @event.listens_for(Engine, "commit")
    def _(connection: Connection) -> None:
        login = str(connection.engine.url.username)
        if (any_login or login.startswith(DECIDING)) and next(seen) == commit:
            os.kill(os.getpid(), signal.SIGKILL)


def main(home: Path, steward: StewardCredential, tenant: str) -> None:
    """Read ``STEP N`` from standard input until it ends; answer each with the exit status."""
    load_great_expectations()
    for line in sys.stdin:
        step, commit = line.split()
        child = os.fork()
        if child == 0:
            killed_at(int(commit), any_login=step == "remove")
            with open_platform(home) as platform:
                if step == "promote":
                    promote(platform, steward)
                elif step == "revoke":
                    revoke_all(platform, steward)
                else:
                    remove_tenant(platform, tenant, reason="for a test")
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), read_credential(Path(sys.argv[2])), sys.argv[3])
