"""Vector namespaces: exact search in an owner's own, indexed search in those that all share.

An owner's search first collects the distances of all its rows, so that no index and no other
owner's vectors can displace one. Whose rows they are is the login's business, never an argument's.
An owner's search costs what its own rows cost, however many others there are, so namespaces are
not partitioned: docs/benchmarks.md says what a million vectors and a large owner take.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from numbers import Real
from typing import Any, Protocol, cast
from uuid import UUID

from catalog.data_classes import DataClass
from catalog.declared import REGISTRY
from catalog.registry import Dataset, StoreKind
from stores.errors import StoreError

__all__ = [
    "AnonymizedVectors",
    "FundVectors",
    "Neighbour",
    "TenantVectors",
    "VectorItem",
    "VectorNamespace",
    "VectorRefused",
    "WritableVectorNamespace",
]

MOST_NEIGHBOURS = 1_000
_DIMENSIONS = 384
_WRITTEN = f"[{','.join(['%.9g'] * _DIMENSIONS)}]"  # nine digits tell single precision apart
_SHORTEST, _LONGEST = 1e-12, 1e12
_ITEM_ID_LIMIT = 512
_SEARCH_BREADTH = 200

_Scalar = str | int | float | date | UUID  # a datetime is a date, a bool an int
_Rows = Callable[..., list[Mapping[str, Any]]]  # Any: a column's own Python type
Filters = Mapping[str, object]


class VectorRefused(StoreError):
    """An item, a vector or a search is not one that the namespace takes."""


class _Session(Protocol):
    """What a namespace needs of the session that opens it."""

    def _rows(self, statement: str, **parameters: object) -> list[Mapping[str, Any]]: ...
    def _require_readable(self, dataset: Dataset, data_class: DataClass) -> None: ...


@dataclass(frozen=True, slots=True)
class VectorItem:
    """One text with its embedding."""

    item_id: str
    content: str
    embedding: Sequence[float]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An item near a query: its cosine distance (0 to 2) and its columns but the embedding."""

    item_id: str
    distance: float
    columns: Mapping[str, object]


class VectorNamespace:
    """One registered namespace, to search."""

    def __init__(self, rows: _Rows, dataset: Dataset) -> None:
        self._rows = rows
        self._dataset = dataset

    def query(
        self, vector: Sequence[float], k: int, filters: Filters | None = None
    ) -> tuple[Neighbour, ...]:
        """The k nearest items, nearest first, among those whose columns equal the filters."""
        if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= MOST_NEIGHBOURS:
            rule = f"k must be a whole number from 1 to {MOST_NEIGHBOURS:,}"
            raise self._refused(rule)
        near = self._as_text(vector)
        where, values = self._conditions(filters or {})
        if self._dataset.owner_column is not None:
            found = self._exact(near, k, where, values)
        else:
            found = self._indexed(near, k, where, values)
            if len(found) < k:
                # A rare filter exhausts the index's walk; the rows themselves cannot be missed.
                found = self._exact(near, k, where, values)
        return tuple(self._neighbour(row) for row in found)

    def _exact(
        self, near: str, k: int, where: str, values: Mapping[str, object]
    ) -> list[Mapping[str, Any]]:
        table = self._dataset.qualified_name
        shown = ", ".join(f"t.{name}" for name in self._shown())
        return self._rows(
            "WITH every AS MATERIALIZED (SELECT item_id,"  # noqa: S608 - registered names
            f" embedding <=> CAST(:near AS vector) AS distance FROM {table} WHERE {where}),"
            " nearest AS MATERIALIZED (SELECT item_id, distance FROM every"
            f" ORDER BY distance, item_id LIMIT {k})"
            f" SELECT n.distance, {shown} FROM nearest n JOIN {table} t ON t.item_id = n.item_id"
            " ORDER BY n.distance, n.item_id",
            near=near,
            **values,
        )

    def _indexed(
        self, near: str, k: int, where: str, values: Mapping[str, object]
    ) -> list[Mapping[str, Any]]:
        self._rows(
            "SELECT set_config('hnsw.iterative_scan', 'strict_order', true),"
            " set_config('hnsw.ef_search', :breadth, true)",
            breadth=str(max(_SEARCH_BREADTH, min(2 * k, MOST_NEIGHBOURS))),
        )
        return self._rows(
            f"SELECT {', '.join(self._shown())},"  # noqa: S608 - registered names
            " embedding <=> CAST(:near AS vector) AS distance"
            f" FROM {self._dataset.qualified_name} WHERE {where}"
            f" ORDER BY embedding <=> CAST(:near AS vector) LIMIT {k}",
            near=near,
            **values,
        )

    def _shown(self) -> tuple[str, ...]:
        hidden = {self._dataset.owner_column, "embedding"}
        return tuple(c.name for c in self._dataset.columns if c.name not in hidden)

    def _conditions(self, filters: Filters) -> tuple[str, dict[str, object]]:
        unknown = len(set(filters) - set(self._shown()))
        if unknown:
            rule = (
                f"{unknown} filters name no column to filter by; choose among "
                f"{', '.join(self._shown())} (the owner comes from the login)"
            )
            raise self._refused(rule)
        if any(not isinstance(value, _Scalar) for value in filters.values()):
            raise self._refused("a filter is one value that the column must equal")
        names = sorted(filters)
        terms = [f"{name} = :filter_{place}" for place, name in enumerate(names)]
        values = {f"filter_{place}": filters[name] for place, name in enumerate(names)}
        if any(isinstance(value, str) and "\0" in value for value in values.values()):
            raise self._refused("a filter holds NUL, which no text column can")
        return " AND ".join(terms) or "true", values

    def _neighbour(self, row: Mapping[str, Any]) -> Neighbour:
        columns = {name: row[name] for name in self._shown() if name != "item_id"}
        return Neighbour(str(row["item_id"]), float(row["distance"]), columns)

    def _as_text(self, vector: Sequence[float]) -> str:
        """The vector as pgvector reads it, once nothing is wrong with it."""
        numbers = list(vector) if not isinstance(vector, str | bytes) else []
        rule = _broken_rule(numbers)
        if rule:
            raise self._refused(rule)
        return _WRITTEN % tuple(map(float, numbers))

    def _refused(self, rule: str) -> VectorRefused:
        name = self._dataset.qualified_name
        return VectorRefused(f"{name} [{self._dataset.data_class}]: refused, {rule}")


