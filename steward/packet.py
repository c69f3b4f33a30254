"""The review packet: all that a steward decides by. Counts, source and cells that passed checks.

No row of a tenant is in it, and none is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from anonymization.decisions import Reviewed
from anonymization.promote import declaration
from anonymization.provenance import lock_digest, provenance, source_files
from anonymization.source_digest import source_digest
from anonymization.workflow import Workflow
from catalog.data_classes import DataClass
from catalog.registry import ColumnType
from lineage.cell_picture import cell_size_picture
from lineage.flow_picture import Flow, Node, flow_picture
from lineage.reviews import DecisionRecord, decisions, last_approved
from lineage.source_history import HistoryUnreadable
from steward.source_diff import ModuleDiff, source_diff
from stores.errors import BoundaryRefused
from stores.platform import Platform
from stores.sessions import PlatformSession, Row
from stores.steward_credentials import StewardCredential

__all__ = [
    "Evidence",
    "ReviewPacket",
    "Sample",
    "SourceChange",
    "build_packet",
    "source_change",
]

_SAMPLE_CELLS = 8
_RED_TEAM = "red_team"
_PII = "pii"


@dataclass(frozen=True, slots=True)
class SourceChange:
    """What changed since the last approval and who wrote it; ``unknown`` says why nobody can."""

    approved_digest: str | None
    diffs: tuple[ModuleDiff, ...]
    authors: tuple[str, ...]
    unknown: str | None
    lock_digest: str | None
    approved_lock_digest: str | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was counted of the newest candidate.

    ``cells`` are the database's own counts of who stands behind the cells: ``tenants`` maps
    distinct tenants to cells, ``largest_share`` is the largest part one tenant has of any cell.
    """

    promotion: Row
    suppressed_share: float
    cells: Mapping[str, Any]
    checks: tuple[Row, ...]
    pii: Mapping[str, int]
    red_team: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """Some of the candidate's cells; ``withheld`` says why none are shown."""

    cells: tuple[Row, ...]
    withheld: str | None


@dataclass(frozen=True, slots=True)
class ReviewPacket:
    """All that a steward decides by; ``reviewed`` goes back with the decision."""

    workflow: Workflow
    reviewed: Reviewed
    declared: Mapping[str, Any]
    requested_by: str | None
    history: tuple[DecisionRecord, ...]
    source: SourceChange
    evidence: Evidence | None
    sample: Sample
    pictures: Mapping[str, str]

    @property
    def decision(self) -> DecisionRecord | None:
        """The last decision about this very version."""
        about = [d for d in self.history if d.source_digest == self.reviewed.source_digest]
        return about[-1] if about else None


def build_packet(
    platform: Platform,
    workflow: Workflow,
    credential: StewardCredential | None = None,
    *,
    source: SourceChange | None = None,
) -> ReviewPacket:
    """What is known of the workflow's version in force and its newest candidate.

    Cells are sampled under the steward's own login, so without a credential there are none.
    ``source`` is what `source_change` found a moment ago.
    """
    digest = source_digest(workflow)
    with platform.platform_session("review packet") as session:
        registered = session.records_ascend_platform_metric(
            "workflow_registrations",
            "workflow = :workflow AND source_digest = :digest",
            workflow=workflow.name,
            digest=digest,
        )
        history = decisions(session, workflow.name)
        evidence = _evidence(session, workflow, digest)
    about = [d for d in history if d.source_digest == digest]
    # What was registered is what publish() will go by; the code's word only before its first run.
    declared: Mapping[str, Any] = registered[0] if registered else declaration(workflow)
    return ReviewPacket(
        workflow=workflow,
        reviewed=Reviewed(digest, about[-1].approval_id if about else None),
        declared=declared,
        requested_by=registered[0]["requested_by"] if registered else None,
        history=tuple(reversed(history)),
        source=source or source_change(platform, workflow),
        evidence=evidence,
        sample=_sample(platform, workflow, evidence, credential),
        pictures=_pictures(workflow, evidence),
    )


