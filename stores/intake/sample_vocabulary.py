"""Pools of names, addresses and numbers that a sample draws from, made once with mimesis.

Companies are invented, because mimesis lists real ones; addresses end in the reserved `.example`
and phone numbers lie in the range 555-0100 to 555-0199, so that nobody real is reached.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Vocabulary", "domain_of", "vocabulary"]

_PORTCO_ENDINGS = (
    "Software", "Robotics", "Analytics", "Cloud", "Devices", "Networks", "Automation", "Security",
)  # fmt: skip
_ACCOUNT_ENDINGS = (
    "Group", "Holdings", "Industries", "Company", "Stores", "Clinics", "Studios", "Logistics",
    "Bank", "Insurance", "Foods", "Media", "Telecom", "Staffing", "Services", "Works", "Labs",
    "and Sons", "Corporation", "International",
)  # fmt: skip
_FUND_ENDINGS = ("Capital", "Equity Partners", "Growth Fund", "Ventures")
_PHONE_MASKS = ("+1-{area}-555-01##", "({area}) 555-01##", "{area}-555-01##", "+1 {area} 555 01##")
_AREAS = (205, 212, 303, 312, 404, 415, 503, 512, 602, 617, 702, 713, 801, 808, 813, 901, 917, 971)
_JOB_LEVELS = ("Head of", "Director of", "VP", "Manager,", "Senior Manager,")
_JOB_FIELDS = ("Procurement", "Operations", "IT", "Finance", "Sales", "Data", "Customer Care")
_COUNTRIES = ("United States",) * 21 + ("Germany", "Brazil", "Japan", "Kenya", "Norway")
_POOL = 1_200


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The pools, in an order that depends on the seed alone."""

    portcos: tuple[str, ...]
    funds: tuple[str, ...]
    companies: tuple[str, ...]
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    phones: tuple[str, ...]
    titles: tuple[str, ...]
    topics: tuple[str, ...]
    countries: tuple[str, ...] = _COUNTRIES


def vocabulary(seed: int, *, portcos: int, funds: int, companies: int) -> Vocabulary:
    """Pools with at least as many different names of each kind as asked for."""
    # mimesis costs 0.15 s to import, which the command line should pay only for a sample.
    from mimesis import Locale, Person, Text  # noqa: PLC0415

    person, text = Person(Locale.EN, seed=seed), Text(Locale.EN, seed=seed)
    random = Random(seed)
    first_names = _distinct(person.first_name() for _ in range(_POOL))
    last_names = _distinct(person.last_name() for _ in range(4 * _POOL))
    masks = [mask.format(area=area) for mask in _PHONE_MASKS for area in _AREAS]
    phones = _distinct(person.phone_number(mask=random.choice(masks)) for _ in range(2 * _POOL))
    return Vocabulary(
        portcos=_combined(random, last_names, _PORTCO_ENDINGS, portcos),
        funds=_combined(random, last_names, _FUND_ENDINGS, funds),
        companies=_combined(random, last_names, _ACCOUNT_ENDINGS, companies),
        first_names=first_names,
        last_names=last_names,
        phones=phones,
        titles=tuple(f"{level} {area}" for level in _JOB_LEVELS for area in _JOB_FIELDS),
        topics=_distinct(text.word() for _ in range(_POOL)),
    )


def domain_of(company: str) -> str:
    """The mail domain of a company, which nobody can register."""
    return re.sub(r"[^a-z0-9]+", "-", company.lower()).strip("-") + ".example"


def _distinct(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


def _combined(
    random: Random, names: tuple[str, ...], endings: tuple[str, ...], size: int
) -> tuple[str, ...]:
    drawn = random.sample(range(len(names) * len(endings)), size)
    return tuple(f"{names[i // len(endings)]} {endings[i % len(endings)]}" for i in drawn)
