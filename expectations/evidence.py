"""What was counted of one table before it is judged: columns, labels, nulls, findings, groups.

Counts leave a store, values never do. Whoever judges needs nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from expectations.disclosure.classes import Classes
from expectations.errors import CouldNotCheck
from expectations.findings import FindingsTable

__all__ = ["Evidence", "Grouping"]


@dataclass(frozen=True, slots=True)
class Grouping:
    """How rows were grouped: by these columns, and by whose they are."""

    quasi_identifiers: frozenset[str]
    subject: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that was counted of one table; what is None or absent was not looked at.

    ``labels`` holds the class that each column's comment says, None where it says none.
    """

    dataset: str
    rows: int
    labels: Mapping[str, str | None] | None = None
    nulls: Mapping[str, int] = field(default_factory=dict)
    findings: FindingsTable | None = None
    groups: Mapping[Grouping, Classes] = field(default_factory=dict)

    def require_labels(self) -> Mapping[str, str | None]:
        """The labels of all columns, or an error where nobody read them."""
        if self.labels is None:
            raise self._not_counted("the labels of its columns")
        return self.labels

    def require_findings(self) -> FindingsTable:
        """What the scan found, or an error where nothing was scanned."""
        if self.findings is None:
            raise self._not_counted("what its texts hold")
        return self.findings

    def nulls_in(self, column: str) -> int:
        """Rows in which that column is null, or an error where nobody counted."""
        if column not in self.nulls:
            raise self._not_counted("nulls", column)
        return self.nulls[column]

    def grouped(self, grouping: Grouping) -> Classes:
        """The classes of that grouping, or an error where nobody grouped so."""
        if grouping not in self.groups:
            raise self._not_counted("groups", *sorted(grouping.quasi_identifiers), grouping.subject)
        return self.groups[grouping]

    def _not_counted(self, what: str, *columns: str) -> CouldNotCheck:
        of = f" of {', '.join(columns)}"[:200] if columns else ""
        message = f"{self.dataset}: {what}{of}: not counted, so it could not be checked"
        return CouldNotCheck(message)
