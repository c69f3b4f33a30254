"""The review packet: all that a steward decides by. Counts, source and cells that passed checks.

No row of a tenant is in it, and none is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from anonymization.decisions import Reviewed
from anonymization.provenance import lock_digest, provenance, source_files
from anonymization.registration import declaration
from anonymization.source_digest import source_digest
from anonymization.workflow import Workflow
from catalog.data_classes import DataClass
from catalog.registry import ColumnType
from lineage.cell_picture import cell_size_picture
from lineage.flow_picture import Flow, Node, flow_picture
from lineage.reviews import DecisionRecord, decisions, last_approved
from lineage.source_history import HistoryUnreadable
from steward.evidence import Evidence, evidence_of
from steward.source_diff import ModuleDiff, source_diff
from stores.errors import BoundaryRefused
from stores.platform import Platform
from stores.sessions import Row
from stores.steward_credentials import StewardCredential

__all__ = [
    "ReviewPacket",
    "Sample",
    "SourceChange",
    "build_packet",
    "source_change",
]

_SAMPLE_CELLS = 8


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
        evidence = evidence_of(session, workflow.name, digest)
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
