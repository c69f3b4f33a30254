"""The report of an audit: which stores were seen, how much of them, and what was found."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

import rfc8785

from expectations.audit.findings import Finding, Severity
from expectations.audit.sampling import CONFIDENCE, share_found

__all__ = ["AuditKind", "AuditReport", "StoreSeen"]

_PLACES = 6


class AuditKind(StrEnum):
    """How thorough an audit is."""

    DAILY = "daily"
    QUARTERLY = "quarterly"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class StoreSeen:
    """A store, its rows, and how many of them were read; None where its class forbids nothing."""

    name: str
    data_class: str
    kind: str
    rows: int
    rows_read: int | None

    @property
    def detectable(self) -> float | None:
        """The share of bad rows that would have been found; 0 where every row was read."""
        if self.rows_read is None:
            return None
        return share_found(self.rows, self.rows_read)

    def as_json(self) -> dict[str, object]:
        """The store as one JSON object."""
        detectable = self.detectable
        return {
            "store": self.name,
            "class": self.data_class,
            "kind": self.kind,
            "rows": self.rows,
            "rows_read": self.rows_read,
            "detectable_share": None if detectable is None else round(detectable, _PLACES),
        }


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit saw and found; ``acknowledged`` holds the ids that a steward lets stand."""

    audit_id: UUID
    kind: AuditKind
    started_at: datetime
    finished_at: datetime
    stores: tuple[StoreSeen, ...]
    findings: tuple[Finding, ...]
    acknowledged: frozenset[str]

    @property
    def open_findings(self) -> tuple[Finding, ...]:
        """What nobody has acknowledged, notes left out."""
        return tuple(
            finding
            for finding in self.findings
            if finding.finding_id not in self.acknowledged
            and finding.rule.severity is not Severity.NOTE
        )

    def as_json(self) -> dict[str, Any]:
        """The report as one JSON document: rules, places and counts."""
        return {
            "audit": str(self.audit_id),
            "kind": str(self.kind),
            "started_at": self.started_at.isoformat(timespec="seconds"),
            "finished_at": self.finished_at.isoformat(timespec="seconds"),
            "confidence": CONFIDENCE,
            "stores": [store.as_json() for store in self.stores],
            "findings": [
                finding.as_json() | {"acknowledged": finding.finding_id in self.acknowledged}
                for finding in self.findings
            ],
        }

    @property
    def digest(self) -> str:
        """SHA-256 of the report's canonical JSON (RFC 8785), which a sign-off names."""
        return hashlib.sha256(rfc8785.dumps(cast("Any", self.as_json()))).hexdigest()


def by_rule(findings: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How many findings each rule has, of a report's JSON."""
    counted: dict[str, int] = {}
    for finding in findings:
        rule = str(finding["rule"])
        counted[rule] = counted.get(rule, 0) + 1
    return dict(sorted(counted.items()))
