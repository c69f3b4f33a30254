"""Datasets that the platform keeps about its own operation."""

from __future__ import annotations

from catalog.data_classes import DataClass
from catalog.registry import Column, ColumnType, Dataset, StoreKind

__all__ = ["DATASETS"]

_T, _NUM, _BIG, _TS = (
    ColumnType.TEXT,
    ColumnType.NUMERIC,
    ColumnType.BIGINT,
    ColumnType.TIMESTAMP,
)
_PROMOTION = Column("promotion_id", ColumnType.UUID, "The promotion that released the row")
_EXPIRES_AT = Column("expires_at", _TS, "When it ends; never, where empty", nullable=True)


def _dataset(
    name: str,
    description: str,
    key: tuple[str, ...],
    *columns: Column,
    kind: StoreKind = StoreKind.TABLE,
    key_pattern: str | None = None,
    physical: str | None = None,
) -> Dataset:
    return Dataset(
        name=name,
        schema="platform",
        data_class=DataClass.ASCEND_PLATFORM_METRIC,
        description=description,
        owner="team:platform-operations",
        columns=columns,
        primary_key=key,
        kind=kind,
        key_pattern=key_pattern,
        physical=physical,
    )


DATASETS: tuple[Dataset, ...] = (
    _dataset(
        "error_ledger",
        "Errors of the platform and the load, by component; never the value that caused one.",
        ("error_id",),
        Column("error_id", _BIG, "Running number", identity=True),
        Column("occurred_at", _TS, "When it happened", default="clock_timestamp()"),
        Column("component", _T, "Part of the platform that failed"),
        Column("error_code", _T, "Kind of error"),
        Column("occurrences", _BIG, "How often", default="1"),
        Column("tenant_id", _T, "Tenant concerned", nullable=True, tenant_reference=True),
    ),
    _dataset(
        "decision_log",
        "Decisions of stewards about workflows.",
        ("decision_id",),
        Column("decision_id", _BIG, "Running number", identity=True),
        Column("decided_at", _TS, "When it was decided", default="clock_timestamp()"),
        Column("decided_by", _T, "The steward who decided"),
        Column("subject", _T, "What was decided about"),
        Column("decision", _T, "approved or rejected"),
        Column("reason", _T, "Why, in the steward's words", free_text=True),
    ),
    _dataset(
        "kv_audit",
        "Every administrative write that crosses a class boundary. Append only.",
        ("entry_id",),
        Column("entry_id", _BIG, "Running number", identity=True),
        Column("written_at", _TS, "When it was written", default="clock_timestamp()"),
        Column("actor", _T, "Login that wrote"),
        Column("action", _T, "What was done"),
        Column("subject", _T, "What it was done to", tenant_reference=True),
        Column("from_value", _T, "What held before", nullable=True, tenant_reference=True),
        Column("to_value", _T, "What holds now", nullable=True, tenant_reference=True),
        Column("reason", _T, "Why", free_text=True),
    ),
    _dataset(
        "agent_run_aggregates",
        "How agents' tools perform, per tool and month, over all tenants.",
        ("tool_name", "month"),
        Column("tool_name", _T, "The tool"),
        Column("month", ColumnType.DATE, "First day of the month"),
        Column("runs", _BIG, "Number of runs"),
        Column("success_rate", _NUM, "Share that succeeded, 0 to 1"),
        Column("latency_p50_ms", _NUM, "Median latency in milliseconds, two digits kept"),
        Column("latency_p95_ms", _NUM, "95th percentile of latency in milliseconds, two digits"),
        Column("cost_per_run_usd", _NUM, "Mean cost of a run in US dollars, two digits kept"),
        _PROMOTION,
    ),
    _dataset(
        "kv_entries",
        "The platform's key-value store; each key's prefix is registered by itself.",
        ("key",),
        Column("key", _T, "The key, prefix first"),
        Column("value", ColumnType.JSON, "The value"),
        Column("updated_at", _TS, "When it was written", default="clock_timestamp()"),
        Column("promotion_id", ColumnType.UUID, "The promotion that released it", nullable=True),
        _EXPIRES_AT,
    ),
    _dataset(
        "capability_index_by_tool",
        "How well each tool works: one key per tool, capability_index:{tool_name}.",
        ("tool_name",),
        Column("tool_name", _T, "The tool, the last part of the key"),
        Column("month", ColumnType.DATE, "First day of the month described: the newest released"),
        Column("runs", _BIG, "Number of runs"),
        Column("success_rate", _NUM, "Share that succeeded, 0 to 1"),
        Column("latency_p50_ms", _NUM, "Median latency in milliseconds, two digits kept"),
        Column("cost_per_run_usd", _NUM, "Mean cost of a run in US dollars, two digits kept"),
        kind=StoreKind.KV_PREFIX,
        key_pattern="capability_index:{tool_name}",
        physical="platform.kv_entries",
    ),
    _dataset(
        "platform_state",
        "What the platform's services keep between runs, of no tenant: platform:{key}.",
        ("key",),
        Column("key", _T, "The last part of the key"),
        Column("value", ColumnType.JSON, "The value"),
        Column("updated_at", _TS, "When it was written", default="clock_timestamp()"),
        _EXPIRES_AT,
        kind=StoreKind.KV_PREFIX,
        key_pattern="platform:{key}",
        physical="platform.kv_entries",
    ),
)
