"""Datasets that every principal may read: patterns that point at no tenant."""

from __future__ import annotations

from catalog.data_classes import DataClass
from catalog.registry import Column, ColumnType, Dataset, StoreKind

__all__ = ["DATASETS"]

_T, _NUM = ColumnType.TEXT, ColumnType.NUMERIC
_PROMOTION = Column("promotion_id", ColumnType.UUID, "The promotion that released the row")


def _dataset(
    name: str,
    description: str,
    key: tuple[str, ...],
    *columns: Column,
    kind: StoreKind = StoreKind.TABLE,
    unique: tuple[tuple[str, ...], ...] = (),
) -> Dataset:
    return Dataset(
        name=name,
        schema="anonymized",
        data_class=DataClass.ANONYMIZED_BENCHMARK,
        description=description,
        owner="team:benchmarks",
        columns=(*columns, _PROMOTION),
        primary_key=key,
        kind=kind,
        unique=unique,
    )


_EMBEDDED = (
    Column("item_id", _T, "The item's id"),
    Column("content", _T, "The anonymized text that was embedded", free_text=True),
    Column("embedding", ColumnType.VECTOR_384, "Embedding of the anonymized text, 384 dimensions"),
)

_QUARTER = Column("quarter", _T, "Quarter of the texts, as 2017-Q3")
_STRUCTURE = Column(
    "structure", _T, "How the texts are built: length, what they ask, whom they name"
)
_THEME = Column("theme", _T, "What the texts are about; '*' where that is not told")

DATASETS: tuple[Dataset, ...] = (
    _dataset(
        "anonymized_industry_benchmarks",
        "How deals go by sector, company size, product series and quarter, across all tenants.",
        ("sector", "size_band", "product_series", "quarter"),
        Column("sector", _T, "Industry sector of the customer"),
        Column("size_band", _T, "Size of the customer by employees"),
        Column("product_series", _T, "Series of the product sold"),
        Column("quarter", _T, "Quarter in which the deals closed, as 2017-Q3"),
        Column("deals", ColumnType.BIGINT, "Number of closed deals"),
        Column("win_rate", _NUM, "Share that was won, 0 to 1"),
        Column(
            "value_p25",
            _NUM,
            "Lower quartile of won value, US dollars, two digits kept",
            nullable=True,
        ),
        Column(
            "value_p50", _NUM, "Median of won value, US dollars, two digits kept", nullable=True
        ),
        Column(
            "value_p75",
            _NUM,
            "Upper quartile of won value, US dollars, two digits kept",
            nullable=True,
        ),
    ),
    _dataset(
        "anonymized_playbooks",
        "Playbooks that worked, without names.",
        ("playbook_id",),
        Column("playbook_id", _T, "The playbook's id"),
        Column("sector", _T, "Sector it is for"),
        Column("title", _T, "Title", free_text=True),
        Column("steps", _T, "What to do, step by step", free_text=True),
    ),
    _dataset(
        "anonymized_tactics",
        "Single tactics and how well they work.",
        ("tactic_id",),
        Column("tactic_id", _T, "The tactic's id"),
        Column("channel", _T, "Where it is used"),
        Column("tactic", _T, "What to do", free_text=True),
        Column("uplift", _NUM, "Change in reply rate, as a share", nullable=True),
    ),
    _dataset(
        "pattern_bank",
        "Patterns across tenants, embedded again from anonymized text.",
        ("item_id",),
        *_EMBEDDED,
        Column("channel", _T, "Where the tactic is used: email, linkedin or call_script"),
        Column("sector", _T, "Sector written to; '*' where that is not told"),
        Column("step", _T, "Position in a sequence; '*' where that is not told"),
        _STRUCTURE,
        _QUARTER,
        Column("uses", ColumnType.BIGINT, "Number of drafts"),
        Column("reply_rate", _NUM, "Share that was answered, 0 to 1", nullable=True),
        Column("meeting_rate", _NUM, "Share that led to a meeting, 0 to 1", nullable=True),
        kind=StoreKind.VECTOR_NAMESPACE,
        unique=(("channel", "sector", "step", "structure", "quarter"),),
    ),
    _dataset(
        "anonymized_review_patterns",
        "What reviews of pipelines conclude across tenants, embedded from anonymized text.",
        ("item_id",),
        *_EMBEDDED,
        _THEME,
        _STRUCTURE,
        _QUARTER,
        Column("reviews", ColumnType.BIGINT, "Number of reviews"),
        kind=StoreKind.VECTOR_NAMESPACE,
        unique=(("theme", "structure", "quarter"),),
    ),
    _dataset(
        "anonymized_brief_patterns",
        "What briefs for operating partners say across funds, embedded from anonymized text.",
        ("item_id",),
        *_EMBEDDED,
        _THEME,
        _STRUCTURE,
        _QUARTER,
        Column("briefs", ColumnType.BIGINT, "Number of briefs"),
        kind=StoreKind.VECTOR_NAMESPACE,
        unique=(("theme", "structure", "quarter"),),
    ),
    _dataset(
        "capability_index",
        "What agents can do, embedded from anonymized descriptions.",
        ("item_id",),
        *_EMBEDDED,
        kind=StoreKind.VECTOR_NAMESPACE,
    ),
)
