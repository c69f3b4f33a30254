"""Reads a CRM export of four CSV files as the rows of many tenants.

A fault of a file refuses the load; a fault of a row rejects that row by file, line and rule.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from stores.intake.batches import Rejection, TableBatch, TenantEntry
from stores.intake.crm_rows import account_values, deal_values, product_series, sales_agent, taken
from stores.intake.export_file import ExportFile, read_export_file
from stores.intake.portco_mapping import (
    MappedAgent,
    PortcoMapping,
    mapped_by_file,
    tenants_of,
)
from stores.intake.refusals import IntakeError, refuse_if_any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = ["CrmExport", "read_crm_export"]

_ACCOUNTS, _PRODUCTS = "accounts.csv", "products.csv"
_TEAMS, _DEALS = "sales_teams.csv", "sales_pipeline.csv"
_COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        _ACCOUNTS: (
            "account",
            "sector",
            "year_established",
            "revenue",
            "employees",
            "office_location",
            "subsidiary_of",
        ),
        _PRODUCTS: ("product", "series", "sales_price"),
        _TEAMS: ("sales_agent", "manager", "regional_office"),
        _DEALS: (
            "opportunity_id",
            "sales_agent",
            "product",
            "account",
            "deal_stage",
            "engage_date",
            "close_date",
            "close_value",
        ),
    }
)
# Known defects of the export: column -> (what it says, what is meant, the column in our words).
_KNOWN_DEFECTS: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "product": ("GTXPro", "GTX Pro", "product"),
        "sector": ("technolgy", "technology", "sector"),
        "office_location": ("Philipines", "Philippines", "country"),
    }
)

_MOVED = "opportunity_id: loaded before for another portco; a deal counts for one"


@dataclass(frozen=True, slots=True)
class CrmExport:
    """A CRM export read as tenants and rows, with an account of all that was not taken as is."""

    tenants: tuple[TenantEntry, ...]
    accounts: tuple[tuple[object, ...], ...]
    opportunities: tuple[tuple[object, ...], ...]
    deal_lines: Mapping[str, int]
    rejections: tuple[Rejection, ...]
    repairs: Mapping[str, int]
    rows_read: Mapping[str, int]

    def tables(self) -> Iterator[TableBatch]:
        """The batches, parents before children."""
        yield TableBatch("tenant_private.crm_accounts", self.accounts)
        yield TableBatch("tenant_private.crm_opportunities", self.opportunities)

    @property
    def portco_of_deal(self) -> Mapping[str, str]:
        """The name of the portco that each deal belongs to here, by the deal's id."""
        return {str(deal[1]): str(deal[0]) for deal in self.opportunities}

    def without_moved(self, deal_ids: Collection[str]) -> CrmExport:
        """The export without these deals, which are another portco's already: each is rejected."""
        kept = tuple(deal for deal in self.opportunities if deal[1] not in deal_ids)
        used = {(deal[0], deal[2]) for deal in kept}
        moved = [Rejection(_DEALS, self.deal_lines[deal], _MOVED) for deal in deal_ids]
        return replace(
            self,
            accounts=tuple(row for row in self.accounts if (row[0], row[1]) in used),
            opportunities=kept,
            rejections=_in_order([*self.rejections, *moved]),
        )

    @property
    def rejected_by_reason(self) -> Mapping[tuple[str, str], int]:
        """How many rows of each file were rejected for each reason."""
        return Counter((rejection.file, rejection.reason) for rejection in self.rejections)


def read_crm_export(directory: Path, mapping: PortcoMapping | None = None) -> CrmExport:
    """Read an export's four files; without a mapping, agents are portcos and managers funds."""
    mapping = mapping or PortcoMapping()
    files, mapped = _opened(directory, mapping)
    repairs = sum((file.repairs + _mended(file) for file in files.values()), start=Counter[str]())
    accounts = taken(files[_ACCOUNTS], "account", account_values)
    products = taken(files[_PRODUCTS], "product", product_series)
    agents = taken(files[_TEAMS], "sales_agent", partial(sales_agent, mapped=mapped))
    tenants = tenants_of(agents.known.values(), mapping.scheme, mapped, _TEAMS)
    read_deal = partial(
        deal_values, agents=agents, tenants=tenants, products=products, accounts=accounts
    )
    deals = taken(files[_DEALS], "opportunity_id", read_deal)
    opportunities = tuple(deals.known.values())
    rejections = [found for file in files.values() for found in file.rejections]
    for read in (accounts.rejections, products.rejections, agents.rejections, deals.rejections):
        rejections += read
    if mapping.file:
        rejections += _unknown_agents(mapping.file.name, mapped or {}, files[_TEAMS])
    return CrmExport(
        tenants=tuple(sorted(set(tenants.values()), key=lambda tenant: tenant.name)),
        accounts=tuple(_accounts_in_use(opportunities, accounts.known.values())),
        opportunities=opportunities,
        deal_lines=MappingProxyType(deals.lines),
        rejections=_in_order(rejections),
        repairs=MappingProxyType(dict(sorted(repairs.items()))),
        rows_read=MappingProxyType({name: file.rows_read for name, file in files.items()}),
    )


def _in_order(rejections: Iterable[Rejection]) -> tuple[Rejection, ...]:
    return tuple(sorted(rejections, key=lambda found: (found.file, found.line)))


def _opened(
    directory: Path, mapping: PortcoMapping
) -> tuple[dict[str, ExportFile], Mapping[str, MappedAgent] | None]:
    """All files of the load, or one refusal with the structural faults of all of them."""
    read = {name: read_export_file(directory / name, columns) for name, columns in _COLUMNS.items()}
    mapped = mapped_by_file(mapping.file) if mapping.file else None
    refuse_if_any(found for found in (*read.values(), mapped) if isinstance(found, IntakeError))
    files = {name: file for name, file in read.items() if isinstance(file, ExportFile)}
    return files, None if isinstance(mapped, IntakeError) else mapped


def _mended(file: ExportFile) -> Counter[str]:
    """Correct the file's known defects in place, and count them."""
    count: Counter[str] = Counter()
    for row in file.rows:
        for column, (says, means, word) in _KNOWN_DEFECTS.items():
            if row.fields.get(column) == says:
                row.fields[column] = means
                count[f"{word} {says} read as {means}"] += 1
    return count


def _unknown_agents(
    name: str, mapped: Mapping[str, MappedAgent], teams: ExportFile
) -> Iterator[Rejection]:
    known = {row.fields["sales_agent"] for row in teams.rows}
    for agent, mapping in mapped.items():
        if agent not in known:
            yield Rejection(name, mapping.line, f"sales_agent: not in {_TEAMS}")


def _accounts_in_use(
    opportunities: Iterable[tuple[object, ...]], accounts: Iterable[tuple[object, ...]]
) -> Iterator[tuple[object, ...]]:
    """Each account once in every tenant that has deals with it."""
    by_id = {str(account[0]): account for account in accounts}
    used = {(str(deal[0]), str(deal[2])) for deal in opportunities if deal[2] is not None}
    for tenant, account_id in sorted(used):
        yield (tenant, *by_id[account_id])
