"""Datasets of a steward's review: who may decide about what, and who wrote what is decided."""

from __future__ import annotations

from catalog.data_classes import DataClass
from catalog.registry import Column, ColumnType, Dataset

__all__ = ["DATASETS"]

_T, _BIG, _TS = ColumnType.TEXT, ColumnType.BIGINT, ColumnType.TIMESTAMP
_NOW = "clock_timestamp()"


def _dataset(name: str, description: str, key: tuple[str, ...], *columns: Column) -> Dataset:
    return Dataset(
        name=name,
        schema="control",
        data_class=DataClass.ASCEND_PLATFORM_METRIC,
        description=description,
        owner="team:data-governance",
        columns=columns,
        primary_key=key,
        internal=True,
    )


DATASETS: tuple[Dataset, ...] = (
    _dataset(
        "steward_scopes",
        "Which classes each steward may let data into.",
        ("steward_name", "to_class"),
        Column("steward_name", _T, "The steward"),
        Column("to_class", _T, "Class of the target"),
        Column("added_at", _TS, "Since when", default=_NOW),
    ),
    _dataset(
        "steward_identities",
        "Under which names a steward writes code and signs in.",
        ("kind", "identity"),
        Column("kind", _T, "author: a name or address in git; sign_in: issuer and subject"),
        Column("identity", _T, "The name, the address, or issuer|subject"),
        Column("steward_name", _T, "The steward"),
        Column("added_at", _TS, "Since when", default=_NOW),
    ),
    _dataset(
        "source_texts",
        "Texts of the modules that stewards decided about, by digest. Append only.",
        ("text_digest",),
        Column("text_digest", _T, "SHA-256 of the text"),
        Column("source", _T, "Text of the module"),
        Column("kept_at", _TS, "When it was kept", default=_NOW),
    ),
    _dataset(
        "version_provenance",
        "Who wrote a version of a workflow, and of which texts it consists. Append only.",
        ("provenance_id",),
        Column("provenance_id", _BIG, "Running number", identity=True),
        Column("workflow", _T, "The workflow"),
        Column("source_digest", _T, "Its source digest"),
        Column("modules", ColumnType.JSON, "Digest of the text of each of its modules"),
        Column("authors", ColumnType.TEXT_ARRAY, "Who wrote them since the last approval"),
        Column("since_approval", _BIG, "That approval; none means ever", nullable=True),
        Column("lock_digest", _T, "SHA-256 of the lock file", nullable=True),
        Column("recorded_at", _TS, "When it was recorded", default=_NOW),
    ),
)
