"""The tenants, companies, accounts and people of a sample; who belongs to whom.

Two sectors are made so that disclosure rules show: few tenants sell to `aerospace`, and the
largest tenant makes most of what is sold to `employment`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from typing import TYPE_CHECKING

from stores.intake.batches import TenantEntry
from stores.intake.sample_draws import Draws
from stores.intake.sample_vocabulary import Vocabulary, domain_of, vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy import int64
    from numpy.typing import NDArray

__all__ = ["CONTACTS_PER_ACCOUNT", "Company", "Person", "SampleWorld", "world"]

CONTACTS_PER_ACCOUNT = 2

# Weights of the sectors as in the CRM export; employment is left to the largest tenant.
_SECTORS = {
    "retail": 17, "technology": 12, "medical": 12, "marketing": 8, "finance": 8, "software": 7,
    "entertainment": 6, "telecommunications": 6, "services": 5, "employment": 2,
}  # fmt: skip
_COMMON_COMPANIES, _RARE_COMPANIES = 1_200, 6
_RARE_SECTOR, _DOMINATED_SECTOR = "aerospace", "employment"
_RARE_TENANTS = range(1, 4)
_LARGEST_TENANT_SHARE, _DOMINATED_SHARE = 0.08, 0.85
_FEWEST_ACCOUNTS, _MOST_ACCOUNTS, _MOST_ACCOUNTS_IN_ALL = 4, 120, 200_000
_AGENTS_PER_TENANT = 6


@dataclass(frozen=True, slots=True)
class Company:
    """A company that several tenants may sell to."""

    name: str
    domain: str
    sector: str
    employees: int
    annual_revenue: Decimal
    year_established: int
    country: str
    parent_name: str | None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at a company."""

    full_name: str
    first_name: str
    email: str
    phone: str
    title: str


