"""Read-only attempts on a live database: what one tenant or fund reaches that is not its own.

Labels say who should read; these say who can. They run under the principal's own login, each is
rolled back, and only counts leave them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from catalog.data_classes import DataClass
from catalog.declared import REGISTRY
from catalog.registry import Dataset
from stores.errors import BoundaryRefused
from stores.tables import physical_datasets

__all__ = ["Attempt", "ForeignDataProbes"]

INSUFFICIENT_PRIVILEGE = "42501"
_LONGEST_WAIT_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: what was tried, and how many rows or rights it reached; 0 where it was refused.

    ``failed`` says that it ended in an error that is no refusal, so it has shown nothing.
    """

    aim: str
    reached: int
    failed: bool = False


class _Session(Protocol):
    def wait_for_locks(self, seconds: int) -> None: ...

    def _rows(self, statement: str, **parameters: object) -> list[Mapping[str, Any]]: ...

    def _call(self, statement: str, **parameters: object) -> None: ...


class ForeignDataProbes:
    """The attempts of a session that owns rows."""

    def probe_what_is_not_its_own(self: _Session, data_class: DataClass) -> tuple[Attempt, ...]:
        """Try to read every store that is not this principal's; ``data_class`` is its own rows'."""
        attempts = [*_stores(data_class), *_SERVER]
        self.wait_for_locks(_LONGEST_WAIT_SECONDS)
        return tuple(_attempted(self, aim, query) for aim, query in attempts)

    def count_own_rows(self: _Session, data_class: DataClass) -> int:
        """Rows of its own that this principal sees: an attempt of one that sees none is void."""
        own = [dataset for dataset in physical_datasets(REGISTRY) if _is_own(dataset, data_class)]
        queries = [
            (dataset.name, f"SELECT count(*) AS reached FROM {dataset.qualified_name}")  # noqa: S608
            for dataset in own
        ]
        self.wait_for_locks(_LONGEST_WAIT_SECONDS)
        counts = (_attempted(self, name, query) for name, query in queries)
        return sum(each.reached for each in counts)


_OWN = {
    DataClass.TENANT_PRIVATE: "tenant_id IS DISTINCT FROM control.tenant()",
    DataClass.FUND_PRIVATE: "fund_id IS DISTINCT FROM control.fund()",
}
_EVERYONES = DataClass.ANONYMIZED_BENCHMARK
_SERVER = (
    ("samples that the planner keeps", "SELECT count(*) AS reached FROM pg_statistic"),
    ("passwords of logins", "SELECT count(*) AS reached FROM pg_authid"),
    ("files of the server", "SELECT length(pg_read_file('postgresql.conf')) AS reached"),
    ("large objects", "SELECT count(*) AS reached FROM pg_largeobject"),
    (
        "what other connections run",
        (
            "SELECT count(*) AS reached FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND query NOT IN ('', '<insufficient privilege>')"
        ),
    ),
    (
        "a role that owns tables or passes policies",
        (
            "SELECT count(*) AS reached FROM pg_roles WHERE pg_has_role(oid, 'MEMBER')"
            " AND (rolsuper OR rolbypassrls OR rolname IN ('cl_owner', 'cl_key', 'cl_auditor'))"
        ),
    ),
)


def _stores(own: DataClass) -> Iterator[tuple[str, str]]:
    """For each store: rows of others where the class is its own, and any row where it is not."""
    for dataset in physical_datasets(REGISTRY):
        if dataset.schema == "anonymized":
            continue
        where = _where(dataset, own)
        yield (
            f"{dataset.qualified_name} [{dataset.data_class}]",
            f"SELECT count(*) AS reached FROM {dataset.qualified_name}{where}",  # noqa: S608 names from the registry
        )


def _where(dataset: Dataset, own: DataClass) -> str:
    return f" WHERE {_OWN[own]}" if _is_own(dataset, own) else ""


def _is_own(dataset: Dataset, own: DataClass) -> bool:
    return dataset.data_class is own and dataset.schema == str(own)


def _attempted(session: _Session, aim: str, query: str) -> Attempt:
    session._call("SAVEPOINT attempt")  # noqa: SLF001 the session hands itself in
    try:
        (row,) = session._rows(query)  # noqa: SLF001 as above
        return Attempt(aim, int(row["reached"]))
    except BoundaryRefused as error:
        refused = error.code == INSUFFICIENT_PRIVILEGE or error.code.startswith("CL")
        return Attempt(aim, 0, failed=not refused)
    finally:
        session._call("ROLLBACK TO SAVEPOINT attempt")  # noqa: SLF001 as above
