"""How many stand behind a class: rows, tenants, tenants without any one fund, funds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from expectations.disclosure import grouped
from expectations.disclosure.classes import Classes, Contributors, IntArray
from expectations.disclosure.models import BoolArray, Model
from expectations.errors import UnmeasurableModel

__all__ = ["KFunds", "KRows", "KTenants", "KTenantsWithoutAnyFund", "contributors_of"]


class _AtLeast(Model):
    """A count that must reach k; whoever joins a class can only raise it."""

    absorbing: ClassVar[bool] = True
    higher_is_safer: ClassVar[bool] = True
    k: int

    def __post_init__(self) -> None:
        if self.k < 1:
            message = f"{self.name} is {self.k}: refused, it must be at least 1"
            raise UnmeasurableModel(message)

    def counted(self, classes: Classes) -> IntArray:
        """The count of each class, (classes,)."""
        raise NotImplementedError

    def measured(self, classes: Classes) -> npt.NDArray[np.float64]:
        """The count of each class, (classes,)."""
        return self.counted(classes).astype(np.float64)

    def satisfied(self, classes: Classes) -> BoolArray:
        """Whether each class reaches k, (classes,)."""
        return self.counted(classes) >= self.k


@dataclass(frozen=True, slots=True)
class KRows(_AtLeast):
    """k-anonymity: every class has at least k rows (Sweeney 2002).

    One tenant can fill a class with rows of its own: it protects rows, not tenants.
    """

    k: int
    name: ClassVar[str] = "k_rows"

    def counted(self, classes: Classes) -> IntArray:
        """Rows of each class."""
        return classes.rows


@dataclass(frozen=True, slots=True)
class KTenants(_AtLeast):
    """k-anonymity of tenants: at least k distinct tenants stand behind every class.

    The policy's own unit: (X, Y)-anonymity of Wang and Fung (2006) with X the quasi-identifiers
    and Y the tenant.
    """

    k: int = 5
    name: ClassVar[str] = "k_tenants"

    def counted(self, classes: Classes) -> IntArray:
        """Distinct tenants of each class."""
        return grouped.counts(contributors_of(classes, self.name).class_of, len(classes))


@dataclass(frozen=True, slots=True)
class KTenantsWithoutAnyFund(_AtLeast):
    """At least k distinct tenants are left in every class when any one fund leaves.

    A fund knows its own portfolio companies and can subtract them. A tenant without a fund counts
    as a fund of its own.
    """

    k: int = 5
    name: ClassVar[str] = "k_after_leaving_out_a_fund"

    def counted(self, classes: Classes) -> IntArray:
        """The fewest tenants left in each class, whichever fund leaves."""
        who = contributors_of(classes, self.name)
        class_of, of_fund = _tenants_by_fund(who)
        everybody = grouped.counts(who.class_of, len(classes))
        return everybody - grouped.maxima(class_of, of_fund, len(classes))


@dataclass(frozen=True, slots=True)
class KFunds(_AtLeast):
    """At least k distinct funds stand behind every class; a tenant without a fund adds none."""

    k: int = 3
    name: ClassVar[str] = "k_funds"

    def counted(self, classes: Classes) -> IntArray:
        """Distinct funds of each class."""
        who = contributors_of(classes, self.name)
        owned = who.fund_of_tenant[who.tenant] >= 0
        pair = who.class_of[owned] * _width(who) + who.fund_of_tenant[who.tenant[owned]]
        return grouped.counts(np.unique(pair) // _width(who), len(classes))


def contributors_of(classes: Classes, model: str) -> Contributors:
    """Who stands behind the classes, or a refusal where nobody said."""
    if classes.contributors is None:
        message = f"{model} counts tenants, and none are known: refused; name the tenant column"
        raise UnmeasurableModel(message)
    return classes.contributors


def _width(who: Contributors) -> int:
    """More than there are fund codes, negative ones shifted above them."""
    return 2 * (len(who.fund_of_tenant) + int(np.abs(who.fund_of_tenant).max(initial=0)) + 1)


def _tenants_by_fund(who: Contributors) -> tuple[IntArray, IntArray]:
    """Class, and number of tenants, of each pair of a class and a fund; sorted by class."""
    width = _width(who)
    fund = who.fund_of_tenant[who.tenant] + width // 2
    pairs, tenants = np.unique(who.class_of * width + fund, return_counts=True)
    return pairs // width, tenants.astype(np.int64)
