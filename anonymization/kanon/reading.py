"""Opens a file and reads what a request needs of it: combinations, hierarchies, models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True, slots=True)
class Subject:
    """A file as a request sees it; the engine is open as long as `read_subject` lasts."""

    engine: Engine
    table: Table
    combinations: Combinations
    models: NamedModels


@contextmanager
def read_subject(path: Path, request: Request, hierarchies: Path | None) -> Iterator[Subject]:
    """Read the file in one pass. The folder is needed for the hierarchical distance alone."""
    of_sensitive = request.flags.t_hierarchical is not None
    if of_sensitive and hierarchies is None:
        raise MeaninglessRequest(["--t-hierarchical needs --hierarchies DIR"])
    table = table_of(path)
    request.require_columns_of(table)
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
        hierarchy = None
        if of_sensitive and hierarchies is not None and roles.sensitive is not None:
            file = hierarchy_file_of(hierarchies, roles.sensitive)
            domain = combinations.sensitive_domain
            hierarchy = hierarchy_from_csv(file, roles.sensitive, domain)
        yield Subject(engine, table, combinations, request.models(hierarchy))


def all_hierarchies(combinations: Combinations, directory: Path) -> tuple[Hierarchy, ...]:
    """The hierarchy of every quasi-identifier; what is wrong with any of them is told at once."""
    found, wrong = [], []
    for column, domain in zip(combinations.columns, combinations.domains, strict=True):
        try:
            found.append(hierarchy_from_csv(hierarchy_file_of(directory, column), column, domain))
        except HierarchyError as error:
            wrong.append(str(error))
    if wrong:
        raise KanonError("\n".join(wrong))
    return tuple(found)


def found_hierarchies(combinations: Combinations, directory: Path) -> dict[str, Hierarchy]:
    """The hierarchies that the folder has of the quasi-identifiers."""
    there = {path.name for path in directory.glob("*.csv")}
    return {
        column: hierarchy_from_csv(hierarchy_file_of(directory, column), column, domain)
        for column, domain in zip(combinations.columns, combinations.domains, strict=True)
        if any(name.endswith(f"hierarchy_{column}.csv") for name in there)
    }
