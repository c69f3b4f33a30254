"""Makes a sample: realistic rows for every tenant-private dataset, drawn from a seed.

The same size, seed and day give the same rows, however often they are read. Rows are drawn as
they are read, so a large sample needs little memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from stores.intake import sample_activity, sample_crm, sample_memories, sample_outreach
from stores.intake.batches import TableBatch, TenantEntry
from stores.intake.sample_calendar import SampleCalendar
from stores.intake.sample_world import world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["MOST_ROWS", "MOST_TENANTS", "SampleIntake"]

MOST_TENANTS, MOST_ROWS = 5_000, 50_000_000

_SEEDS = 2**32
_FIRST_YEAR, _LAST_YEAR = 1980, 2099
_TENANTS_PER_FUND, _FEWEST_FUNDS = 6, 2
_MOST_WEEKS, _MOST_REVIEWS = 78, 20_000


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows that are drawn anew, and the same, each time they are read."""

    draw: Callable[[], Iterator[tuple[object, ...]]]

    def __iter__(self) -> Iterator[tuple[object, ...]]:
        return self.draw()


class SampleIntake:
    """A sample of so many tenants with so many deals in all; other tables follow their number."""

    def __init__(
        self,
        tenants: int = 40,
        rows: int = 20_000,
        seed: int = 7,
        funds: int | None = None,
        *,
        until: date,
    ) -> None:
        """Draw the tenants and whom they know; ``until`` is the day before which all happened."""
        if funds is None:
            funds = min(max(_FEWEST_FUNDS, tenants // _TENANTS_PER_FUND), max(tenants, 1))
        faults = _faults(tenants, rows, seed, funds, until.year)
        if faults:
            message = f"no sample of this size is made: {'; '.join(faults)}"
            raise ValueError(message)
        self._rows = rows
        self._calendar = SampleCalendar(date(until.year, until.month, until.day))
        self._world = world(tenants=tenants, funds=funds, rows=rows, seed=seed)

    @property
    def tenants(self) -> tuple[TenantEntry, ...]:
        """Every tenant of the sample, with its fund."""
        return self._world.tenants

    def tables(self) -> Iterator[TableBatch]:
        """Every tenant-private dataset, parents before children."""
        in_world, on, deals = self._world, self._calendar, self._rows
        crm, activity, outreach, memories = (
            sample_crm,
            sample_activity,
            sample_outreach,
            sample_memories,
        )
        turns = activity.TURNS_PER_CONVERSATION
        weeks = min(_MOST_WEEKS, _MOST_REVIEWS // len(self.tenants), _share(deals, 20, _MOST_WEEKS))
        draws: dict[str, Callable[[], Iterator[tuple[object, ...]]]] = {
            "crm_accounts": partial(crm.accounts, in_world),
            "crm_contacts": partial(crm.contacts, in_world),
            "crm_opportunities": partial(crm.opportunities, in_world, on, deals),
            "calls": partial(activity.calls, in_world, on, _share(deals, 5, 50_000)),
            "emails": partial(activity.emails, in_world, on, _share(deals, 5, 50_000)),
            "prospects": partial(crm.prospects, in_world, _share(deals, 10, 30_000)),
            "drafts": partial(activity.drafts, in_world, on, _share(deals, 20, 20_000)),
            "sdr_drafts": partial(outreach.sdr_drafts, in_world, on, _share(deals, 5, 50_000)),
            "conversations": partial(
                activity.conversations, in_world, on, turns * _share(deals, 20 * turns, 5_000)
            ),
            "oauth_tokens": partial(memories.oauth_tokens, in_world, on),
            "agent_runs": partial(activity.agent_runs, in_world, on, deals),
            "episodic_memories": partial(
                memories.episodic_memories, in_world, on, _share(deals, 10, 20_000)
            ),
            "pipeline_reviews": partial(activity.pipeline_reviews, in_world, on, weeks),
            "semantic_memories": partial(
                memories.semantic_memories, in_world, on, _share(deals, 40, 5_000)
            ),
        }
        for name, draw in draws.items():
            yield TableBatch(f"tenant_private.{name}", _Rows(draw))


def _share(deals: int, one_in: int, most: int) -> int:
    """One row in so many deals, rounded up, and never more than the most."""
    return min(-(-deals // one_in), most)


def _faults(tenants: int, rows: int, seed: int, funds: int, year: int) -> list[str]:
    allowed = (
        ("tenants", tenants, 1, MOST_TENANTS),
        ("rows", rows, 0, MOST_ROWS),
        ("seed", seed, 0, _SEEDS - 1),
        ("funds", funds, 1, max(tenants, 1)),
        ("year of until", year, _FIRST_YEAR, _LAST_YEAR),
    )
    return [
        f"{name} is {value:,}, but must lie between {least:,} and {most:,}"
        for name, value, least, most in allowed
        if not least <= value <= most
    ]
