"""Datasets that belong to one fund each: aggregates over its own portfolio."""

from __future__ import annotations

from catalog.data_classes import DataClass
from catalog.registry import Column, ColumnType, Dataset, StoreKind

__all__ = ["DATASETS"]

_T, _NUM = ColumnType.TEXT, ColumnType.NUMERIC
_FUND_ID = Column("fund_id", _T, "Opaque id of the fund that owns the row")
_PROMOTION = Column("promotion_id", ColumnType.UUID, "The promotion that released the row")


def _dataset(
    name: str,
    description: str,
    key: tuple[str, ...],
    *columns: Column,
    kind: StoreKind = StoreKind.TABLE,
) -> Dataset:
    return Dataset(
        name=name,
        schema="fund_private",
        data_class=DataClass.FUND_PRIVATE,
        description=description,
        owner="team:fund-analytics",
        columns=(_FUND_ID, *columns, _PROMOTION),
        primary_key=("fund_id", *key),
        kind=kind,
    )


DATASETS: tuple[Dataset, ...] = (
    _dataset(
        "portfolio_metric_rollups",
        "How a fund's portfolio sells: deals per stage and month.",
        ("stage", "month"),
        Column("stage", _T, "Stage of the pipeline: Engaging or Closed"),
        Column("month", ColumnType.DATE, "First day of the month"),
        Column("deals", ColumnType.BIGINT, "Number of deals"),
        Column("win_rate", _NUM, "Share of closed deals that were won, 0 to 1", nullable=True),
        Column("value", _NUM, "Value won, in US dollars, rounded", nullable=True),
        Column("cycle_days", _NUM, "Mean days from engaged to closed", nullable=True),
    ),
    _dataset(
        "cross_portco_views",
        "Views across a fund's portfolio companies.",
        ("view_name", "as_of"),
        Column("view_name", _T, "Name of the view"),
        Column("as_of", ColumnType.DATE, "Day it describes"),
        Column("content", ColumnType.JSON, "The view's aggregates"),
    ),
    _dataset(
        "op_partner_briefs",
        "Briefs for a fund's operating partners.",
        ("brief_id",),
        Column("brief_id", _T, "The brief's id"),
        Column("title", _T, "Title"),
        Column("body", _T, "Text of the brief", free_text=True),
        Column("written_at", ColumnType.TIMESTAMP, "When it was written"),
    ),
    _dataset(
        "fund_patterns",
        "Patterns inside one fund, as embedded texts: one namespace per fund.",
        ("item_id",),
        Column("item_id", _T, "The item's id"),
        Column("content", _T, "The text that was embedded", free_text=True),
        Column("embedding", ColumnType.VECTOR_384, "The text's embedding, 384 dimensions"),
        kind=StoreKind.VECTOR_NAMESPACE,
    ),
)
