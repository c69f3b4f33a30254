"""Files a candidate in parts, in its session's one transaction: whole, or not at all.

However many cells there are, one part of them is in memory at a time, here and in the database.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple, Protocol, cast
from uuid import UUID

from psycopg.types.json import Jsonb

from catalog.data_classes import DataClass, parse_data_class

__all__ = ["CandidateFiling", "CellCounts", "FiledCell", "FiledContribution", "SentParts"]

# Any: a row's values have the types of their columns.
Row = Mapping[str, Any]

_CELLS_AT_ONCE = 1000
_CONTRIBUTIONS_AT_ONCE = 25_000
_ADD = (
    "SELECT control.add_to_candidate(:p, :part, :cells, :cell_nos, :tenants, :measured, "
    ":row_counts, :amounts, :digests, :rows)"
)
_COMPLETE = "SELECT control.complete_candidate(:p, CAST(:sent AS jsonb))"
_COLUMNS = (
    "cells",
    "cell_nos",
    "tenants",
    "measured",
    "row_counts",
    "amounts",
    "digests",
    "rows",
)


class FiledContribution(NamedTuple):
    """Who contributed to a cell, and with what.

    ``measured`` names the source columns that a measure aggregates, and is empty for a tenant's
    contribution to the whole cell; only there ``row_digests`` identify its rows. Whose fund a
    tenant belongs to is not said here: the database knows it.
    """

    tenant_id: str
    measured: str
    row_count: int
    amount: Decimal
    digest: int
    row_digests: Sequence[int] = ()


class FiledCell(NamedTuple):
    """A cell as it is to be released, and everybody who contributed to it."""

    cell: Mapping[str, object]
    contributions: Sequence[FiledContribution]


@dataclass(frozen=True, slots=True)
class CellCounts:
    """Cells before suppression, and how many were suppressed by each rule."""

    cells_in: int
    suppressed: Mapping[str, int]


@dataclass(slots=True)
class SentParts:
    """What was sent so far: the database must have come to the same."""

    parts: int = 0
    cells: int = 0
    contributions: int = 0
    digest: str = field(default="")

    def add(self, part: Sequence[FiledCell]) -> dict[str, str]:
        """The part as it is sent, counted in."""
        sent = _columns(part, first_no=self.cells + 1)
        told = "\n".join([self.digest, *(sent[name] for name in _COLUMNS)])
        self.digest = hashlib.sha256(told.encode()).hexdigest()
        self.parts += 1
        self.cells += len(part)
        self.contributions += sum(len(each.contributions) for each in part)
        return sent

    def total(self, counts: CellCounts) -> dict[str, object]:
        """What completes the candidate."""
        return {
            "parts": self.parts,
            "cells": self.cells,
            "contributions": self.contributions,
            "digest": self.digest,
            "cells_in": counts.cells_in,
            "suppressed": dict(counts.suppressed),
        }


class _Session(Protocol):
    def _one(self, statement: str, **parameters: object) -> Row: ...
    def _call(self, statement: str, **parameters: object) -> None: ...
    def _require_class(self, what: str, data_class: DataClass, named: DataClass) -> None: ...


class CandidateFiling:
    """What the anonymizer files."""

    def file_candidate(
        self: _Session,
        data_class: DataClass,
        header: Mapping[str, object],
        cells: Iterable[FiledCell],
        counted: Callable[[], CellCounts],
    ) -> tuple[UUID, bool]:
        """File a candidate; returns its promotion and whether it was there before.

        A candidate keeps the class of its sources: ``data_class`` names it. Cells are asked for
        only where it was not there, and ``counted`` once they have all been sent.
        """
        begun = self._one(
            "SELECT * FROM control.begin_candidate(CAST(:p AS jsonb))", p=Jsonb(dict(header))
        )
        self._require_class("a candidate", parse_data_class(begun["from_class"]), data_class)
        promotion_id = cast("UUID", begun["promotion_id"])
        if begun["already_recorded"]:
            return promotion_id, True
        sent = SentParts()
        for part in _parts_of(cells):
            columns = sent.add(part)
            self._call(_ADD, p=promotion_id, part=sent.parts, **columns)
        self._call(_COMPLETE, p=promotion_id, sent=Jsonb(sent.total(counted())))
        return promotion_id, False


def _parts_of(cells: Iterable[FiledCell]) -> Iterator[list[FiledCell]]:
    part: list[FiledCell] = []
    contributions = 0
    for each in cells:
        part.append(each)
        contributions += len(each.contributions)
        if len(part) >= _CELLS_AT_ONCE or contributions >= _CONTRIBUTIONS_AT_ONCE:
            yield part
            part, contributions = [], 0
    if part:
        yield part


def _columns(part: Sequence[FiledCell], *, first_no: int) -> dict[str, str]:
    """The part as JSON and arrays' texts: PostgreSQL digests them as they were sent."""
    told = [each for filed in part for each in filed.contributions]
    numbers = [
        str(number)
        for number, filed in enumerate(part, start=first_no)
        for _ in filed.contributions
    ]
    return {
        "cells": json.dumps([dict(each.cell) for each in part], ensure_ascii=False),
        "cell_nos": _array(numbers),
        "tenants": _texts([each.tenant_id for each in told]),
        "measured": _texts([each.measured for each in told]),
        "row_counts": _array([str(each.row_count) for each in told]),
        "amounts": _array([str(each.amount) for each in told]),
        "digests": _array([str(each.digest) for each in told]),
        # Arrays of unequal length are no array of PostgreSQL's; their texts are.
        "rows": _array([f'"{{{",".join(map(str, each.row_digests))}}}"' for each in told]),
    }


def _array(elements: Sequence[str]) -> str:
    return f"{{{','.join(elements)}}}"


def _texts(values: Sequence[str]) -> str:
    quoted = {value: _quoted(value) for value in set(values)}
    return _array([quoted[value] for value in values])


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
