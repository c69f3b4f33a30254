"""Tenants as partitions: who joined and left, and what each holds, seen through its own login.

A partition's key is the tenant's opaque id; no name of a tenant reaches Dagster.
"""

# no `from __future__ import annotations`: Dagster reads the annotations of asset functions

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dagster import (
    AddDynamicPartitionsRequest,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    DefaultSensorStatus,
    DeleteDynamicPartitionsRequest,
    DynamicPartitionsDefinition,
    MaterializeResult,
    MetadataValue,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    TableColumn,
    TableRecord,
    TableSchema,
    asset,
)

from catalog.data_classes import DataClass
from catalog.registry import Dataset, StoreKind
from dagster_project.asset_labels import class_tag
from dagster_project.errors_without_values import errors_without_values
from dagster_project.resources import PlatformResource
from stores.home import classline_home

if TYPE_CHECKING:
    from stores.platform import Platform

__all__ = ["BATCH", "TENANTS", "TENANT_HOLDINGS", "tenant_holdings", "tenants_join_and_leave"]

TENANTS = DynamicPartitionsDefinition(name="tenant")
"""One partition a tenant; `tenants_join_and_leave` keeps it up to date."""

TENANT_HOLDINGS = AssetKey([str(DataClass.TENANT_PRIVATE), "tenant_holdings"])
BATCH = 10_000
"""How many tenants join in one tick: more would hold Dagster's daemon up."""

_CLASS = DataClass.TENANT_PRIVATE
_COLUMNS = TableSchema(
    columns=[
        TableColumn(
            "store", "text", "A store of the tenant's", tags=class_tag(DataClass.TENANT_PRIVATE)
        ),
        TableColumn(
            "rows", "integer", "How many rows it holds", tags=class_tag(DataClass.TENANT_PRIVATE)
        ),
    ]
)


def tenant_holdings(datasets: Iterable[Dataset]) -> AssetsDefinition:
    """How many rows a tenant has in each of these tables, as its own login counts them.

    Each tenant is a run of its own: an invocation that touched a second one would be refused.
    """
    counted = tuple(
        dataset
        for dataset in datasets
        if dataset.data_class is _CLASS
        and dataset.schema == str(_CLASS)
        and dataset.kind is StoreKind.TABLE
        and not dataset.internal
    )

    @asset(
        key=TENANT_HOLDINGS,
        deps=[AssetKey(dataset.asset_key) for dataset in counted],
        partitions_def=TENANTS,
        description=(
            "How many rows a tenant holds in each store, counted through the tenant's own login. "
            "Backfill one tenant or all of them to see that their logins work."
        ),
        group_name=str(_CLASS),
        owners=[counted[0].owner],
        tags=class_tag(_CLASS),
        kinds={"postgres"},
        metadata={"dagster/column_schema": _COLUMNS},
    )
    def holdings(
        context: AssetExecutionContext, platform: PlatformResource
    ) -> MaterializeResult[None]:
        with (
            errors_without_values(),
            platform.opened.tenant_session(context.partition_key, "tenant holdings") as session,
        ):
            rows = {each.name: session.count(_CLASS, each.qualified_name) for each in counted}
        return MaterializeResult(
            metadata={
                "dagster/partition_row_count": sum(rows.values()),
                "rows_by_store": MetadataValue.table(
                    [TableRecord({"store": name, "rows": count}) for name, count in rows.items()],
                    schema=_COLUMNS,
                ),
            }
        )

    return holdings


def tenants_join_and_leave() -> SensorDefinition:
    """Keeps the partitions equal to the tenants that have a login; it starts no run."""
    return SensorDefinition(
        name="tenants_join_and_leave",
        evaluation_fn=_compare,
        minimum_interval_seconds=60,
        description=(
            f"Adds a partition for each new tenant, {BATCH:,} a tick, and takes away those of "
            "tenants that were removed."
        ),
        default_status=DefaultSensorStatus.RUNNING,
    )


def _compare(context: SensorEvaluationContext) -> SensorResult | SkipReason:
    # imported here: they load the database libraries, which a code location does not need
    from stores.platform import open_platform  # noqa: PLC0415

    with errors_without_values(), open_platform(classline_home()) as platform:
        present = _tenants(platform)
    known = set(context.instance.get_dynamic_partitions(str(TENANTS.name)))
    joined = sorted(present - known)[:BATCH]
    left = sorted(known - present)[:BATCH]
    if not joined and not left:
        return SkipReason(f"all {len(known):,} tenants are partitions")
    changes: list[AddDynamicPartitionsRequest | DeleteDynamicPartitionsRequest] = []
    if joined:
        changes.append(TENANTS.build_add_request(joined))
    if left:
        changes.append(TENANTS.build_delete_request(left))
    return SensorResult(dynamic_partitions_requests=changes)


def _tenants(platform: "Platform") -> set[str]:
    """The opaque ids of all tenants that have a login."""
    from catalog.data_classes import PrincipalKind  # noqa: PLC0415

    return {owner for kind, owner in platform.keyring.logins if kind is PrincipalKind.TENANT}