@dataclass(frozen=True, slots=True)
class SampleWorld:
    """Everything that rows refer to. Accounts and contacts are numbered tenant by tenant."""

    seed: int
    words: Vocabulary
    tenants: tuple[TenantEntry, ...]
    tenant_weights: tuple[float, ...]
    companies: tuple[Company, ...]
    accounts_per_tenant: int
    account_companies: tuple[int, ...]
    agents: tuple[str, ...]
    contact_draws: tuple[int, ...]

    @property
    def contacts_per_tenant(self) -> int:
        """How many people each tenant knows."""
        return self.accounts_per_tenant * CONTACTS_PER_ACCOUNT

    def company_of(self, account: int) -> Company:
        """The company behind an account."""
        return self.companies[self.account_companies[account]]

    def contact(self, number: int) -> Person:
        """The person behind a contact."""
        company = self.company_of(number // CONTACTS_PER_ACCOUNT)
        return self.person(self.contact_draws[number], company.domain)

    def person(self, draw: int, domain: str) -> Person:
        """The person that a number of 62 random bits stands for, at a mail domain."""
        words = self.words
        draw, first = divmod(draw, len(words.first_names))
        draw, last = divmod(draw, len(words.last_names))
        draw, phone = divmod(draw, len(words.phones))
        first_name, last_name = words.first_names[first], words.last_names[last]
        local = f"{first_name}.{last_name}".lower().replace("'", "").replace(" ", "")
        return Person(
            full_name=f"{first_name} {last_name}",
            first_name=first_name,
            email=f"{local}@{domain}",
            phone=words.phones[phone],
            title=words.titles[draw % len(words.titles)],
        )

    def agents_of(self, tenant: int) -> tuple[str, ...]:
        """The sales agents of a tenant."""
        return self.agents[tenant * _AGENTS_PER_TENANT : (tenant + 1) * _AGENTS_PER_TENANT]

    def some_agents(self, draws: Draws, tenants: NDArray[int64]) -> Iterator[str]:
        """One sales agent of each of the tenants."""
        picked = tenants * _AGENTS_PER_TENANT + draws.below(_AGENTS_PER_TENANT, len(tenants))
        return map(self.agents.__getitem__, picked.tolist())


def world(*, tenants: int, funds: int, rows: int, seed: int) -> SampleWorld:
    """Everything that the rows of a sample of that size refer to."""
    accounts = _accounts_per_tenant(tenants, rows)
    companies = _COMMON_COMPANIES + _RARE_COMPANIES + _MOST_ACCOUNTS
    words = vocabulary(seed, portcos=tenants, funds=funds, companies=companies)
    draws = Draws(seed, "world")
    people = len(words.first_names) * len(words.last_names)
    agents = draws.below(people, tenants * _AGENTS_PER_TENANT).tolist()
    return SampleWorld(
        seed=seed,
        words=words,
        tenants=tuple(
            TenantEntry(name, words.funds[number % funds])
            for number, name in enumerate(words.portcos)
        ),
        tenant_weights=_tenant_weights(draws, tenants),
        companies=tuple(_companies(draws, words)),
        accounts_per_tenant=accounts,
        account_companies=tuple(
            company for tenant in range(tenants) for company in _sold_to(draws, tenant, accounts)
        ),
        agents=tuple(
            f"{words.first_names[draw // len(words.last_names)]} "
            f"{words.last_names[draw % len(words.last_names)]}"
            for draw in agents
        ),
        contact_draws=tuple(draws.below(2**62, tenants * accounts * CONTACTS_PER_ACCOUNT).tolist()),
    )


def _accounts_per_tenant(tenants: int, rows: int) -> int:
    if not rows:
        return 0
    most = max(_FEWEST_ACCOUNTS, min(_MOST_ACCOUNTS, _MOST_ACCOUNTS_IN_ALL // tenants))
    return min(max(int(2 * sqrt(rows / tenants)), _FEWEST_ACCOUNTS), most)


def _tenant_weights(draws: Draws, tenants: int) -> tuple[float, ...]:
    others = draws.lognormal(1_000.0, 0.35, tenants - 1)
    share = _LARGEST_TENANT_SHARE / (1 - _LARGEST_TENANT_SHARE)
    largest = max(share * sum(others), *others, 1) if others else 1
    return (float(largest), *map(float, others))


def _companies(draws: Draws, words: Vocabulary) -> Iterator[Company]:
    size = len(words.companies)
    names = tuple(_SECTORS)
    sectors = [names[i] for i in draws.weighted(tuple(_SECTORS.values()), _COMMON_COMPANIES)]
    sectors += [_RARE_SECTOR] * _RARE_COMPANIES + [_DOMINATED_SECTOR] * _MOST_ACCOUNTS
    employees = draws.lognormal(2_600.0, 1.1, size)
    dollars_per_head = draws.lognormal(260_000.0, 0.4, size)
    years = draws.below(39, size).tolist()
    countries = draws.below(len(words.countries), size).tolist()
    parents = draws.below(_COMMON_COMPANIES * 6, size).tolist()
    for i, name in enumerate(words.companies):
        heads = min(max(employees[i], 9), 60_000)
        yield Company(
            name=name,
            domain=domain_of(name),
            sector=sectors[i],
            employees=heads,
            annual_revenue=Decimal(heads * dollars_per_head[i] // 10_000).scaleb(-2),
            year_established=1979 + years[i],
            country=words.countries[countries[i]],
            parent_name=words.companies[parents[i]] if parents[i] < i else None,
        )


def _sold_to(draws: Draws, tenant: int, accounts: int) -> list[int]:
    """The companies that a tenant sells to, each once."""
    common = draws.shuffled(_COMMON_COMPANIES)
    own: list[int] = []
    if tenant == 0:
        reserved = _COMMON_COMPANIES + _RARE_COMPANIES
        own = list(range(reserved, reserved + int(_DOMINATED_SHARE * accounts)))
    elif tenant in _RARE_TENANTS:
        own = [_COMMON_COMPANIES + number for number in range(min(_RARE_COMPANIES, accounts) // 2)]
    return own + common[: accounts - len(own)]
