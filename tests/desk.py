"""An installation with sample data and two stewards: where a promotion is requested and decided."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import text

from anonymization.decisions import decide
from anonymization.outcomes import Candidate
from anonymization.promote import check_candidate, prepare_candidate
from anonymization.workflow import Workflow
from lineage.reviews import Decision
from stores.boundary.provisioning import add_steward
from stores.home import Home
from stores.intake.bulk_load import load_intake
from stores.intake.sample import SampleIntake
from stores.platform import Platform, open_platform
from stores.startup import bring_down, bring_up
from stores.steward_credentials import StewardCredential

__all__ = ["NOW", "Desk", "a_desk", "write_briefs"]

NOW = datetime(2026, 7, 15, tzinfo=UTC)


@dataclass(frozen=True)
class Desk:
    """An installation with sample data, and the two people of every promotion."""

    platform: Platform
    engineer: StewardCredential
    steward: StewardCredential

    def candidate(self, workflow: Workflow) -> Candidate:
        """A candidate of that workflow, requested by the engineer and checked."""
        candidate = prepare_candidate(
            self.platform, workflow, now=NOW, requested_by=self.engineer.name
        )
        check_candidate(self.platform, workflow, candidate.promotion_id)
        return candidate

    def change_a_source_row(self) -> None:
        """Another input: the next run is another release."""
        with self.platform.admin_engine().begin() as connection:
            connection.execute(
                text(
                    "UPDATE tenant_private.crm_opportunities SET close_value = close_value + 1 "
                    "WHERE deal_stage = 'Won'"
                )
            )

    def decide(self, workflow: Workflow, decision: str, by: StewardCredential) -> None:
        """A steward's decision about the workflow as it is."""
        decide(self.platform, workflow, Decision(decision), "for a test", credential=by)


def write_briefs(platform: Platform) -> None:
    """Two quarters of briefs for every fund; only the administrator can write them by hand."""
    with platform.admin_engine().begin() as connection:
        connection.execute(
            text(
                "INSERT INTO fund_private.op_partner_briefs "
                "(fund_id, brief_id, title, body, written_at, promotion_id) "
                "SELECT f.fund_id, 'brief-' || q.n, 'Pipeline of ' || f.external_name, "
                "'Coverage is three times the target. ' || f.external_name || ' closed ' "
                "|| 10 * q.n || ' deals. Focus on deals with a next step.', "
                "CAST('2026-01-15 09:00+00' AS timestamptz) + q.n * interval '30 days', "
                "gen_random_uuid() "
                "FROM control.funds f CROSS JOIN generate_series(0, 5) AS q (n)"
            )
        )


@contextmanager
def a_desk(root: Path) -> Iterator[Desk]:
    """A fresh installation with a sample of 40 tenants; gone afterwards."""
    home = Home(root)
    bring_up(home)
    try:
        with open_platform(home) as platform:
            load_intake(
                platform, SampleIntake(40, 6_000, 7, until=date(2026, 7, 1)), reason="for a test"
            )
            yield Desk(
                platform,
                add_steward(platform, "test-engineer"),
                add_steward(platform, "test-steward"),
            )
    finally:
        bring_down(home)
