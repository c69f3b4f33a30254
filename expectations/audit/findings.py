"""The finding: which rule is broken where, how much, and what to do about it.

Shared by the linter, the audit of a Cloudflare project and the quarterly audit. A finding carries
names from code and configuration and counts; never a row's value or a tenant's name.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

__all__ = ["Finding", "Place", "Rule", "Severity", "numbered", "printable"]

_ID_DIGITS = 16
_LONGEST = 200


class Severity(StrEnum):
    """How bad it is that a rule is broken."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold, and what to do where it does not."""

    rule_id: str
    title: str
    severity: Severity
    to_do: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where: a file (relative, with slashes) or a store, and the line and column from 1."""

    name: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        parts = [self.name, *(str(part) for part in (self.line, self.column) if part is not None)]
        return ":".join(parts)


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule broken in one place.

    ``subject`` names what breaks it (a function, a column) and gives the finding an id that stays
    the same when lines move; ``occurrence`` tells apart several of one subject.
    """

    rule: Rule
    place: Place
    subject: str
    message: str
    counts: Mapping[str, int] = field(default_factory=dict)
    occurrence: int = 0
    to_do: str | None = None

    @property
    def finding_id(self) -> str:
        """Stable over runs and over edits elsewhere in the file: 16 hexadecimal digits."""
        parts = (self.rule.rule_id, self.place.name, self.subject, str(self.occurrence))
        return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()[:_ID_DIGITS]

    def as_json(self) -> dict[str, object]:
        """The finding as one JSON object."""
        return {
            "id": self.finding_id,
            "rule": self.rule.rule_id,
            "severity": str(self.rule.severity),
            "file": self.place.name,
            "line": self.place.line,
            "column": self.place.column,
            "subject": self.subject,
            "message": self.message,
            "counts": dict(self.counts),
            "to_do": self.to_do or self.rule.to_do,
        }


def numbered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings in order of place, with those of one subject told apart by their number."""
    seen: Counter[tuple[str, str, str]] = Counter()
    result = []
    for finding in sorted(findings, key=_order):
        key = (finding.rule.rule_id, finding.place.name, finding.subject)
        result.append(replace(finding, occurrence=seen[key]))
        seen[key] += 1
    return tuple(result)


def printable(name: str) -> str:
    """A name from outside as it may be shown: short, on one line, nothing a terminal acts on."""
    shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in name)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def _order(finding: Finding) -> tuple[str, int, int, str, str]:
    place = finding.place
    return (
        place.name,
        place.line or 0,
        place.column or 0,
        finding.rule.rule_id,
        finding.subject,
    )
