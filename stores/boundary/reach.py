"""Probes what a tenant's and a fund's login reach, over their own logins: not what is granted.

It reports names of stores and counts of rows, never a row, an id or a name of an owner.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import text

from catalog.data_classes import DataClass, PrincipalKind
from catalog.declared import REGISTRY
from catalog.registry import Dataset
from stores.errors import BoundaryRefused, translated_errors
from stores.platform import Platform
from stores.sessions import FundSession, TenantSession
from stores.tables import physical_datasets

__all__ = ["Reach", "reach_of_owners"]

_PURPOSE = "audit probe"
_MOST_TRIED = 5
_OWNER = {PrincipalKind.TENANT: "control.tenant()", PrincipalKind.FUND: "control.fund()"}
_CLASS = {
    PrincipalKind.TENANT: DataClass.TENANT_PRIVATE,
    PrincipalKind.FUND: DataClass.FUND_PRIVATE,
}


@dataclass(frozen=True, slots=True)
class Reach:
    """What one kind of login reached: its own rows, and stores with rows it must not see."""

    kind: PrincipalKind
    probed: int
    own_rows: int
    beyond: tuple[tuple[str, int], ...]


def reach_of_owners(platform: Platform) -> tuple[Reach, ...]:
    """One result for a tenant and one for a fund that have rows, where any is registered."""
    return tuple(_reach(platform, kind) for kind in (PrincipalKind.TENANT, PrincipalKind.FUND))


def _reach(platform: Platform, kind: PrincipalKind) -> Reach:
    """Of the first owners the one that sees rows of its own; without any, the probe is void."""
    result = Reach(kind, 0, 0, ())
    for owner in _owners(platform, kind):
        with _session(platform, kind, owner) as session:
            result = _probed(session, kind)
        if result.own_rows or result.beyond:
            break
    return result


def _owners(platform: Platform, kind: PrincipalKind) -> list[str]:
    column, table = (
        ("tenant_id", "tenants") if kind is PrincipalKind.TENANT else ("fund_id", "funds")
    )
    query = f"SELECT {column} FROM control.{table} ORDER BY 1 LIMIT {_MOST_TRIED}"  # noqa: S608
    with translated_errors(), platform.admin_engine().connect() as connection:
        return [str(row[0]) for row in connection.execute(text(query))]


def _session(
    platform: Platform, kind: PrincipalKind, owner: str
) -> AbstractContextManager[TenantSession | FundSession]:
    if kind is PrincipalKind.TENANT:
        return platform.tenant_session(owner, _PURPOSE)
    return platform.fund_session(owner, _PURPOSE)


def _probed(session: TenantSession | FundSession, kind: PrincipalKind) -> Reach:
    own, beyond, probed = 0, [], 0
    for store in physical_datasets(REGISTRY):
        if store.data_class is DataClass.ANONYMIZED_BENCHMARK and not store.internal:
            continue  # what everyone may read
        probed += 1
        mine = _is_own(store, kind)
        own += _rows_seen(session, store, f"{store.owner_column} = {_OWNER[kind]}") if mine else 0
        condition = f"{store.owner_column} IS DISTINCT FROM {_OWNER[kind]}" if mine else "true"
        rows = _rows_seen(session, store, condition)
        if rows:
            beyond.append((store.qualified_name, rows))
    return Reach(kind, probed, own, tuple(beyond))


def _is_own(store: Dataset, kind: PrincipalKind) -> bool:
    return (
        store.data_class is _CLASS[kind] and not store.internal and store.owner_column is not None
    )


def _rows_seen(session: TenantSession | FundSession, store: Dataset, condition: str) -> int:
    """Rows that the login sees under that condition; none where it is refused, as it should be."""
    query = f"SELECT count(*) AS seen FROM {store.qualified_name} WHERE {condition}"  # noqa: S608
    try:
        with session._connection.begin_nested():  # noqa: SLF001 - probes a session from inside
            return int(session._one(query)["seen"])  # noqa: SLF001 - the same
    except BoundaryRefused:
        return 0
