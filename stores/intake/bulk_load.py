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

__all__ = ["LoadReport", "LoadedElsewhere", "load_intake", "tenant_private_deals_of_others"]

_KNOWN_DEALS = text(
    "SELECT given.opportunity_id, bool_or(t.external_name = given.portco) AS at_home, "
    "bool_or(t.external_name <> given.portco) AS elsewhere, "
    "bool_or(t.external_name <> ALL(CAST(:named AS text[]))) AS unnamed "
    "FROM unnest(CAST(:ids AS text[]), CAST(:portcos AS text[])) AS given(opportunity_id, portco) "
    "JOIN tenant_private.crm_opportunities o USING (opportunity_id) "
    "JOIN control.tenants t ON t.tenant_id = o.tenant_id GROUP BY 1"
)


class LoadedElsewhere(StoreError):
    """No deal of an export that is known is in the store of its own portfolio company."""


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


def tenant_private_deals_of_others(
    platform: Platform, intake: Intake, portco_of_deal: Mapping[str, str]
) -> frozenset[str]:
    """Ids of the deals that were loaded for another portco; another mapping refuses the load.

    Counted under two portfolio companies, one deal would make a cell look safer than it is.
    """
    with translated_errors(), platform.admin_engine().connect() as connection:
        known = connection.execute(
            _KNOWN_DEALS,
            {
                "ids": list(portco_of_deal),
                "portcos": list(portco_of_deal.values()),
                "named": [entry.name for entry in intake.tenants],
            },
        ).all()
    moved = frozenset(deal.opportunity_id for deal in known if deal.elsewhere)
    if any(deal.unnamed for deal in known) and not any(deal.at_home for deal in known):
        message = (
            f"{len(moved)} of {len(portco_of_deal)} deals of this export are loaded under other "
            "portfolio companies: refused, since a deal counts for one; use the same mapping, or "
            "another CLASSLINE_HOME"
        )
        raise LoadedElsewhere(message)
    return moved


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
