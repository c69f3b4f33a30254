"""Loads an intake: owners first, then every table through staging, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import uuid4

from sqlalchemy import text

from catalog.declared import REGISTRY
from catalog.registry import ColumnType, Dataset
from stores.boundary.provisioning import ensure_owners
from stores.errors import StoreError, UnknownOwner, translated_errors
from stores.intake.batches import Intake
from stores.platform import Platform
from stores.sessions import Ingested

__all__ = ["LoadReport", "LoadedElsewhere", "load_intake", "refuse_other_mapping"]


class LoadedElsewhere(StoreError):
    """Deals of an export are in the stores of other portfolio companies."""


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


def refuse_other_mapping(
    platform: Platform, intake: Intake, opportunity_ids: Sequence[str]
) -> None:
    """Refuse an export whose deals were loaded under another mapping.

    Counted under two portfolio companies, one deal would make a cell look safer than it is.
    """
    with translated_errors(), platform.admin_engine().connect() as connection:
        elsewhere = connection.execute(
            text(
                "SELECT count(*) FROM tenant_private.crm_opportunities o "
                "JOIN control.tenants t USING (tenant_id) "
                "WHERE o.opportunity_id = ANY(:ids) AND t.external_name <> ALL(:names)"
            ),
            {"ids": list(opportunity_ids), "names": [entry.name for entry in intake.tenants]},
        ).scalar_one()
    if elsewhere:
        message = (
            f"{elsewhere} of {len(opportunity_ids)} deals of this export are loaded under other "
            "portfolio companies: refused, since a deal counts for one; use the same mapping, or "
            "another CLASSLINE_HOME"
        )
        raise LoadedElsewhere(message)


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
