"""What is asked about a file: the part of each column, and the rules that cells must satisfy."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from anonymization.engines.roles import Roles
from anonymization.generalization.hierarchies import Hierarchy
from anonymization.kanon.errors import MeaninglessRequest
from expectations.disclosure.closeness import Distance, TCloseness
from expectations.disclosure.concentration import Dominance, Held, PPercent
from expectations.disclosure.counting import KFunds, KRows, KTenants, KTenantsWithoutAnyFund
from expectations.disclosure.diversity import (
    DistinctDiversity,
    EntropyDiversity,
    RecursiveDiversity,
)
from expectations.disclosure.models import Model

__all__ = ["Flags", "NamedModels", "Request", "request_of"]

NamedModels = dict[str, Model]
"""Models by the name that reports give them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """The flags of the command line as they were typed; None where one was left out.

    ``dominance_of_rows`` is no flag: a release measures dominance on rows beside amounts.
    """

    qi: str
    tenant: str | None = None
    fund: str | None = None
    sensitive: str | None = None
    measure: str | None = None
    k: int = 5
    k_rows: int | None = None
    k_without_fund: int | None = None
    k_funds: int | None = None
    l: int | None = None  # noqa: E741 - the model's own name
    entropy_l: str | None = None
    recursive_cl: str | None = None
    t_equal: str | None = None
    t_ordered: str | None = None
    t_hierarchical: str | None = None
    dominance: str | None = None
    p_percent: str | None = None
    dominance_of_rows: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A request that means something: columns with their parts, and what was asked of cells."""

    roles: Roles
    flags: Flags

    def models(self, sensitive_hierarchy: Hierarchy | None = None) -> NamedModels:
        """The models asked for; the hierarchical distance takes the sensitive column's."""
        flags = self.flags
        models: NamedModels = {}
        if flags.tenant is not None:
            models["k_tenants"] = KTenants(flags.k)
        if self._rows is not None:
            models["k_rows"] = KRows(self._rows)
        if flags.k_without_fund is not None:
            models["k_without_fund"] = KTenantsWithoutAnyFund(flags.k_without_fund)
        if flags.k_funds is not None:
            models["k_funds"] = KFunds(flags.k_funds)
        return models | self._of_sensitive_values(sensitive_hierarchy) | self._of_amounts()

    @property
    def asked(self) -> dict[str, object]:
        """The limit that each model was given."""
        flags = self.flags
        limits = {
            "k_tenants": flags.k if flags.tenant is not None else None,
            "k_rows": self._rows,
            "k_without_fund": flags.k_without_fund,
            "k_funds": flags.k_funds,
            "distinct_l": flags.l,
            "entropy_l": flags.entropy_l,
            "recursive_cl": flags.recursive_cl,
            "t_equal": flags.t_equal,
            "t_ordered": flags.t_ordered,
            "t_hierarchical": flags.t_hierarchical,
            "dominance": flags.dominance,
            "dominance_of_rows": flags.dominance if flags.dominance_of_rows else None,
            "p_percent": flags.p_percent,
        }
        return {name: limit for name, limit in limits.items() if limit is not None}

    @property
    def _rows(self) -> int | None:
        """The least rows of a cell: --k counts them where no tenant is named."""
        if self.flags.tenant is not None:
            return self.flags.k_rows
        return max(self.flags.k, self.flags.k_rows or 0)

    def _of_sensitive_values(self, hierarchy: Hierarchy | None) -> NamedModels:
        flags = self.flags
        models: NamedModels = {}
        if flags.l is not None:
            models["distinct_l"] = DistinctDiversity(flags.l)
        if flags.entropy_l is not None:
            models["entropy_l"] = EntropyDiversity(float(Fraction(flags.entropy_l)))
        if flags.recursive_cl is not None:
            models["recursive_cl"] = RecursiveDiversity(*_recursive(flags.recursive_cl))
        if flags.t_equal is not None:
            models["t_equal"] = TCloseness(float(Fraction(flags.t_equal)))
        if flags.t_ordered is not None:
            models["t_ordered"] = TCloseness(float(Fraction(flags.t_ordered)), Distance.ORDERED)
        if flags.t_hierarchical is not None and hierarchy is not None:
            levels = hierarchy.codes.astype(np.int64)
            models["t_hierarchical"] = TCloseness(
                float(Fraction(flags.t_hierarchical)), Distance.HIERARCHICAL, levels
            )
        return models

    def _of_amounts(self) -> NamedModels:
        of = Held.ROWS if self.flags.measure is None else Held.AMOUNTS
        models: NamedModels = {}
        if self.flags.dominance is not None:
            n, share = _dominance(self.flags.dominance)
            models["dominance"] = Dominance(share, n, of)
            if self.flags.dominance_of_rows:
                models["dominance_of_rows"] = Dominance(share, n, Held.ROWS)
        if self.flags.p_percent is not None:
            models["p_percent"] = PPercent(Fraction(self.flags.p_percent), of)
        return models


