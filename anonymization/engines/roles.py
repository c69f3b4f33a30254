"""Which column of a table plays which part, and which may not."""

from __future__ import annotations

from dataclasses import dataclass

from anonymization.engines.errors import UnusableColumn
from anonymization.engines.sources import ColumnKind, Table

__all__ = ["Roles", "require_roles"]


@dataclass(frozen=True, slots=True)
class Roles:
    """Which column plays which part."""

    quasi_identifiers: tuple[str, ...]
    tenant: str | None = None
    fund: str | None = None
    amount: str | None = None
    sensitive: str | None = None

    @property
    def coded(self) -> dict[str, str]:
        """The columns besides the quasi-identifiers that become codes, by plain name."""
        parts = {"tenant": self.tenant, "fund": self.fund, "sensitive": self.sensitive}
        return {name: column for name, column in parts.items() if column is not None}

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that plays a part, once."""
        amount = [self.amount] if self.amount else []
        return tuple(dict.fromkeys([*self.quasi_identifiers, *self.coded.values(), *amount]))

    @property
    def parts(self) -> list[str]:
        """By whose codes the rows of a combination are counted."""
        return [part for part in ("tenant", "sensitive") if part in self.coded]


def require_roles(table: Table, roles: Roles) -> None:
    """Refuse parts that no column of the table can play."""
    if not roles.quasi_identifiers:
        raise UnusableColumn("no quasi-identifier is named; name at least one column")
    named = [*roles.quasi_identifiers, *roles.coded.values()]
    table.require_columns([*named, *([roles.amount] if roles.amount else [])])
    twice = sorted({each for each in named if roles.quasi_identifiers.count(each) > 1})
    if twice:
        message = f"{', '.join(twice)} is named more than once as a quasi-identifier; name it once"
        raise UnusableColumn(message)
    if roles.tenant is None and (roles.fund or roles.amount):
        message = "a fund or an amount is counted per tenant: name the tenant column too"
        raise UnusableColumn(message)
    odd = [each for each in named if table.column(each).kind is ColumnKind.OTHER]
    if odd:
        message = (
            f"{', '.join(sorted(odd))}: holds lists, bytes or the like, which have no value to "
            "compare; leave it out or turn it into text"
        )
        raise UnusableColumn(message)
