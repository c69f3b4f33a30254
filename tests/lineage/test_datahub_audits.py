"""What an audit finds stands in DataHub as an incident that closes by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import datahub.metadata.schema_classes as models
import pytest

from lineage.datahub_audits import AUDIT_INCIDENT, audit_proposals
from stores.audit_records import FiledAudit

STORE = "platform.kv_entries"
FIRST = datetime(2026, 7, 1, tzinfo=UTC)


def a_finding(place: str = STORE, *, acknowledged: bool = False) -> dict[str, object]:
    """A finding as its report keeps it."""
    return {
        "id": f"id-of-{place}",
        "rule": "AUD301",
        "file": place,
        "subject": "a prefix",
        "message": "3 keys",
        "to_do": "register it",
        "acknowledged": acknowledged,
    }


def an_audit(
    day: int, findings: Iterable[Mapping[str, object]], kind: str = "quarterly"
) -> FiledAudit:
    """A report that was filed so many days after the first."""
    report = {"findings": list(findings)}
    at = FIRST + timedelta(days=day)
    return FiledAudit(uuid4(), kind, report, "d" * 64, 1, at, None, None, None)


def states(*audits: FiledAudit) -> list[tuple[str, str]]:
    """Each incident's type and state, for audits in the order they were filed."""
    found = []
    for proposal in audit_proposals(audits[::-1]):
        assert proposal.validate()
        info = proposal.aspect
        assert isinstance(info, models.IncidentInfoClass)
        found.append((str(info.customType), str(info.status.state)))
    return found


OPEN, CLOSED = [(AUDIT_INCIDENT, "ACTIVE")], [(AUDIT_INCIDENT, "RESOLVED")]


def test_it_is_open_while_found_and_closes_when_it_is_gone() -> None:
    """Nobody has to close an incident by hand; one that comes back is open again."""
    assert states(an_audit(0, [a_finding()])) == OPEN
    assert states(an_audit(0, [a_finding()]), an_audit(1, [])) == CLOSED
    again = an_audit(2, [a_finding()])
    assert states(an_audit(0, [a_finding()]), an_audit(1, []), again) == OPEN
    assert states(an_audit(0, [a_finding(acknowledged=True)])) == CLOSED


def test_an_audit_that_reads_no_text_closes_nothing_that_needs_it() -> None:
    """A daily audit that did not look has shown nothing."""
    assert states(an_audit(0, [a_finding()]), an_audit(1, [], kind="daily")) == OPEN


@pytest.mark.parametrize("place", [f"{STORE}.key", f"datahub {STORE}"])
def test_a_column_or_a_label_stands_on_its_store(place: str) -> None:
    """A steward finds it on the dataset's own page."""
    assert states(an_audit(0, [a_finding(place)])) == OPEN


def test_what_is_on_no_registered_store_has_no_incident() -> None:
    """An incident on an entity that DataHub does not know would be invisible."""
    assert states(an_audit(0, [a_finding("boundary roles.declared")])) == []
