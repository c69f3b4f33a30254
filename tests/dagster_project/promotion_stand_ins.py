"""Stand-ins for the platform and the steps of a promotion, so that no test needs a database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid5

from anonymization.outcomes import Candidate, Publication
from anonymization.workflow import Workflow
from expectations.suites import CheckName
from lineage.promotions import PromotionState
from stores.home import Home
from stores.keyring import Keyring, open_keyring

NAMESPACE = UUID("6f1d6e2e-0000-4000-8000-000000000000")


@dataclass(frozen=True, slots=True)
class SeenCheck:
    """What a check reports, as expectations.suites.CheckResult does."""

    name: str
    passed: bool
    observed: Mapping[str, int | float | str] = field(default_factory=lambda: {"cells": 9})


class CountingSession:
    """Counts of a candidate's cells."""

    def cell_figures_ascend_platform_metric(self, promotion_id: UUID) -> Mapping[str, object]:
        assert isinstance(promotion_id, UUID)
        return {"tenants": {"5": 2, "9": 7}}


@dataclass
class OpenPlatform:
    """All that the assets themselves ask of the platform: the keys of its home, and counts."""

    keyring: Keyring | None = None

    @contextmanager
    def platform_session(self, purpose: str) -> Iterator[CountingSession]:
        assert purpose
        yield CountingSession()


@dataclass
class Promotions:
    """The three steps of a promotion, answering what a test tells them to."""

    platform: OpenPlatform = field(default_factory=OpenPlatform)
    ends: dict[str, PromotionState] = field(default_factory=dict)
    failing_checks: dict[str, CheckName] = field(default_factory=dict)
    unreported_checks: dict[str, CheckName] = field(default_factory=dict)
    raising: dict[str, Exception] = field(default_factory=dict)
    prepared: list[tuple[str, datetime, str]] = field(default_factory=list)
    published: list[tuple[str, UUID]] = field(default_factory=list)

    @contextmanager
    def open_platform(self, home: Path) -> Iterator[OpenPlatform]:
        assert home.is_absolute()
        self.platform.keyring = open_keyring(Home(home))
        yield self.platform

    def prepare_candidate(
        self, platform: object, workflow: Workflow, *, now: datetime, requested_by: str
    ) -> Candidate:
        assert platform is self.platform
        if workflow.name in self.raising:
            raise self.raising[workflow.name]
        self.prepared.append((workflow.name, now, requested_by))
        return a_candidate_of(workflow)

    def check_candidate(
        self, platform: object, workflow: Workflow, promotion_id: UUID
    ) -> tuple[SeenCheck, ...]:
        assert platform is self.platform
        assert promotion_id == a_candidate_of(workflow).promotion_id
        return tuple(
            SeenCheck(str(name), passed=self.failing_checks.get(workflow.name) is not name)
            for name in workflow.required_checks
            if self.unreported_checks.get(workflow.name) is not name
        )

    def publish_candidate(
        self, platform: object, workflow: Workflow, promotion_id: UUID
    ) -> Publication:
        assert platform is self.platform
        self.published.append((workflow.name, promotion_id))
        return a_publication(promotion_id, self.ends.get(workflow.name, PromotionState.PUBLISHED))


def a_candidate_of(workflow: Workflow) -> Candidate:
    """A filed candidate of nine cells."""
    return Candidate(
        promotion_id=uuid5(NAMESPACE, workflow.name),
        state=PromotionState.CANDIDATE,
        rows_in=6711,
        cells_in=12,
        cells_kept=9,
        suppressed={"k_distinct_tenants": 2, "dominance": 1},
        candidate_digest="c0ffee" * 10,
        k_tenants=workflow.policy.k_tenants,
        already_recorded=False,
    )


def a_publication(promotion_id: UUID, state: PromotionState) -> Publication:
    """How that promotion ended."""
    published = state is PromotionState.PUBLISHED
    return Publication(
        promotion_id=promotion_id,
        state=state,
        reason="" if published else f"it is {state}",
        rows_published=9 if published else 0,
        cells_held=0,
        approved_by="ada" if published else None,
        already_recorded=False,
    )
