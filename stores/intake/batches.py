"""The vocabulary of an intake: tenants, batches of rows and the rows that were rejected."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["DealStage", "Intake", "Rejection", "TableBatch", "TenantEntry"]


class DealStage(StrEnum):
    """How far a deal has come, as the CRM spells it."""

    PROSPECTING = "Prospecting"
    ENGAGING = "Engaging"
    WON = "Won"
    LOST = "Lost"

    @property
    def closed(self) -> bool:
        """Whether nothing more can happen to the deal."""
        return self in {DealStage.WON, DealStage.LOST}


@dataclass(frozen=True, slots=True)
class TenantEntry:
    """One tenant and its fund, by name; names go only into control.tenants and control.funds."""

    name: str
    fund_name: str


@dataclass(frozen=True, slots=True)
class TableBatch:
    """Rows of one dataset.

    Values stand in registry column order, except that the first is the tenant's *name*: its
    opaque id is known only to the loader.
    """

    dataset: str
    rows: Iterable[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that was not taken: file, line on which it begins (header = 1), broken rules.

    The reason names columns and rules, never what stands in a cell.
    """

    file: str
    line: int
    reason: str


class Intake(Protocol):
    """Anything that can be loaded."""

    @property
    def tenants(self) -> tuple[TenantEntry, ...]:
        """Every tenant that a row may belong to."""
        ...

    def tables(self) -> Iterator[TableBatch]:
        """The batches, parents before children."""
        ...
