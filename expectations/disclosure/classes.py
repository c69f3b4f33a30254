"""Equivalence classes of a table in columns, so that a model is measured on all of them at once.

A class is a set of rows that share their quasi-identifiers. Nothing here holds a row or a value:
tenants, funds and sensitive values are codes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from expectations.errors import UnmeasurableContribution

__all__ = ["Classes", "Contributors", "IntArray", "SensitiveValues"]

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Contributors:
    """Who stands behind each class: entry j says that a tenant has rows, and an amount, in it.

    Entries are sorted by class, then tenant; a tenant has one entry a class. ``amounts`` are whole
    numbers of 10**-scale units, None where nothing is summed. ``fund_of_tenant`` maps each tenant
    code to a fund code; a tenant without a fund has a negative code of its own (it can subtract
    itself, and adds to no count of funds).
    """

    class_of: IntArray  # (entries,)
    tenant: IntArray  # (entries,)
    rows: IntArray  # (entries,)
    amounts: IntArray | None  # (entries,)
    fund_of_tenant: IntArray  # (tenants,)

    def __post_init__(self) -> None:
        if self.amounts is not None and len(self.amounts) and int(self.amounts.min()) < 0:
            message = (
                f"{int((self.amounts < 0).sum()):,} contributions are negative: refused, since "
                "dominance and the p% rule are defined on amounts of zero or more; measure "
                "positive and negative amounts as two columns, or leave the rules on amounts out"
            )
            raise UnmeasurableContribution(message)


@dataclass(frozen=True, slots=True)
class SensitiveValues:
    """How often each sensitive value occurs in each class; entries sorted by class, then value.

    Codes follow the order of the values, so that an ordered distance can use them.
    """

    column: str
    class_of: IntArray  # (entries,)
    value: IntArray  # (entries,) in 0..domain-1
    rows: IntArray  # (entries,)
    overall: IntArray  # (domain,): rows of each value in the whole table


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes of one table under one grouping; class i has ``rows[i]`` rows."""

    rows: IntArray  # (classes,)
    contributors: Contributors | None = None
    sensitive: SensitiveValues | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def total_rows(self) -> int:
        """Rows of the whole table."""
        return int(self.rows.sum())
