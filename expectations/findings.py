"""The findings of one table: where something was found, what kind, in how many rows. No value.

A table is read once for all of its columns and all kinds; expectations then assert on this.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from expectations.errors import CouldNotCheck

__all__ = ["KNOWN_IDENTIFIER", "TENANT_ID", "Finding", "FindingsTable", "Scan", "counted_findings"]

KNOWN_IDENTIFIER = "KNOWN_IDENTIFIER"
TENANT_ID = "TENANT_ID"
"""An opaque id of a tenant, as the platform writes it: no personal data, yet it names one."""

_NO_PII = frozenset({KNOWN_IDENTIFIER, TENANT_ID})

Scan = Callable[[Sequence[str | None]], Iterable[tuple[int, str]]]
"""Finds what points at somebody: which text of the sequence, and the kind found in it."""

_TENANT_IDS = re.compile(r"(?<![a-z0-9_])tn_[a-z]{16}(?![a-z])")
_BETWEEN_TEXTS = "\x00"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One kind in one column: the number of rows it was found in."""

    column: str
    kind: str
    rows: int


@dataclass(frozen=True, slots=True)
class FindingsTable:
    """What one scan of a table found; only these columns were read.

    ``knows_identifiers`` says whether known identifiers were sought: without them their absence
    proves nothing. ``pii_rows`` has the rows of each column in which anything points at a person.
    """

    rows: int
    columns: frozenset[str]
    findings: tuple[Finding, ...]
    knows_identifiers: bool
    pii_rows: Mapping[str, int] = field(default_factory=dict)

    def pii_in(self, column: str) -> tuple[Finding, ...]:
        """What points at a person in that column; a column that was not read is an error."""
        self._require_read(column)
        return tuple(f for f in self.findings if f.column == column and f.kind not in _NO_PII)

    def known_identifiers(self) -> tuple[Finding, ...]:
        """Known identifiers by column; an error where none were sought."""
        if not self.knows_identifiers:
            message = (
                "known identifiers were not sought, so their absence is not shown: could not "
                "check; hand in the known identifiers of a run"
            )
            raise CouldNotCheck(message)
        return tuple(f for f in self.findings if f.kind == KNOWN_IDENTIFIER)

    def tenant_ids(self, *, except_in: Iterable[str] = ()) -> tuple[Finding, ...]:
        """Opaque ids of tenants by column, those in registered columns left out."""
        allowed = set(except_in)
        return tuple(f for f in self.findings if f.kind == TENANT_ID and f.column not in allowed)

    def _require_read(self, column: str) -> None:
        if column not in self.columns:
            message = (
                f"column {column[:60]!r} was not read as text: could not check; name a column of "
                "the table that holds text"
            )
            raise CouldNotCheck(message)


def counted_findings(
    batches: Iterable[Sequence[Sequence[str | None]]],
    columns: Sequence[str],
    scan: Scan,
    *,
    knows_identifiers: bool,
) -> FindingsTable:
    """Scan batches of columns, each batch once for all columns and kinds, and count rows."""
    found: Counter[tuple[str, str]] = Counter()
    pii_rows: Counter[str] = Counter()
    rows = 0
    for batch in batches:
        height = len(batch[0]) if batch else 0
        rows += height
        texts = [text for column in batch for text in column]
        flagged = {*scan(texts), *_tenant_ids(texts)} if height else set()
        found.update((columns[place // height], kind) for place, kind in flagged)
        places = {place for place, kind in flagged if kind not in _NO_PII}
        pii_rows.update(columns[place // height] for place in places)
    return FindingsTable(rows, frozenset(columns), _sorted(found), knows_identifiers, pii_rows)


def _sorted(found: Mapping[tuple[str, str], int]) -> tuple[Finding, ...]:
    return tuple(sorted(Finding(column, kind, rows) for (column, kind), rows in found.items()))


def _tenant_ids(texts: Sequence[str | None]) -> Iterable[tuple[int, str]]:
    if "tn_" not in _BETWEEN_TEXTS.join(filter(None, texts)):
        return ()
    return [
        (place, TENANT_ID)
        for place, text in enumerate(texts)
        if text and "tn_" in text and _TENANT_IDS.search(text)
    ]
