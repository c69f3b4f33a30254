"""Counts of a pandas frame."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from expectations.disclosure.classes import Classes
from expectations.errors import CouldNotCheck
from expectations.findings import FindingsTable, counted_findings
from expectations.group_counts import NOBODY, classes_by_subject, classes_by_value
from expectations.gx.scan_in_force import scan_in_force

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["findings", "grouped", "labels", "nulls", "varied"]

_BATCH_ROWS = 5000


def findings(frame: pd.DataFrame) -> FindingsTable:
    """What a scan of its text columns finds."""
    import pandas as pd  # noqa: PLC0415 - slow to import

    texts = {
        str(name): column
        for name, column in frame.items()
        if pd.api.types.is_object_dtype(column.dtype) or pd.api.types.is_string_dtype(column.dtype)
    }
    used = scan_in_force()
    return counted_findings(
        _batches(list(texts.values()), len(frame)),
        list(texts),
        used.scan,
        knows_identifiers=used.knows_identifiers,
    )


def grouped(
    frame: pd.DataFrame, by: Sequence[str], subject: str | None, amount: str | None
) -> Classes:
    """Its classes with who stands behind them; without a subject column, rows alone."""
    codes = _codes(frame, by)
    if subject is None:
        counts = codes.value_counts()
        ones = [NOBODY] * len(counts)
        return Classes(classes_by_subject(list(counts.index), ones, list(counts)).rows)
    table = codes.to_frame("class").assign(subject=_code(frame, subject) + 1)
    if amount is not None:
        table["amount"] = [_exact(value) for value in frame[amount]]
    groups = table.groupby(["class", "subject"], sort=False)
    sizes = groups.size()
    return classes_by_subject(
        list(sizes.index.get_level_values(0)),
        list(sizes.index.get_level_values(1)),
        list(sizes),
        None if amount is None else list(groups["amount"].sum()),
    )


def varied(frame: pd.DataFrame, by: Sequence[str], sensitive: str) -> Classes:
    """Its classes with how often each sensitive value occurs in them."""
    table = _codes(frame, by).to_frame("class").assign(value=_code(frame, sensitive, ordered=True))
    sizes = table.groupby(["class", "value"], sort=False).size()
    return classes_by_value(
        sensitive,
        list(sizes.index.get_level_values(0)),
        list(sizes.index.get_level_values(1)),
        list(sizes),
    )


def labels() -> dict[str, str | None]:
    """The class that each column's comment says: a frame in memory has no comments."""
    message = "a table in memory has no column comments: could not check; check the store"
    raise CouldNotCheck(message)


def nulls(frame: pd.DataFrame, column: str) -> tuple[int, int]:
    """Rows, and those in which that column is null."""
    return len(frame), int(frame[column].isna().sum())


def _batches(columns: Sequence[pd.Series[Any]], rows: int) -> Iterator[list[list[str | None]]]:
    for start in range(0, rows, _BATCH_ROWS):
        yield [[_text(value) for value in c.iloc[start : start + _BATCH_ROWS]] for c in columns]


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if value is None or value != value:  # noqa: PLR0124 - what stands for a null is not itself
        return None
    if isinstance(value, dict | list):
        return json.dumps(value, default=str, ensure_ascii=False)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _codes(frame: pd.DataFrame, by: Sequence[str]) -> pd.Series[int]:
    codes = frame[[]].assign(**{f"q{n}": _code(frame, name) for n, name in enumerate(by)})
    return codes.groupby(list(codes.columns), sort=False).ngroup()


def _code(frame: pd.DataFrame, name: str, *, ordered: bool = False) -> Any:  # noqa: ANN401 - numpy's
    """Codes from 0, -1 for null; in the order of the values where that is asked."""
    codes, _ = frame[name].factorize(sort=ordered, use_na_sentinel=True)
    return codes


def _exact(value: object) -> Any:  # noqa: ANN401 - what sums exactly
    from decimal import Decimal  # noqa: PLC0415

    return Decimal(0) if value is None or value != value else Decimal(str(value))  # noqa: PLR0124
