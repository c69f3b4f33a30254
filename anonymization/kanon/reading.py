"""Opens a file and reads what a request needs of it: combinations, hierarchies, models."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from anonymization.engines.combining import read_combinations
from anonymization.engines.duckdb_engine import duckdb_engine
from anonymization.engines.engine import Engine
from anonymization.engines.sources import Table, table_of
from anonymization.generalization.combinations import Combinations
from anonymization.generalization.errors import HierarchyError
from anonymization.generalization.hierarchies import Hierarchy
from anonymization.generalization.hierarchy_files import hierarchy_file_of, hierarchy_from_csv
from anonymization.kanon.errors import KanonError, MeaninglessRequest
from anonymization.kanon.request import NamedModels, Request

__all__ = ["Subject", "all_hierarchies", "found_hierarchies", "read_subject"]

_LARGEST_SUM = 2.0**62


@dataclass(frozen=True, slots=True)
class Subject:
    """A file as a request sees it; the engine is open as long as `read_subject` lasts."""

    engine: Engine
    table: Table
    request: Request
    combinations: Combinations
    sensitive_hierarchy: Hierarchy | None

    @property
    def models(self) -> NamedModels:
        """The models that were asked for."""
        return self.request.models(self.sensitive_hierarchy)

    def with_k(self, k: int) -> Subject:
        """The same file, asked for another k, with and without a fund where both were alike."""
        flags = self.request.flags
        alike = flags.k_without_fund == flags.k
        other = replace(flags, k=k, k_without_fund=k if alike else flags.k_without_fund)
        return replace(self, request=replace(self.request, flags=other))


@contextmanager
def read_subject(path: Path, request: Request, hierarchies: Path | None) -> Iterator[Subject]:
    """Read the file in one pass. The folder is needed for the hierarchical distance alone."""
    of_sensitive = request.flags.t_hierarchical is not None
    if of_sensitive and hierarchies is None:
        raise MeaninglessRequest(["--t-hierarchical needs --hierarchies DIR"])
    table = table_of(path)
    roles = request.roles
    with duckdb_engine() as engine:
        combinations = read_combinations(
            engine,
            table,
            quasi_identifiers=roles.quasi_identifiers,
            tenant=roles.tenant,
            fund=roles.fund,
            amount=roles.amount,
            sensitive=roles.sensitive,
        )
        _require_summable(combinations)
        hierarchy = None
        if of_sensitive and hierarchies is not None and roles.sensitive is not None:
            file = hierarchy_file_of(hierarchies, roles.sensitive)
            domain = combinations.sensitive_domain
            hierarchy = hierarchy_from_csv(file, roles.sensitive, domain)
        yield Subject(engine, table, request, combinations, hierarchy)


def _require_summable(combinations: Combinations) -> None:
    """Sums of 64 bits must hold: every amount of the table together is the largest of them."""
    who = combinations.classes.contributors
    if who is None or who.amounts is None:
        return
    if float(who.amounts.astype(np.float64).sum()) > _LARGEST_SUM:
        message = "the amounts' sum needs more than 62 bits; give them in a coarser unit"
        raise KanonError(message)


def all_hierarchies(combinations: Combinations, directory: Path) -> tuple[Hierarchy, ...]:
    """The hierarchy of every quasi-identifier; what is wrong with any of them is told at once."""
    return tuple(_read_hierarchies(combinations, directory, combinations.columns).values())


def found_hierarchies(combinations: Combinations, directory: Path) -> dict[str, Hierarchy]:
    """The hierarchies that the folder has of the quasi-identifiers."""
    there = [path.name for path in directory.glob("*.csv")]
    named = [
        column
        for column in combinations.columns
        if any(name.endswith(f"hierarchy_{column}.csv") for name in there)
    ]
    return _read_hierarchies(combinations, directory, named)


def _read_hierarchies(
    combinations: Combinations, directory: Path, columns: Collection[str]
) -> dict[str, Hierarchy]:
    found, wrong = {}, []
    for column, domain in zip(combinations.columns, combinations.domains, strict=True):
        if column not in columns:
            continue
        try:
            file = hierarchy_file_of(directory, column)
            found[column] = hierarchy_from_csv(file, column, domain)
        except HierarchyError as error:
            wrong.append(str(error))
    if wrong:
        raise KanonError("\n".join(wrong))
    return found
