"""The rules for one row of each file of a CRM export.

A deal that is Won or Lost needs its account, both dates and its value: no closed deal of the
known export lacks one. An open deal has neither close date nor value yet, and may have no account.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Generic, TypeVar

from stores.intake.batches import DealStage, Rejection
from stores.intake.crm_fields import FieldReader
from stores.intake.portco_mapping import SalesAgent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stores.intake.batches import TenantEntry
    from stores.intake.export_file import ExportFile
    from stores.intake.portco_mapping import MappedAgent

__all__ = [
    "Reference",
    "account_values",
    "deal_values",
    "product_series",
    "sales_agent",
    "taken",
]

_T = TypeVar("_T")

_CLOSED_NEEDS = ("account", "engage_date", "close_date", "close_value")
_REQUIRED_IN_STAGE: Mapping[DealStage, tuple[str, ...]] = MappingProxyType(
    {
        DealStage.PROSPECTING: (),
        DealStage.ENGAGING: ("engage_date",),
        DealStage.WON: _CLOSED_NEEDS,
        DealStage.LOST: _CLOSED_NEEDS,
    }
)


@dataclass(slots=True)
class Reference(Generic[_T]):
    """What a file's accepted rows say, by key, for the rows of other files to refer to."""

    file: str
    known: dict[str, _T] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    rejected_keys: set[str] = field(default_factory=set)
    rejections: list[Rejection] = field(default_factory=list)

    def find(self, row: FieldReader, column: str) -> _T | None:
        """What the row's column refers to; a fault of the row where that is nothing."""
        key = row.raw(column)
        if not key or key in self.known:
            return self.known.get(key)
        rejected = key in self.rejected_keys
        row.fault(
            column, f"its row in {self.file} was rejected" if rejected else f"not in {self.file}"
        )
        return None


def taken(file: ExportFile, key: str, read: Callable[[int, FieldReader], _T]) -> Reference[_T]:
    """Read every row by one rule; of rows with the same key the first that fits stands."""
    reference: Reference[_T] = Reference(file.name)
    for numbered in file.rows:
        row = FieldReader(numbered.fields)
        name = row.required_text(key)
        value = read(numbered.line, row)
        if name in reference.known:
            row.fault(key, "listed on an earlier line")
        if row.reason:
            reference.rejections.append(Rejection(file.name, numbered.line, row.reason))
            reference.rejected_keys.add(name)
        else:
            reference.known[name] = value
            reference.lines[name] = numbered.line
    return reference


def account_values(_line: int, row: FieldReader) -> tuple[object, ...]:
    """The columns of crm_accounts after the tenant."""
    name = row.raw("account")
    return (
        "acc-" + hashlib.sha256(name.encode()).hexdigest()[:16],
        name,
        row.optional_text("sector"),
        row.optional_whole_number("employees"),
        row.optional_amount("revenue"),
        row.optional_whole_number("year_established"),
        row.optional_text("office_location"),
        row.optional_text("subsidiary_of"),
    )


def product_series(_line: int, row: FieldReader) -> str:
    """The series of a product."""
    row.optional_amount("sales_price")
    return row.required_text("series")


def sales_agent(
    line: int, row: FieldReader, mapped: Mapping[str, MappedAgent] | None = None
) -> SalesAgent:
    """One member of the sales teams, who must stand in the mapping file where there is one."""
    if mapped is not None and row.raw("sales_agent") not in mapped:
        row.fault("sales_agent", "not in the mapping file")
    return SalesAgent(
        line=line,
        name=row.raw("sales_agent"),
        manager=row.required_text("manager"),
        regional_office=row.required_text("regional_office"),
    )


def deal_values(
    _line: int,
    row: FieldReader,
    *,
    agents: Reference[SalesAgent],
    tenants: Mapping[str, TenantEntry],
    products: Reference[str],
    accounts: Reference[tuple[object, ...]],
) -> tuple[object, ...]:
    """The columns of crm_opportunities, the tenant's name first."""
    row.required_text("sales_agent")
    row.required_text("product")
    agent = agents.find(row, "sales_agent")
    in_series = products.find(row, "product")
    account = accounts.find(row, "account")
    engaged_on = row.optional_date("engage_date")
    closed_on = row.optional_date("close_date")
    close_value = row.optional_amount("close_value")
    stage = _stage(row)
    if stage is not None:
        _check_stage(row, stage)
    if stage is DealStage.LOST and close_value:
        row.fault("close_value", "not 0 on a Lost deal")
    if engaged_on and closed_on and closed_on < engaged_on:
        row.fault("close_date", "before engage_date")
    return (
        agent and tenants[agent.name].name,
        row.raw("opportunity_id"),
        account and account[0],
        row.raw("sales_agent"),
        row.raw("product"),
        in_series,
        stage and stage.value,
        engaged_on,
        closed_on,
        close_value,
    )


def _stage(row: FieldReader) -> DealStage | None:
    try:
        return DealStage(row.required_text("deal_stage"))
    except ValueError:
        row.fault("deal_stage", f"not one of {', '.join(DealStage)}")
        return None


def _check_stage(row: FieldReader, stage: DealStage) -> None:
    for column in _REQUIRED_IN_STAGE[stage]:
        if not row.raw(column):
            row.fault(column, f"required in stage {stage}")
    if not stage.closed:
        for column in ("close_date", "close_value"):
            if row.raw(column):
                row.fault(column, f"filled in stage {stage}, which is open")