class WritableVectorNamespace(VectorNamespace):
    """A namespace of this login's own, to write as well."""

    def upsert(self, items: Iterable[VectorItem]) -> int:
        """Write items, over those of the same id; all of them or none. Returns how many."""
        batch = [self._checked(item) for item in items]
        if not batch:
            return 0
        if len({row[0] for row in batch}) != len(batch):
            raise self._refused("one batch names an item twice; send each item once")
        ids, contents, embeddings = (list(column) for column in zip(*batch, strict=True))
        table = self._dataset.qualified_name
        self._rows(
            f"INSERT INTO {table} (tenant_id, item_id, content, embedding, created_at)"  # noqa: S608
            " SELECT owner.id, i.item_id, i.content, CAST(i.embedding AS vector), clock_timestamp()"
            " FROM (SELECT control.tenant() AS id) owner, unnest(CAST(:ids AS text[]),"
            " CAST(:contents AS text[]), CAST(:embeddings AS text[]))"
            " AS i (item_id, content, embedding)"
            " ON CONFLICT (tenant_id, item_id) DO UPDATE SET content = excluded.content,"
            " embedding = excluded.embedding, created_at = excluded.created_at RETURNING 1",
            ids=ids,
            contents=contents,
            embeddings=embeddings,
        )
        return len(batch)

    def delete(self, item_ids: Iterable[str]) -> int:
        """Delete these items; returns how many there were."""
        ids = list(item_ids)
        for item_id in ids:
            self._check_id(item_id)
        return len(
            self._rows(
                f"DELETE FROM {self._dataset.qualified_name}"  # noqa: S608 - a registered name
                " WHERE item_id = ANY(CAST(:ids AS text[])) RETURNING 1",
                ids=ids,
            )
        )

    def _checked(self, item: VectorItem) -> tuple[str, str, str]:
        self._check_id(item.item_id)
        if not isinstance(item.content, str) or "\0" in item.content:
            raise self._refused("an item's content is text without NUL")
        return item.item_id, item.content, self._as_text(item.embedding)

    def _check_id(self, item_id: str) -> None:
        if (
            not isinstance(item_id, str)
            or not 1 <= len(item_id) <= _ITEM_ID_LIMIT
            or not item_id.isprintable()
        ):
            rule = f"an item's id is 1 to {_ITEM_ID_LIMIT} printable characters; choose such an id"
            raise self._refused(rule)


class TenantVectors:
    """Gives a tenant's session its own namespaces."""

    def vectors_tenant_private(
        self: _Session, namespace: str = "semantic_memories"
    ) -> WritableVectorNamespace:
        """The tenant's own vectors in that namespace."""
        dataset = _namespace(self, namespace, DataClass.TENANT_PRIVATE)
        return WritableVectorNamespace(self._rows, dataset)


class FundVectors:
    """Gives a fund's session its own namespaces."""

    def vectors_fund_private(self: _Session, namespace: str = "fund_patterns") -> VectorNamespace:
        """The fund's own vectors in that namespace, which publish() alone writes."""
        return VectorNamespace(self._rows, _namespace(self, namespace, DataClass.FUND_PRIVATE))


class AnonymizedVectors:
    """Gives a session the namespaces that every reader shares."""

    def vectors_anonymized_benchmark(
        self: _Session, namespace: str = "pattern_bank"
    ) -> VectorNamespace:
        """The shared vectors in that namespace, which publish() alone writes."""
        return VectorNamespace(
            self._rows, _namespace(self, namespace, DataClass.ANONYMIZED_BENCHMARK)
        )


def _namespace(session: _Session, name: str, data_class: DataClass) -> Dataset:
    dataset = REGISTRY.get(name)
    if dataset.kind is not StoreKind.VECTOR_NAMESPACE:
        message = (
            f"{dataset.qualified_name} [{dataset.data_class}]: refused, it is registered as a "
            f"{dataset.kind} and not as a vector namespace; read it as what it is"
        )
        raise VectorRefused(message)
    session._require_readable(dataset, data_class)  # noqa: SLF001 - the mixin's own session
    return dataset


def _broken_rule(numbers: Sequence[object]) -> str:
    """What keeps these numbers from being a vector with a direction, or nothing."""
    if len(numbers) != _DIMENSIONS:
        return f"a vector has {_DIMENSIONS} numbers and this one has {len(numbers):,}"
    if not all(
        issubclass(kind, Real) and not issubclass(kind, bool) for kind in {type(n) for n in numbers}
    ):
        return "a vector holds numbers alone"
    try:
        floats = [float(cast("Real", number)) for number in numbers]
    except OverflowError:
        floats = [math.inf]
    if not all(map(math.isfinite, floats)):
        return "a vector holds no NaN and no infinity"
    if not _SHORTEST <= math.hypot(*floats) <= _LONGEST:
        return (
            f"a vector's length lies between {_SHORTEST:g} and {_LONGEST:g}: "
            "one without a direction is near to nothing"
        )
    return ""
