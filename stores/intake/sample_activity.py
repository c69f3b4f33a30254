"""Draws what people and agents of a sample did: calls, mail, drafts, turns, runs and reviews."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from stores.intake.sample_calendar import SECONDS_A_DAY
from stores.intake.sample_crm import contact_id
from stores.intake.sample_draws import Draws, chunks
from stores.intake.sample_scenes import scenes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stores.intake.sample_calendar import SampleCalendar
    from stores.intake.sample_world import SampleWorld

__all__ = [
    "TURNS_PER_CONVERSATION",
    "agent_runs",
    "calls",
    "conversations",
    "drafts",
    "emails",
    "pipeline_reviews",
]

TURNS_PER_CONVERSATION = 4

_CALL_OUTCOMES = ("connected", "connected", "voicemail", "no_answer", "meeting_booked")
_DIRECTIONS = ("outbound", "outbound", "inbound")
_CHANNELS = ("email", "email", "linkedin", "call_script")
_DAYS_A_WEEK = 7

# Tool: (share of runs, median latency in ms, median cost in millionths of a dollar, success rate).
_TOOLS = {
    "email_drafter": (26, 2_400, 9_000, 0.97),
    "call_summarizer": (18, 5_200, 21_000, 0.95),
    "crm_updater": (17, 600, 1_500, 0.98),
    "prospect_finder": (12, 8_500, 34_000, 0.88),
    "meeting_scheduler": (10, 1_300, 3_000, 0.91),
    "lead_scorer": (9, 350, 800, 0.99),
    "pipeline_reviewer": (5, 11_000, 52_000, 0.93),
    "proposal_writer": (3, 24_000, 120_000, 0.84),
}
_LATENCY_SPREAD, _COST_SPREAD = 0.6, 0.4
_OUTCOMES = ("succeeded", "failed", "escalated")
_ESCALATED_SHARE = 0.4

_Row = tuple[object, ...]


def calls(world: SampleWorld, calendar: SampleCalendar, rows: int) -> Iterator[_Row]:
    """Rows of calls."""
    for scene in scenes(world, calendar, "calls", rows):
        yield (
            scene.tenant_name,
            f"call-{scene.number:08d}",
            contact_id(scene.contact),
            scene.agent,
            scene.at,
            20 + scene.spare % 2_400,
            _CALL_OUTCOMES[scene.spare % len(_CALL_OUTCOMES)],
            scene.text("call notes"),
        )


def emails(world: SampleWorld, calendar: SampleCalendar, rows: int) -> Iterator[_Row]:
    """Rows of emails."""
    for scene in scenes(world, calendar, "emails", rows):
        yield (
            scene.tenant_name,
            f"mail-{scene.number:08d}",
            contact_id(scene.contact),
            _DIRECTIONS[scene.spare % len(_DIRECTIONS)],
            scene.at,
            scene.text("subject"),
            scene.text("email"),
        )


def drafts(world: SampleWorld, calendar: SampleCalendar, rows: int) -> Iterator[_Row]:
    """Rows of drafts."""
    for scene in scenes(world, calendar, "drafts", rows):
        yield (
            scene.tenant_name,
            f"draft-{scene.number:08d}",
            _CHANNELS[scene.spare % len(_CHANNELS)],
            scene.at,
            scene.text("subject"),
            scene.text("draft"),
        )


def conversations(world: SampleWorld, calendar: SampleCalendar, rows: int) -> Iterator[_Row]:
    """Rows of conversations, a turn each; rows is a multiple of the turns per conversation."""
    for scene in scenes(world, calendar, "conversations", rows // TURNS_PER_CONVERSATION):
        for turn in range(1, TURNS_PER_CONVERSATION + 1):
            role = "user" if turn % 2 else "agent"
            yield (
                scene.tenant_name,
                f"conv-{scene.number:08d}",
                turn,
                role,
                scene.at + timedelta(seconds=40 * turn),
                scene.text(f"{role} turn"),
            )
            scene.pick //= TURNS_PER_CONVERSATION


def agent_runs(world: SampleWorld, calendar: SampleCalendar, rows: int) -> Iterator[_Row]:
    """Rows of agent_runs."""
    draws, start = Draws(world.seed, "agent_runs"), calendar.start
    names, tools = [tenant.name for tenant in world.tenants], tuple(_TOOLS)
    shares, latencies, costs, successes = zip(*_TOOLS.values(), strict=True)
    for numbers in chunks(rows):
        size = len(numbers)
        tool = draws.weighted(shares, size)
        moments = start + draws.below(calendar.days * SECONDS_A_DAY, size)
        failed = draws.uniform(size) >= draws.taken(successes, tool)
        outcomes = failed * (1 + (draws.uniform(size) < _ESCALATED_SHARE))
        drawn = zip(
            numbers,
            draws.weighted(world.tenant_weights, size).tolist(),
            tool.tolist(),
            moments.tolist(),
            draws.lognormal(draws.taken(latencies, tool), _LATENCY_SPREAD, size),
            draws.lognormal(draws.taken(costs, tool), _COST_SPREAD, size),
            outcomes.tolist(),
            strict=True,
        )
        for number, tenant, used, second, latency, cost, outcome in drawn:
            yield (
                names[tenant],
                f"run-{number:08d}",
                tools[used],
                datetime.fromtimestamp(second, UTC),
                latency,
                Decimal(cost).scaleb(-6),
                _OUTCOMES[outcome],
            )


def pipeline_reviews(world: SampleWorld, calendar: SampleCalendar, weeks: int) -> Iterator[_Row]:
    """Rows of pipeline_reviews: every tenant's last weeks, a row each."""
    rows = weeks * len(world.tenants)
    for scene in scenes(world, calendar, "pipeline_reviews", rows, evenly=True):
        weeks_ago = scene.number // len(world.tenants)
        yield (
            scene.tenant_name,
            f"review-{scene.number:08d}",
            calendar.until - timedelta(days=1 + _DAYS_A_WEEK * weeks_ago),
            scene.agent,
            Decimal(50_000 + 500 * (scene.spare % 2_000)),
            scene.text("review"),
        )
