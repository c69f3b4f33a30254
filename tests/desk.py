"""An installation with sample data and two stewards: where a promotion is requested and decided."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import text

from anonymization.decisions import decide
from anonymization.outcomes import Candidate
from anonymization.promote import check_candidate, prepare_candidate, publish_candidate
from anonymization.registered import WORKFLOWS
from anonymization.workflow import Workflow
from lineage.reviews import Decision
from stores.boundary.provisioning import add_steward
from stores.home import Home
from stores.intake.bulk_load import load_intake
from stores.intake.sample import SampleIntake
from stores.platform import Platform, open_platform
from stores.startup import bring_down, bring_up
from stores.steward_credentials import StewardCredential, read_credential, write_credential
from tests.prepared import a_copy, copied, prepared_folder

__all__ = ["NOW", "Desk", "a_desk", "a_review_desk", "write_briefs"]

NOW = datetime(2026, 7, 15, tzinfo=UTC)
_ENGINEER, _STEWARD = "test-engineer", "test-steward"


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
    """An installation of its own with a sample of 40 tenants; gone afterwards."""
    with a_copy("desk", root) as home, _opened(home) as desk:
        yield desk


@contextmanager
def a_review_desk(root: Path) -> Iterator[Desk]:
    """The same, in which a candidate of every workflow waits for review."""
    with a_copy("review-desk", root) as home, _opened(home) as desk:
        yield desk


def _make_desk(home: Home) -> None:
    bring_up(home)
    with open_platform(home) as platform:
        load_intake(
            platform, SampleIntake(40, 6_000, 7, until=date(2026, 7, 1)), reason="for a test"
        )
        for name in (_ENGINEER, _STEWARD):
            write_credential(_credential_file(name), add_steward(platform, name))


def _make_review_desk(home: Home) -> None:
    bring_up(copied("desk", home.root))
    with _opened(home) as desk:
        for workflow in WORKFLOWS:
            candidate = desk.candidate(workflow)
            publish_candidate(desk.platform, workflow, candidate.promotion_id)


@contextmanager
def _opened(home: Home) -> Iterator[Desk]:
    with open_platform(home) as platform:
        people = (_credential_file(name) for name in (_ENGINEER, _STEWARD))
        yield Desk(platform, *map(read_credential, people))


def _credential_file(name: str) -> Path:
    # Beside the installations: none of them holds its stewards' passwords.
    return prepared_folder() / f"{name}.json"


_KINDS = {"brought-up": bring_up, "desk": _make_desk, "review-desk": _make_review_desk}

if __name__ == "__main__":
    made = Home(Path(sys.argv[2]))
    try:
        _KINDS[sys.argv[1]](made)
    finally:
        bring_down(made)