def _evidence(session: PlatformSession, workflow: Workflow, digest: str) -> Evidence | None:
    promotions = session.records_ascend_platform_metric(
        "promotions",
        "workflow = :workflow AND source_digest = :digest",
        workflow=workflow.name,
        digest=digest,
    )
    if not promotions:
        return None
    newest = max(promotions, key=lambda row: row["created_at"])
    results = session.records_ascend_platform_metric(
        "check_results", "promotion_id = :p", p=newest["promotion_id"]
    )
    latest = {(row["check_name"], row["phase"]): row for row in results}
    pii: dict[str, int] = {}
    for (name, _), row in latest.items():
        if _PII in name:
            pii |= {kind: int(seen) for kind, seen in row["observed"].items() if _counts(seen)}
    return Evidence(
        promotion=newest,
        suppressed_share=sum(newest["suppressed"].values()) / max(int(newest["cells_in"]), 1),
        cells=session.cell_figures_ascend_platform_metric(newest["promotion_id"]),
        checks=tuple(row for (name, _), row in latest.items() if not name.startswith(_RED_TEAM)),
        pii=pii,
        red_team=tuple(row for (name, _), row in latest.items() if name.startswith(_RED_TEAM)),
    )


def _counts(seen: object) -> bool:
    return isinstance(seen, int | float) and not isinstance(seen, bool)


def source_change(platform: Platform, workflow: Workflow) -> SourceChange:
    """How the source differs from what was approved last, and who wrote it since."""
    texts = {name: path.read_bytes().decode() for name, path in source_files(workflow).items()}
    authors: tuple[str, ...] = ()
    unknown = None
    try:
        authors = provenance(platform, workflow).authors
    except HistoryUnreadable as refusal:
        unknown = str(refusal)
    approved = last_approved(platform, workflow.name)
    return SourceChange(
        approved_digest=approved.source_digest if approved else None,
        diffs=source_diff(approved.texts if approved else {}, texts),
        authors=authors,
        unknown=unknown,
        lock_digest=lock_digest(),
        approved_lock_digest=approved.lock_digest if approved else None,
    )


def _sample(
    platform: Platform,
    workflow: Workflow,
    evidence: Evidence | None,
    credential: StewardCredential | None,
) -> Sample:
    if evidence is None:
        return Sample((), "no candidate was filed yet; run the workflow")
    if credential is None:
        return Sample((), "cells are shown to a steward: name your credential with --credential")
    try:
        with platform.steward_session(credential) as session:
            cells = session.sample_candidate_cells(
                DataClass(evidence.promotion["from_class"]),
                evidence.promotion["promotion_id"],
                _SAMPLE_CELLS,
            )
    except BoundaryRefused as refusal:
        return Sample((), str(refusal))
    # A vector tells a reader nothing that the text it was made of does not.
    vectors = {
        column.name
        for column in workflow.target_dataset.columns
        if column.type is ColumnType.VECTOR_384
    }
    shown = [{name: cell[name] for name in cell if name not in vectors} for cell in cells]
    return Sample(tuple(shown), None)


def _pictures(workflow: Workflow, evidence: Evidence | None) -> Mapping[str, str]:
    told = f"{evidence.promotion['cells_kept']:,} cells wait" if evidence else "no candidate yet"
    read = f"{evidence.promotion['rows_in']:,} rows read in all" if evidence else ""
    flow = Flow(
        columns=(
            [Node(source, workflow.from_class, read) for source in workflow.sources],
            [Node(f"{workflow.name} (candidate)", workflow.from_class, told)],
            [Node(workflow.target, workflow.to_class, _readers(workflow.to_class))],
        ),
        crossings={2: "approved, checked"},
    )
    pictures = {"class flow": flow_picture(flow, f"How data flows in {workflow.name}")}
    if evidence and evidence.cells.get("tenants"):
        sizes = {int(size): int(cells) for size, cells in evidence.cells["tenants"].items()}
        pictures["cell sizes"] = cell_size_picture(sizes, workflow.policy.k_tenants)
    return pictures


def _readers(data_class: DataClass) -> str:
    readers: Mapping[DataClass, Sequence[str]] = {
        DataClass.FUND_PRIVATE: ("read by", "each fund its own"),
        DataClass.ANONYMIZED_BENCHMARK: ("read by", "everyone"),
        DataClass.ASCEND_PLATFORM_METRIC: ("read by", "the platform"),
    }
    return " ".join(readers.get(data_class, ()))
