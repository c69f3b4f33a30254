"""Loads an intake: owners first, then every table through staging, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import uuid4

from catalog.declared import REGISTRY
from catalog.registry import ColumnType, Dataset
from stores.boundary.provisioning import ensure_owners
from stores.errors import UnknownOwner
from stores.intake.batches import Intake
from stores.platform import Platform
from stores.sessions import Ingested

__all__ = ["LoadReport", "load_intake"]


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load did, by table."""

    tenants: int
    tenants_added: int
    funds: int
    funds_added: int
    tables: tuple[Ingested, ...]


def load_intake(
    platform: Platform,
    intake: Intake,
    *,
    reason: str,
    on_table: Callable[[str], None] = lambda _: None,
) -> LoadReport:
    """Load everything or nothing. Rows known already are updated where they differ."""
    portfolio = {entry.name: entry.fund_name for entry in intake.tenants}
    owners = ensure_owners(platform, portfolio, reason=reason)
    load = uuid4()
    ingested = []
    with platform.loader_session(reason) as session:
        for batch in intake.tables():
            dataset = REGISTRY.get(batch.dataset)
            on_table(dataset.qualified_name)
            session.stage_tenant_private(dataset, load, _owned(dataset, batch.rows, owners.tenants))
            ingested.append(session.ingest_tenant_private(dataset, load))
    return LoadReport(
        tenants=len(portfolio),
        tenants_added=owners.tenants_added,
        funds=len(set(portfolio.values())),
        funds_added=owners.funds_added,
        tables=tuple(ingested),
    )


def _owned(
    dataset: Dataset, rows: Iterable[tuple[object, ...]], tenant_ids: Mapping[str, str]
) -> Iterator[Sequence[object]]:
    """The rows with their tenant's opaque id for its name, and vectors as pgvector reads them."""
    vectors = [
        position
        for position, column in enumerate(dataset.columns)
        if column.type is ColumnType.VECTOR_384
    ]
    for row in rows:
        tenant_id = tenant_ids.get(cast("str", row[0]))
        if tenant_id is None:
            message = (
                f"a row of {dataset.qualified_name} belongs to a tenant that the load does not "
                "list: the load is refused whole; list every tenant in the intake"
            )
            raise UnknownOwner(message)
        owned = [tenant_id, *row[1:]]
        for position in vectors:
            values = cast("Sequence[float]", owned[position])
            owned[position] = f"[{','.join(map(repr, values))}]"
        yield owned