def request_of(flags: Flags) -> Request:
    """The request that these flags make; all that is wrong with them is told at once."""
    quasi = _columns(flags.qi)
    problems = [
        *_unclear_columns(quasi),
        *_missing_columns(flags),
        *_wrong_numbers(flags),
    ]
    if problems:
        raise MeaninglessRequest(problems)
    roles = Roles(quasi, flags.tenant, flags.fund, flags.measure, flags.sensitive)
    return Request(roles, flags)


def _columns(text: str) -> tuple[str, ...]:
    """Names between commas; a name that holds one stands in double quotes, as in CSV."""
    return tuple(name.strip() for name in next(csv.reader([text], skipinitialspace=True), []))


def _unclear_columns(quasi: tuple[str, ...]) -> list[str]:
    twice = sorted({name for name in quasi if quasi.count(name) > 1})
    problems = []
    if not quasi or "" in quasi:
        problems.append("--qi takes the names of columns between commas: --qi age,region")
    if twice:
        problems.append(f"--qi names {', '.join(twice)} more than once")
    return problems


def _missing_columns(flags: Flags) -> list[str]:
    """Rules, and the column without which each means nothing."""
    given = {
        "--tenant COL": flags.tenant,
        "--fund COL": flags.fund,
        "--sensitive COL": flags.sensitive,
    }
    needed = {
        "--fund": (flags.fund, "--tenant COL"),
        "--measure": (flags.measure, "--tenant COL"),
        "--k-without-fund": (flags.k_without_fund, "--fund COL"),
        "--k-funds": (flags.k_funds, "--fund COL"),
        "--l": (flags.l, "--sensitive COL"),
        "--entropy-l": (flags.entropy_l, "--sensitive COL"),
        "--recursive-cl": (flags.recursive_cl, "--sensitive COL"),
        "--t-equal": (flags.t_equal, "--sensitive COL"),
        "--t-ordered": (flags.t_ordered, "--sensitive COL"),
        "--t-hierarchical": (flags.t_hierarchical, "--sensitive COL"),
        "--dominance": (flags.dominance, "--tenant COL"),
        "--p-percent": (flags.p_percent, "--tenant COL"),
    }
    problems = [
        f"{flag} needs {column}"
        for flag, (value, column) in needed.items()
        if value is not None and given[column] is None
    ]
    if flags.sensitive in _columns(flags.qi):
        problems.append(f"{flags.sensitive} cannot be sensitive and a quasi-identifier")
    return problems


def _wrong_numbers(flags: Flags) -> list[str]:
    counts = {
        "--k": flags.k,
        "--k-rows": flags.k_rows,
        "--k-without-fund": flags.k_without_fund,
        "--k-funds": flags.k_funds,
        "--l": flags.l,
    }
    problems = [
        f"{flag} is a whole number from 1"
        for flag, count in counts.items()
        if count is not None and count < 1
    ]
    texts: list[tuple[str | None, Callable[[str], object], str]] = [
        (flags.entropy_l, _within(1, None), "--entropy-l is a number from 1"),
        (flags.recursive_cl, _recursive, "--recursive-cl is c,l: a number above 0, and l from 1"),
        (flags.t_equal, _within(0, 1), "--t-equal is a number from 0 to 1"),
        (flags.t_ordered, _within(0, 1), "--t-ordered is a number from 0 to 1"),
        (flags.t_hierarchical, _within(0, 1), "--t-hierarchical is a number from 0 to 1"),
        (flags.dominance, _dominance, "--dominance is a share above 0 up to 1, or n,share"),
        (flags.p_percent, _within(0, None), "--p-percent is a number from 0"),
    ]
    unreadable = [told for text, read, told in texts if text is not None and not _ok(read, text)]
    return problems + unreadable


def _ok(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except (ValueError, ArithmeticError):
        return False
    return True


def _within(low: int, high: int | None) -> Callable[[str], Fraction]:
    def read(text: str) -> Fraction:
        number = Fraction(text)
        float(number)
        if number < low or (high is not None and number > high):
            raise ValueError
        return number

    return read


def _recursive(text: str) -> tuple[Fraction, int]:
    c, l = text.split(",")  # noqa: E741 - the model's own name
    if Fraction(c) <= 0 or int(l) < 1:
        raise ValueError
    return Fraction(c), int(l)


def _dominance(text: str) -> tuple[int, Fraction]:
    n, _, share = text.rpartition(",")
    number, part = int(n or 1), Fraction(share)
    if number < 1 or not 0 < part <= 1:
        raise ValueError
    return number, part
