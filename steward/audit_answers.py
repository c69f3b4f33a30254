"""What a steward answers for: a finding that may stand for a while, a report that was read.

The command line and the review desk both answer through this. What makes an answer impossible
stands in the database; here a person is told before anything is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from lineage.ledger_sealing import seal_line
from stores.audit_records import Acknowledgement, FiledAudit
from stores.platform import Platform
from stores.reasons import unfit_reason
from stores.steward_credentials import StewardCredential

__all__ = [
    "LONGEST_DAYS",
    "AnswerRefused",
    "AuditUnknown",
    "AuditsOnRecord",
    "FindingUnknown",
    "acknowledge",
    "audits_on_record",
    "sign_off",
]

LONGEST_DAYS = 366
_MOST_AUDITS = 200

_Found = Mapping[str, Any]  # Any: a finding as it was filed, one JSON object


class AnswerRefused(ValueError):
    """A reason or an end that nobody could stand by later."""


class FindingUnknown(LookupError):
    """No audit on record found that."""


class AuditUnknown(LookupError):
    """No audit of that id is on record."""


@dataclass(frozen=True, slots=True)
class AuditsOnRecord:
    """The latest audits, newest first, and what stands acknowledged by a finding's id."""

    audits: tuple[FiledAudit, ...]
    acknowledged: Mapping[str, Acknowledgement]

    def audit(self, audit_id: str) -> FiledAudit:
        """The audit of that id."""
        for audit in self.audits:
            if str(audit.audit_id) == audit_id:
                return audit
        message = "no such audit is on record: open one from the page Findings"
        raise AuditUnknown(message)

    def finding(self, finding_id: str) -> tuple[_Found, FiledAudit]:
        """The finding of that id and the newest audit that has it."""
        for audit in self.audits:
            for found in audit.report["findings"]:
                if found["id"] == finding_id:
                    return found, audit
        message = "no audit on record found that: open a finding from the page Findings"
        raise FindingUnknown(message)


def audits_on_record(platform: Platform) -> AuditsOnRecord:
    """What was filed, and what stands acknowledged now."""
    with platform.platform_session("audits on record") as session:
        return AuditsOnRecord(
            tuple(session.audits_ascend_platform_metric(limit=_MOST_AUDITS)),
            {each.finding_id: each for each in session.acknowledgements_ascend_platform_metric()},
        )


def acknowledge(
    platform: Platform,
    finding_id: str,
    reason: str,
    until: datetime,
    *,
    credential: StewardCredential,
) -> str:
    """Let a finding stand until then; says what became of the ledger's leaf."""
    said, now = _fit(reason), datetime.now(UTC)
    if not now < until <= now + timedelta(days=LONGEST_DAYS):
        message = (
            "an acknowledgement ends within a year, and not in the past: nothing was recorded; "
            "give another day"
        )
        raise AnswerRefused(message)
    with platform.steward_session(credential) as session:
        session.acknowledge_ascend_platform_metric(finding_id, said, until)
    return seal_line(platform)


def sign_off(
    platform: Platform, audit: UUID, digest: str, note: str, *, credential: StewardCredential
) -> str:
    """Sign off a report as it was filed; says what became of the ledger's leaf."""
    said = _fit(note)
    with platform.steward_session(credential) as session:
        session.sign_off_ascend_platform_metric(audit, digest, said)
    return seal_line(platform)


def _fit(said: str) -> str:
    fit = said.strip()
    if unfit := unfit_reason(fit):
        message = f"{unfit}: refused; say what you looked at and what you concluded"
        raise AnswerRefused(message)
    return fit
