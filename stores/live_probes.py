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
_AT_ONCE = 50
_Query = tuple[str, str]


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
        own, others = _stores(data_class)
        _begin_attempts(self)
        return (*_together(self, own), *(_attempted(self, *each) for each in others + _SERVER))

    def count_own_rows(self: _Session, data_class: DataClass) -> int:
        """Rows of its own that this principal sees: an attempt of one that sees none is void."""
        queries = tuple(
            (dataset.name, f"SELECT count(*) AS reached FROM {dataset.qualified_name}")  # noqa: S608
            for dataset in physical_datasets(REGISTRY)
            if _is_own(dataset, data_class)
        )
        _begin_attempts(self)
        return sum(each.reached for each in _together(self, queries))


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


def _stores(own: DataClass) -> tuple[tuple[_Query, ...], tuple[_Query, ...]]:
    """For each store: rows of others where the class is its own, and any row where it is not."""
    owned: list[_Query] = []
    others: list[_Query] = []
    for dataset in physical_datasets(REGISTRY):
        if dataset.schema == "anonymized":
            continue
        query = f"SELECT count(*) AS reached FROM {dataset.qualified_name}{_where(dataset, own)}"  # noqa: S608 names from the registry
        aim = f"{dataset.qualified_name} [{dataset.data_class}]"
        (owned if _is_own(dataset, own) else others).append((aim, query))
    return tuple(owned), tuple(others)


def _where(dataset: Dataset, own: DataClass) -> str:
    return f" WHERE {_OWN[own]}" if _is_own(dataset, own) else ""


def _is_own(dataset: Dataset, own: DataClass) -> bool:
    return dataset.data_class is own and dataset.schema == str(own)


def _begin_attempts(session: _Session) -> None:
    """Make the savepoint at which each attempt begins, and to which it goes back."""
    session.wait_for_locks(_LONGEST_WAIT_SECONDS)
    session._call("SAVEPOINT attempt")  # noqa: SLF001 the session hands itself in


def _together(session: _Session, queries: tuple[_Query, ...]) -> Iterator[Attempt]:
    """Attempts that should be answered, many in one statement; one by one where it is refused."""
    for first in range(0, len(queries), _AT_ONCE):
        batch = queries[first : first + _AT_ONCE]
        numbered = (
            f"SELECT {place} AS place, q.reached FROM ({query}) q"  # noqa: S608 as above
            for place, (_, query) in enumerate(batch)
        )
        try:
            rows = session._rows(f"{' UNION ALL '.join(numbered)} ORDER BY place")  # noqa: SLF001
        except BoundaryRefused:
            session._call("ROLLBACK TO SAVEPOINT attempt")  # noqa: SLF001
            yield from (_attempted(session, *each) for each in batch)
        else:
            session._call("ROLLBACK TO SAVEPOINT attempt")  # noqa: SLF001
            for (aim, _), row in zip(batch, rows, strict=True):
                yield Attempt(aim, int(row["reached"]))


def _attempted(session: _Session, aim: str, query: str) -> Attempt:
    try:
        (row,) = session._rows(query)  # noqa: SLF001 as above
        return Attempt(aim, int(row["reached"]))
    except BoundaryRefused as error:
        refused = error.code == INSUFFICIENT_PRIVILEGE or error.code.startswith("CL")
        return Attempt(aim, 0, failed=not refused)
    finally:
        session._call("ROLLBACK TO SAVEPOINT attempt")  # noqa: SLF001 as above
