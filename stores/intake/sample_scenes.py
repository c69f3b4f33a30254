"""Draws what a text of a sample is about: a tenant, a contact of theirs, a product, a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stores.intake.sample_calendar import SECONDS_A_DAY
from stores.intake.sample_crm import PRODUCTS
from stores.intake.sample_draws import Draws, chunks
from stores.intake.sample_text import PICKS, TEXTS, written
from stores.intake.sample_world import CONTACTS_PER_ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stores.intake.sample_calendar import SampleCalendar
    from stores.intake.sample_world import SampleWorld

__all__ = ["Scene", "scenes"]

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
_OFFICE_OPENS, _OFFICE_SECONDS = 8 * 3_600, 10 * 3_600
_AMOUNT_STEP = 250


@dataclass(slots=True)
class Scene:
    """What one text is about. The spare draw, below a million, is for the row's other columns."""

    number: int
    tenant_name: str
    contact: int
    agent: str
    at: datetime
    pick: int
    spare: int
    slots: dict[str, str]

    def text(self, kind: str) -> str:
        """A text of the kind about this scene."""
        return written(TEXTS[kind], self.pick, self.slots)


def scenes(
    world: SampleWorld, calendar: SampleCalendar, stream: str, rows: int, *, evenly: bool = False
) -> Iterator[Scene]:
    """As many scenes as rows; tenants in proportion to their deals, or evenly in turn."""
    draws, start = Draws(world.seed, stream), calendar.start
    products = tuple(PRODUCTS)
    for numbers in chunks(rows):
        size = len(numbers)
        tenants = (
            draws.counted(numbers) % len(world.tenants)
            if evenly
            else draws.weighted(world.tenant_weights, size)
        )
        contacts = tenants * world.contacts_per_tenant + draws.below(
            world.contacts_per_tenant, size
        )
        moments = draws.below(calendar.days, size) * SECONDS_A_DAY + start + _OFFICE_OPENS
        drawn = zip(
            numbers,
            tenants.tolist(),
            contacts.tolist(),
            world.some_agents(draws, tenants),
            (moments + draws.below(_OFFICE_SECONDS, size)).tolist(),
            draws.below(PICKS, size).tolist(),
            draws.below(PICKS, size).tolist(),
            strict=True,
        )
        for number, tenant, contact, agent, second, pick, spare in drawn:
            person = world.contact(contact)
            vendor = world.tenants[tenant].name
            slots = {
                "contact": person.full_name,
                "first": person.first_name,
                "email": person.email,
                "phone": person.phone,
                "title": person.title,
                "account": world.company_of(contact // CONTACTS_PER_ACCOUNT).name,
                "agent": agent,
                "vendor": vendor,
                "product": products[spare % len(products)],
                "amount": f"{_AMOUNT_STEP * (1 + spare % 199):,}",
                "weekday": _WEEKDAYS[spare % len(_WEEKDAYS)],
                "topic": world.words.topics[spare % len(world.words.topics)],
            }
            at = datetime.fromtimestamp(second, UTC)
            yield Scene(number, vendor, contact, agent, at, pick, spare, slots)
