"""The audit's own records: reports, acknowledged findings, sign-offs. Rules, places and counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from psycopg.types.json import Jsonb

__all__ = ["Acknowledgement", "FiledAudit", "PlatformAudits", "StewardAudits"]

# Any: a row's values have the types of their columns.
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FiledAudit:
    """A report on record, and who signed it off."""

    audit_id: UUID
    kind: str
    report: Mapping[str, Any]
    report_digest: str
    open_findings: int
    filed_at: datetime
    signed_by: str | None
    signed_at: datetime | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A finding that may stand until then, and why."""

    finding_id: str
    reason: str
    acknowledged_by: str
    expires_at: datetime


class _Session(Protocol):
    def _rows(self, statement: str, **parameters: object) -> list[Row]: ...

    def _call(self, statement: str, **parameters: object) -> None: ...


class PlatformAudits:
    """What the platform keeps of audits (ascend_platform_metric)."""

    def file_ascend_platform_metric_report(
        self: _Session,
        run: UUID,
        *,
        kind: str,
        report: Mapping[str, object],
        digest: str,
        open_findings: int,
    ) -> None:
        """File the report of a run that has ended, once."""
        self._call(
            "SELECT control.file_audit_report(:run, :kind, :report, :digest, :open)",
            run=run,
            kind=kind,
            report=Jsonb(report),
            digest=digest,
            open=open_findings,
        )

    def audits_ascend_platform_metric(self: _Session, *, limit: int = 50) -> list[FiledAudit]:
        """The latest reports, newest first."""
        rows = self._rows(
            "SELECT r.*, s.signed_by, s.signed_at, s.note FROM control.audit_reports r "
            "LEFT JOIN control.audit_signoffs s USING (audit_id) "
            "ORDER BY r.filed_at DESC, r.audit_id LIMIT :limit",
            limit=limit,
        )
        return [
            FiledAudit(
                row["audit_id"],
                row["kind"],
                row["report"],
                row["report_digest"],
                row["open_findings"],
                row["filed_at"],
                row["signed_by"],
                row["signed_at"],
                row["note"],
            )
            for row in rows
        ]

    def acknowledgements_ascend_platform_metric(self: _Session) -> list[Acknowledgement]:
        """What stands acknowledged now; of two for one finding, the later end counts."""
        rows = self._rows(
            "SELECT DISTINCT ON (finding_id) finding_id, reason, acknowledged_by, expires_at "
            "FROM control.audit_acknowledgements WHERE expires_at > clock_timestamp() "
            "ORDER BY finding_id, expires_at DESC"
        )
        return [Acknowledgement(**row) for row in rows]


class StewardAudits:
    """What a steward decides of audits."""

    def acknowledge_ascend_platform_metric(
        self: _Session, finding_id: str, reason: str, until: datetime
    ) -> None:
        """Let a finding stand until then."""
        self._call(
            "SELECT control.acknowledge_finding(:f, :r, :u)", f=finding_id, r=reason, u=until
        )

    def sign_off_ascend_platform_metric(
        self: _Session, audit: UUID, digest: str, note: str
    ) -> None:
        """Sign off a report as it was filed."""
        self._call("SELECT control.sign_off_audit(:a, :d, :n)", a=audit, d=digest, n=note)
