"""Looks at a candidate: its suite, and where it holds text also who is named in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING
from uuid import UUID

from anonymization.embedders.embedder import embedder_in_force, written_embeddings
from anonymization.text.preparation import known_to_all_tenants
from anonymization.text.red_team import red_team_check
from anonymization.workflow import Workflow
from expectations.suites import CheckName, CheckResult, candidate_suite
from expectations.text_scan import pii_scan
from stores.sessions import AnonymizerSession

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = ["checked_candidate"]


def checked_candidate(
    session: AnonymizerSession, workflow: Workflow, promotion_id: UUID
) -> tuple[CheckResult, ...]:
    """What every required check sees of the candidate, in the run that this session stands in."""
    # Imported here: Great Expectations costs seconds of CPU, and a code location needs none of it.
    from expectations.gx.candidate_checks import run_candidate_checks  # noqa: PLC0415

    suite = candidate_suite(
        workflow.target_dataset,
        k_tenants=workflow.policy.k_tenants,
        allowed_values=workflow.allowed_values,
        seeks_known_identifiers=CheckName.NO_KNOWN_IDENTIFIERS in workflow.required_checks,
    )
    rows = session.candidate_cells(workflow.from_class, promotion_id)
    cells: list[Mapping[str, object]] = [row["cell"] for row in rows]
    with _scan_of(session, workflow):
        results = run_candidate_checks(suite, cells, [int(row["tenants"]) for row in rows])
    if CheckName.EMBEDDED_FROM_CONTENT in workflow.required_checks:
        results = (*results, _embedded_from_content(cells))
    if CheckName.RED_TEAM in workflow.required_checks and workflow.text:
        results = (*results, red_team_check(workflow, workflow.text))
    return results


def _scan_of(session: AnonymizerSession, workflow: Workflow) -> AbstractContextManager[None]:
    """Texts are searched for what all tenants are known by, where that is required."""
    if CheckName.NO_KNOWN_IDENTIFIERS not in workflow.required_checks:
        return nullcontext()
    from expectations.gx.scan_in_force import scanning  # noqa: PLC0415 - as above

    known, _ = known_to_all_tenants(session)
    return scanning(pii_scan(known, known_by_kind=True), knows_identifiers=True)


def _embedded_from_content(cells: Sequence[Mapping[str, object]]) -> CheckResult:
    """Whether every vector is the one that its own text has: a tenant's vector would not be."""
    embedder = embedder_in_force()
    expected = written_embeddings(embedder, [str(cell.get("content", "")) for cell in cells])
    others = sum(
        cell.get("embedding") != vector for cell, vector in zip(cells, expected, strict=True)
    )
    return CheckResult(
        CheckName.EMBEDDED_FROM_CONTENT,
        passed=not others,
        observed={"rows": len(cells), "unexpected": others, "embedder": embedder.name},
    )
