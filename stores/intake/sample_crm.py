"""Draws a sample's CRM: accounts, contacts, deals and prospects, shaped like the CRM export."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from stores.intake.batches import DealStage
from stores.intake.sample_calendar import DAYS_BEFORE
from stores.intake.sample_draws import Draws, chunks
from stores.intake.sample_world import CONTACTS_PER_ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stores.intake.sample_calendar import SampleCalendar
    from stores.intake.sample_world import SampleWorld

__all__ = [
    "PRODUCTS",
    "account_id",
    "accounts",
    "contact_id",
    "contacts",
    "opportunities",
    "prospects",
]

# Product: (series, list price in US dollars, deals with it in the CRM export).
PRODUCTS = {
    "GTX Basic": ("GTX", 550, 1_866),
    "MG Special": ("MG", 55, 1_651),
    "GTX Pro": ("GTX", 4_821, 1_480),
    "MG Advanced": ("MG", 3_393, 1_412),
    "GTX Plus Basic": ("GTX", 1_096, 1_383),
    "GTX Plus Pro": ("GTX", 5_482, 968),
    "GTK 500": ("GTK", 26_768, 40),
}

# Deals of each stage in the CRM export.
_STAGES = {
    DealStage.WON: 4_238,
    DealStage.LOST: 2_473,
    DealStage.ENGAGING: 1_589,
    DealStage.PROSPECTING: 500,
}
_OPEN_WITHOUT_ACCOUNT = 0.68
_VALUE_SPREAD = 0.1
_QUICK_SHARE, _QUICK_DAYS, _SLOW_FROM, _SLOW_DAYS, _OPEN_DAYS = 0.4, 14, 40, 99, 120
_SOURCES = ("referral", "webinar", "trade fair", "website", "prospect_finder", "partner")
_WITHOUT_EMAIL = 8
# Odd, so that distinct numbers give distinct ids.
_ID_STEP, _ID_MASK = 2_654_435_761, 0xFFFF_FFFF

_Row = tuple[object, ...]


def account_id(number: int) -> str:
    """The id of an account by its number."""
    return f"acc-{number:07d}"


def contact_id(number: int) -> str:
    """The id of a contact by its number."""
    return f"con-{number:07d}"


def accounts(world: SampleWorld) -> Iterator[_Row]:
    """Rows of crm_accounts."""
    for number in range(len(world.account_companies)):
        company = world.company_of(number)
        yield (
            world.tenants[number // world.accounts_per_tenant].name,
            account_id(number),
            company.name,
            company.sector,
            company.employees,
            company.annual_revenue,
            company.year_established,
            company.country,
            company.parent_name,
        )


def contacts(world: SampleWorld) -> Iterator[_Row]:
    """Rows of crm_contacts."""
    for number in range(len(world.contact_draws)):
        person = world.contact(number)
        yield (
            world.tenants[number // world.contacts_per_tenant].name,
            contact_id(number),
            account_id(number // CONTACTS_PER_ACCOUNT),
            person.full_name,
            person.email,
            person.phone,
            person.title,
        )


def opportunities(world: SampleWorld, calendar: SampleCalendar, rows: int) -> Iterator[_Row]:
    """Rows of crm_opportunities."""
    draws, dates = Draws(world.seed, "crm_opportunities"), calendar.dates()
    names = [tenant.name for tenant in world.tenants]
    products = [(name, series) for name, (series, _, _) in PRODUCTS.items()]
    stages = tuple(_STAGES)
    for numbers in chunks(rows):
        for number, tenant, account, agent, product, step, days, worth in _deals(
            world, draws, numbers, len(dates)
        ):
            stage = stages[step]
            began, ended, open_since, known = days
            if stage.closed:
                value = Decimal(worth if stage is DealStage.WON else 0)
                tail: _Row = (stage.value, dates[began], dates[ended], value)
            else:
                engaging = stage is DealStage.ENGAGING
                tail = (stage.value, dates[open_since] if engaging else None, None, None)
            yield (
                names[tenant],
                f"{(number + 1) * _ID_STEP & _ID_MASK:08X}",
                account_id(account) if stage.closed or known else None,
                agent,
                *products[product],
                *tail,
            )


def _deals(
    world: SampleWorld, draws: Draws, numbers: range, days: int
) -> Iterator[tuple[int, int, int, str, int, int, tuple[int, int, int, int], int]]:
    """Number, tenant, account, agent, product, stage, days and worth of each deal.

    The days are positions in the calendar: begun and ended if the deal is closed, begun if it is
    open; the fourth number is 1 where an open deal has an account.
    """
    size = len(numbers)
    tenant = draws.weighted(world.tenant_weights, size)
    account = tenant * world.accounts_per_tenant + draws.below(world.accounts_per_tenant, size)
    product = draws.weighted([float(deals) for _, _, deals in PRODUCTS.values()], size)
    price = draws.taken([float(price) for _, price, _ in PRODUCTS.values()], product)
    worth = price * (1 + _VALUE_SPREAD * draws.normal(size))
    quick = draws.weighted((_QUICK_SHARE, 1 - _QUICK_SHARE), size) == 0
    slow_days = _SLOW_FROM + draws.below(_SLOW_DAYS, size)
    took = quick * (1 + draws.below(_QUICK_DAYS, size)) + ~quick * slow_days
    ended = DAYS_BEFORE + draws.below(days - DAYS_BEFORE, size)
    open_since = days - 1 - draws.below(_OPEN_DAYS, size)
    known = draws.weighted((_OPEN_WITHOUT_ACCOUNT, 1 - _OPEN_WITHOUT_ACCOUNT), size)
    return zip(
        numbers,
        tenant.tolist(),
        account.tolist(),
        world.some_agents(draws, tenant),
        product.tolist(),
        draws.weighted(tuple(map(float, _STAGES.values())), size).tolist(),
        zip(
            (ended - took).tolist(),
            ended.tolist(),
            open_since.tolist(),
            known.tolist(),
            strict=True,
        ),
        worth.round().clip(1).astype(int).tolist(),
        strict=True,
    )


def prospects(world: SampleWorld, rows: int) -> Iterator[_Row]:
    """Rows of prospects."""
    draws = Draws(world.seed, "prospects")
    for numbers in chunks(rows):
        size = len(numbers)
        drawn = zip(
            numbers,
            draws.weighted(world.tenant_weights, size).tolist(),
            draws.below(len(world.companies), size).tolist(),
            draws.below(2**62, size).tolist(),
            draws.below(len(_SOURCES), size).tolist(),
            draws.below(101, size).tolist(),
            strict=True,
        )
        for number, tenant, at, draw, source, score in drawn:
            company = world.companies[at]
            person = world.person(draw, company.domain)
            yield (
                world.tenants[tenant].name,
                f"pro-{number:08d}",
                person.full_name,
                company.name,
                person.email if number % _WITHOUT_EMAIL else None,
                _SOURCES[source],
                score,
            )
