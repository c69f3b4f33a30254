"""The distinct values of a column, in the order of their codes, and as text.

Numbers and dates are ordered by value, text by code point; text columns of nothing but numbers (a
CSV file has no others) by value too. Null is a value of its own and comes last. NaN is one value,
written ``nan``, after all other numbers; a float is written as Python writes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from anonymization.engines.engine import Engine

__all__ = ["Domain", "domain_of", "read_domain"]

_NUMBER = re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Domain:
    """A column's distinct values without null, in order; ``has_null`` adds one code at the end."""

    column: str
    values: pa.Array
    has_null: bool

    def __len__(self) -> int:
        return len(self.values) + self.has_null

    @property
    def null_code(self) -> int:
        """The code of null, whether or not it occurs."""
        return len(self.values)

    def texts(self) -> tuple[str | None, ...]:
        """The values as text, in the order of their codes."""
        texts = [_as_text(value) for value in self.values.to_pylist()]
        return (*texts, None) if self.has_null else tuple(texts)

    def dictionary(self, stride: int = 1) -> pa.Table:
        """A table of each value and its code, times the stride."""
        codes = np.arange(len(self.values), dtype=np.int64) * stride
        return pa.table({"value": self.values, "code": codes})


def read_domain(engine: Engine, table: str, column: str) -> Domain:
    """The distinct values of a scanned table's column."""
    found = engine.fetch(f"SELECT DISTINCT {column} AS value FROM {table}")["value"]
    values = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    present = values.drop_null()
    return domain_of(column, present, has_null=len(present) < len(values))


def domain_of(column: str, values: pa.Array, *, has_null: bool) -> Domain:
    """The domain of distinct values without null, in any order."""
    return Domain(column, values.take(_order(values)), has_null)


def _order(values: pa.Array) -> pa.Array:
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        texts = values.to_pylist()
        if texts and all(map(_NUMBER.fullmatch, texts)):
            return pa.array(sorted(range(len(texts)), key=lambda i: (Decimal(texts[i]), texts[i])))
    return pc.sort_indices(values)


def _as_text(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return str(value if value.tzinfo is None else value.astimezone(UTC))
        case date():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
        case _:
            return str(value)
